import { Transform } from "node:stream";
import type { McpServerFactory } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio as serve } from "@modelcontextprotocol/server/stdio";
import { exceedsDepth, type MessageLimits, refusal, tooDeep, tooLong } from "./message-guard.ts";

export interface StdioConnection {
  /** Resolves when the client has closed its end. */
  closed: Promise<void>;
  close(): Promise<void>;
}

/** Bytes kept of both ends of a line that is too long to keep, to find the id of its request. */
const ENDS_BYTES = 4096;

/** Serves one client over this process's stdin and stdout, in whichever era it opens. */
export function serveStdio(
  factory: McpServerFactory,
  limits: MessageLimits,
  onerror: (error: Error) => void,
): StdioConnection {
  const guarded = process.stdin.pipe(lineGuard(limits, (line) => process.stdout.write(line)));
  const closed = new Promise<void>((resolve) => {
    guarded.once("end", resolve);
    guarded.once("close", resolve);
    process.stdout.once("error", () => resolve());
  });
  const transport = new StdioServerTransport(guarded, process.stdout, { maxBufferSize: limits.maxBytes * 2 });
  const handle = serve(factory, { transport, onerror });
  return { closed, close: () => handle.close() };
}

/**
 * Passes lines through, but for those beyond the limits: these are answered by `reply` and dropped, so that one bad line
 * does not end the connection.
 */
export function lineGuard(limits: MessageLimits, reply: (line: string) => void): Transform {
  let kept: Buffer[] = [];
  let length = 0;
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);

  const add = (piece: Buffer): void => {
    if (length + piece.length <= limits.maxBytes) kept.push(piece);
    else if (kept.length > 0) {
      head = Buffer.concat(kept).subarray(0, ENDS_BYTES);
      kept = [];
    }
    length += piece.length;
    if (length > limits.maxBytes) {
      if (head.length < ENDS_BYTES) head = Buffer.concat([head, piece]).subarray(0, ENDS_BYTES);
      tail = Buffer.concat([tail, piece.subarray(-ENDS_BYTES)]).subarray(-ENDS_BYTES);
    }
  };
  const endLine = (): Buffer | undefined => {
    const line = length > limits.maxBytes ? undefined : Buffer.concat(kept);
    const error = !line
      ? tooLong(limits.maxBytes)
      : exceedsDepth(line, limits.maxDepth)
        ? tooDeep(limits.maxDepth)
        : undefined;
    if (error) {
      const ends = line ? [line.subarray(0, ENDS_BYTES), line.subarray(-ENDS_BYTES)] : [head, tail];
      const answer = refusal(String(ends[0]), String(ends[1]), error);
      if (answer) reply(`${JSON.stringify(answer)}\n`);
    }
    kept = [];
    length = 0;
    head = Buffer.alloc(0);
    tail = Buffer.alloc(0);
    return error ? undefined : line;
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, from)) {
        add(chunk.subarray(from, at));
        const line = endLine();
        if (line) this.push(Buffer.concat([line, Buffer.from("\n")]));
        from = at + 1;
      }
      if (from < chunk.length) add(Buffer.from(chunk.subarray(from)));
      done();
    },
  });
}

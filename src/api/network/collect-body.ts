import type { Duplex } from "node:stream";
import { ToolError } from "../../errors.ts";

/** What is left of a body once it was read. */
export interface CollectedBody {
  bytes: Buffer;
  /** Whether it was longer than the limit. */
  cut: boolean;
}

/** Takes a body in as it comes. */
export interface BodyCollector {
  /** False: no more until `drained` was called. */
  write(chunk: Buffer): boolean;
  end(): void;
  /** Ends here with what was read so far. False where that is nothing. */
  cutShort(): boolean;
  /** Gives up what was read; nothing is told any more. */
  destroy(): void;
}

interface Listener {
  drained(): void;
  /** The whole body, or as much as the limit lets in, as soon as it is there. */
  done(body: CollectedBody): void;
  failed(error: unknown): void;
}

const MAX_ENCODINGS = 3;

/**
 * Decodes a body (RFC 9110, 8.4) up to a limit in bytes. What is compressed counts as what it becomes: that is what fills the
 * memory, and no more of it is decoded than the limit.
 * @throws ToolError `invalid_response` for an encoding that cannot be read
 */
export function collectBody(
  zlib: typeof import("node:zlib"),
  encoding: string | undefined,
  limit: number,
  listener: Listener,
): BodyCollector {
  const names = encodingsOf(encoding);
  const parts: Buffer[] = [];
  let size = 0;
  let over = false;
  const finish = (cut: boolean) => {
    if (over) return;
    over = true;
    listener.done({ bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), cut });
  };
  const cutShort = () => {
    if (over || size === 0) return false;
    finish(true);
    return true;
  };
  const collect = (chunk: Buffer) => {
    if (over) return;
    const room = limit - size;
    size += chunk.length;
    parts.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    if (size > limit) finish(true);
  };
  if (names.length === 0) {
    return {
      write(chunk) {
        collect(chunk);
        return true;
      },
      end: () => finish(false),
      cutShort,
      destroy() {
        over = true;
      },
    };
  }

  let decoders: Duplex[] | undefined;
  const destroy = () => {
    over = true;
    for (const decoder of decoders ?? []) decoder.destroy();
  };
  const start = (chunk: Buffer): Duplex[] => {
    const made = names.toReversed().map((name, index) => decoderOf(zlib, name, index === 0 ? chunk : undefined));
    for (const [index, decoder] of made.entries()) {
      decoder.on("error", (error) => {
        if (over) return;
        destroy();
        const message = "Request failed: the compressed answer is damaged.";
        listener.failed(new ToolError("invalid_response", message, { cause: error }));
      });
      const next = made[index + 1];
      if (next) decoder.pipe(next);
    }
    made[0]!.on("drain", () => listener.drained());
    made.at(-1)!.on("data", (decoded: Buffer) => {
      collect(decoded);
      if (over) destroy();
    });
    made.at(-1)!.on("end", () => finish(false));
    return made;
  };
  return {
    write(chunk) {
      if (over) return true;
      decoders ??= start(chunk);
      return decoders[0]!.write(chunk);
    },
    end() {
      // An empty body is empty in every encoding.
      if (decoders) decoders[0]!.end();
      else finish(false);
    },
    cutShort,
    destroy,
  };
}

/** The encodings of a body in the order in which they were applied. */
function encodingsOf(header: string | undefined): string[] {
  if (header === undefined) return [];
  const names = header
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity");
  if (names.length > MAX_ENCODINGS) throw unreadable(names.join(", "));
  const unknown = names.find((name) => !ENCODINGS.has(name));
  if (unknown !== undefined) throw unreadable(unknown);
  return names;
}

const ENCODINGS = new Set(["gzip", "x-gzip", "deflate", "br", "zstd"]);

function decoderOf(zlib: typeof import("node:zlib"), name: string, first: Buffer | undefined): Duplex {
  if (name === "br") return zlib.createBrotliDecompress();
  if (name === "zstd") return zlib.createZstdDecompress();
  if (name !== "deflate") return zlib.createGunzip();
  // Some servers send deflate data without the zlib format around it, which begins with the method 8 (RFC 1950, 2.2).
  const raw = first !== undefined && (first[0]! & 0x0f) !== 8;
  return raw ? zlib.createInflateRaw() : zlib.createInflate();
}

function unreadable(encoding: string): ToolError {
  const shown = JSON.stringify(encoding.slice(0, 40));
  return new ToolError("invalid_response", `Request failed: the answer's encoding ${shown} cannot be read.`);
}

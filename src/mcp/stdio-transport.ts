import type { Readable, Writable } from "node:stream";
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/server";
import { checkMessage } from "./check-message.ts";
import { createLineReader, type Line } from "./line-reader.ts";
import type { MessageLimits, RequestId } from "./message-guard.ts";

/**
 * JSON-RPC messages as lines (MCP 2026-07-28, "stdio"). Unlike the SDK's transport it answers every line that cannot be
 * served, and leaves it to its owner what the end of the input means: requests under way can still be answered then.
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"] & {};
  /** Called with the id of each request that the client cancels. */
  oncancelled?: (id: RequestId) => void;
  /** Resolves when no more input comes, or the output is gone. */
  readonly ended: Promise<void>;

  readonly #input: Readable;
  readonly #output: Writable;
  readonly #lines: ReturnType<typeof createLineReader>;
  readonly #unanswered = new Set<RequestId>();
  #whenAnswered: (() => void)[] = [];
  #whenWritable: (() => void)[] = [];
  #end: () => void = () => {};
  #closed = false;

  constructor(input: Readable, output: Writable, limits: MessageLimits) {
    this.#input = input;
    this.#output = output;
    this.#lines = createLineReader(limits);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async start(): Promise<void> {
    this.#output.on("error", this.#onOutputError);
    this.#output.on("drain", this.#onDrain);
    this.#input.on("error", this.#onInputError);
    this.#input.on("end", this.#onInputEnd);
    this.#input.on("close", this.#end);
    this.#input.on("data", this.#onData);
  }

  /** Resolves when the line is on its way; waits where the reader is slow. */
  send(message: JSONRPCMessage): Promise<void> {
    if (this.#closed) return Promise.reject(new Error("The connection is closed."));
    const writable = this.#output.write(lineOf(message));
    if ("id" in message && !("method" in message)) this.#settle(message.id as RequestId);
    return writable ? Promise.resolve() : new Promise((resolve) => this.#whenWritable.push(resolve));
  }

  /** Resolves when every request has been answered or cancelled; false: not within `ms` milliseconds. */
  answered(ms: number): Promise<boolean> {
    if (this.#unanswered.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms, false);
      this.#whenAnswered.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** Takes no more messages; what is under way can still be answered. */
  stopReading(): void {
    this.#input.off("data", this.#onData);
    this.#input.pause();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.stopReading();
    // The error listener stays: a write that fails late must not end the process.
    this.#input.off("end", this.#onInputEnd);
    this.#output.off("drain", this.#onDrain);
    this.#onDrain();
    this.#end();
    this.onclose?.();
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const line of this.#lines.read(chunk)) this.#take(line);
  };

  readonly #onInputEnd = (): void => {
    for (const line of this.#lines.end()) this.#take(line);
    this.#end();
  };

  readonly #onInputError = (error: Error): void => {
    this.onerror?.(error);
    this.#end();
  };

  readonly #onOutputError = (error: Error): void => {
    if (!this.#closed) this.onerror?.(error);
    this.#onDrain();
    this.#unanswered.clear();
    this.#settle(undefined);
    this.#end();
  };

  readonly #onDrain = (): void => {
    for (const resolve of this.#whenWritable.splice(0)) resolve();
  };

  #take(line: Line): void {
    const checked = "answer" in line ? line : checkMessage(line.value);
    if (!("message" in checked)) {
      this.#output.write(lineOf(checked.answer));
      return;
    }
    const { message } = checked;
    if ("method" in message) {
      // A subscription is answered when it ends, which nobody waits for.
      if ("id" in message && message.method !== "subscriptions/listen") this.#unanswered.add(message.id as RequestId);
      else if (message.method === "notifications/cancelled") this.#cancel(message.params?.requestId as RequestId);
    }
    try {
      this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }

  #cancel(id: RequestId): void {
    this.#settle(id);
    this.oncancelled?.(id);
  }

  #settle(id: RequestId | undefined): void {
    if (id !== undefined) this.#unanswered.delete(id);
    if (this.#unanswered.size === 0) for (const resolve of this.#whenAnswered.splice(0)) resolve();
  }
}

/** JSON in one line for every reader: some, such as node:readline, take U+2028 and U+2029 for the end of a line. */
function lineOf(message: object): string {
  return `${JSON.stringify(message).replace(/[\u2028\u2029]/g, (mark) => (mark === "\u2028" ? "\\u2028" : "\\u2029"))}\n`;
}

import { closeSync, mkdirSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ToolError } from "../../errors.ts";

/** A file of a run, for what does not fit into memory. */
export interface WorkFile {
  readonly path: string;
  /** Bytes written. */
  readonly size: number;
  write(text: string): void;
  /** What was written, in pieces of decoded text, of `bytes` each, that end anywhere but inside a character. */
  read(bytes?: number): Iterable<string>;
  /** Deletes the file, whose bytes no longer count. Nothing is written or read after it. */
  remove(): void;
}

/** The files of one run. Whoever started the run removes the folder, also where the run was cut off. */
export interface Workspace {
  /** A new, empty file. @throws ToolError `too_large` from its `write` where all files together would exceed the limit */
  create(): WorkFile;
  /** Closes all files; their paths stay. */
  close(): void;
}

const READ_BYTES = 262_144;
/** For texts on their way to a file. */
const SCRATCH_BYTES = 262_144;
/** Bytes of UTF-8 that a character of JavaScript takes at most. */
const MAX_UTF8 = 3;

/** Files in `folder`, which is made with the first one. `maxBytes` holds for all of them together. */
export function createWorkspace(folder: string, maxBytes: number): Workspace {
  let count = 0;
  let spent = 0;
  const open = new Set<number>();
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

  // A text is measured before it gets a buffer of its own, which takes as long as writing it.
  const encode = (text: string): Buffer =>
    MAX_UTF8 * text.length > SCRATCH_BYTES ? Buffer.from(text) : scratch.subarray(0, scratch.write(text));

  return {
    close() {
      for (const file of open) closeSync(file);
      open.clear();
    },
    create() {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, `${++count}.tmp`);
      const file = openSync(path, "wx+", 0o600);
      open.add(file);
      let size = 0;
      return {
        path,
        get size() {
          return size;
        },
        write(text) {
          const bytes = encode(text);
          spent += bytes.length;
          if (spent > maxBytes) {
            throw new ToolError("too_large", `The run needs more than ${maxBytes} bytes on disk.`, {
              hint: "Filter, pick or limit earlier in the pipeline, or split the input.",
            });
          }
          for (let done = 0; done < bytes.length; ) {
            done += writeSync(file, bytes, done, bytes.length - done, size + done);
          }
          size += bytes.length;
        },
        *read(bytes = READ_BYTES) {
          const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
          const buffer = Buffer.allocUnsafe(bytes);
          for (let at = 0; at < size; ) {
            const length = readSync(file, buffer, 0, bytes, at);
            if (length === 0) break;
            at += length;
            yield decoder.decode(buffer.subarray(0, length), { stream: true });
          }
          const rest = decoder.decode();
          if (rest) yield rest;
        },
        remove() {
          if (!open.delete(file)) return;
          closeSync(file);
          unlinkSync(path);
          spent -= size;
        },
      };
    },
  };
}

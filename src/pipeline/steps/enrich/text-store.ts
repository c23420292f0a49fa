import { closeSync, openSync, readSync } from "node:fs";
import type { WorkFile, Workspace } from "../../spool/workspace.ts";

/** Texts by number, in the order they were added; what does not fit into memory is on disk. */
export interface TextStore {
  /** Texts there are. */
  readonly count: number;
  /** Gives the number of the text, counted from 0. Texts must be well-formed, as JSON is. @throws ToolError `too_large` beyond the run's disk space */
  add(text: string): number;
  get(index: number): string;
  /** Frees memory and disk. */
  close(): void;
}

/** Characters of one store that stay in memory. */
const IN_MEMORY = 4_194_304;
/** Bytes that are read and characters that are written at once. */
const PIECE = 262_144;

/** An empty store. Reading one text after the other is fast, any other order is possible. */
export function createTextStore(workspace: Workspace, inMemory = IN_MEMORY): TextStore {
  const kept: string[] = [];
  let keptLength = 0;
  let file: WorkFile | undefined;
  let reading: number | undefined;
  /** Where each text on disk ends, in bytes. */
  const ends: number[] = [];
  let pending: string[] = [];
  let pendingLength = 0;
  const piece = { bytes: Buffer.alloc(0), start: 0 };

  const write = (): void => {
    if (pending.length === 0) return;
    file ??= workspace.create();
    file.write(pending.join(""));
    pending = [];
    pendingLength = 0;
  };
  const load = (start: number, length: number): void => {
    reading ??= openSync((file as WorkFile).path, "r");
    const wanted = Math.min(Math.max(length, PIECE), (ends.at(-1) as number) - start);
    piece.bytes = Buffer.allocUnsafe(wanted);
    piece.start = start;
    for (let done = 0; done < wanted; ) done += readSync(reading, piece.bytes, done, wanted - done, start + done);
  };

  return {
    get count() {
      return kept.length + ends.length;
    },
    add(text) {
      if (ends.length === 0 && keptLength + text.length <= inMemory) {
        keptLength += text.length;
        return kept.push(text) - 1;
      }
      pending.push(text);
      pendingLength += text.length;
      const index = kept.length + ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(text)) - 1;
      if (pendingLength >= PIECE) write();
      return index;
    },
    get(index) {
      if (index < kept.length) return kept[index] as string;
      write();
      const place = index - kept.length;
      const start = place === 0 ? 0 : (ends[place - 1] as number);
      const end = ends[place] as number;
      if (start < piece.start || end > piece.start + piece.bytes.length) load(start, end - start);
      return piece.bytes.toString("utf8", start - piece.start, end - piece.start);
    },
    close() {
      if (reading !== undefined) closeSync(reading);
      reading = undefined;
      file?.remove();
      file = undefined;
      kept.length = 0;
      ends.length = 0;
      pending = [];
      piece.bytes = Buffer.alloc(0);
    },
  };
}

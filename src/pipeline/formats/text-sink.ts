import type { EngineOutput } from "../engine/engine-order.ts";
import type { WorkFile, Workspace } from "../spool/workspace.ts";
import type { TextSink } from "./row-writer.ts";

/** Characters that go to the file at once. */
const FILE_CHUNK = 32_768;
/** Characters that are put together before they are measured. */
const PIECE = 16_384;

export interface CollectedText {
  /** Bytes of UTF-8. */
  size: number;
  content: EngineOutput["content"];
}

export interface TextCollector extends TextSink {
  /** All that was written; of a file also its beginning, which ends where a row ends. Nothing is written after it. */
  finish(): CollectedText;
}

/**
 * Collects text: up to `maxLength` characters in memory, beyond that all of it in a file of the workspace, with at most
 * `maxBeginning` characters of its first rows beside it.
 */
export function createTextSink(
  workspace: Workspace,
  maxLength: number,
  maxBeginning: number = Math.min(maxLength, 4000),
): TextCollector {
  let store = createStore(workspace, maxLength, maxBeginning);
  return {
    write: (text) => store.write(text),
    rewrite(change) {
      const next = createStore(workspace, maxLength, maxBeginning);
      for (const text of change(store.read())) next.write(text);
      store.remove();
      store = next;
    },
    finish: () => store.finish(),
  };
}

interface Store {
  write(text: string): void;
  read(): Iterable<string>;
  finish(): CollectedText;
  remove(): void;
}

function createStore(workspace: Workspace, maxLength: number, maxBeginning: number): Store {
  let file: WorkFile | undefined;
  // What is not in the file (yet): the piece that is put together, and the pieces before it.
  let piece = "";
  let pieces: string[] = [];
  let length = 0;
  let size = 0;
  let beginning = "";
  let open = true;

  function endPiece(): void {
    // Measuring it makes a plain string of it; one put together of thousands of parts would keep all of them alive.
    size += Buffer.byteLength(piece);
    pieces.push(piece);
    piece = "";
  }

  function toFile(): WorkFile {
    const made = file ?? workspace.create();
    file = made;
    for (const text of pieces) made.write(text);
    pieces = [];
    if (piece !== "") made.write(piece);
    piece = "";
    return made;
  }

  return {
    write(text) {
      if (open) {
        if (beginning.length + text.length <= maxBeginning) beginning += text;
        else open = false;
      }
      piece += text;
      if (file !== undefined) {
        if (piece.length > FILE_CHUNK) toFile();
        return;
      }
      length += text.length;
      if (length > maxLength) toFile();
      else if (piece.length > PIECE) endPiece();
    },
    read() {
      return file === undefined ? [...pieces, piece] : toFile().read();
    },
    remove: () => file?.remove(),
    finish() {
      if (file !== undefined) return { size: toFile().size, content: { path: file.path, beginning } };
      if (piece !== "") endPiece();
      return { size, content: { text: pieces.join("") } };
    },
  };
}

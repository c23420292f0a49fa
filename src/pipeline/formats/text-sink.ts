import type { EngineOutput } from "../engine/engine-order.ts";
import type { WorkFile, Workspace } from "../spool/workspace.ts";
import type { TextSink } from "./row-writer.ts";

/** Characters that go to the file at once. */
const FILE_CHUNK = 262_144;

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
      store = next;
    },
    finish: () => store.finish(),
  };
}

interface Store {
  write(text: string): void;
  read(): Iterable<string>;
  finish(): CollectedText;
}

function createStore(workspace: Workspace, maxLength: number, maxBeginning: number): Store {
  let file: WorkFile | undefined;
  // What is not in the file (yet).
  let held = "";
  let beginning = "";
  let open = true;

  function flush(): void {
    file ??= workspace.create();
    file.write(held);
    held = "";
  }

  return {
    write(text) {
      if (open) {
        if (beginning.length + text.length <= maxBeginning) beginning += text;
        else open = false;
      }
      held += text;
      if (held.length > (file === undefined ? maxLength : FILE_CHUNK)) flush();
    },
    read() {
      if (file === undefined) return [held];
      flush();
      return file.read();
    },
    finish() {
      if (file === undefined) return { size: Buffer.byteLength(held), content: { text: held } };
      if (held !== "") flush();
      return { size: file.size, content: { path: file.path, beginning } };
    },
  };
}

import type { StoredMemory } from "../store.ts";
import type { FileEntry, FileFormat, FileMemory } from "./file-entry.ts";
import { entryOf, isObject, type JsonObject, Problem, parseJson, toMemory } from "./json-memory.ts";
import { isMem0, readMem0, toMem0 } from "./mem0.ts";
import { readRelation } from "./relation.ts";

/**
 * One JSON document with a list of memories: of ours, of Open-WebUI's (open-webui/open-webui,
 * backend/open_webui/models/memories.py, MemoryModel: `{id, user_id, content, updated_at, created_at}` with times in seconds), or
 * of mem0's. What each element is, it shows itself. The list may be the value of `results` or `memories` in an object.
 */
const LIST_NAMES = ["results", "memories"];

export const json = listFormat(["[\n", "\n]\n"], (memory) => ({ ...memory }));

export const openWebui = listFormat(["[\n", "\n]\n"], (memory, user) => ({
  id: memory.id,
  user_id: user,
  content: memory.content,
  updated_at: Math.floor(Date.parse(memory.updated_at) / 1000),
  created_at: Math.floor(Date.parse(memory.created_at) / 1000),
}));

export const mem0 = listFormat(['{"results":[\n', "\n]}\n"], toMem0);

/** What stands in the list that a JSON document is or has; undefined where it is none and has none. */
export function readDocument(document: unknown): FileEntry[] | undefined {
  if (Array.isArray(document)) return readList(document);
  if (!isObject(document)) return undefined;
  const name = LIST_NAMES.find((list) => Array.isArray(document[list]));
  if (name === undefined) return undefined;
  // mem0 with a graph (mem0/memory/graph_memory.py, get_all) gives them beside the list.
  const relations = Array.isArray(document.relations) ? document.relations : [];
  const related = relations.map((value, index) => entryOf(`relation ${index + 1}`, () => readEdge(value)));
  return [...readList(document[name] as unknown[]), ...related];
}

/** A memory of ours or of mem0's. @throws Problem */
export function readItem(value: unknown): FileMemory {
  return isMem0(value) ? readMem0(value) : toMemory(value);
}

function readList(list: readonly unknown[]): FileEntry[] {
  return list.map((value, index) => entryOf(`entry ${index + 1}`, () => readItem(value ?? null)));
}

function readEdge(value: unknown): FileMemory {
  if (!isObject(value)) throw new Problem("is no object");
  return readRelation(value, "source", "relationship", value.target === undefined ? "destination" : "target");
}

/** What is wrong with a text that is no JSON, and where. */
export function jsonProblem(text: string): FileEntry {
  try {
    JSON.parse(text);
  } catch (error) {
    const message = (error as Error).message;
    const position = /at position (\d+)/.exec(message)?.[1];
    // Without a position the text ended too early.
    const before = position === undefined ? text.trimEnd() : text.slice(0, Number(position));
    const cutOff = before.trimEnd().length >= text.trimEnd().length;
    return {
      where: `line ${before.split("\n").length}`,
      problem: cutOff ? "is the end, but the JSON is not complete: the file is cut off" : "is not valid JSON",
    };
  }
  return { where: "line 1", problem: "is JSON, but no list of memories" };
}

function listFormat(
  [begin, end]: [string, string],
  toJson: (memory: StoredMemory, user: string) => JsonObject,
): FileFormat {
  return {
    read(text) {
      return readDocument(parseJson(text)) ?? [jsonProblem(text)];
    },
    async *write(memories, user) {
      let separator = begin;
      for await (const memory of memories) {
        yield `${separator}${JSON.stringify(toJson(memory, user))}`;
        separator = ",\n";
      }
      yield separator === begin ? `${begin.trimEnd()}${end.trimStart()}` : end;
    },
  };
}

import { ToolError } from "../../errors.ts";
import type { StoredMemory } from "../store.ts";
import { type FileEntry, type FileFormat, MEMORY_FORMATS, type MemoryFormat } from "./file-entry.ts";
import { json, jsonProblem, listIn, mem0, openWebui, readList } from "./json-list.ts";
import { isObject, parseJson } from "./json-memory.ts";
import { hasNoItem, markdown } from "./markdown.ts";
import { ndjson } from "./ndjson.ts";
import { isGraph, isGraphLine, readGraph, serverMemory } from "./server-memory.ts";

const FORMATS: Record<MemoryFormat, FileFormat> = {
  ndjson,
  markdown,
  json,
  "open-webui": openWebui,
  mem0,
  "server-memory": serverMemory,
};

/**
 * The memories of a file, in its order. The format is recognised where none is named. Times are ISO 8601, or seconds or
 * milliseconds since 1970. Nothing is checked against limits yet.
 * @throws ToolError `invalid_input` when it is in no format that can be read
 */
export function readMemoryFile(text: string, format?: MemoryFormat): FileEntry[] {
  const bare = text.replace(/^\ufeff/, "");
  if (bare.trim() === "") return [];
  return format === undefined ? readUnnamed(bare) : FORMATS[format].read(bare);
}

/** The pieces of a file of these memories, in their order. `user` is the id of whose they are. */
export function writeMemoryFile(
  memories: AsyncIterable<StoredMemory>,
  format: MemoryFormat,
  user: string,
): AsyncGenerator<string> {
  return FORMATS[format].write(memories, user);
}

/** The format of that name. @throws ToolError `invalid_input` */
export function readFormat(name: string): MemoryFormat {
  const format = MEMORY_FORMATS.find((known) => known === name.toLowerCase());
  if (format) return format;
  throw new ToolError("invalid_input", `There is no format ${JSON.stringify(name.slice(0, 40))}.`, {
    hint: `Formats: ${MEMORY_FORMATS.join(", ")}.`,
  });
}

function readUnnamed(text: string): FileEntry[] {
  const [first = "", second] = firstLines(text);
  if (/^\s*[[{]/.test(text)) {
    const line = parseJson(first);
    if (isGraphLine(line)) return serverMemory.read(text);
    const document = isObject(line) && second !== undefined ? undefined : parseJson(text);
    const list = listIn(document);
    if (list) return readList(list);
    if (isGraph(document)) return readGraph(document);
    // A line that is broken among lines that are not is one wrong line.
    const lines = isObject(line) || second === undefined || isObject(parseJson(second));
    if (lines && first !== "{" && !first.startsWith("[")) return ndjson.read(text);
    return [jsonProblem(text)];
  }
  const entries = markdown.read(text);
  // A first line that is broken, among lines of JSON.
  if (isObject(parseJson(second ?? ""))) return ndjson.read(text);
  if (!hasNoItem(entries)) return entries;
  throw new ToolError("invalid_input", "The file is in no format that can be imported.", {
    hint: `Formats: ${MEMORY_FORMATS.join(", ")}. In Markdown each memory is an item of a list: "- Ana prefers tea".`,
  });
}

/** The first two lines that are not blank. */
function firstLines(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0; start < text.length && lines.length < 2; ) {
    const end = text.indexOf("\n", start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    if (line !== "") lines.push(line);
    start = end < 0 ? text.length : end + 1;
  }
  return lines;
}

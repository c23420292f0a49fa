import { isUtf8 } from "node:buffer";
import { ToolError } from "../../errors.ts";
import type { StoredMemory } from "../store.ts";
import { type FileEntry, type FileFormat, MEMORY_FORMATS, type MemoryFormat } from "./file-entry.ts";
import { json, jsonProblem, mem0, openWebui, readDocument } from "./json-list.ts";
import { isObject, parseJson } from "./json-memory.ts";
import { hasNoItem, markdown } from "./markdown.ts";
import { ndjson } from "./ndjson.ts";
import { isGraph, isGraphLine, readGraph, serverMemory } from "./server-memory.ts";

/** Below what a string of V8 can hold. */
const MAX_BYTES = 500_000_000;
const LINE_FEED = 0x0a;
const SQLITE = "SQLite format 3\0";

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

/**
 * The text of a file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
 * @throws ToolError `invalid_input` with the line where the text is none, `too_large`
 */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) {
    throw new ToolError(
      "too_large",
      `The file has ${bytes.length} bytes; at most ${MAX_BYTES} can be imported at once.`,
      {
        hint: "Split it: each line of an export is a memory for itself.",
      },
    );
  }
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (Buffer.from(bytes.subarray(0, SQLITE.length)).toString("latin1") === SQLITE) {
    throw new ToolError("invalid_input", "The file is a database, not an export.", {
      hint: "`patchbay-mcp memory restore FILE --yes` puts a backup in the place of all memories.",
    });
  }
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes);
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(LINE_FEED, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, next))) break;
    start = next;
  }
  throw new ToolError("invalid_input", `line ${line}: is not valid UTF-8.`, {
    hint: "Nothing was imported. Save the file as UTF-8.",
  });
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
    const entries = readDocument(document);
    if (entries) return entries;
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

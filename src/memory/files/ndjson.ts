import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { checksumAt, END_OF_FILE, type FileEntry, type FileFormat, type FileMemory } from "./file-entry.ts";
import { readItem } from "./json-list.ts";
import { entryOf, isObject, Problem, parseJson, toMemory } from "./json-memory.ts";

/**
 * JSON lines, one memory each, with checksums, so that a file that was cut off or altered is noticed and the place is named:
 * - each line has `crc32`, the CRC-32 (hexadecimal) of its JSON as UTF-8 without `crc32` and `export`;
 * - the last one has `export`, with the number of memories and the SHA-256 of the JSON of all of them without those fields, each
 *   with a line feed (`jq -c 'del(.crc32, .export)' FILE | sha256sum`).
 * Lines without checksums, as written by hand or by earlier versions, are read too; so are several exports in one file.
 */

/** What was read since the beginning of the file, or since the end of the export before. */
interface Section {
  memories: number;
  /** Whether a line had a checksum, so that a last one with `export` has to come. */
  exported: boolean;
  hash: Hash;
}

export const ndjson: FileFormat = {
  read(text) {
    const entries: FileEntry[] = [];
    let section = newSection();
    for (const { line, where } of linesOf(text)) {
      const value = parseJson(line);
      entries.push(entryOf(where, () => readLine(value, section)));
      if (!isObject(value) || value.crc32 === undefined || value.export === undefined) continue;
      const problem = checkEnd(value.export, section);
      if (problem) entries.push({ where: checksumAt(where), problem });
      section = newSection();
    }
    if (section.exported) entries.push({ where: END_OF_FILE, problem: "the last line of the export is missing" });
    return entries;
  },

  async *write(memories) {
    const hash = createHash("sha256");
    let count = 0;
    let line: string | undefined;
    for await (const memory of memories) {
      if (line !== undefined) yield `${line}}\n`;
      const json = JSON.stringify(memory);
      hash.update(`${json}\n`);
      count++;
      line = `${json.slice(0, -1)},"crc32":"${checksum(json)}"`;
    }
    if (line === undefined) return;
    yield `${line},"export":${JSON.stringify({ memories: count, sha256: hash.digest("hex") })}}\n`;
  },
};

function newSection(): Section {
  return { memories: 0, exported: false, hash: createHash("sha256") };
}

/** The memory of a line, whose checksum is right where it has one. @throws Problem */
function readLine(value: unknown, section: Section): FileMemory {
  section.memories++;
  // A bare text is a memory in a list, but a line of its own is rather a piece of something else.
  if (typeof value === "string") throw new Problem("is no object");
  if (!isObject(value) || value.crc32 === undefined) return readItem(value);
  section.exported = true;
  const { crc32: expected, export: _end, ...memory } = value;
  const json = JSON.stringify(memory);
  section.hash.update(`${json}\n`);
  if (checksum(json) !== expected) throw new Problem("was altered: its checksum (crc32) is that of another text");
  return toMemory(memory);
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, "0");
}

function checkEnd(end: unknown, { memories, hash }: Section): string | undefined {
  if (!isObject(end)) return "is no object";
  if (end.memories !== memories) {
    return `says that ${JSON.stringify(end.memories)} memories were exported, but ${memories} are here`;
  }
  if (end.sha256 !== hash.digest("hex")) return "has the checksum (sha256) of other memories: the file was altered";
  return undefined;
}

function* linesOf(text: string): Generator<{ line: string; where: string }> {
  for (let start = 0, number = 1; start < text.length; number++) {
    const end = text.indexOf("\n", start);
    const next = end < 0 ? text.length : end;
    const line = text.slice(start, next).replace(/\r$/, "");
    if (line.trim() !== "") yield { line, where: `line ${number}` };
    start = next + 1;
  }
}

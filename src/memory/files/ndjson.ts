import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { FileEntry, FileFormat, FileMemory } from "./file-entry.ts";
import { readItem } from "./json-list.ts";
import { entryOf, isObject, type JsonObject, Problem, parseJson, toMemory } from "./json-memory.ts";

/**
 * JSON lines with checksums, so that a file that was cut off or altered is noticed and the place is named:
 * - the first line is `{"format":"patchbay-memories","version":1}`;
 * - each memory has `crc32`, the CRC-32 (hexadecimal) of its JSON as UTF-8 without that field;
 * - the last line has the number of memories and the SHA-256 of all lines before it, with their line feeds
 *   (`head -n -1 FILE | sha256sum`).
 * Lines without any of this, as written by hand or by earlier versions, are read too; so are several files in one.
 */
const FORMAT = "patchbay-memories";
const VERSION = 1;
const HEADER = JSON.stringify({ format: FORMAT, version: VERSION });

/** What was read since the beginning of the file, or of the part of it that has its own first line. */
interface Section {
  /** Whether there was a first line, so that a last one has to come. */
  begun: boolean;
  memories: number;
  hash: ReturnType<typeof createHash>;
}

export const ndjson: FileFormat = {
  read(text) {
    const entries: FileEntry[] = [];
    let section = newSection(false);
    for (const { line, where } of linesOf(text)) {
      const value = parseJson(line);
      if (isObject(value) && value.format === FORMAT && value.content === undefined) {
        if (section.begun) entries.push({ where, problem: "begins another export; the one before is cut off" });
        if (value.version !== VERSION) {
          entries.push({
            where,
            problem: `is of version ${JSON.stringify(value.version)}; only ${VERSION} can be read`,
          });
        }
        section = newSection(true);
      } else if (isObject(value) && value.end === FORMAT) {
        const problem = checkEnd(value, section);
        if (problem) entries.push({ where, problem });
        section = newSection(false);
        continue;
      } else {
        entries.push(entryOf(where, () => readLine(value)));
        section.memories++;
      }
      section.hash.update(`${line}\n`);
    }
    if (section.begun) {
      entries.push({
        where: "end of file",
        problem: "the last line of the export is missing: the file is cut off",
      });
    }
    return entries;
  },

  async *write(memories) {
    const hash = createHash("sha256");
    let count = 0;
    hash.update(`${HEADER}\n`);
    yield `${HEADER}\n`;
    for await (const memory of memories) {
      const line = `${JSON.stringify({ ...memory, crc32: checksum(memory) })}\n`;
      hash.update(line);
      count++;
      yield line;
    }
    yield `${JSON.stringify({ end: FORMAT, memories: count, sha256: hash.digest("hex") })}\n`;
  },
};

function newSection(begun: boolean): Section {
  return { begun, memories: 0, hash: createHash("sha256") };
}

/** The memory of a line, whose checksum is right where it has one. @throws Problem */
function readLine(value: unknown): FileMemory {
  // A bare text is a memory in a list, but a line of its own is rather a piece of something else.
  if (typeof value === "string") throw new Problem("is no object");
  if (!isObject(value) || value.crc32 === undefined) return readItem(value);
  const { crc32: expected, ...memory } = value;
  if (checksum(memory) === expected) return toMemory(memory);
  throw new Problem("was altered: its checksum (crc32) is of another text. Without crc32 it is taken as it is");
}

function checksum(memory: object): string {
  return crc32(JSON.stringify(memory)).toString(16).padStart(8, "0");
}

function checkEnd(end: JsonObject, section: Section): string | undefined {
  if (end.memories !== section.memories) {
    return `${JSON.stringify(end.memories)} memories were exported, but ${section.memories} are here`;
  }
  if (end.sha256 !== section.hash.digest("hex")) {
    return "the lines before it were altered: their checksum (sha256) is another one. Without this line and the first they are taken as they are";
  }
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

import type { StoredMemory } from "../store.ts";
import { detailsOf, type FileEntry, type FileFormat } from "./file-entry.ts";
import { entryOf, type JsonObject, Problem, parseJson, toMemory } from "./json-memory.ts";
import { type ListItem, NO_ITEM, readListItems } from "./markdown-list.ts";
import { fieldMeantBy } from "./misspelt-field.ts";

/**
 * A Markdown list, to be read and edited by people: each item is a memory, its nested items `- name: value` say what else it
 * has, and a comment keeps its id and times.
 *
 *     - Ana prefers green tea
 *       - tags: drinks, "hot, not iced"
 *       - source: chat 7
 *       <!-- {"id":"…","created_at":"…","updated_at":"…","version":1,"origin":"memory_add"} -->
 *
 * A text that Markdown would take for something else, or not keep as it is, stands in a code block of kind `text`, or of kind
 * `json-string` as a JSON string; a value of that sort is a JSON string too. So every text comes back exactly. Lists that were
 * written by hand need nothing but the items; headings from the second level on are tags of the items under them.
 *
 * Earlier versions are left out: in a file that people edit and pass on, they would be text that nobody sees.
 */

const DETAILS = ["tags", "kind", "importance", "source", "speaker", "occurred_at", "expires_at"];
const KEPT = ["id", "created_at", "updated_at", "version", "origin", "superseded_by"] as const;
const NAMES = [...DETAILS, ...KEPT];
const MAX_HEADING_TAG = 50;

const FIELD = /^[ \t]{0,3}[-*+][ \t]+([A-Za-z_]+):(?:[ \t]+(.*))?$/s;
/** A nested item that looks as if it were a field. */
const NAMED = /^[ \t]{0,3}[-*+][ \t]+([A-Za-z][A-Za-z _-]{2,19})[ \t]*:(?:[ \t]|$)/;
const FENCE = /^[ \t]{0,3}(?:`{3}|~{3})/;
const COMMENT = /^[ \t]{0,3}<!--[ \t]*(\{.*)-->$/s;
const OPENING_FENCE = /^(`{3,}|~{3,})[ \t]*(text|json-string)$/;
const JSON_STRING = /"(?:[^"\\]|\\.)*"/y;
/** Where a line begins that Markdown takes for something else than text. */
const BLOCK_START = /^(?:[-*+](?:\s|$)|\d{1,9}[.)](?:\s|$)|#{1,6}(?:\s|$)|[>|<]|`{3}|~{3}|=+$|([-*_])(?:\s*\1){2,}$)/;
/** Control characters and others that editors do not show or keep. */
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

export const markdown: FileFormat = {
  read(text) {
    return readListItems(text).map((found) =>
      "problem" in found ? found : entryOf(found.where, () => toMemory(readItem(found))),
    );
  },

  async *write(memories) {
    yield "# Memories\n\n";
    yield "<!-- Each item of the list is a memory. `patchbay-mcp memory import` reads this file, also where it was edited. -->\n\n";
    for await (const memory of memories) yield `${writeItem(memory)}\n`;
  },
};

/** Whether nothing in the file is an item of a list. */
export function hasNoItem(entries: readonly FileEntry[]): boolean {
  return entries.length > 0 && entries.every(({ problem }) => problem === NO_ITEM);
}

function writeItem(memory: StoredMemory): string {
  const details: [string, string][] = Object.entries(detailsOf(memory)).map(([name, value]) => [
    name,
    writeValue(String(value)),
  ]);
  if (memory.tags.length > 0) details.unshift(["tags", memory.tags.map(writeTag).join(", ")]);
  const kept = Object.fromEntries(
    KEPT.filter((name) => memory[name] !== undefined).map((name) => [name, memory[name]]),
  );
  const lines = [
    ...writeContent(memory.content),
    ...details.map(([name, value]) => `- ${name}: ${value}`),
    `<!-- ${toJson(kept)
      .replace(/-(?=-)/g, "\\u002d")
      .replaceAll(">", "\\u003e")} -->`,
  ];
  return lines.map((line, index) => (index === 0 ? `- ${line}` : line && `  ${line}`)).join("\n");
}

function writeContent(content: string): string[] {
  const lines = content.split("\n");
  const kept = !HIDDEN.test(content) && lines.every((line) => line === line.trimEnd());
  const plain =
    kept &&
    lines[0] !== "" &&
    lines.at(-1) !== "" &&
    !content.includes("\n\n\n") &&
    lines.every((line) => line === line.trim() && !BLOCK_START.test(line));
  if (plain) return lines;
  const longest = (content.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return kept ? [`${fence}text`, ...lines, fence] : [`${fence}json-string`, toJson(content), fence];
}

function writeValue(value: string): string {
  return value === "" || value !== value.trim() || value.startsWith('"') || /[\t\n]/.test(value) || HIDDEN.test(value)
    ? toJson(value)
    : value;
}

function writeTag(tag: string): string {
  return tag.includes(",") ? toJson(tag) : writeValue(tag);
}

/** JSON in one line, with escapes for what would not be seen. */
function toJson(value: unknown): string {
  const escaped = (hidden: string) => `\\u${hidden.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(new RegExp(HIDDEN, "g"), escaped);
}

/** The fields of a memory as our JSON has them. @throws Problem */
function readItem({ where, lines, headings }: ListItem): JsonObject {
  const fenced = readFenced(lines);
  const rest = fenced ? fenced.rest : lines;
  let first = rest.length;
  const floor = fenced ? 0 : 1;
  while (first > floor && isField(rest[first - 1] as string)) first--;
  refuseMisspelt(rest.slice(0, first), floor, Number(where.replace(/\D/g, "")) + lines.length - rest.length);
  if (fenced && first > 0) return { content: textOf(lines), tags: tagsOf(headings) };
  const item: JsonObject = { content: fenced ? fenced.content : textOf(rest.slice(0, first)) };
  for (const line of rest.slice(first)) Object.assign(item, readField(line));
  item.tags = [...tagsOf(headings), ...((item.tags as string[] | undefined) ?? [])];
  return item;
}

/**
 * A field with a mistake in its name would become text, and those above it with it.
 * @param number that of the first line in the file
 * @throws Problem
 */
function refuseMisspelt(text: readonly string[], floor: number, number: number): void {
  let inCode = floor > 0 && FENCE.test(text[0] ?? "");
  for (let at = floor; at < text.length; at++) {
    const line = text[at] as string;
    if (FENCE.test(line)) inCode = !inCode;
    const name = inCode ? undefined : NAMED.exec(line)?.[1];
    const field = name === undefined ? undefined : fieldMeantBy(name);
    if (field !== undefined)
      throw new Problem(`has "${name}" in line ${number + at}, which is no field; write "${field}"`);
  }
}

/** What the first lines hold where they are a code block of ours. @throws Problem */
function readFenced(lines: readonly string[]): { content: string; rest: string[] } | undefined {
  const [, fence, kind] = OPENING_FENCE.exec(lines[0]?.trimEnd() ?? "") ?? [];
  if (fence === undefined) return undefined;
  const end = lines.findIndex((line, index) => {
    const bare = line.trim();
    return index > 0 && bare.length >= fence.length && bare === fence.charAt(0).repeat(bare.length);
  });
  if (end < 0) throw new Problem("has a code block without an end");
  const inside = lines.slice(1, end).join("\n");
  const content = kind === "text" ? inside : parseJson(inside);
  if (typeof content !== "string") throw new Problem("has a code block of kind json-string that is no JSON string");
  return { content, rest: lines.slice(end + 1) };
}

function textOf(lines: readonly string[]): string {
  const bare = lines.map((line) => line.trimEnd());
  const first = bare.findIndex((line) => line !== "");
  return first < 0 ? "" : bare.slice(first, bare.findLastIndex((line) => line !== "") + 1).join("\n");
}

function tagsOf(headings: readonly string[]): string[] {
  return headings.filter((heading) => heading.length <= MAX_HEADING_TAG);
}

function isField(line: string): boolean {
  if (line.trim() === "" || COMMENT.test(line.trimEnd())) return true;
  const name = FIELD.exec(line)?.[1]?.toLowerCase();
  return name !== undefined && NAMES.includes(name);
}

/** @throws Problem */
function readField(line: string): JsonObject {
  const comment = COMMENT.exec(line.trimEnd())?.[1];
  if (comment !== undefined) {
    const kept = parseJson(comment);
    if (kept === undefined) throw new Problem("has a comment that is not valid JSON");
    return kept as JsonObject;
  }
  const [, given = "", text = ""] = FIELD.exec(line) ?? [];
  const name = given.toLowerCase();
  const value = text.trim();
  if (name === "" || value === "") return {};
  if (name === "tags") return { tags: readTags(value) };
  if (name === "importance" || name === "version") {
    if (Number.isNaN(Number(value))) throw new Problem(`"${name}" is no number`);
    return { [name]: Number(value) };
  }
  return { [name]: readValue(value) };
}

/** A JSON string, or the text as it is. */
function readValue(value: string): string {
  const string = value.startsWith('"') ? parseJson(value) : undefined;
  return typeof string === "string" ? string : value;
}

/** Tags between commas; one that has a comma is a JSON string. */
function readTags(list: string): string[] {
  const tags: string[] = [];
  for (let at = 0; at < list.length; ) {
    while (/[\s,]/.test(list.charAt(at))) at++;
    JSON_STRING.lastIndex = at;
    const string = JSON_STRING.exec(list)?.[0];
    const after = string === undefined ? at : at + string.length;
    const comma = list.indexOf(",", after);
    const end = comma < 0 ? list.length : comma;
    const tag = list.slice(at, end).trim();
    if (tag !== "") tags.push(readValue(tag));
    at = end + 1;
  }
  return tags;
}

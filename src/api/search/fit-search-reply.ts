import type { Operation } from "../operation.ts";
import type { FoundOperation, SearchReply } from "./search-apis.ts";

/** What a search found, before it is made to fit. */
export interface SearchOutcome {
  operations: readonly Operation[];
  total: number;
  apis?: readonly { name: string; description: string; operations: number }[];
  warnings: readonly string[];
}

interface Level {
  /** Characters of each one-line summary, of each path and of each API's description. */
  summary: number;
  path: number;
  description: number;
}

/** From everything to the names alone. */
const LEVELS: readonly Level[] = [
  { summary: 120, path: 300, description: 200 },
  { summary: 80, path: 200, description: 120 },
  { summary: 60, path: 120, description: 80 },
  { summary: 40, path: 80, description: 40 },
  { summary: 24, path: 60, description: 24 },
  { summary: 0, path: 40, description: 0 },
  { summary: 0, path: 0, description: 0 },
];
/** Share of the reply that the APIs and the warnings may take where the operations do not fit beside them. */
const APIS_SHARE = 0.6;
const WARNINGS_SHARE = 0.25;
/** Bytes of one warning. */
const MAX_WARNING = 160;
/** Bytes for the notes about what is left out. */
const NOTES = 160;

/**
 * A reply of at most so many bytes of JSON in UTF-8, whatever the documents say: summaries, paths and descriptions are
 * shortened first, then the last operations are left out. The name of an operation is never cut, since it is called by it.
 */
export function fitSearchReply(outcome: SearchOutcome, maxBytes: number): SearchReply {
  const { total, operations, apis } = outcome;
  const warnings = fitWarnings(outcome.warnings, maxBytes * WARNINGS_SHARE);
  const build = (level: Level): SearchReply => ({
    operations: operations.map((operation) => shown(operation, level)),
    total,
    ...(apis && { apis: apis.map((api) => shownApi(api, level)) }),
    ...(warnings.length > 0 && { warnings }),
  });
  for (const level of LEVELS) {
    const reply = build(level);
    if (bytesOf(reply) <= maxBytes) return reply;
  }
  return leaveOut(build(LEVELS.at(-1)!), maxBytes);
}

/** What of a reply there is room for, and what there was not. */
function leaveOut(whole: SearchReply, maxBytes: number): SearchReply {
  const { operations, apis, ...rest } = whole;
  const reply: SearchReply = { operations: [], ...rest, ...(apis && { apis: [] }) };
  const warn = (text: string) => {
    reply.warnings = [...(reply.warnings ?? []), text];
  };
  const room = (share: number) => maxBytes * share - bytesOf(reply);
  for (const api of apis ?? []) {
    if (bytesOf(api) + NOTES > room(operations.length > 0 ? APIS_SHARE : 1)) break;
    reply.apis!.push(api);
  }
  // One with a name that takes all the room does not keep the others out.
  for (const operation of operations) if (bytesOf(operation) + NOTES <= room(1)) reply.operations.push(operation);
  const apisLeft = (apis?.length ?? 0) - (reply.apis?.length ?? 0);
  if (apisLeft > 0) warn(`${apisLeft} further APIs: a higher limit shows more.`);
  const left = operations.length - reply.operations.length;
  if (left > 0) warn(`Operations left out for want of room: ${left}. A higher limit shows more.`);
  return reply;
}

function shownApi({ name, description, operations }: NonNullable<SearchOutcome["apis"]>[number], level: Level) {
  const text = cut(oneLine(description), level.description);
  return { name, ...(text !== "" && { description: text }), operations };
}

function shown(operation: Operation, level: Level): FoundOperation {
  const { api, id, method, path } = operation;
  const summary = cut(oneLine(operation.summary) || oneLine(operation.description), level.summary);
  const entry: FoundOperation = { api, operation: id };
  // Where the name says both and there is little room, they are not said twice.
  if (level.path > 0 || !id.includes(" ")) entry.method = method;
  if (level.path > 0 && !(id === `${method} ${path}` && path.length > level.path)) entry.path = cut(path, level.path);
  if (summary !== "") entry.summary = summary;
  return entry;
}

/** The first line that says something, without markup. */
function oneLine(text: string): string {
  const plain = text.slice(0, 2000).replace(/<\/?[a-z][^<>]*>/gi, " ");
  const line = plain.split(/[\r\n\u2028\u2029]/).find((each) => /[\p{L}\p{N}]/u.test(each)) ?? "";
  return printable(line)
    .replace(/^[#*\s]+|[*\s]+$/g, "")
    .trim();
}

/** Without what would only be escaped. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, " ");
}

/** At most so many characters; the sign of a cut included, no pair of a character's halves parted. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  if (max < 2) return "";
  const end = max - 1;
  const whole = /[\uD800-\uDBFF]/.test(text[end - 1]!) ? end - 1 : end;
  return `${text.slice(0, whole).trimEnd()}…`;
}

function fitWarnings(warnings: readonly string[], maxBytes: number): string[] {
  const shownWarnings: string[] = [];
  let bytes = 0;
  for (const [at, warning] of warnings.entries()) {
    let text = printable(warning.slice(0, 2000));
    while (bytesOf(text) > MAX_WARNING) text = cut(text, Math.floor(Math.min(text.length, MAX_WARNING + 1) * 0.9));
    bytes += bytesOf(text) + 1;
    if (at > 0 && bytes > maxBytes - 40) {
      shownWarnings.push(`${warnings.length - at} further APIs could not be read.`);
      break;
    }
    shownWarnings.push(text);
  }
  return shownWarnings;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

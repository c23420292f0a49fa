import { createHash } from "node:crypto";
import { tagKey } from "../memory-input.ts";
import type { MemoryRow } from "../memory-row.ts";
import { timeOf } from "../memory-time.ts";

/** A user with memories, locked for the transaction where it writes. It is written back at the end (see write-queue.ts). */
export interface Owner {
  uid: number;
  /** How many memories there are, superseded ones and those that have just expired too. */
  n: number;
  /** Bytes of UTF-8 of all contents. */
  bytes: number;
  /** The last number given to a memory. */
  last: number;
}

/** What `toMemory` needs of a memory; its `id` is the number within the user. */
export const COLUMNS = `number as id, uuid, content, tags, kind, importance, source, speaker, occurred_at, expires, created, updated,
  version, origin, superseded_by`;
export const ALL_COLUMNS = `${COLUMNS}, terms`;

/** What tells whether the same was stored before. What is found by it has to be compared. */
export function identityOf(memory: {
  content: string;
  source?: string | null | undefined;
  speaker?: string | null | undefined;
}): string {
  const text = JSON.stringify([memory.content, memory.source ?? null, memory.speaker ?? null]);
  return createHash("sha256").update(text).digest().readBigInt64BE().toString();
}

/** A row as the table has it: with the columns that are derived from the others. */
export function toColumns({ id, ...row }: MemoryRow): Record<string, unknown> {
  return { number: id, ...row, time: timeOf(row.occurred_at, row.created), identity: identityOf(row) };
}

/** The columns of the table, as `json_to_recordset` reads them. */
export const RECORD = `number integer, uuid uuid, content text, terms text, tags text, kind text, importance double precision,
  source text, speaker text, occurred_at text, expires bigint, created bigint, updated bigint, version integer, origin text,
  superseded_by uuid, time bigint, identity bigint`;

/** Numbers as a parameter of type integer[]; the driver would write them one by one. */
export function integers(numbers: Iterable<number>): string {
  return `{${[...numbers].join(",")}}`;
}

/** What the search index has of a memory: its terms, unless it is superseded, and what filters look for. */
export function postingsOf(
  row: Pick<MemoryRow, "terms" | "tags" | "source" | "speaker" | "kind" | "superseded_by">,
): string[] {
  const tags = JSON.parse(row.tags) as string[];
  const postings = new Set(row.superseded_by === null && row.terms !== "" ? row.terms.split(" ") : []);
  for (const tag of tags) postings.add(facetOf("tag", tagKey(tag)));
  if (row.source !== null) postings.add(facetOf("source", tagKey(row.source)));
  if (row.speaker !== null) postings.add(facetOf("speaker", tagKey(row.speaker)));
  if (row.kind !== null) postings.add(facetOf("kind", row.kind));
  return [...postings];
}

/** What facets begin with; no term does, for it is neither a letter nor a digit. */
export const FACET_SIGN = "\u{e000}";
const FACET_LETTERS = { tag: "t", source: "s", speaker: "p", kind: "k" } as const;
/** Bytes of an entry that the index may hold are about 2,700. */
const MAX_FACET_BYTES = 400;

/** The value of a filter, folded by `tagKey`, as the search index has it. */
export function facetOf(name: keyof typeof FACET_LETTERS, value: string): string {
  const long = Buffer.byteLength(value) > MAX_FACET_BYTES;
  return `${FACET_SIGN}${FACET_LETTERS[name]}${long ? `${FACET_SIGN}${createHash("sha256").update(value).digest("base64url")}` : value}`;
}

import type { CheckedFilter } from "../memory-filter.ts";
import { tagKey } from "../memory-input.ts";
import type { FoundReason } from "../store.ts";
import { CANDIDATES } from "./candidates.ts";
import { type Query, wordsOf } from "./query.ts";
import {
  boostsOf,
  type Candidate,
  createCounter,
  EVERY_PART,
  type Occurrences,
  REACH,
  type SearchParts,
  score,
} from "./rank.ts";
import { tokenize } from "./tokenize.ts";

/** What ranking reads of a memory. Times are milliseconds since 1970. */
export interface SearchRow {
  number: number;
  /** Separated by spaces. */
  terms: string;
  /** The last character of its content that is no blank. */
  ending: string;
  /** JSON array. */
  tags: string;
  source: string | null;
  speaker: string | null;
  kind: string | null;
  importance: number | null;
  time: number;
  expires: number | null;
  superseded_by: string | null;
}

/** What stands before and after a memory in its source, superseded ones left out, at most REACH on each side, the nearest first. */
export interface NeighbourRows {
  of: number;
  before: readonly SearchRow[];
  after: readonly SearchRow[];
}

/** A memory found. */
export interface Hit {
  number: number;
  /** 0 for one that no term has found. */
  score: number;
  reason: FoundReason;
  /** Empty for one that no term has found. */
  terms: string;
}

/** Latin, full-width, Arabic, Greek. */
const QUESTION_MARKS: ReadonlySet<string> = new Set(["?", "？", "؟", "\u037e"]);
/** Memories that bring their neighbours. */
const WITH_NEIGHBOURS = 60;

/** Those of the rows whose neighbours are read: the best as far as their own terms tell. `idf` belongs to the query's terms. */
export function withNeighbours(
  query: Query,
  idf: Float64Array,
  rows: readonly SearchRow[],
  parts: SearchParts = EVERY_PART,
): SearchRow[] {
  if (!parts.neighbours) return [];
  const inSource = rows.filter((row) => row.source !== null);
  if (inSource.length <= WITH_NEIGHBOURS) return inSource;
  const hits = rankRows(query, idf, inSource, [], { parts, allowed: () => true });
  const byNumber = new Map(inSource.map((row) => [row.number, row]));
  return hits.slice(0, WITH_NEIGHBOURS).map((hit) => byNumber.get(hit.number) as SearchRow);
}

/**
 * The memories that answer the query, best first, newer ones first among equals: of the rows and of their neighbours, those
 * that `allowed` takes. `idf` belongs to the query's terms.
 */
export function rankRows(
  query: Query,
  idf: Float64Array,
  rows: readonly SearchRow[],
  neighbours: readonly NeighbourRows[],
  { parts = EVERY_PART, allowed }: { parts?: SearchParts; allowed: (row: SearchRow) => boolean },
): Hit[] {
  const loaded = link(rows, neighbours, createCounter(query.terms));
  const speakers = new Map<string, readonly string[]>();
  const speakerTerms = (name: string | null): readonly string[] => {
    if (name === null) return [];
    const terms = speakers.get(name) ?? tokenize(name);
    speakers.set(name, terms);
    return terms;
  };
  const ranked: { row: SearchRow; candidate: Candidate; score: number }[] = [];
  for (const memory of loaded) {
    const candidate: Candidate = {
      terms: memory.row.terms,
      own: memory.own,
      speaker: speakerTerms(memory.row.speaker),
      importance: memory.row.importance,
      time: memory.row.time,
      asks: asks(memory.row),
      afterQuestion: memory.previous !== undefined && asks(memory.previous.row),
      before: occurrencesAlong(memory, "previous"),
      after: occurrencesAlong(memory, "next"),
    };
    const points = score(query, idf, candidate, parts);
    if (points > 0 && allowed(memory.row)) ranked.push({ row: memory.row, candidate, score: points });
  }
  ranked.sort((a, b) => b.score - a.score || b.row.number - a.row.number);
  return ranked.slice(0, CANDIDATES).map(({ row, candidate, score }) => ({
    number: row.number,
    score,
    reason: reasonOf(query, candidate, parts),
    terms: row.terms,
  }));
}

/** Hits that no term has found: because they contain the text, or, without one, because any memory answers. */
export function unrankedHits(numbers: readonly number[], text?: string): Hit[] {
  const matched = text === undefined ? [] : [text];
  return numbers.slice(0, CANDIDATES).map((number) => ({ number, score: 0, reason: { matched }, terms: "" }));
}

/** Whether a memory is current and satisfies the filter. */
export function passes(
  row: Omit<SearchRow, "number" | "terms" | "ending" | "importance">,
  filter: CheckedFilter,
  now: number,
): boolean {
  if (row.superseded_by !== null || (row.expires !== null && row.expires <= now)) return false;
  const same = (wanted: string | undefined, value: string | null): boolean =>
    wanted === undefined || (value !== null && tagKey(value) === wanted);
  return (
    same(filter.source, row.source) &&
    same(filter.speaker, row.speaker) &&
    same(filter.kind, row.kind) &&
    (filter.after === undefined || row.time >= filter.after) &&
    (filter.before === undefined || row.time < filter.before) &&
    (filter.tag === undefined || (JSON.parse(row.tags) as string[]).some((tag) => tagKey(tag) === filter.tag))
  );
}

/** A memory that is being ranked, with its neighbours as far as they are known. */
interface Loaded {
  row: SearchRow;
  own: Occurrences;
  previous?: Loaded;
  next?: Loaded;
}

function link(
  rows: readonly SearchRow[],
  neighbours: readonly NeighbourRows[],
  count: (terms: string) => Occurrences,
): Iterable<Loaded> {
  const loaded = new Map<number, Loaded>();
  const load = (row: SearchRow): Loaded => {
    const known = loaded.get(row.number);
    if (known) return known;
    const memory: Loaded = { row, own: count(row.terms) };
    loaded.set(row.number, memory);
    return memory;
  };
  for (const row of rows) load(row);
  for (const { of, before, after } of neighbours) {
    let at = loaded.get(of) as Loaded;
    for (const row of before) {
      const neighbour = load(row);
      at.previous = neighbour;
      neighbour.next = at;
      at = neighbour;
    }
    at = loaded.get(of) as Loaded;
    for (const row of after) {
      const neighbour = load(row);
      at.next = neighbour;
      neighbour.previous = at;
      at = neighbour;
    }
  }
  return loaded.values();
}

function occurrencesAlong(memory: Loaded, side: "previous" | "next"): Occurrences[] {
  const along: Occurrences[] = [];
  for (let at = memory[side]; at && along.length < REACH; at = at[side]) along.push(at.own);
  return along;
}

function asks(row: SearchRow): boolean {
  return QUESTION_MARKS.has(row.ending);
}

function reasonOf(query: Query, memory: Candidate, parts: SearchParts): FoundReason {
  const around = parts.neighbours ? [...memory.before, ...memory.after] : [];
  const own = (index: number): boolean => (memory.own?.[index] ?? 0) > 0;
  const near = (index: number): boolean => !own(index) && around.some((occurrences) => (occurrences?.[index] ?? 0) > 0);
  const matched = wordsOf(query, own);
  const neighbours = wordsOf(query, near).filter((word) => !matched.includes(word));
  const boosts = boostsOf(query, memory, parts);
  return { matched, ...(neighbours.length > 0 && { neighbours }), ...(boosts.length > 0 && { boosts }) };
}

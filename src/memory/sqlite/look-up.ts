import type { CheckedFilter } from "../memory-filter.ts";
import type { TermMatches } from "../search/candidates.ts";
import { type FacetRange, facetsOfFilter, NO_FACET, timeFacets } from "../search/facets.ts";
import { MAX_TERMS, type QueryTerm, type TermForm } from "../search/query.ts";
import { passes } from "../search/rank-rows.ts";
import { beginningsOf, halvesOf, withoutEnding } from "../search/spelling.ts";
import type { Database } from "./database.ts";
import { createFinder, type PlainMemory } from "./plain-memories.ts";
import { baseOf, type UserRow } from "./rows.ts";
import { termOf } from "./search-index.ts";
import { createSpeller } from "./spelled-words.ts";

/** Memories that are read of any term; a term of more is common. */
const COMMON = 2_000;
/** Memories that are read of all terms together. */
const BUDGET = 20_000;
/** The same with a filter, where each memory that is read costs more: it is looked for in the list of a common term. */
const COMMON_FILTERED = 500;
const BUDGET_FILTERED = 2_000;
/** Of a term beyond the budget only the memories are read that have one of so many rarer ones. */
const PARTNERS = 4;

/** What is searched: the memories that satisfy the filter. */
export interface Searched {
  /** Those of them that are not indexed yet; where the filter leaves few, all. The newest first. */
  plain: readonly PlainMemory[];
  /** Numbers of those that have a form. */
  findPlain: (forms: readonly TermForm[]) => number[];
  /** Whether the index has more of them. */
  indexed: boolean;
  /** What the index is asked for with every term: the facets of the filter, but for its time. Empty without any. */
  facets: string;
  time: SearchedTime | undefined;
}

interface SearchedTime {
  filter: CheckedFilter;
  /** Whether many facets stand for it, so that the index is better not asked for them. */
  isWide: boolean;
  /** What the index is asked for; empty where there are too many. Read only when it is needed. */
  facets: () => string;
  /** Whether these let no memories of other times through. */
  isExact: boolean;
}

/** Month and day facets of a filter's time that a search asks for; it avoids to ask for more than MANY. */
const MAX_TIME_FACETS = 500;
const MANY_TIME_FACETS = 32;
/** Memories with a term, the newest, whose times are looked at. */
const NEWEST = 2_000;
/** So many memories that satisfy a filter are read as they are: faster than to meet each of them in the lists of common terms. */
const FEW = 2_000;
const FEW_LENGTH = 2_000_000;

export function readSearched(database: Database, user: UserRow, filter: CheckedFilter): Searched {
  const tail = readTail(database, user, filter);
  const searched: Searched = {
    plain: tail,
    findPlain: createFinder(tail),
    indexed: true,
    facets: facetsOfFilter(filter)
      .map((facet) => `"${termOf(user, facet)}"`)
      .join(" AND "),
    time: readTime(database, user, filter),
  };
  const few = isFiltered(searched) && readFew(database, user, searched, filter);
  if (!few) return searched;
  const plain = [...tail, ...few];
  return { ...searched, plain, findPlain: createFinder(plain), indexed: false };
}

function readTime(database: Database, user: UserRow, filter: CheckedFilter): SearchedTime | undefined {
  const time = timeFacets(filter);
  if (!time) return undefined;
  const some = readTimeFacets(database, user, time.ranges, MANY_TIME_FACETS);
  const isWide = some.length > MANY_TIME_FACETS;
  let asked: string | undefined;
  return {
    filter,
    isWide,
    isExact: time.exact,
    facets() {
      asked ??= anyOf(user, isWide ? readTimeFacets(database, user, time.ranges, MAX_TIME_FACETS) : some);
      return asked;
    },
  };
}

function anyOf(user: UserRow, facets: readonly string[]): string {
  if (facets.length > MAX_TIME_FACETS) return "";
  if (facets.length === 0) return `"${termOf(user, NO_FACET)}"`;
  return `(${facets.map((facet) => `"${facet}"`).join(" OR ")})`;
}

/** Those of the ranges that any memory has, up to one more than `most`. */
function readTimeFacets(database: Database, user: UserRow, ranges: readonly FacetRange[], most: number): string[] {
  const facets: string[] = [];
  for (const { first, last } of ranges) {
    let from = termOf(user, first);
    // One by one: to read on from a facet, SQLite goes through all memories that have it.
    while (facets.length <= most) {
      const [facet] = database.column<string>(
        "select term from temp.memory_occurrence where term >= ? and term <= ? limit 1",
        from,
        termOf(user, last),
      );
      if (facet === undefined) break;
      facets.push(facet);
      from = `${facet}\u0001`;
    }
  }
  return facets;
}

/** What the index is asked for: the facets of the filter, with those of its time. Empty where there are none. */
export function allFacets({ facets, time }: Searched): string {
  return both(facets, time?.facets() ?? "");
}

function readTail(database: Database, user: UserRow, filter: CheckedFilter): PlainMemory[] {
  const base = baseOf(user);
  const range = [base, base + user.indexed, base + user.last];
  const among = "from memory where id > ? and id <= ? and superseded_by is null";
  if (Object.keys(filter).length > 0) {
    return toPlain(database.all<PlainRow>(`${PLAIN_COLUMNS} ${among} order by id desc`, ...range), filter);
  }
  return database.all<PlainMemory>(
    `select id - ? as number, ' ' || terms || ' ' as terms ${among} and (expires is null or expires > ?) order by id desc`,
    ...range,
    Date.now(),
  );
}

type PlainRow = Parameters<typeof passes>[0] & PlainMemory & { length: number };

const PLAIN_COLUMNS = `select id - ? as number, ' ' || terms || ' ' as terms, length(terms) as length, tags, kind, source, speaker,
  time, expires, superseded_by`;

function toPlain(rows: readonly PlainRow[], filter: CheckedFilter): PlainMemory[] {
  const now = Date.now();
  return rows.filter((row) => passes(row, filter, now));
}

/** All of the index that satisfy the filter, if they are few. */
function readFew(
  database: Database,
  user: UserRow,
  searched: Searched,
  filter: CheckedFilter,
): PlainMemory[] | undefined {
  const { facets, time } = searched;
  if (time?.isWide && facets === "") return undefined;
  const numbers = time?.isWide
    ? readByTime(database, user, facets, FEW + 1, filter)
    : readNumbers(database, user, allFacets(searched), FEW + 1);
  if (!numbers || numbers.length > FEW) return undefined;
  const base = baseOf(user);
  const rows: PlainRow[] = [];
  let length = 0;
  for (const number of numbers) {
    const row = database.get<PlainRow>(`${PLAIN_COLUMNS} from memory where id = ?`, base, base + number);
    if (!row) continue;
    rows.push(row);
    length += row.length;
    if (length > FEW_LENGTH) return undefined;
  }
  return toPlain(rows, filter);
}

/**
 * The memories that each term finds. A term that finds none stands for what begins with it, or else for the two words that it
 * is made of, or else for words spelled alike; the terms are given back with these forms.
 */
export function lookUpTerms(
  database: Database,
  user: UserRow,
  given: readonly QueryTerm[],
  searched: Searched,
  { spelling }: { spelling: boolean },
): { terms: QueryTerm[]; matches: TermMatches[] } {
  const found: { term: QueryTerm; found: Found }[] = [];
  const spell = createSpeller(database, user, searched.plain);
  const add = (term: QueryTerm, forms: readonly TermForm[]): boolean => {
    if (forms.length === 0) return false;
    const one = { term: { ...term, forms: [...forms] }, found: lookUpForms(database, user, forms, searched) };
    if (one.found.frequency > 0) found.push(one);
    return one.found.frequency > 0;
  };
  for (const term of given) {
    if (add(term, term.forms) || add(term, beginningsOf(term))) continue;
    const halves = readHalves(database, user, term, searched);
    if (halves.length > 0) {
      for (const text of halves) add({ ...term, text }, [{ text, prefix: false, weight: 1 }]);
    } else if (!(spelling && add(term, spell(term))) && !add(term, withoutEnding(term))) {
      found.push({ term, found: { ...NOTHING } });
    }
  }
  found.splice(MAX_TERMS);
  completeCommonTerms(database, user, found, searched);
  return { terms: found.map((one) => one.term), matches: found.map((one) => one.found) };
}

/** The memories that have the terms of the phrase one after the other. */
export function lookUpPhrase(database: Database, user: UserRow, phrase: string, searched: Searched): Set<number> {
  const words = phrase.split(" ").map((term) => termOf(user, term));
  const indexed = readSatisfying(database, user, `"${words.join(" ")}"`, COMMON, searched);
  const plain = searched.plain.filter((memory) => memory.terms.includes(` ${phrase} `));
  return new Set([...plain.map((memory) => memory.number), ...indexed]);
}

/** The newest memories that satisfy a filter, whatever they say. */
export function lookUpFiltered(database: Database, user: UserRow, searched: Searched, limit: number): number[] {
  const indexed = readSatisfying(database, user, "", limit, searched);
  return [...searched.plain.map((memory) => memory.number), ...indexed].slice(0, limit);
}

interface Found extends TermMatches {
  /** Those that were read as they are. */
  plain: readonly number[];
  /** As the index is asked for it. */
  match: string;
  /** How many satisfy the filter; estimated where they are not complete. */
  size: number;
  /** Whether `numbers` are all. */
  complete: boolean;
}

const NOTHING: Found = { match: "", plain: [], numbers: [], frequency: 0, size: 0, complete: true };

function lookUpForms(database: Database, user: UserRow, forms: readonly TermForm[], searched: Searched): Found {
  // Terms hold no quotes or other signs of the query language of FTS5, whatever the user wrote.
  const match = `(${forms.map(({ text, prefix }) => `"${termOf(user, text)}"${prefix ? " *" : ""}`).join(" OR ")})`;
  const plain = searched.findPlain(forms);
  const all = readNumbers(database, user, match, COMMON);
  const filtered = isFiltered(searched);
  const limit = filtered && all.length === COMMON ? COMMON_FILTERED : COMMON;
  const indexed = filtered && all.length > 0 ? readSatisfying(database, user, match, limit, searched) : all;
  return {
    match,
    plain,
    numbers: [...plain, ...indexed],
    frequency: Math.max(plain.length, countOf(user, all, COMMON) + (filtered ? 0 : plain.length)),
    size: plain.length + countOf(user, indexed, limit),
    complete: indexed.length < limit,
  };
}

function isFiltered({ facets, time }: Searched): boolean {
  return facets !== "" || time !== undefined;
}

/** The newest memories that match. */
function readNumbers(database: Database, user: UserRow, match: string, limit: number): number[] {
  return database.column<number>(
    "select rowid - ? from memory_index where memory_index match ? order by rowid desc limit ?",
    baseOf(user),
    match,
    limit,
  );
}

/** The newest memories that match and satisfy the filter. */
function readSatisfying(database: Database, user: UserRow, match: string, limit: number, searched: Searched): number[] {
  if (!searched.indexed) return [];
  const { facets, time } = searched;
  const asked = both(match, facets);
  if (!time) return readNumbers(database, user, asked, limit);
  const newest = asked === "" ? undefined : readByTime(database, user, asked, limit, time.filter);
  if (newest) return newest;
  const ofTime = time.facets();
  const all = both(asked, ofTime);
  if (time.isExact && ofTime !== "") return readNumbers(database, user, all, limit);
  const { after = Number.MIN_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER } = time.filter;
  return database.column<number>(
    `select memory_index.rowid - ? from memory_index cross join memory on memory.id = memory_index.rowid
     where memory_index match ? and time >= ? and time < ? order by memory_index.rowid desc limit ?`,
    baseOf(user),
    all,
    after,
    before,
    limit,
  );
}

/**
 * The newest memories that match and are of the filter's time, which is looked at memory by memory: faster than to ask the index
 * for many months. Undefined where too few of the newest are.
 */
function readByTime(
  database: Database,
  user: UserRow,
  match: string,
  limit: number,
  { after = Number.MIN_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER }: CheckedFilter,
): number[] | undefined {
  const numbers = database.column<number>(
    `select id - ? from
       (select rowid as found from memory_index where memory_index match ? order by rowid desc limit ${NEWEST})
       cross join memory on id = found
     where time >= ? and time < ? limit ?`,
    baseOf(user),
    match,
    after,
    before,
    limit,
  );
  if (numbers.length === limit) return numbers;
  const more = "select 1 from memory_index where memory_index match ? order by rowid desc limit 1";
  return database.get(`${more} offset ${NEWEST}`, match) ? undefined : numbers;
}

function both(match: string, facets: string): string {
  return [match, facets].filter((part) => part !== "").join(" AND ");
}

/** How many memories were found; where they are the newest of more, as many as if all had a term as often as they do. */
function countOf(user: UserRow, newest: readonly number[], limit: number): number {
  if (newest.length < limit) return newest.length;
  const read = user.indexed - (newest.at(-1) as number) + 1;
  return Math.min(user.n, Math.round((newest.length * user.indexed) / read));
}

/**
 * Reads on for common terms, the rarest first, within the budget. Of the terms beyond it only the memories are read that have
 * a rarer term too: a memory with nothing but the most common words of a query is no better answer than its newest ones.
 */
function completeCommonTerms(
  database: Database,
  user: UserRow,
  found: readonly { found: Found }[],
  searched: Searched,
): void {
  const [common, budget] = isFiltered(searched) ? [COMMON_FILTERED, BUDGET_FILTERED] : [COMMON, BUDGET];
  const rarestFirst = found.map((one) => one.found).sort((a, b) => a.size - b.size);
  let read = rarestFirst.reduce((sum, one) => sum + one.numbers.length, 0);
  const rarer: string[] = [];
  for (const one of rarestFirst) {
    if (!one.complete) {
      if (read + one.size <= budget) {
        one.numbers = [...one.plain, ...readSatisfying(database, user, one.match, budget, searched)];
        one.complete = true;
        read += one.numbers.length;
      } else if (rarer.length > 0) {
        const partners = `${one.match} AND (${rarer.slice(0, PARTNERS).join(" OR ")})`;
        const together = readSatisfying(database, user, partners, common, searched);
        one.numbers = [...new Set([...one.numbers, ...together])];
        read += together.length;
      }
    }
    if (one.numbers.length > 0) rarer.push(one.match);
  }
}

/** The two words of the user's memories that the term is made of. */
function readHalves(database: Database, user: UserRow, term: QueryTerm, { plain }: Searched): string[] {
  const isKnown = (text: string): boolean =>
    readNumbers(database, user, `"${termOf(user, text)}"`, 1).length > 0 ||
    plain.some(({ terms }) => terms.includes(` ${text} `));
  return halvesOf(term.text, isKnown);
}

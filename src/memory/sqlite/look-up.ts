import type { CheckedFilter } from "../memory-filter.ts";
import type { TermMatches } from "../search/candidates.ts";
import { facetsOfFilter, NO_FACET, timeFacets } from "../search/facets.ts";
import { MAX_TERMS, type QueryTerm, type TermForm } from "../search/query.ts";
import { alike, beginningsOf, halvesOf, slipsAllowed, withoutEnding } from "../search/spelling.ts";
import type { Database } from "./database.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { baseOf, type UserRow } from "./rows.ts";
import { termOf } from "./search-index.ts";

/** A memory that is not indexed yet. */
export interface TailMemory {
  number: number;
  /** With a space before and after each. */
  terms: string;
}

/** Memories that are read of any term; a term of more is common. */
const COMMON = 2_000;
/** Memories that are read of all terms together. */
const BUDGET = 20_000;
/** Of a term beyond the budget only the memories are read that have one of so many rarer ones. */
const PARTNERS = 4;
/** Words that a misspelled one is compared with. */
const VOCABULARY = 5_000;

/** What is searched: the memories that satisfy the filter. */
export interface Searched {
  /** Those of them that are not indexed yet. */
  tail: readonly TailMemory[];
  /** What the index is asked for with every term: the facets of the filter. Empty without any. */
  facets: string;
  /** The filter where its facets let memories of other times through. */
  times: CheckedFilter | undefined;
}

/** Month and day facets of a filter's time that a search asks for. */
const MAX_TIME_FACETS = 500;

export function readSearched(database: Database, user: UserRow, filter: CheckedFilter): Searched {
  const all = facetsOfFilter(filter).map((facet) => `"${termOf(user, facet)}"`);
  const time = timeFacets(filter);
  let times: Searched["times"];
  if (time) {
    const facets = time.ranges.flatMap(({ first, last }) =>
      database.column<string>(
        "select term from temp.memory_vocabulary where term >= ? and term <= ? limit ?",
        termOf(user, first),
        termOf(user, last),
        MAX_TIME_FACETS + 1,
      ),
    );
    const some = facets.length <= MAX_TIME_FACETS;
    // No memory has the sign alone.
    if (some)
      all.push(
        facets.length > 0 ? `(${facets.map((facet) => `"${facet}"`).join(" OR ")})` : `"${termOf(user, NO_FACET)}"`,
      );
    if (!time.exact || !some) times = filter;
  }
  return { tail: readTail(database, user, filter), facets: all.join(" AND "), times };
}

function readTail(database: Database, user: UserRow, filter: CheckedFilter): TailMemory[] {
  const base = baseOf(user);
  const { sql, parameters } = satisfying(user, filter, currentMemories(user));
  return database.all<TailMemory>(
    `select memory.id - ? as number, ' ' || terms || ' ' as terms from memory
     where memory.id > ? and ${sql} order by memory.id desc`,
    base,
    base + user.indexed,
    ...parameters,
  );
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
    } else if (
      !(spelling && add(term, readSpellings(database, user, term, searched))) &&
      !add(term, withoutEnding(term))
    ) {
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
  const recent = searched.tail.filter((memory) => memory.terms.includes(` ${phrase} `));
  return new Set([...recent.map((memory) => memory.number), ...indexed]);
}

interface Found extends TermMatches {
  /** Those of the tail, which the index does not know. */
  recent: readonly number[];
  /** As the index is asked for it. */
  match: string;
  /** How many satisfy the filter; estimated where they are not complete. */
  size: number;
  /** Whether `numbers` are all. */
  complete: boolean;
}

const NOTHING: Found = { match: "", recent: [], numbers: [], frequency: 0, size: 0, complete: true };

function lookUpForms(database: Database, user: UserRow, forms: readonly TermForm[], searched: Searched): Found {
  // Terms hold no quotes or other signs of the query language of FTS5, whatever the user wrote.
  const match = `(${forms.map(({ text, prefix }) => `"${termOf(user, text)}"${prefix ? " *" : ""}`).join(" OR ")})`;
  const wanted = forms.map(({ text, prefix }) => (prefix ? ` ${text}` : ` ${text} `));
  const recent = searched.tail
    .filter(({ terms }) => wanted.some((form) => terms.includes(form)))
    .map(({ number }) => number);
  const all = readNumbers(database, user, match, COMMON);
  const indexed =
    isFiltered(searched) && all.length > 0 ? readSatisfying(database, user, match, COMMON, searched) : all;
  return {
    match,
    recent,
    numbers: [...recent, ...indexed],
    frequency: recent.length + countOf(user, all),
    size: recent.length + countOf(user, indexed),
    complete: indexed.length < COMMON,
  };
}

function isFiltered({ facets, times }: Searched): boolean {
  return facets !== "" || times !== undefined;
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
  const all = searched.facets === "" ? match : `${match} AND ${searched.facets}`;
  if (!searched.times) return readNumbers(database, user, all, limit);
  const { after = Number.MIN_SAFE_INTEGER, before = Number.MAX_SAFE_INTEGER } = searched.times;
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

/** How many memories were found; where they are the newest of more, as many as if all had a term as often as they do. */
function countOf(user: UserRow, newest: readonly number[]): number {
  if (newest.length < COMMON) return newest.length;
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
  const rarestFirst = found.map((one) => one.found).sort((a, b) => a.size - b.size);
  let read = rarestFirst.reduce((sum, one) => sum + one.numbers.length, 0);
  const rarer: string[] = [];
  for (const one of rarestFirst) {
    if (!one.complete) {
      if (read + one.size <= BUDGET) {
        one.numbers = [...one.recent, ...readSatisfying(database, user, one.match, BUDGET, searched)];
        one.complete = true;
        read += one.numbers.length;
      } else if (rarer.length > 0) {
        const partners = `${one.match} AND (${rarer.slice(0, PARTNERS).join(" OR ")})`;
        const together = readSatisfying(database, user, partners, COMMON, searched);
        one.numbers = [...new Set([...one.numbers, ...together])];
        read += together.length;
      }
    }
    if (one.numbers.length > 0) rarer.push(one.match);
  }
}

/** The two words of the user's memories that the term is made of. */
function readHalves(database: Database, user: UserRow, term: QueryTerm, { tail }: Searched): string[] {
  const isKnown = (text: string): boolean =>
    readNumbers(database, user, `"${termOf(user, text)}"`, 1).length > 0 ||
    tail.some(({ terms }) => terms.includes(` ${text} `));
  return halvesOf(term.text, isKnown);
}

/** Words of the user's memories that the term may be a slip of: those with the same first letter, or else any. */
function readSpellings(database: Database, user: UserRow, { text }: QueryTerm, { tail }: Searched): TermForm[] {
  if (slipsAllowed(text) === 0) return [];
  const recent = new Set(tail.flatMap((memory) => memory.terms.split(" ")));
  const first = String.fromCodePoint(text.codePointAt(0) as number);
  const sameFirst = readVocabulary(database, user, first, `${first}\u{10ffff}`);
  const forms = alike(text, new Set([...recent, ...sameFirst]));
  return forms.length > 0 ? forms : alike(text, readVocabulary(database, user, "a", "\uE000"));
}

function readVocabulary(database: Database, user: UserRow, from: string, to: string): string[] {
  const terms = database.column<string>(
    "select term from temp.memory_vocabulary where term >= ? and term < ? limit ?",
    termOf(user, from),
    termOf(user, to),
    VOCABULARY,
  );
  return terms.map((term) => term.slice(termOf(user, "").length));
}

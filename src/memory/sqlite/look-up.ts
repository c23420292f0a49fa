import type { CheckedFilter } from "../memory-filter.ts";
import type { TermMatches } from "../search/candidates.ts";
import type { QueryTerm, TermForm } from "../search/query.ts";
import { resembles, slipsAllowed } from "../search/spelling.ts";
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
/** Words that a misspelled one is compared with, and how many of them may stand for it. */
const VOCABULARY = 5_000;
const MAX_SPELLINGS = 5;
const SPELLING_WEIGHT = 0.4;
const MIN_PREFIX = 3;

/** What is searched: the memories that satisfy the filter. */
export interface Searched {
  tail: readonly TailMemory[];
  filter: CheckedFilter;
}

export function readTail(database: Database, user: UserRow, filter: CheckedFilter): TailMemory[] {
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
 * The memories that each term finds. A term that finds none stands for what begins with it, and if there is none either, for
 * words spelled alike; the terms are given back with these forms.
 */
export function lookUpTerms(
  database: Database,
  user: UserRow,
  given: readonly QueryTerm[],
  { tail, spelling }: Searched & { spelling: boolean },
): { terms: QueryTerm[]; matches: TermMatches[] } {
  const lookUp = (forms: readonly TermForm[]): Found => lookUpForms(database, user, forms, tail);
  const found = given.map((term) => {
    const asGiven = { term, found: lookUp(term.forms) };
    if (asGiven.found.numbers.length > 0 || term.text.length < MIN_PREFIX) return asGiven;
    const forms = [...term.forms, { text: term.text, prefix: true, weight: 1 }];
    return { term: { ...term, forms }, found: lookUp(forms) };
  });
  for (const one of found) {
    if (!spelling || one.found.numbers.length > 0) continue;
    const forms = spelledAlike(database, user, one.term.text, tail);
    if (forms.length === 0) continue;
    one.term = { ...one.term, forms };
    one.found = lookUp(forms);
  }
  completeCommonTerms(database, user, found);
  return { terms: found.map((one) => one.term), matches: found.map((one) => one.found) };
}

/** The memories that have the terms of the phrase one after the other. */
export function lookUpPhrase(database: Database, user: UserRow, phrase: string, { tail }: Searched): Set<number> {
  const words = phrase.split(" ").map((term) => termOf(user, term));
  const indexed = readNumbers(database, user, `"${words.join(" ")}"`, COMMON);
  const recent = tail.filter((memory) => memory.terms.includes(` ${phrase} `));
  return new Set([...recent.map((memory) => memory.number), ...indexed]);
}

interface Found extends TermMatches {
  /** Those of the tail, which the index does not know. */
  recent: readonly number[];
  /** As the index is asked for it. */
  match: string;
  /** Whether `numbers` are all. */
  complete: boolean;
}

function lookUpForms(
  database: Database,
  user: UserRow,
  forms: readonly TermForm[],
  tail: readonly TailMemory[],
): Found {
  // Terms hold no quotes or other signs of the query language of FTS5, whatever the user wrote.
  const match = forms.map(({ text, prefix }) => `"${termOf(user, text)}"${prefix ? " *" : ""}`).join(" OR ");
  const wanted = forms.map(({ text, prefix }) => (prefix ? ` ${text}` : ` ${text} `));
  const recent = tail.filter(({ terms }) => wanted.some((form) => terms.includes(form))).map(({ number }) => number);
  const indexed = readNumbers(database, user, match, COMMON);
  const complete = indexed.length < COMMON;
  const frequency = recent.length + (complete ? indexed.length : estimateFrequency(user, indexed));
  return { match: `(${match})`, recent, numbers: [...recent, ...indexed], frequency, complete };
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

/** How many memories have a term, if all of them have it as often as the newest do. */
function estimateFrequency(user: UserRow, newest: readonly number[]): number {
  const read = user.indexed - (newest.at(-1) as number) + 1;
  return Math.min(user.n, Math.round((newest.length * user.indexed) / read));
}

/**
 * Reads on for common terms, the rarest first, within the budget. Of the terms beyond it only the memories are read that have
 * a rarer term too: a memory with nothing but the most common words of a query is no better answer than its newest ones.
 */
function completeCommonTerms(database: Database, user: UserRow, found: readonly { found: Found }[]): void {
  const rarestFirst = found.map((one) => one.found).sort((a, b) => a.frequency - b.frequency);
  let read = rarestFirst.reduce((sum, one) => sum + one.numbers.length, 0);
  const rarer: string[] = [];
  for (const one of rarestFirst) {
    if (!one.complete) {
      if (read + one.frequency <= BUDGET) {
        one.numbers = [...one.recent, ...readNumbers(database, user, one.match, BUDGET)];
        one.complete = true;
        read += one.numbers.length;
      } else if (rarer.length > 0) {
        const together = readNumbers(
          database,
          user,
          `${one.match} AND (${rarer.slice(0, PARTNERS).join(" OR ")})`,
          COMMON,
        );
        one.numbers = [...new Set([...one.numbers, ...together])];
        read += together.length;
      }
    }
    if (one.numbers.length > 0) rarer.push(one.match);
  }
}

/** Words of the user's memories that the word may be a slip of, with the same first letter. */
function spelledAlike(database: Database, user: UserRow, word: string, tail: readonly TailMemory[]): TermForm[] {
  if (slipsAllowed(word) === 0) return [];
  const first = String.fromCodePoint(word.codePointAt(0) as number);
  const from = termOf(user, first);
  const indexed = database.column<string>(
    "select term from temp.memory_vocabulary where term >= ? and term < ? limit ?",
    from,
    `${from}\u{10ffff}`,
    VOCABULARY,
  );
  const words = new Set(indexed.map((term) => term.slice(termOf(user, "").length)));
  for (const memory of tail) for (const term of memory.terms.split(" ")) if (term.startsWith(first)) words.add(term);
  return [...words]
    .filter((other) => resembles(word, other))
    .slice(0, MAX_SPELLINGS)
    .map((text) => ({ text, prefix: false, weight: SPELLING_WEIGHT }));
}

import { FACETS_FROM } from "../search/facets.ts";
import type { QueryTerm, TermForm } from "../search/query.ts";
import { alike, slipsAllowed } from "../search/spelling.ts";
import type { Database } from "./database.ts";
import type { PlainMemory } from "./plain-memories.ts";
import { baseOf, type UserRow } from "./rows.ts";
import { termOf } from "./search-index.ts";

/** Words that a misspelled one is compared with. */
const VOCABULARY = 5_000;
/** Users with so many memories have a slip in the first letter corrected; to go through the words of more takes too long. */
const SMALL = 100_000;

/** Gives words of the user's memories that a term may be a slip of: those with the same first letter, or else any. */
export function createSpeller(
  database: Database,
  user: UserRow,
  plain: readonly PlainMemory[],
): (term: QueryTerm) => TermForm[] {
  let recent: Set<string> | undefined;
  return ({ text }) => {
    if (slipsAllowed(text) === 0) return [];
    recent ??= new Set(plain.flatMap((memory) => memory.terms.trim().split(" ")));
    const first = String.fromCodePoint(text.codePointAt(0) as number);
    const words = user.indexed <= SMALL ? readWords(database, user, "a", FACETS_FROM) : NONE;
    const complete = words.size > 0 && words.size < VOCABULARY;
    const some = complete ? words : readWords(database, user, first, `${first}\u{10ffff}`);
    const sameFirst = [...some, ...recent].filter((word) => word.startsWith(first));
    const forms = alike(text, new Set(sameFirst));
    return forms.length > 0 ? forms : alike(text, new Set([...words, ...recent]));
  };
}

const NONE: ReadonlySet<string> = new Set();

/** Words from `from` to before `to`, and the number up to which the user's memories were indexed then. */
interface KeptWords {
  indexed: number;
  words: Set<string>;
}

/** By user and beginning, of each connection. */
const wordsKept = new WeakMap<Database, Map<string, KeptWords>>();
const MAX_KEPT = 100;
/** Memories whose words are added to those that are kept; after more, the vocabulary is read again. */
const MAX_ADDED = 2_000;

/**
 * Words of the user's indexed memories. To read them from the index takes time, since it counts how often each occurs, so they
 * are kept for the next slip, and those of memories that were indexed since are added. One that is not there any more finds
 * nothing; one that came with a change is not known yet, so that a slip of it is not either.
 */
function readWords(database: Database, user: UserRow, from: string, to: string): ReadonlySet<string> {
  const known = wordsKept.get(database) ?? new Map<string, KeptWords>();
  wordsKept.set(database, known);
  const key = termOf(user, from);
  const kept = known.get(key);
  if (kept && user.indexed >= kept.indexed && user.indexed - kept.indexed <= MAX_ADDED) {
    for (const terms of readTerms(database, user, kept.indexed)) {
      for (const word of terms.split(" ")) if (word >= from && word < to) kept.words.add(word);
    }
    kept.indexed = user.indexed;
    return kept.words;
  }
  if (known.size >= MAX_KEPT) known.clear();
  const words = new Set(readVocabulary(database, user, from, to));
  known.set(key, { indexed: user.indexed, words });
  return words;
}

/** Terms of the memories that were indexed after the one of this number. */
function readTerms(database: Database, user: UserRow, number: number): string[] {
  if (number === user.indexed) return [];
  const sql = "select terms from memory where id > ? and id <= ? and superseded_by is null";
  return database.column<string>(sql, baseOf(user) + number, baseOf(user) + user.indexed);
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

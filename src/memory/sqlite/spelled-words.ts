import { FACETS_FROM } from "../search/facets.ts";
import type { QueryTerm, TermForm } from "../search/query.ts";
import { alike, slipsAllowed } from "../search/spelling.ts";
import type { Database } from "./database.ts";
import type { PlainMemory } from "./look-up.ts";
import type { UserRow } from "./rows.ts";
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
    const words = user.indexed <= SMALL ? readWords(database, user) : [];
    const sameFirst =
      words.length > 0 && words.length < VOCABULARY
        ? words.filter((word) => word.startsWith(first))
        : readVocabulary(database, user, first, `${first}\u{10ffff}`);
    const forms = alike(text, new Set([...sameFirst, ...[...recent].filter((word) => word.startsWith(first))]));
    return forms.length > 0 ? forms : alike(text, new Set([...words, ...recent]));
  };
}

/**
 * Words of the user's indexed memories, kept for the next search until more are indexed. One that is not there any more finds
 * nothing; one that came with a change is not known yet, so that a slip of it is not either.
 */
function readWords(database: Database, user: UserRow): readonly string[] {
  const known = wordsKept.get(database) ?? new Map<number, KeptWords>();
  wordsKept.set(database, known);
  const kept = known.get(user.uid);
  if (kept?.indexed === user.indexed) return kept.words;
  if (known.size >= MAX_KEPT) known.clear();
  const words = readVocabulary(database, user, "a", FACETS_FROM);
  known.set(user.uid, { indexed: user.indexed, words });
  return words;
}

interface KeptWords {
  indexed: number;
  words: readonly string[];
}

/** By user, of each connection. */
const wordsKept = new WeakMap<Database, Map<number, KeptWords>>();
const MAX_KEPT = 50;

function readVocabulary(database: Database, user: UserRow, from: string, to: string): string[] {
  const terms = database.column<string>(
    "select term from temp.memory_vocabulary where term >= ? and term < ? limit ?",
    termOf(user, from),
    termOf(user, to),
    VOCABULARY,
  );
  return terms.map((term) => term.slice(termOf(user, "").length));
}

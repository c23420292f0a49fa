import type { SearchSpace } from "./search-space.ts";
import { nearestWords } from "./search-spelling.ts";
import {
  CREATE,
  formsOf,
  GETTING,
  intentOf,
  KNOWN_STEMS,
  namesLike,
  READ,
  UPDATE,
  verbsLike,
  withoutPhrases,
} from "./search-thesaurus.ts";
import { isStopWord, stemOf, wordsOf } from "./search-words.ts";

/** A word that was asked for. */
export interface Term {
  /** The stem of the word itself. */
  word: string;
  /** The stems that it may stand for, each with its weight, 0 to 1. */
  stems: Map<string, number>;
  /** How much it says beside the others, 0 to 1. */
  weight: number;
  /** Whether it is the thing that something is to be done with, not one that only says which or whose. */
  head: boolean;
}

export interface Query {
  terms: Term[];
  /** What the caller wants to do, as of search-thesaurus; 0 where it is not said. */
  intent: number;
  /** The stem of the verb that says it; empty where there is none. */
  verb: string;
  /** Whether all of a kind are asked for, or one. */
  scope: "all" | "one" | undefined;
  /** Whether the caller's own things are asked for. */
  own: boolean;
}

const MAX_WORDS = 32;
const MAX_QUERY = 2000;
const NAME_WEIGHT = 0.45;
const FORM_WEIGHT = 0.95;
const VERB_WEIGHT = 0.5;
const PREFIX_WEIGHT = 0.5;
const SPELLING_WEIGHT = 0.8;
const JOINED_WEIGHT = 0.9;
/** Shorter words begin too many others. */
const MIN_PREFIX = 4;
const MAX_PREFIXED = 40;
const VAGUE_WEIGHT = 0.35;
/** Weights of words after a preposition that say whose or where, and of those that say how. */
const CONTEXT_WEIGHT = 0.85;
const MANNER_WEIGHT = 0.6;
const DETERMINERS = new Set("a an the my our your this that these those all every each someone somebody".split(" "));
/** What is left of a word that names an API. */
const API_NAME_WEIGHT = 0.1;
const PREPOSITIONS = new Set(
  "of in to from for on with by at as into onto off about via per inside within under using that which".split(" "),
);
const MANNER = new Set("with by as via using about".split(" "));
/** Words that stand for whatever is meant: of help, but nothing hangs on them. */
const VAGUE = new Set(
  "someone somebody anyone everybody everyone person people thing item new existing certain specific several multiple many single one two another other different all both detail details info information data current currently amount day each per every whole entire".split(
    " ",
  ),
);
const ALL_WORDS = new Set("all list every each many several".split(" "));
/** Verbs that are things as well: they say what is to be done only where they stand first. */
const THINGS = new Set(
  "open build call comment log mail email text star link order charge post vote test name record phone list view count number share block review request report schedule plan play track trash archive change pay refund release answer reply watch lock mark query filter show copy fork transfer transition total display search run return trigger preview end".split(
    " ",
  ),
);
const OWN_WORDS = new Set("me my mine myself i own".split(" "));
/** Asks for something to be told, not how something is done. */
const QUESTION =
  /^(?:who|which|what|where|when|is|are|does|has|have|how (?:many|much|long|often))\b(?! (?:do|can|should|would) (?:i|we|you)\b)/;

/** Reads a query against the words that there are. */
export function readQuery(text: string, space: SearchSpace): Query {
  const known = (stem: string) => space.words.has(stem) || space.names.has(stem);
  const plain = text.slice(0, MAX_QUERY);
  const lower = wordsOf(plain).join(" ");
  const words = wordsOf(withoutPhrases(plain)).flatMap((word) => parted(word, known));
  const terms: Term[] = [];
  let intent = 0;
  let verb = "";
  let context = 1;
  let head: Term | undefined;
  let plural = false;
  const seen = new Set<string>();
  for (const [at, word] of words.entries()) {
    if (terms.length >= MAX_WORDS) break;
    const stem = stemOf(word);
    if (head && PREPOSITIONS.has(word)) context = MANNER.has(word) ? MANNER_WEIGHT : CONTEXT_WEIGHT;
    if (isStopWord(word) || seen.has(stem)) continue;
    seen.add(stem);
    const next = words[at + 1];
    const spelt = known(stem) || KNOWN_STEMS.has(stem) ? [stem] : correct(stem, space.vocabulary);
    const meant = spelt.find((as) => intentOf(as) !== 0);
    const isNoVerb =
      /ed$/.test(word) || (THINGS.has(word.replace(/s$/, "")) && (terms.length > 0 || word.endsWith("s")));
    if (meant !== undefined && intent === 0 && !isNoVerb) {
      verb = meant;
      intent = intentOf(meant);
      // "Build log" asks for one, "build the log" to make it.
      if (THINGS.has(word) && next !== undefined && !isStopWord(next)) intent |= READ;
    }
    if (/[^su]s$/.test(word) && word.length > 3) plural = true;
    const stems = standsFor(stem, spelt, space);
    // Names that are written apart or together, such as "log out".
    for (const joined of [word + (next ?? ""), (words[at - 1] ?? "") + word].map(stemOf)) {
      if (joined !== stem && known(joined)) add(stems, joined, JOINED_WEIGHT);
    }
    const term: Term = { word: stem, stems, weight: VAGUE.has(word) ? VAGUE_WEIGHT : context, head: false };
    terms.push(term);
    if (context === 1 && verb !== stem && !VAGUE.has(word)) head = term;
  }
  // "Show the items": where nothing else is named, it is they.
  if (terms.every(({ word, weight }) => word === verb || weight === VAGUE_WEIGHT)) {
    for (const term of terms) if (term.word !== verb) term.weight = 1;
  }
  if (head) head.head = true;
  // "Open an issue in hub": which API is said, not what to look for there. "List orders" may mean either.
  const names = terms.filter(({ word }) => space.sources.length > 1 && space.documentedNames.has(word));
  if (terms.some((term) => term.word !== verb && !names.includes(term))) {
    for (const term of names) term.weight *= API_NAME_WEIGHT;
  }
  // "Tag a task", "train the model": whatever the word, it says what is to be done.
  const orders = intent === 0 && words.length > 2 && !isStopWord(words[0]!) && DETERMINERS.has(words[1]!);
  if (intent === 0) intent = orders ? CREATE | UPDATE : READ;
  const all = plural || words.some((word) => ALL_WORDS.has(word));
  if (all && GETTING.has(verb)) for (const term of terms) if (term.word === verb) add(term.stems, "list", 1);
  const asks = QUESTION.test(lower);
  const lists = asks && lower.startsWith("who ");
  return {
    terms,
    intent: asks ? READ : intent,
    verb: asks ? answering(lower) : verb,
    scope: all || lists ? "all" : "one",
    own: lower.split(" ").some((word) => OWN_WORDS.has(word)),
  };
}

/** The stems that a word may stand for, by its likely spellings: forms, other names, verbs like it, and longer words. */
function standsFor(stem: string, spelt: readonly string[], { vocabulary }: SearchSpace): Term["stems"] {
  const stems: Term["stems"] = new Map();
  for (const as of spelt) {
    // What may be a slip of several words is hardly one of any.
    const weight = as === stem ? 1 : SPELLING_WEIGHT / spelt.length;
    add(stems, as, weight);
    for (const form of formsOf(as)) add(stems, form, weight * FORM_WEIGHT);
    for (const form of [as, ...formsOf(as)]) {
      for (const other of namesLike(form)) add(stems, other, weight * NAME_WEIGHT);
    }
    for (const other of verbsLike(as)) add(stems, other, weight * VERB_WEIGHT);
  }
  if (stem.length < MIN_PREFIX) return stems;
  let left = MAX_PREFIXED;
  for (const other of withPrefix(vocabulary, stem)) {
    if (left-- === 0) break;
    add(stems, other, PREFIX_WEIGHT);
  }
  return stems;
}

function add(stems: Term["stems"], stem: string, weight: number): void {
  if (weight > (stems.get(stem) ?? 0)) stems.set(stem, weight);
}

/** The words that an unknown one consists of, such as those of `removemember`; itself where it does not. */
function parted(word: string, known: (stem: string) => boolean): string[] {
  if (word.length < 6 || word.length > 40 || known(stemOf(word)) || KNOWN_STEMS.has(stemOf(word))) return [word];
  for (let at = 3; at <= word.length - 3; at++) {
    const [left, right] = [word.slice(0, at), word.slice(at)];
    if (known(stemOf(left)) && known(stemOf(right))) return [left, right];
  }
  return [word];
}

/** What a word that nobody knows may have been meant to be; itself where nothing is near. */
function correct(stem: string, vocabulary: readonly string[]): string[] {
  // Hardly anybody mistakes the first letter, but two may be swapped.
  const near = [...new Set(stem.slice(0, 2))].flatMap((letter) => nearestWords(stem, withPrefix(vocabulary, letter)));
  const nearest = nearestWords(stem, new Set([...near, ...KNOWN_STEMS]));
  return nearest.length > 0 ? nearest.slice(0, 6) : [stem];
}

/** The words of a sorted list that begin with a text and are longer. */
function* withPrefix(sorted: readonly string[], prefix: string): Generator<string> {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= prefix) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < sorted.length && sorted[at]!.startsWith(prefix); at++) yield sorted[at]!;
}

/** The stem of the verb that a question is answered by: who follows me by a list, however many there are, whether she does by a check. */
function answering(question: string): string {
  if (question.startsWith("who ")) return "list";
  return /^(?:is|are|does|has|have) /.test(question) ? "check" : "";
}

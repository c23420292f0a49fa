import { stemmer } from "stemmer";

/** Words that stand everywhere and tell nothing. */
const STOP_WORDS = new Set(
  (
    "a an the of to for in on at by with and or from into onto as any we you our your is are was were be been do does did " +
    "how what which who whom whose where when why can could would should want need please that this these those it its " +
    "via using use used api endpoint operation i me my mine am have has had will shall let us so if then there here about " +
    "out up off over again just only also given specified some something anything all"
  ).split(" "),
);

/** Stems that were already taken; the same words come again and again. */
const stems = new Map<string, string>();
const MAX_STEMS = 20_000;
/** Longer words are no words. */
const MAX_WORD = 60;

/** The words of a text in lower case, in order: parts of `camelCase` and `snake_case` names apart, without accents and markup. */
export function wordsOf(text: string): string[] {
  const plain = text.includes("<") ? text.replace(/<\/?[a-z][^<>]*>/gi, " ") : text;
  // The same for the letters that most documents have alone, several times as fast.
  if (/^[\0-\x7f]*$/.test(plain)) {
    return (
      plain
        .replace(/([a-z\d])([A-Z])/g, "$1 $2")
        .replace(/([A-Z])(?![A-Z]s(?![a-z]))([A-Z][a-z])/g, "$1 $2")
        .toLowerCase()
        .replace(/([a-z])'(?=s\b)/g, "$1")
        .match(/[a-z\d]+/g) ?? []
    );
  }
  return (
    plain
      .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
      // Not in the plural of an abbreviation, such as `PRs`.
      .replace(/(\p{Lu})(?!\p{Lu}s(?!\p{Ll}))(\p{Lu}\p{Ll})/gu, "$1 $2")
      .normalize("NFKD")
      .toLowerCase()
      .replace(/\p{M}|(?<=\p{L})['’](?=s\b)/gu, "")
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

/** What the forms of a word have in common (Porter); words that are not English stay as they are. */
export function stemOf(word: string): string {
  const known = stems.get(word);
  if (known !== undefined) return known;
  const stem = /^[a-z]{3,40}$/.test(word) ? stemmer(word) : word.slice(0, MAX_WORD);
  if (stems.size >= MAX_STEMS) stems.clear();
  stems.set(word, stem);
  return stem;
}

/** The stems of a text's words that tell something, in order. */
export function stemsOf(text: string): string[] {
  const found: string[] = [];
  for (const word of wordsOf(text)) if (!STOP_WORDS.has(word)) found.push(stemOf(word));
  return found;
}

/** Words for true and for false, by language; those of the first are what a cast knows by itself. */
const WORDS: readonly { yes: readonly string[]; no: readonly string[] }[] = [
  { yes: ["true", "yes", "y", "on"], no: ["false", "no", "n", "off"] },
  { yes: ["ja", "j", "wahr"], no: ["nein", "n", "falsch"] },
  { yes: ["oui", "o", "vrai"], no: ["non", "n", "faux"] },
  { yes: ["sí", "si", "s", "verdadero"], no: ["no", "n", "falso"] },
];

/** How the truth values of a column are written; without words as a cast knows them. */
export interface BooleanChoice {
  yes?: readonly string[];
  no?: readonly string[];
}

/** Looks whether all values of a column are truth values. */
export interface BooleanReadings {
  /** Takes a value; `text` is its trimmed text. Whether it is one in a language that is left. */
  see(value: unknown, text: string): boolean;
  choose(): BooleanChoice | undefined;
}

export function createBooleanReadings(): BooleanReadings {
  let left = WORDS;
  let typed = false;
  const seen = new Set<string>();
  return {
    see(value, text) {
      if (typeof value === "boolean") {
        typed = true;
        return true;
      }
      if (left.length === 0) return false;
      const word = text.toLowerCase();
      left = typeof value === "string" ? left.filter(({ yes, no }) => yes.includes(word) || no.includes(word)) : [];
      if (left.length > 0) seen.add(word);
      return left.length > 0;
    },
    choose() {
      const [words] = left;
      if (!words || (seen.size === 0 && !typed)) return undefined;
      // A single letter, or only one of "on" and "off", says other things as well.
      const sure = [...seen].some((word) => word.length > 2 || word === "ja") || seen.size > 1 || seen.size === 0;
      if (!sure) return undefined;
      return words === WORDS[0] ? {} : words;
    },
  };
}

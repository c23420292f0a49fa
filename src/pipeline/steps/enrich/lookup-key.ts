import { toText } from "../../template.ts";
import { cleanText } from "../../values/texts.ts";

/** How keys are compared. */
export interface KeyOptions {
  /** `STRASSE` is `straße`. */
  ignoreCase: boolean;
  /** Blanks around a key do not count. */
  trim: boolean;
  /** Keys count as a person would type them: composed characters, single blanks. */
  normalize: boolean;
}

const ASCII = /^[\0-\x7F]*$/;

/** One text for the values of a key; undefined where one of them is missing. */
export function keyText(values: readonly unknown[], options: KeyOptions): string | undefined {
  if (values.length === 1) return partText(values[0], options);
  let key = "";
  for (const value of values) {
    const part = partText(value, options);
    if (part === undefined) return undefined;
    // The length keeps ["a", "bc"] and ["ab", "c"] apart.
    key += `${part.length}:${part}`;
  }
  return key;
}

function partText(value: unknown, { ignoreCase, trim, normalize }: KeyOptions): string | undefined {
  if (value === null || value === undefined) return undefined;
  let text = toText(value);
  if (normalize) text = cleanText(text);
  else if (trim) text = text.trim();
  return ignoreCase ? foldCase(text) : text;
}

/** A text without its case, composed: by way of capitals, for those of `ß` are `SS`. */
function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
}

/** Characters of a key that near ones are looked for. */
const MAX_NEAR = 200;
const LOOSE: KeyOptions = { ignoreCase: true, trim: true, normalize: true };

/** Options by which two different keys may turn out to be equal, the mildest first. */
const WAYS: [names: string[], KeyOptions][] = [
  [["ignore_case"], { ignoreCase: true, trim: false, normalize: false }],
  [["trim"], { ignoreCase: false, trim: true, normalize: false }],
  [["ignore_case", "trim"], { ignoreCase: true, trim: true, normalize: false }],
  [["normalize"], { ignoreCase: false, trim: false, normalize: true }],
];

/**
 * Finds the key of a table that one was meant to be: it differs in case, blanks or the form of its characters only. Gives it with
 * the options that would match the two.
 */
export function createNearKeys(keys: Iterable<string>): (key: string) => { key: string; by: string[] } | undefined {
  let byLoose: Map<string, string> | undefined;
  return (wanted) => {
    if (wanted.length > MAX_NEAR) return undefined;
    if (!byLoose) {
      byLoose = new Map();
      for (const key of keys) if (key.length <= MAX_NEAR) byLoose.set(partText(key, LOOSE) as string, key);
    }
    const key = byLoose.get(partText(wanted, LOOSE) as string);
    if (key === undefined) return undefined;
    const way = WAYS.find(([, options]) => partText(wanted, options) === partText(key, options));
    return { key, by: way === undefined ? ["ignore_case", "normalize"] : way[0] };
  };
}

import { DETAIL_NAMES } from "./file-entry.ts";

/** Fields that people write by hand in Markdown, and that are misspelt there. */

const FIELDS = ["tags", ...DETAIL_NAMES];
/** Words near a field that are more likely meant as they stand. */
const OTHER_WORDS = new Set(["important", "expired", "kid", "kin", "king", "tabs", "taps"]);
/** Letters from which on a name may have two mistakes. */
const LONG = 9;

/** The field that the name was meant for: one with other signs between its words, or with a mistake or two in its letters. */
export function fieldMeantBy(name: string): string | undefined {
  const letters = lettersOf(name);
  if (OTHER_WORDS.has(letters)) return undefined;
  return FIELDS.find((field) => {
    const whole = lettersOf(field);
    const stems = field.endsWith("_at") ? [whole, whole.slice(0, -2)] : [whole];
    return stems.some((stem) => {
      if (stem === letters) return name.toLowerCase() !== field;
      if (stem[0] !== letters[0]) return false;
      return editsBetween(letters, stem) <= (stem.length >= LONG ? 2 : 1);
    });
  });
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "");
}

/** Letters to add, leave out, replace or swap with the next (the optimal string alignment distance). */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}

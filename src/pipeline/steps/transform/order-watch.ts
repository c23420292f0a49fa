import { type Row, show } from "../../rows.ts";
import { readNumber } from "../../values/numbers.ts";

/** Looks in passing for fields whose texts are all numbers, but are about to be put in order as texts. */
export interface OrderWatch {
  see(rows: readonly Row[]): void;
  /** A sentence for each field where that makes a difference. */
  found(): string[];
}

interface Numeral {
  text: string;
  number: number;
}

interface Seen {
  /** Some of the texts so far, which others are compared with: the least, the largest, and the last. */
  least: Numeral;
  most: Numeral;
  last: Numeral;
  /** Two texts, in the order of texts, that have another one as numbers. */
  wrong: readonly [string, string] | undefined;
}

/** A watch over these fields, for one run. It costs nothing for a field once it has a value that is no number in text. */
export function watchOrder(fields: readonly string[]): OrderWatch {
  const waiting = new Map<string, Seen | undefined>(fields.map((field) => [field, undefined]));
  return {
    see(rows) {
      for (const [field, before] of waiting) {
        let seen = before;
        for (const row of rows) {
          const text = row[field];
          if (text === null || text === undefined || text === "") continue;
          const number = typeof text === "string" ? readNumber(text.trim(), undefined) : undefined;
          if (number === undefined) {
            waiting.delete(field);
            break;
          }
          const one = { text: text as string, number };
          if (seen) lookAt(seen, one);
          else {
            seen = { least: one, most: one, last: one, wrong: undefined };
            waiting.set(field, seen);
          }
        }
      }
    },
    found: () =>
      [...waiting].flatMap(([field, seen]) => {
        if (!seen?.wrong) return [];
        const [first, second] = seen.wrong.map(show);
        return `the numbers of ${show(field)} are text, so that ${first} comes before ${second}: cast them to number first.`;
      }),
  };
}

function lookAt(seen: Seen, one: Numeral): void {
  seen.wrong ??= disorder(seen.last, one) ?? disorder(seen.least, one) ?? disorder(seen.most, one);
  seen.last = one;
  if (one.text < seen.least.text) seen.least = one;
  else if (one.text > seen.most.text) seen.most = one;
}

function disorder(a: Numeral, b: Numeral): [string, string] | undefined {
  if (a.number === b.number || a.text < b.text === a.number < b.number) return undefined;
  return a.text < b.text ? [a.text, b.text] : [b.text, a.text];
}

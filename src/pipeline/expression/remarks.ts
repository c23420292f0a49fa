import { show } from "../rows.ts";
import { readNumber } from "../values/numbers.ts";
import type { Part } from "./operators.ts";
import type { Value } from "./value.ts";

/** What an expression found in the rows that is probably not meant, though it is no fault of a row; each is told once. */
export type Remarks = string[];

/** Pairs of texts after which no numbers are expected among them: looking at all would double the time for dates. */
const MAX_LOOKS = 1000;

/** Looks at values, and tells of the first that are worth it. */
type Look = (a: Value, b: Value) => void;

/** Looks for a text that is compared with the number or boolean that it says: they are never equal. */
export function watchEqual(left: Part, right: Part, remarks: Remarks): Look {
  let told = false;
  return (a, b) => {
    if (told) return;
    const [text, other, of] = typeof a === "string" ? [a, b, left] : [b, a, right];
    const type = typeof other;
    if (typeof text !== "string" || (type !== "number" && type !== "boolean") || !says(text, type)) return;
    told = true;
    const fact = `the text ${show(text)} is never equal to the ${type} ${show(other)}`;
    remarks.push(of.constant ? `${fact}: write it without quotes.` : `${fact}: cast ${nameOf(of)} to ${type} first.`);
  };
}

/** Looks for a value that is in no list of constants, but for being text there or here. */
export function watchMember(left: Part, entries: ReadonlySet<Value>, remarks: Remarks): (value: Value) => void {
  let told = false;
  const types = new Set([...entries].map((entry) => typeof entry));
  return (value) => {
    if (told || value === null) return;
    if (typeof value === "string") {
      const type = types.has("number") && says(value, "number") ? "number" : says(value, "boolean") ? "boolean" : "";
      // In a list with texts as well, only what would be found.
      if (type === "" || !types.has(type) || (types.has("string") && !entries.has(read(value)))) return;
      told = true;
      remarks.push(`the text ${show(value)} is never in a list of ${type}s: cast ${nameOf(left)} to ${type} first.`);
    } else if (entries.has(String(value))) {
      told = true;
      remarks.push(
        `the ${typeof value} ${show(value)} is not in the list, which has it as text: write it without quotes.`,
      );
    }
  };
}

/** Looks for numbers that are compared as texts. */
export function watchOrder(what: string, remarks: Remarks): Look {
  return watchNumbers((a, b) => {
    const texts = a === b ? show(a) : `${show(a)} and ${show(b)}`;
    remarks.push(`${what} compares ${texts} as texts, sign by sign: cast the fields to number first.`);
  });
}

/** Looks for numbers that are joined as texts. */
export function watchJoin(remarks: Remarks): Look {
  return watchNumbers((a, b) => {
    const joined = `"+" joins the texts ${show(a)} and ${show(b)} to ${show(a + b)}`;
    remarks.push(`${joined}: cast the fields to number first, or write concat() if it is meant.`);
  });
}

/** Tells of the first two texts that are numbers both. */
function watchNumbers(tell: (a: string, b: string) => void): Look {
  let left = MAX_LOOKS;
  return (a, b) => {
    if (left === 0 || typeof a !== "string" || typeof b !== "string") return;
    left--;
    if (!says(a, "number") || !says(b, "number")) return;
    left = 0;
    tell(a, b);
  };
}

const NOT_TRUE = new Set(["false", "no", "n", "off", "0"]);

/** Looks for texts of a field that count as true but say the opposite. */
export function watchTruth(field: string, remarks: Remarks): (value: Value) => void {
  let told = false;
  return (value) => {
    if (told || typeof value !== "string" || value.length > 5 || !NOT_TRUE.has(value.toLowerCase())) return;
    told = true;
    remarks.push(`the text ${show(value)} of ${show(field)} counts as true: cast ${show(field)} to boolean first.`);
  };
}

function nameOf({ field }: Part): string {
  return field === undefined ? "the field" : show(field);
}

function says(text: string, type: "number" | "boolean"): boolean {
  if (type === "boolean") return (text.length === 4 || text.length === 5) && /^(?:true|false)$/i.test(text);
  return readNumber(text.trim(), undefined) !== undefined;
}

function read(text: string): Value {
  return says(text, "number") ? Number(text) : text.toLowerCase() === "true";
}

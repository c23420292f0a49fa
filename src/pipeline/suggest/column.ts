import { FORMATS } from "../../json-schema/formats.ts";
import { isObject, shorten } from "../rows.ts";
import { createDigestSet, type DigestSet } from "../spool/digest-set.ts";
import { type BooleanReadings, createBooleanReadings } from "./boolean-words.ts";
import { createDateReadings, type DateReadings } from "./date-readings.ts";
import { createNumberReadings, isWrittenNumber, type NumberReadings } from "./number-readings.ts";

/** Words for a missing value; those that text may also say in earnest count only beside values of another type. */
const MISSING = new Set(["n/a", "#n/a", "#na", "null", "-", "--", "<na>"]);
const MAYBE_MISSING = new Set(["na", "none", "nil", "nan", "?", "unknown", "unbekannt", "missing", "k.a.", "tbd"]);

/** Different values of a column that are told apart, and the characters of those that are. */
export const MAX_DISTINCT = 1000;
const MAX_LENGTH = 100;
const MAX_EXAMPLES = 5;
/** Texts of formats that columns of text may have. */
const TEXT_FORMATS = ["email", "uuid", "uri", "ipv4"];

/** What all columns may keep together. */
export interface Allowance {
  /** Different values. */
  distinct: number;
  /** Digests of values that are unique so far. */
  digests: number;
}

export type Kind = "integer" | "number" | "boolean" | "date" | "text" | "object" | "array";

/** What is known of a column's values. */
export interface Column {
  name: string;
  kinds: Map<Kind, number>;
  /** Missing, null, blank text, and words that stand for it. */
  empty: number;
  /** Of these the blank texts that are there. */
  blank: number;
  /** Words that stand for a missing value, as they are written, with how often. */
  missingWords: Map<string, number>;
  maybeMissingWords: Map<string, number>;
  /** Of the values that are there, those that are text. */
  texts: number;
  /** Whether some text has blanks around it. */
  untrimmed: boolean;
  /** Different values by their text, with how often; undefined where there are too many. */
  distinct: Map<string, number> | undefined;
  examples: unknown[];
  /** The first texts that are nothing but text. */
  oddities: string[];
  /** Whether no value was seen twice; undefined where it was not looked at. */
  unique: boolean | undefined;
  /** The first value that was seen twice, where that was looked at. */
  repeated: string | undefined;
  /** Formats of JSON Schema that all texts have. */
  formats: string[];
  /** The form of all texts, as in `AA-999`; undefined where they differ. */
  shape: string | undefined;
  minLength: number;
  maxLength: number;
  /** Of the values but those that may stand for a missing one. */
  numbers: NumberReadings;
  booleans: BooleanReadings;
  dates: DateReadings;
  see(value: unknown, isNew: boolean): void;
}

/** A column of which no value was seen yet. `key`: whether its values may be keys, going by its name. */
export function createColumn(name: string, key: boolean, allowance: Allowance): Column {
  let digests: DigestSet | undefined = key ? createDigestSet() : undefined;
  let first = true;
  const column: Column = {
    name,
    kinds: new Map(),
    empty: 0,
    blank: 0,
    missingWords: new Map(),
    maybeMissingWords: new Map(),
    texts: 0,
    untrimmed: false,
    distinct: new Map(),
    examples: [],
    oddities: [],
    unique: key ? true : undefined,
    repeated: undefined,
    formats: TEXT_FORMATS,
    shape: undefined,
    minLength: Number.POSITIVE_INFINITY,
    maxLength: 0,
    numbers: createNumberReadings(),
    booleans: createBooleanReadings(),
    dates: createDateReadings(),
    see,
  };

  /** Takes a value of a row; `isNew`: whether no row before was the same. */
  function see(value: unknown, isNew: boolean): void {
    if (value === null || value === undefined) {
      column.empty++;
      return;
    }
    if (typeof value === "object") {
      count(Array.isArray(value) ? "array" : isObject(value) ? "object" : "text");
      if (column.examples.length < MAX_EXAMPLES) column.examples.push(shorten(value));
      return;
    }
    const written = String(value);
    const text = written.trim();
    if (text.length !== written.length) column.untrimmed = true;
    if (text === "") {
      column.empty++;
      column.blank++;
      return;
    }
    const code = text.charCodeAt(0);
    // No word for nothing begins with a digit.
    const word = text.length < 12 && !(code >= 48 && code <= 57) ? text.toLowerCase() : "";
    if (MISSING.has(word)) {
      column.empty++;
      countWord(column.missingWords, text);
      return;
    }
    seeText(text);
    if (isNew) seeUnique(text);
    if (MAYBE_MISSING.has(word)) {
      countWord(column.maybeMissingWords, text);
      return;
    }
    if (typeof value === "string") column.texts++;
    const kind = kindOf(value, text);
    count(kind);
    if (kind === "text" && column.oddities.length < 3) column.oddities.push(String(shorten(text, 40)));
  }

  function count(kind: Kind): void {
    column.kinds.set(kind, (column.kinds.get(kind) ?? 0) + 1);
  }

  function kindOf(value: unknown, text: string): Kind {
    // All three are asked, for each keeps what is left.
    const isNumber = column.numbers.see(value, text) || (typeof value !== "boolean" && isPlain(text));
    const isBoolean = column.booleans.see(value, text);
    // Only text is taken for a date.
    const isDate = column.dates.see(typeof value === "string" ? text : "");
    if (isDate) return "date";
    if (isNumber) return Number.isInteger(Number(text)) ? "integer" : "number";
    return isBoolean ? "boolean" : "text";
  }

  function seeText(text: string): void {
    const { distinct } = column;
    if (column.examples.length < MAX_EXAMPLES && !column.examples.includes(shorten(text))) {
      column.examples.push(shorten(text));
    }
    if (distinct) {
      const key = text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…${text.length}`;
      const known = distinct.get(key);
      if (known === undefined && (distinct.size >= MAX_DISTINCT || allowance.distinct <= 0))
        column.distinct = undefined;
      else {
        if (known === undefined) allowance.distinct--;
        distinct.set(key, (known ?? 0) + 1);
      }
    }
    column.minLength = Math.min(column.minLength, text.length);
    column.maxLength = Math.max(column.maxLength, text.length);
    if (column.formats.length > 0) column.formats = column.formats.filter((format) => FORMATS[format]?.(text));
    if (first) column.shape = shapeOf(text);
    else if (column.shape !== undefined && !hasShape(text, column.shape)) column.shape = undefined;
    first = false;
  }

  function seeUnique(text: string): void {
    if (!digests) return;
    if (--allowance.digests < 0) column.unique = undefined;
    else if (!digests.add(text)) {
      column.unique = false;
      column.repeated = String(shorten(text, 40));
    }
    if (column.unique !== true) digests = undefined;
  }

  return column;
}

function countWord(words: Map<string, number>, word: string): void {
  words.set(word, (words.get(word) ?? 0) + 1);
}

function isPlain(text: string): boolean {
  return /^-?\d+([.,]\d+)*$/.test(text) && isWrittenNumber(text);
}

/** Whether a text has the form that `shapeOf` gave. */
function hasShape(text: string, shape: string): boolean {
  if (text.length !== shape.length) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const sign = code >= 48 && code <= 57 ? 57 : code >= 65 && code <= 90 ? 65 : code >= 97 && code <= 122 ? 97 : code;
    if (sign !== shape.charCodeAt(at)) return false;
  }
  return true;
}

/** Text with digits as 9 and letters as A or a; undefined for what is longer than codes are, or has other letters. */
function shapeOf(text: string): string | undefined {
  if (text.length > 20 || !/^[A-Za-z0-9 ./_-]+$/.test(text)) return undefined;
  return text.replace(/\d/g, "9").replace(/[A-Z]/g, "A").replace(/[a-z]/g, "a");
}

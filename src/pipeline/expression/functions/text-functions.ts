import { createHash } from "node:crypto";
import { findLossyInteger } from "../../../exact-numbers.ts";
import { RowFailure, shorten, show } from "../../rows.ts";
import { toText } from "../../template.ts";
import { countCharacters, lastCharacters, padCharacters, sliceCharacters } from "../../values/characters.ts";
import { cleanText, withoutAccents } from "../../values/texts.ts";
import type { ExpressionFunction, LiteralArgument } from "../calls.ts";
import { compileRegex, type Regex } from "../regex.ts";
import { equal, isNull, MAX_TEXT, madeText, madeValue, toCount, tooLong, type Value } from "../value.ts";

/** A function of one text; null stays null. */
const ofText = (change: (text: string) => Value): ExpressionFunction => ({
  min: 1,
  max: 1,
  run: (value) => (isNull(value) ? null : change(toText(value))),
});

const test = (passes: (text: string, part: string) => boolean): ExpressionFunction => ({
  min: 2,
  max: 2,
  run: (value, part) => !isNull(value) && passes(toText(value), toText(part)),
});

const PATTERN: LiteralArgument = {
  at: 1,
  what: "a pattern",
  compile: compileRegex,
};

const pad = (atStart: boolean): ExpressionFunction => ({
  min: 2,
  max: 3,
  usage: `Such as ${atStart ? "pad_start" : "pad_end"}(id, 8, "0").`,
  run(value, length, filler) {
    if (isNull(value)) return null;
    const wanted = toCount(length, "the length", 0);
    if (wanted > MAX_TEXT) throw tooLong();
    const sign = isNull(filler) ? " " : toText(filler);
    return padCharacters(toText(value), wanted, sign, atStart);
  },
});

function replaceAll(value: string, search: string, replacement: string): string {
  if (search === "" || !value.includes(search)) return value;
  const parts = value.split(search);
  if (value.length + (parts.length - 1) * (replacement.length - search.length) > MAX_TEXT) throw tooLong();
  return parts.join(replacement);
}

/** Each word with a capital first letter and small ones after it; an apostrophe does not begin a word. */
function title(text: string): string {
  return text
    .toLowerCase()
    .replace(/(^|[^\p{L}\p{N}\p{M}'’])(\p{L})/gu, (_, before, letter) => before + letter.toUpperCase());
}

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"];

function normalize(value: Value, form: Value): Value {
  if (isNull(value)) return null;
  if (isNull(form)) return madeText(cleanText(toText(value)));
  if (form === "accents") return madeText(withoutAccents(toText(value)));
  if (typeof form === "string" && FORMS.includes(form)) return madeText(toText(value).normalize(form));
  throw new RowFailure("type", `normalize() knows ${FORMS.join(", ")} and "accents", not ${show(form)}`);
}

function slug(text: string): string {
  return withoutAccents(text)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}

function parseJson(text: string): Value {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RowFailure("type", `${show(text)} is no JSON`);
  }
  const lossy = findLossyInteger(text);
  if (lossy !== undefined) {
    const number = `the number ${shorten(lossy, 40)}, which cannot be kept exactly`;
    throw new RowFailure("number", `${show(text)} has ${number}; have it as text in the JSON`);
  }
  return madeValue(value);
}

export const TEXT_FUNCTIONS: Record<string, ExpressionFunction> = {
  lower: ofText((text) => text.toLowerCase()),
  upper: ofText((text) => madeText(text.toUpperCase())),
  title: ofText((text) => madeText(title(text))),
  trim: ofText((text) => text.trim()),
  normalize: { min: 1, max: 2, run: normalize },
  slug: ofText(slug),
  text: { min: 1, max: 1, run: (value) => (typeof value === "string" ? value : madeText(toText(value))) },
  concat: {
    min: 1,
    max: 50,
    runAll(values) {
      let made = "";
      for (const value of values) made += toText(value);
      return madeText(made);
    },
  },
  length: {
    min: 1,
    max: 1,
    run: (value) => (isNull(value) ? 0 : Array.isArray(value) ? value.length : countCharacters(toText(value))),
  },
  substring: {
    min: 2,
    max: 3,
    usage: "Such as substring(code, 0, 2), counted from 0.",
    run(value, start, count) {
      if (isNull(value)) return null;
      const text = toText(value);
      const from = Math.max(0, toCount(start, "substring", 0));
      return count === undefined
        ? sliceCharacters(text, from)
        : sliceCharacters(text, from, from + Math.max(0, toCount(count, "substring", 0)));
    },
  },
  left: {
    min: 2,
    max: 2,
    run: (value, count) =>
      isNull(value) ? null : sliceCharacters(toText(value), 0, Math.max(0, toCount(count, "left", 0))),
  },
  right: {
    min: 2,
    max: 2,
    run(value, count) {
      const wanted = Math.max(0, toCount(count, "right", 0));
      return isNull(value) ? null : lastCharacters(toText(value), wanted);
    },
  },
  pad_start: pad(true),
  pad_end: pad(false),
  replace: {
    min: 3,
    max: 3,
    usage: 'Such as replace(name, "-", " ").',
    run: (value, search, replacement) =>
      isNull(value) ? null : replaceAll(toText(value), toText(search), toText(replacement)),
  },
  replace_regex: {
    min: 3,
    max: 3,
    usage: 'Such as replace_regex(phone, "[^0-9]", "").',
    literal: PATTERN,
    run: (value, regex: Regex, replacement) =>
      isNull(value) ? null : regex.replace(toText(value), toText(replacement), MAX_TEXT),
  },
  contains: {
    min: 2,
    max: 2,
    run: (value, part) =>
      Array.isArray(value)
        ? value.some((entry) => equal(entry ?? null, part ?? null))
        : !isNull(value) && toText(value).includes(toText(part)),
  },
  starts_with: test((text, part) => text.startsWith(part)),
  ends_with: test((text, part) => text.endsWith(part)),
  index_of: {
    min: 2,
    max: 2,
    run(value, part) {
      if (isNull(value)) return null;
      const text = toText(value);
      const at = text.indexOf(toText(part));
      return at < 1 ? at : countCharacters(text.slice(0, at));
    },
  },
  matches: {
    min: 2,
    max: 2,
    literal: PATTERN,
    run: (value, regex: Regex) => !isNull(value) && regex.test(toText(value)),
  },
  extract: {
    min: 2,
    max: 3,
    usage: 'Such as extract(code, "-([0-9]+)", 1) for the first group.',
    literal: PATTERN,
    run: (value, regex: Regex, group) =>
      isNull(value) ? null : regex.extract(toText(value), Math.max(0, toCount(group, "extract", 0))),
  },
  json: {
    min: 1,
    max: 1,
    run: (value) => madeText(JSON.stringify(value ?? null)),
  },
  parse_json: ofText(parseJson),
  /** SHA-256 in hexadecimal digits of a text, or of several values together. */
  hash: {
    min: 1,
    max: 20,
    runAll: (values) =>
      createHash("sha256")
        .update(values.length === 1 ? toText(values[0]) : JSON.stringify(values.map((value) => value ?? null)))
        .digest("hex"),
  },
};

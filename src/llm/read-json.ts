import type { ErrorIssue } from "../errors.ts";
import type { SchemaCheck } from "./check-schema.ts";
import { choicesOf, fitToSchema, isObject, plain, propertiesOf, resolve, typesOf } from "./structured/fit-schema.ts";
import { answerOf, type Candidate, jsonCandidates } from "./structured/json-candidates.ts";
import { readLenient } from "./structured/lenient-json.ts";
import { isExample } from "./structured/schema-example.ts";

/** A value read from a reply. */
export interface ReadValue {
  value: unknown;
  /** What of it is not exactly as the model wrote it, in plain words. Empty: nothing. */
  mends: string[];
  /** What the caller should know of it besides. */
  notes: string[];
}

/** Why no value could be read: what is wrong with the best guess; undefined where there is no JSON at all. */
export interface Unread {
  issues: ErrorIssue[] | undefined;
}

export interface ReadOptions {
  schema: Record<string, unknown>;
  check: SchemaCheck;
  /** Whether the reply ended at the token limit. */
  cutOff: boolean;
}

/** Names that models put around an answer. */
const WRAPPERS = "result results data answer output response items json value content arguments parameters".split(" ");
const TAKEN_OUT = "it was taken out of";
/** Candidates that are tried with changes. */
const MOST_FITTED = 12;
/** Characters of a reply that is: every change is checked again. */
const LONGEST_FITTED = 200_000;
const LABELS =
  /^(?:the )?(?:final )?(?:label|answer|category|class(?:ification)?|sentiment|result|output|type|value)\b\s*(?::|=|is\b)\s*/i;

/**
 * The object or array that a reply as a whole is, in a code fence or bare; undefined where it is text, or JSON and text, or
 * not exactly JSON.
 */
export function wholeJson(reply: string): unknown {
  const text = reply.trim();
  const fenced = /^(```|~~~)[a-z0-9]*[ \t]*\r?\n([\s\S]*?)\r?\n?\1$/i.exec(text)?.[2]?.trim();
  const candidate = fenced !== undefined && !fenced.includes("```") ? fenced : text;
  if (!/^[{[]/.test(candidate)) return undefined;
  const read = readLenient(candidate, 0);
  return read && read.end === candidate.length && read.mends.length === 0 && !read.elided ? read.value : undefined;
}

/**
 * The value in a reply that satisfies the schema: as it stands, else with the little that models get wrong put right (see
 * `jsonCandidates`, `fitToSchema`), else taken out of a wrapper. Nothing is given that the check does not accept, nothing that
 * leaves out a part, and nothing that ends with a reply that was cut off.
 */
export function readAnswer(reply: string, { schema, check, cutOff }: ReadOptions): ReadValue | Unread {
  const echo = JSON.stringify(schema);
  const found = jsonCandidates(reply, cutOff).filter(({ value }) => JSON.stringify(value) !== echo);
  const root = resolve(schema, schema) ?? schema;
  const types = typesOf(root);
  const isScalar =
    types.length > 0 ? !types.includes("object") && !types.includes("array") : choicesOf(root) !== undefined;
  const candidates = isScalar ? found.filter(({ whole }) => whole) : found;
  const names = Object.keys(propertiesOf(root, schema));

  const exact = isScalar && !cutOff ? exactScalar(reply, check) : undefined;
  if (exact) return exact;
  const valid = candidates.filter(
    ({ value, flaw }) => flaw === undefined && check(value).length === 0 && !isBeside(value, names),
  );
  const notesFor = (all: readonly Candidate[], taken: string) => [
    ...notesOn(all, taken),
    ...(isExample(all[0]!.value, root, schema)
      ? ["The answer is the example in the schema: it may have been copied."]
      : []),
  ];
  if (valid[0]) return { ...pick(valid[0]), notes: notesFor(valid, "the last one") };

  const wantsList = types.length === 1 && types[0] === "array";
  const isList = ({ value }: Candidate) => (Array.isArray(value) ? 0 : 1);
  const ordered = wantsList ? candidates.toSorted((a, b) => isList(a) - isList(b)) : candidates;
  const isLong = reply.length > LONGEST_FITTED;
  const fitting: (Candidate & { from: Candidate; way: string[] })[] = [];
  for (const candidate of ordered.slice(0, isLong ? 0 : MOST_FITTED)) {
    const { value, mends, flaw } = candidate;
    if (flaw !== undefined) continue;
    for (const variant of variantsOf(value, names, wantsList)) {
      const fitted = fitToSchema(variant.value, schema);
      if (check(fitted.value).length > 0 || (isBeside(fitted.value, names) && variant.value !== value)) continue;
      const all = [...mends, ...variant.mends, ...fitted.mends];
      fitting.push({ ...candidate, value: fitted.value, mends: all, from: candidate, way: variant.mends });
    }
  }
  const [best] = fitting;
  if (best) {
    // What is inside it, or around it, is the same answer.
    const others = fitting.filter(
      (other) => other !== best && !(other.from === best.from && isWithin(other.way, best.way)),
    );
    const at = best.way.at(-1)?.replace(TAKEN_OUT, "the one in");
    return { ...pick(best), notes: notesFor([best, ...others], at ?? "one of them") };
  }
  const scalar = isScalar && !cutOff ? scalarIn(reply, root, check) : undefined;
  if (scalar) return scalar;
  const guess = candidates.find(({ flaw }) => flaw === undefined) ?? candidates[0];
  if (!guess) return { issues: undefined };
  const value = isLong ? guess.value : fitToSchema(guess.value, schema).value;
  const issues = guess.flaw === undefined ? check(value) : [{ path: "/", message: guess.flaw }];
  return { issues };
}

function pick({ value, mends }: Candidate): { value: unknown; mends: string[] } {
  return { value, mends };
}

/** Whether an object has nothing of what is asked for, though it may satisfy the schema. */
function isBeside(value: unknown, names: readonly string[]): boolean {
  if (names.length === 0 || !isObject(value) || Object.keys(value).length === 0) return false;
  return !names.some((name) => Object.hasOwn(value, name));
}

/** Whether one way into a value goes on from the other. */
function isWithin(one: readonly string[], other: readonly string[]): boolean {
  return one.every((step, index) => index >= other.length || step === other[index]);
}

/** @param taken which of the candidates is the first one */
function notesOn(valid: readonly Candidate[], taken: string): string[] {
  const first = valid[0]!;
  const notes: string[] = [];
  const text = JSON.stringify(first.value);
  const others = new Set(
    valid
      .filter((other) => other !== first && !isPartOf(other, first))
      .map(({ value }) => JSON.stringify(value))
      .filter((other) => other !== text),
  );
  if (others.size > 0)
    notes.push(`The reply held ${others.size + 1} answers that satisfy the schema; ${taken} was taken.`);
  if (/[,[]"(?:\.{3}|…)"\]/.test(text) && text.length > 7)
    notes.push('A list of the answer ends with "...": entries may be missing.');
  return notes;
}

/** Whether a value was made of the same objects. */
function isPartOf(other: Candidate, first: Candidate): boolean {
  return (
    other.mends.some((mend) => mend.endsWith("taken as one list") || mend.endsWith("taken as one")) ||
    Array.isArray(first.value) !== Array.isArray(other.value)
  );
}

/** The value itself and what it may be wrapped in, likeliest first. */
function variantsOf(
  value: unknown,
  names: readonly string[],
  wantsList: boolean,
): { value: unknown; mends: string[] }[] {
  const own = { value, mends: [] };
  const inner = unwrapped(value, names, 0);
  // An object that only wraps a list is no entry of it.
  return isBeside(value, names) || wantsList || names.length === 0 ? [...inner, own] : [own, ...inner];
}

function unwrapped(value: unknown, names: readonly string[], depth: number): { value: unknown; mends: string[] }[] {
  if (!isObject(value) || depth > 2) return [];
  const keys = Object.keys(value);
  const around = keys.filter(
    (key) => !names.includes(key) && (keys.length === 1 || WRAPPERS.includes(key.toLowerCase())),
  );
  const variants = around.flatMap((key) => {
    const mends = [`${TAKEN_OUT} "${key.slice(0, 40)}"`];
    return [
      { value: value[key], mends },
      ...unwrapped(value[key], names, depth + 1).map((more) => ({ ...more, mends: [...mends, ...more.mends] })),
    ];
  });
  const filledIn =
    !names.includes("properties") && isObject(value.properties) ? fromSchema(value.properties) : undefined;
  return filledIn ? [{ value: filledIn, mends: ["its values stood in the schema"] }, ...variants] : variants;
}

/** The values that a model wrote into a copy of the schema, instead of the schema's own words or as `value` beside them. */
function fromSchema(properties: Record<string, unknown>): Record<string, unknown> | undefined {
  const values = Object.entries(properties).map(([name, property]) => {
    if (!isObject(property) || typeof property.type !== "string") return [name, property] as const;
    return [name, property.value] as const;
  });
  return values.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(values);
}

/** A number, a text or a literal that is the whole reply as JSON. */
function exactScalar(reply: string, check: SchemaCheck): ReadValue | undefined {
  const text = unfenced(answerOf(reply));
  try {
    const value: unknown = JSON.parse(text);
    return !isObject(value) && !Array.isArray(value) && check(value).length === 0
      ? { value, mends: [], notes: [] }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Where a single value is wanted, such as one of several labels, models write it without quotes or in a sentence. */
function scalarIn(reply: string, root: Record<string, unknown>, check: SchemaCheck): ReadValue | undefined {
  const text = unfenced(answerOf(reply));
  const bare = text.replace(/^["'“*`\s]+|["'”*`\s]+$/g, "");
  const accept = (value: unknown, mend: string) =>
    check(value).length === 0 ? { value, mends: [mend], notes: [] } : undefined;
  const choices = choicesOf(root);
  if (choices) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    for (const line of new Set([bare, lines.at(-1) ?? "", lines[0] ?? ""])) {
      const said = plain(line.replace(/^["'“*`\s]+/, "").replace(LABELS, ""));
      const alike = said === "" ? [] : choices.filter((choice) => plain(String(choice)) === said);
      const label = alike[0];
      if (alike.length !== 1) continue;
      return accept(
        label,
        bare === label
          ? "the label stood without quotes"
          : `the label ${JSON.stringify(label)} was read from the text ${JSON.stringify(text.slice(0, 60))}`,
      );
    }
    return undefined;
  }
  const types = typesOf(root);
  const said = bare.replace(LABELS, "").replace(/\.$/, "");
  if (types.includes("boolean") && /^(?:yes|no)$/i.test(said)) {
    const value = said.toLowerCase() === "yes";
    return accept(value, `${said} was read as ${value}`);
  }
  const fitted = types.includes("string") ? undefined : fitToSchema(said, root);
  if (fitted && typeof fitted.value !== "string") return accept(fitted.value, fitted.mends.join("; "));
  return types.includes("string") ? accept(text, "the text stood without quotes") : undefined;
}

/** The inside of a code fence or of tags that hold the whole text. */
function unfenced(text: string): string {
  const fenced = /^(```|~~~)(?:\w*[ \t]*\n)?([\s\S]*?)\1$/.exec(text)?.[2] ?? text;
  const tagged = /^\s*<(\w{1,20})>([\s\S]*)<\/\1>\s*$/.exec(fenced)?.[2] ?? fenced;
  return tagged.trim();
}

import { ToolError } from "../../../errors.ts";
import { type Options, optionalString, readString, wrong } from "../../options.ts";
import { isObject, MAX_DEPTH, type Row, show } from "../../rows.ts";
import { readPath } from "../../template.ts";

/** Where the answer to a call goes in a row. */
export interface AnswerFields {
  /** Fields that it sets for sure. */
  sets: readonly string[];
  /** Beginning of the names of others that it may set. */
  prefix: string | undefined;
  /** The field that the failure of a row is about, where it is one. */
  field: string | null;
  /** What is kept of an answer: plain JSON. @throws ToolError `invalid_response`, `too_large` for an answer that does not fit */
  take(answer: unknown, seen: PathsSeen): unknown;
  /** Puts what was kept into a row. */
  put(row: Row, kept: unknown): void;
  /** What a row has whose call failed. */
  putDefault(row: Row): void;
}

/** Which paths were found in some answer, and the names that the first answers had. */
export interface PathsSeen {
  found: Set<string>;
  names: Set<string>;
}

/** The options that `readAnswerFields` reads. */
export const ANSWER_KEYS = ["into", "fields", "prefix", "default"] as const;

/** Names of answers that a warning lists. */
const MAX_NAMES = 20;

/**
 * `into` (a field that takes the answer), or `fields` (`{ field: "path.in.answer" }`, or a list of names that both have), or
 * `prefix` (all fields of an answer that is an object, each with this before its name); and `default`, what a row has whose
 * call fails, in the place of null. @throws ToolError `invalid_input`
 */
export function readAnswerFields(options: Options, where: string): AnswerFields {
  const ways = (["into", "fields", "prefix"] as const).filter((key) => options[key] !== undefined);
  if (ways.length > 1) throw wrong(where, `give either "${ways[0]}" or "${ways[1]}".`);
  if (options.fields !== undefined) return namedFields(options, where);
  if (options.prefix !== undefined) return allFields(options, where);
  return oneField(options, where);
}

function oneField(options: Options, where: string): AnswerFields {
  if (options.into === undefined) {
    throw wrong(
      where,
      '"into" must be a text, not nothing.',
      'Name the field that takes the answer; or give "fields", such as { "city": "address.city" }, or "prefix".',
    );
  }
  const into = readString(options, "into", where);
  return {
    sets: [into],
    prefix: undefined,
    field: into,
    take: (answer) => plain(answer),
    put(row, kept) {
      row[into] = kept;
    },
    putDefault(row) {
      row[into] = copy(options.default ?? null);
    },
  };
}

function namedFields(options: Options, where: string): AnswerFields {
  const paths = readPaths(options.fields, where);
  const sets = Object.keys(paths);
  const defaults = readDefaults(options, where);
  for (const name of Object.keys(defaults)) {
    if (!Object.hasOwn(paths, name)) throw wrong(where, `"default" has ${show(name)}, which "fields" has not.`);
  }
  return {
    sets,
    prefix: undefined,
    field: sets.length === 1 ? (sets[0] as string) : null,
    take(answer, seen) {
      noteNames(answer, seen);
      return sets.map((name) => {
        const path = paths[name] as string;
        const value = readAnswer(answer, path);
        if (value !== undefined) seen.found.add(path);
        return plain(value);
      });
    },
    put(row, kept) {
      for (const [index, name] of sets.entries()) row[name] = (kept as unknown[])[index];
    },
    putDefault(row) {
      for (const name of sets) row[name] = Object.hasOwn(defaults, name) ? copy(defaults[name]) : null;
    },
  };
}

function allFields(options: Options, where: string): AnswerFields {
  const { prefix } = options;
  if (typeof prefix !== "string") throw wrong(where, `"prefix" must be a text, not ${show(prefix)}.`);
  const defaults = readDefaults(options, where);
  return {
    sets: Object.keys(defaults).map((name) => prefix + name),
    prefix,
    field: null,
    take(answer) {
      if (isObject(answer)) return plain(answer);
      throw new ToolError("invalid_response", `the answer is no object with fields, but ${show(answer)}`, {
        hint: 'Name the object with "select", or give "into" instead of "prefix".',
      });
    },
    put(row, kept) {
      for (const [name, value] of Object.entries(kept as Row)) row[prefix + name] = value;
    },
    putDefault(row) {
      for (const [name, value] of Object.entries(defaults)) row[prefix + name] = copy(value);
    },
  };
}

function readPaths(value: unknown, where: string): Record<string, string> {
  const named = typeof value === "string" ? [value] : value;
  const entries = Array.isArray(named)
    ? named.map((name) => [name, name])
    : isObject(named)
      ? Object.entries(named)
      : [];
  if (entries.length === 0 || !entries.every((entry) => entry.every((part) => typeof part === "string"))) {
    throw wrong(where, `"fields" must be an object such as { "city": "address.city" }, not ${show(value)}.`);
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readDefaults(options: Options, where: string): Record<string, unknown> {
  const { default: given } = options;
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw wrong(where, `"default" must be an object with values of fields, not ${show(given)}.`);
  return given;
}

/** The paths of `fields`. */
export function fieldPaths({ fields }: Options): string[] {
  const paths = isObject(fields) ? Object.values(fields) : Array.isArray(fields) ? fields : [fields];
  return paths.filter((path) => typeof path === "string");
}

function noteNames(answer: unknown, { names }: PathsSeen): void {
  if (!isObject(answer) || names.size >= MAX_NAMES) return;
  for (const name of Object.keys(answer)) if (names.size < MAX_NAMES) names.add(name);
}

/** The dotted path `select` of an option object; `""` and `$` are the answer itself. */
export function readSelect(options: Options, where: string): string | undefined {
  return options.select === "" ? undefined : optionalString(options, "select", where);
}

/** The part of an answer that `select` names; null where it is not there. */
export function selectPart(answer: unknown, select: string | undefined, seen: PathsSeen): unknown {
  if (select === undefined) return answer;
  noteNames(answer, seen);
  const part = readAnswer(answer, select);
  if (part !== undefined) seen.found.add(select);
  return part ?? null;
}

/**
 * What a path leads to in an answer: names and indexes of lists with dots between them, indexes also as `[0]`, a `$` for the
 * answer itself. Undefined where it leads nowhere.
 */
export function readAnswer(answer: unknown, path: string): unknown {
  if (typeof answer !== "object" || answer === null) return path === "$" ? answer : undefined;
  if (Object.hasOwn(answer, path)) return (answer as Row)[path];
  const plainPath = path
    .replace(/^\$\.?/, "")
    .replace(/\[(\d+)\]/g, ".$1")
    .replace(/^\./, "");
  return plainPath === "" ? answer : readPath(answer as Row, plainPath);
}

/** What the answers had in the place of a path that none of them had. */
export function missingPaths(paths: readonly string[], { found, names }: PathsSeen): string[] {
  const known = names.size > 0 ? ` Its fields: ${[...names].join(", ")}.` : "";
  return paths.filter((path) => !found.has(path)).map((path) => `no answer has ${show(path)}.${known}`);
}

/** A value that a row can hold. @throws ToolError `too_large` */
function plain(value: unknown): unknown {
  if (value === undefined) return null;
  checkDepth(value, 0);
  return value;
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) {
    throw new ToolError("too_large", `the answer is nested more than ${MAX_DEPTH} levels deep`, {
      hint: 'Take the part that is needed, with "select" or "fields".',
    });
  }
  for (const entry of Array.isArray(value) ? value : Object.values(value)) checkDepth(entry, depth + 1);
}

/** A value of the options for one row, which later steps may change. */
export function copy(value: unknown): unknown {
  return typeof value === "object" && value !== null ? JSON.parse(JSON.stringify(value)) : value;
}

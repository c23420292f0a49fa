import type { ErrorObject, Options } from "ajv";
import { FORMATS } from "./formats.ts";

/** Thrown where checking a value takes more steps, or goes deeper, than any schema in use needs. */
export class SchemaLimitError extends Error {}

export interface BoundedOptions {
  /** Whether only fields of an object itself count, never what objects inherit. */
  ownProperties?: boolean;
  checkFormats: boolean;
  /** Whether a pattern that cannot be compiled or takes too long counts as kept, instead of being an error. */
  skipBadPatterns?: boolean;
}

export interface BoundedSchema {
  /** What the meta-schema says is wrong with the schema. @throws Error where it cannot be checked */
  problems(): ErrorObject[];
  /** @throws Error where the schema cannot be compiled */
  compile(): BoundedCheck;
  /** Why the engine does not take a pattern; undefined where it does. */
  refusalOf(pattern: string): string | undefined;
}

/** What is wrong with a value. @throws SchemaLimitError */
export type BoundedCheck = (value: unknown) => ErrorObject[];

/** Steps are calls of schema functions and errors found. Only schemas whose `$ref`s multiply come near the limit. */
const MAX_STEPS = 100_000;
const STEPS_PER_NODE = 20;
const MAX_PATTERN = 1000;
/** What other engines have and RE2 has not. */
const BEYOND_RE2 = /\(\?<?[=!]|\\[1-9k]/;
/** Program size of all patterns of a schema together. */
const MAX_PROGRAMS = 100_000;
/** Program size × characters of one match, about a second at worst. */
const MAX_MATCH_WORK = 200_000_000;
/** The same for all matches of a check together, added to the limit of one for each character that the value holds. */
const MATCH_WORK_PER_CHARACTER = 10;
const CHARACTERS_PER_STEP = 50;
/** Characters of a schema whose code is not made shorter. */
const LARGE_SCHEMA = 4000;

/**
 * Reads a JSON Schema 2020-12 (draft-07 where it says so) so that neither it nor a value can hold the server: patterns run on
 * a linear-time engine, `uniqueItems` and formats in linear time, and the steps of a check are counted. Nothing is ever fetched.
 */
export async function readSchema(schema: Record<string, unknown>, options: BoundedOptions): Promise<BoundedSchema> {
  const [{ Ajv2020 }, { Ajv }, { RE2JS }] = await Promise.all([
    import("ajv/dist/2020.js"),
    import("ajv"),
    import("re2js"),
  ]);
  let budget = Number.POSITIVE_INFINITY;
  let matchWork = Number.POSITIVE_INFINITY;
  const spend = (steps: number): void => {
    budget -= steps;
    if (budget < 0) throw new SchemaLimitError("takes too many steps to check: its $refs or branches multiply");
  };

  let programs = 0;
  const compileRegex = (pattern: string) => {
    if (pattern.length > MAX_PATTERN) throw new Error(`a pattern is longer than ${MAX_PATTERN} characters`);
    if (programs > MAX_PROGRAMS) throw new Error("its patterns are too large together");
    const regex = RE2JS.compile(RE2JS.translateRegExp(pattern));
    programs += regex.programSize();
    return regex;
  };
  const regExp = Object.assign(
    (pattern: string) => {
      let regex: ReturnType<typeof compileRegex> | undefined;
      try {
        regex = compileRegex(pattern);
      } catch (error) {
        if (!options.skipBadPatterns) throw error;
      }
      return {
        test(text: string) {
          if (regex === undefined) return true;
          const work = text.length * regex.programSize();
          if (work > MAX_MATCH_WORK) return options.skipBadPatterns === true;
          matchWork -= work;
          if (matchWork < 0) throw new SchemaLimitError("takes too many steps to check: its patterns are too large");
          return regex.test(text);
        },
        // ajv tells patterns apart by this.
        toString: () => `/${pattern}/`,
      };
    },
    { code: "linear" },
  );

  const settings: Options = {
    strict: false,
    allErrors: true,
    // Errors carry the value that is wrong.
    verbose: true,
    logger: false,
    validateSchema: false,
    // A larger schema that many $refs name is not written out for each, nor a list of many values.
    inlineRefs: 5,
    loopEnum: 20,
    ...(options.ownProperties && { ownProperties: true }),
    code: {
      // Of a large schema, making the code shorter would take almost as long as all else.
      optimize: JSON.stringify(schema).length <= LARGE_SCHEMA,
      regExp,
      // Each schema that a $ref names is a function of its own: its entry and its errors are counted.
      process: (code: string) =>
        code
          .replace(/(rootData=data[^)]{0,40}\}=\{\}\)\{)/, "$1self.spend(1);")
          .replaceAll("errors++;", "errors++;self.spend(1);"),
    },
  };
  const dialect = typeof schema.$schema === "string" ? schema.$schema : "";
  const ajv = /draft-0[4-7]/.test(dialect) ? new Ajv(settings) : new Ajv2020(settings);
  Object.assign(ajv, { spend });
  // In other people's documents formats are hints (JSON Schema 2020-12, 7.2.1), often wrong ones.
  if (options.checkFormats) for (const [name, check] of Object.entries(FORMATS)) ajv.addFormat(name, check);
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must NOT have duplicate items" },
    validate: (unique: boolean, items: unknown[]) => !unique || allDiffer(items, spend),
  });

  const { $schema: _dialect, ...plain } = schema;
  return {
    problems: () => (ajv.validateSchema(plain) === true ? [] : (ajv.errors ?? [])),
    refusalOf(pattern) {
      try {
        RE2JS.compile(RE2JS.translateRegExp(pattern));
        return undefined;
      } catch (error) {
        if (BEYOND_RE2.test(pattern)) return "patterns are RE2, which has no lookaround and no back-references";
        return error instanceof Error
          ? error.message.replace("error parsing regexp: ", "").slice(0, 300)
          : "it is wrong";
      }
    },
    compile() {
      if (plain.$async !== undefined) throw new Error("$async is not supported");
      const validate = ajv.compile(plain);
      return (value) => {
        const { nodes, characters } = sizeOf(value);
        budget = MAX_STEPS + STEPS_PER_NODE * (nodes + characters / CHARACTERS_PER_STEP);
        matchWork = MAX_MATCH_WORK + MATCH_WORK_PER_CHARACTER * characters;
        try {
          return validate(value) ? [] : (validate.errors ?? []);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          throw new SchemaLimitError("refers to itself without end here, or the value is nested too deeply");
        } finally {
          // What the last value left of errors is not kept alive.
          validate.errors = null;
        }
      };
    },
  };
}

/** How many values a value holds, and how many characters its texts and names have. */
function sizeOf(value: unknown): { nodes: number; characters: number } {
  let nodes = 0;
  let characters = 0;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    nodes++;
    if (typeof next === "string") characters += next.length;
    else if (Array.isArray(next)) for (const item of next) left.push(item);
    else if (typeof next === "object" && next !== null) {
      for (const name in next) {
        characters += name.length;
        left.push((next as Record<string, unknown>)[name]);
      }
    }
  }
  return { nodes, characters };
}

function allDiffer(items: readonly unknown[], spend: (steps: number) => void): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const key = JSON.stringify(canonical(item)) ?? "";
    spend(key.length / CHARACTERS_PER_STEP);
    if (seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** The value with sorted keys, so that equal values have equal JSON. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return { entries: entries.map(([key, item]) => [key, canonical(item)]) };
}

import jsonata from "jsonata";
import { LinearRegExp } from "./linear-regexp.ts";

export interface JsonataTask {
  expression: string;
  /** A JSON list of rows; without one the expression is checked only. */
  json?: string;
  /** Whether the expression has one row after the other, or the list. */
  each: boolean;
  /** Values of `$name` in the expression. */
  parameters: Record<string, unknown>;
}

/** For each row, or for the list, the results: undefined is no entry, a list several. Those that failed have none. */
export interface JsonataResults {
  results: unknown[][];
  failures: { place: number; message: string }[];
}

/** Calls inside calls; more need more of the stack than there is. */
const MAX_STACK = 500;
const MAX_SEQUENCE = 1_000_000;
const MAX_DEPTH = 64;
/** Values in what is made of one row. */
const MAX_VALUES = 2_000_000;

/** What would make the same run give another result the next time, or run what the data says. */
const MISSING = new Map([
  ["now", "pass the time as a parameter"],
  ["millis", "pass the time as a parameter"],
  ["random", "the same run has to give the same result"],
  ["shuffle", "the same run has to give the same result"],
  ["eval", "write the expression itself"],
]);

let last: { source: string; expression: jsonata.Expression } | undefined;

/**
 * What a JSONata expression (jsonata.org, version 2) gives of rows. Rows that fail are told one by one.
 * @throws Error with the `position` of what is wrong in the expression, in characters
 */
export async function runJsonata({ expression, json, each, parameters }: JsonataTask): Promise<JsonataResults> {
  if (last?.source !== expression) last = { source: expression, expression: compile(expression) };
  const compiled = last.expression;
  if (json === undefined) return { results: [], failures: [] };
  const rows = JSON.parse(json) as unknown[];
  const results: unknown[][] = [];
  const failures: JsonataResults["failures"] = [];
  for (const [place, input] of (each ? rows : [rows]).entries()) {
    try {
      const made: unknown = await compiled.evaluate(input, parameters);
      results.push(made === undefined ? [] : plainList(made));
    } catch (error) {
      results.push([]);
      failures.push({ place, message: describe(error) });
    }
  }
  return { results, failures };
}

function compile(source: string): jsonata.Expression {
  let expression: jsonata.Expression;
  try {
    expression = jsonata(source, {
      RegexEngine: LinearRegExp as unknown as RegExpConstructor,
      stack: MAX_STACK,
      sequence: MAX_SEQUENCE,
    });
  } catch (error) {
    if (error instanceof RangeError) throw error;
    // jsonata throws plain objects.
    const { message, position, token } = error as jsonata.JsonataError;
    throw Object.assign(new Error(message), { position: placeOf(position, token, source) });
  }
  checkPatterns(expression.ast(), source);
  for (const [name, instead] of MISSING) {
    expression.registerFunction(name, () => {
      throw { code: "D3137", message: `$${name} is not available: ${instead}` };
    });
  }
  return expression;
}

/** Characters before the part that is wrong; `position` is where that ends. */
function placeOf(position: number | undefined, token: unknown, source: string): number | undefined {
  if (position === undefined) return undefined;
  const length = typeof token === "string" && token !== "(end)" ? token.length : 0;
  return Math.min(Math.max(position - length, 0), source.length);
}

/** Finds patterns that RE2 does not have before any row comes. */
function checkPatterns(part: unknown, source: string): void {
  if (typeof part !== "object" || part === null) return;
  if (part instanceof RegExp) return;
  const { type, value, position } = part as { type?: unknown; value?: unknown; position?: number };
  if (type === "regex" && value instanceof RegExp) {
    try {
      new LinearRegExp(value);
    } catch (error) {
      throw Object.assign(error as Error, { position: placeOf(position, String(value).slice(0, -1), source) });
    }
  }
  for (const inner of Object.values(part)) checkPatterns(inner, source);
}

function describe(error: unknown): string {
  if (error instanceof RangeError) return "it calls itself too often, or makes too long a text or list";
  const { message, position } = error as jsonata.JsonataError;
  return `${String(message).slice(0, 300)}${position === undefined ? "" : ` (near character ${position} of the expression)`}`;
}

/** A result as entries of plain JSON: a list gives its own. */
function plainList(value: unknown): unknown[] {
  let values = 0;
  const visit = (part: unknown, depth: number): unknown => {
    if (++values > MAX_VALUES) throw new Error(`the result has more than ${MAX_VALUES} values`);
    if (typeof part === "number" && !Number.isFinite(part))
      throw new Error(`the result has ${part}, which is no JSON number`);
    if (typeof part === "function" || isFunction(part)) throw new Error("the result has a function");
    if (typeof part !== "object" || part === null) return part ?? null;
    if (depth > MAX_DEPTH) throw new Error(`the result is nested more than ${MAX_DEPTH} levels deep`);
    if (Array.isArray(part)) return part.map((entry) => visit(entry, depth + 1));
    const object: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(part)) {
      const inner = (part as Record<string, unknown>)[key];
      if (inner !== undefined) object[key] = visit(inner, depth + 1);
    }
    return object;
  };
  const made = visit(value, 0);
  return Array.isArray(made) ? made : [made];
}

function isFunction(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { _jsonata_lambda: lambda, _jsonata_function: built } = value as Record<string, unknown>;
  return lambda === true || built === true;
}

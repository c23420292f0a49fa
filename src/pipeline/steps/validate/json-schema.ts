import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { ToolError } from "../../../errors.ts";
import { FORMATS } from "../../../json-schema/formats.ts";
import { compileRegex } from "../../expression/regex.ts";
import { counted, RowFailure, shorten, show } from "../../rows.ts";
import { addComparingKeywords } from "./comparing-keywords.ts";
import { isFlat, isPlainSchema } from "./plain-schema.ts";
import type { Violation } from "./violation.ts";

const MAX_SCHEMA = 262_144;
/** Calls of schema functions that checking one row may take. Only schemas whose `$ref`s multiply come near it. */
const MAX_CALLS = 100_000;
const CALLS_PER_ROW = 1000;
/** Errors that checking one value may find, those of branches that do not count in the end included. */
const MAX_ERRORS = 20_000;
/** Characters of a schema whose code is not made shorter: that would take almost as long as all else. */
const LARGE_SCHEMA = 4000;
/**
 * Characters of a schema that is checked to its last error even where one would do: code that stops at the first is nested as
 * deep as the schema has properties, and compiling it takes the square of their number, in which nothing can end it.
 */
const WIDE_SCHEMA = 20_000;

/** Checks that a process keeps for its next runs, by the text of their schema: compiling one takes as long as checking 10,000 rows. */
const KEPT = 20;
const compiled = new Map<string, JsonSchemaCheck>();

/** Violations of one value that are listed; all are counted. */
const MAX_VIOLATIONS = 20;

/** What is wrong with a value: how many violations there are, and the first 20, or all where the value is a list of rows. */
export interface Violations {
  total: number;
  listed: Violation[];
}

/**
 * What is wrong with a value; undefined where nothing is. `rows` is the number of rows that the value holds, where it is a list
 * of them.
 */
export type JsonSchemaCheck = (value: unknown, rows?: number) => Violations | undefined;

/**
 * Compiles a JSON Schema 2020-12 into two checks: one that only tells whether a value is valid and stops at the first error,
 * and, once a value is not, one that finds all errors. Patterns run in linear time, `uniqueItems` too, and `$ref`s that
 * multiply end at a limit with a clear error.
 * @throws ToolError `invalid_input` where the schema is no valid schema; the check throws `too_large` at its limit.
 */
export function compileJsonSchema(schema: Record<string, unknown>): JsonSchemaCheck {
  const text = textOf(schema);
  const known = compiled.get(text);
  if (known) return known;
  const made = compileAnew(schema, text.length);
  if (text.length <= WIDE_SCHEMA) {
    if (compiled.size >= KEPT) compiled.clear();
    compiled.set(text, made);
  }
  return made;
}

function compileAnew(schema: Record<string, unknown>, size: number): JsonSchemaCheck {
  // Which draft a schema names makes no difference to how it is read.
  const { $schema: _, ...body } = schema;
  if (body.$async !== undefined) throw invalid('"$async" is not supported');
  checkSchema(body);
  const all = size > WIDE_SCHEMA || isFlat(body);
  const isValid = compileWith(body, size, all);
  let findAll = all ? isValid : undefined;
  return (value, rows) => {
    try {
      const first = isValid(value, rows ?? 1);
      if (first === undefined) return undefined;
      findAll ??= compileWith(body, size, true);
      const errors = findAll === isValid ? first : (findAll(value, rows ?? 1) ?? []);
      const found = errors.filter((error) => !COMPOUND.has(error.keyword));
      const listed = rows === undefined ? found.slice(0, MAX_VIOLATIONS) : found;
      return { total: found.length, listed: listed.map(toViolation) };
    } catch (error) {
      const reason =
        error instanceof RangeError
          ? "the schema refers to itself without end here"
          : error instanceof RowFailure
            ? error.message
            : undefined;
      if (reason === undefined) throw error;
      const rule = error instanceof RangeError ? "$ref" : "pattern";
      return { total: 1, listed: [{ path: [], rule, message: `cannot be checked: ${reason}` }] };
    }
  };
}

function textOf(schema: Record<string, unknown>): string {
  let text: string;
  try {
    text = JSON.stringify(schema);
  } catch {
    throw invalid("it is nested too deeply");
  }
  if (text.length <= MAX_SCHEMA) return text;
  throw new ToolError("too_large", `The schema has more than ${MAX_SCHEMA} characters.`);
}

/** Names that objects inherit. Rows inherit none, objects inside them do. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype);

/** A check that gives the errors, the first one only or all of them; undefined where there are none. */
function compileWith(
  schema: Record<string, unknown>,
  size: number,
  allErrors: boolean,
): (value: unknown, rows: number) => ErrorObject[] | undefined {
  let budget = 0;
  let errors = 0;
  const text = JSON.stringify(schema);
  const ajv = new Ajv2020({
    meta: false,
    validateSchema: false,
    allErrors,
    strict: false,
    // Fields are what an object itself has, never what it inherits. Asking for each costs a third of the time, so it is done
    // only where the schema names anything that could be inherited.
    ownProperties: INHERITED.some((name) => text.includes(name)),
    formats: FORMATS,
    logger: false,
    code: {
      optimize: size <= LARGE_SCHEMA,
      // ajv tells patterns apart by their toString().
      regExp: Object.assign((pattern: string) => compileRegex(pattern), { code: "linearRegex" }),
      // Each schema that a $ref names is a function of its own: counting at its entry bounds their number.
      // Errors are counted where they are made, before those of a large schema and value fill the memory.
      process: (code: string) =>
        code
          .replace(/(rootData=data[^)]{0,40}\}=\{\}\)\{)/, "$1self.tick();")
          .replaceAll("errors++;", "errors++;self.fault();"),
    },
  });
  Object.assign(ajv, {
    tick() {
      if (budget-- > 0) return;
      throw new ToolError("too_large", "The schema takes too many steps to check.", {
        hint: "Its $refs multiply; use fewer anyOf, oneOf or allOf on the way to them.",
      });
    },
    fault() {
      if (++errors <= MAX_ERRORS) return;
      throw new ToolError("too_large", `Checking the schema finds more than ${MAX_ERRORS} errors in one go.`, {
        hint: "Describe one row instead of the list of rows, and use enum instead of many anyOf or oneOf.",
      });
    },
  });
  addComparingKeywords(ajv, schema);

  let validate: ValidateFunction;
  try {
    validate = ajv.compile(schema);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (error instanceof RangeError) throw invalid("it is nested too deeply");
    throw invalid(error instanceof Error ? error.message : String(error), "Only $refs inside the schema are followed.");
  }
  return (value, rows) => {
    budget = MAX_CALLS + rows * CALLS_PER_ROW;
    errors = 0;
    if (validate(value)) return undefined;
    const found = validate.errors ?? [];
    // What the last value left is not kept alive.
    validate.errors = null;
    return found;
  };
}

let metaSchema: Ajv2020 | undefined;

/** Checks a schema against the schema of schemas, which is compiled once. */
function checkSchema(schema: Record<string, unknown>): void {
  if (isPlainSchema(schema)) return;
  metaSchema ??= new Ajv2020({ strict: false, logger: false });
  try {
    if (metaSchema.validateSchema(schema)) return;
  } catch (error) {
    if (error instanceof RangeError) throw invalid("it is nested too deeply");
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  const error = metaSchema.errors?.[0];
  if (!error) throw invalid("no reason is known");
  let value: unknown = schema;
  for (const part of pathOf(error)) value = (value as Record<string, unknown>)[part];
  const place = error.instancePath || "the schema";
  if (error.schemaPath.includes("/simpleTypes/")) {
    const named = Array.isArray(value) ? (value.find((type) => !TYPES.includes(type)) ?? value) : value;
    throw invalid(`${show(named)} at ${place} is no type; types are ${TYPES.join(", ")}`);
  }
  const hint =
    place.endsWith("/required") && typeof value === "boolean"
      ? 'In JSON Schema "required" is a list of names beside "properties". Under "fields" it is true or false for each field.'
      : undefined;
  throw invalid(`${place} ${explain(error, error.params)}, not ${show(value)}`, hint);
}

/** The types of JSON Schema 2020-12. */
const TYPES: readonly unknown[] = ["array", "boolean", "integer", "null", "number", "object", "string"];

function invalid(reason: string, hint?: string): ToolError {
  return new ToolError("invalid_input", `The schema is no valid JSON Schema 2020-12: ${shorten(reason, 200)}.`, {
    hint,
  });
}

/** Keywords that only say that a branch below failed, whose own violation is listed. */
const COMPOUND = new Set(["if"]);

function showList(list: readonly unknown[]): string {
  const whole = show(list);
  // What is cut is JSON inside a text.
  if (!whole.startsWith('"')) return whole;
  return `${list.slice(0, 10).map(show).join(", ")}${list.length > 10 ? `, … (${list.length} in all)` : ""}`;
}

function entries(count: unknown): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

function toViolation(error: ErrorObject): Violation {
  const path = pathOf(error);
  const params = error.params as Record<string, unknown>;
  const field = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  if (typeof field === "string") path.push(field);
  if (error.keyword === "uniqueItems" && typeof params.index === "number") path.push(String(params.index));
  return { path, rule: error.keyword, message: explain(error, params) };
}

/** Where in the value an error is: its JSON pointer in parts. */
function pathOf(error: ErrorObject): string[] {
  return error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function explain(error: ErrorObject, params: Record<string, unknown>): string {
  switch (error.keyword) {
    case "required":
      return "is required";
    case "additionalProperties":
    case "unevaluatedProperties":
      return "is not allowed by the schema";
    case "enum":
      return `must be one of ${showList(params.allowedValues as unknown[])}`;
    case "type":
      return `must be ${[params.type].flat().join(" or ")}`;
    case "uniqueItems":
      return error.message?.startsWith("must be") ? error.message : "must name nothing twice";
    case "dependentRequired":
      return `is required where ${show(params.property)} is there`;
    case "propertyNames":
      return `has the field ${show(params.propertyName)}, whose name is not allowed`;
    case "minLength":
      return params.limit === 1
        ? "must not be empty"
        : `must have at least ${counted(Number(params.limit), "character")}`;
    case "maxLength":
      return `must have at most ${counted(Number(params.limit), "character")}`;
    case "minItems":
      return `must have at least ${entries(params.limit)}`;
    case "maxItems":
      return `must have at most ${entries(params.limit)}`;
    case "minProperties":
      return `must have at least ${counted(Number(params.limit), "field")}`;
    case "maxProperties":
      return `must have at most ${counted(Number(params.limit), "field")}`;
    case "contains":
      return `must contain at least ${entries(params.minContains)} of the kind that "contains" describes`;
    case "not":
      return 'must not match the schema under "not"';
    case "anyOf":
      return 'must match one of the schemas under "anyOf"';
    case "oneOf":
      return 'must match exactly one of the schemas under "oneOf"';
    case "false schema":
      return "is not allowed by the schema";
    case "const":
      return `must be ${show(params.allowedValue)}`;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

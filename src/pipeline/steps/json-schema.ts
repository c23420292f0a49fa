import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { ToolError } from "../../errors.ts";
import { FORMATS } from "../../json-schema/formats.ts";
import { compileRegex } from "../regex.ts";
import { counted, isObject, shorten, show } from "../rows.ts";

const MAX_SCHEMA = 262_144;
/** Calls of schema functions that checking one row may take. Only schemas whose `$ref`s multiply come near it. */
const MAX_CALLS = 100_000;

/** One violation: where in the value, which rule, what is wrong. */
export interface Violation {
  path: string[];
  rule: string;
  message: string;
}

/** Lists what is wrong with a value; nothing where it is valid. `rows` is the number of rows that the value holds. */
export type JsonSchemaCheck = (value: unknown, rows?: number) => Violation[];

/**
 * Compiles a JSON Schema 2020-12. Patterns run in linear time, `uniqueItems` too, and `$ref`s that multiply end at a limit, so
 * that no schema can hold the server.
 * @throws ToolError `invalid_input` where the schema is no valid schema; the check throws `too_large` at its limit.
 */
export function compileJsonSchema(schema: Record<string, unknown>): JsonSchemaCheck {
  if (JSON.stringify(schema).length > MAX_SCHEMA) {
    throw new ToolError("too_large", `The schema has more than ${MAX_SCHEMA} characters.`);
  }
  let budget = 0;
  // Which draft a schema names makes no difference to how it is read.
  const { $schema: _, ...body } = schema;
  checkSchema(body);
  const ajv = new Ajv2020({
    meta: false,
    validateSchema: false,
    allErrors: true,
    strict: false,
    // Fields are what a row itself has, never what objects inherit.
    ownProperties: true,
    formats: FORMATS,
    logger: false,
    code: {
      regExp: linearRegex,
      // Each schema that a $ref names is a function of its own: counting at its entry bounds their number.
      process: (code: string) => code.replace("dynamicAnchors={}}={}){", "dynamicAnchors={}}={}){self.tick();"),
    },
  });
  Object.assign(ajv, {
    tick() {
      if (budget-- <= 0) {
        throw new ToolError("too_large", "The schema takes too many steps to check.", {
          hint: "Its $refs multiply; use fewer anyOf, oneOf or allOf on the way to them.",
        });
      }
    },
  });
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({ keyword: "uniqueItems", type: "array", schemaType: "boolean", validate: uniqueItems, errors: true });

  let validate: ValidateFunction;
  try {
    validate = ajv.compile(body);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw invalid(error instanceof Error ? error.message : String(error), "Only $refs inside the schema are followed.");
  }
  return (value, rows = 1) => {
    budget = MAX_CALLS + rows * 1000;
    try {
      if (validate(value)) return [];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return [{ path: [], rule: "$ref", message: "the schema refers to itself without end here" }];
    }
    return (validate.errors ?? []).filter((error) => !COMPOUND.has(error.keyword)).map(toViolation);
  };
}

let metaSchema: Ajv2020 | undefined;

/** Checks a schema against the schema of schemas, which is compiled once. */
function checkSchema(schema: Record<string, unknown>): void {
  metaSchema ??= new Ajv2020({ strict: false, logger: false });
  try {
    if (metaSchema.validateSchema(schema)) return;
  } catch (error) {
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
  throw invalid(`${place} ${explain(error, error.params)}, not ${show(value)}`);
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

const linearRegex = Object.assign((pattern: string) => compileRegex(pattern), { code: "linearRegex" });

interface UniqueItems {
  (unique: boolean, items: unknown[]): boolean;
  errors?: Partial<ErrorObject>[];
}

const uniqueItems: UniqueItems = (unique, items) => {
  if (!unique) return true;
  const seen = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const key = JSON.stringify(canonical(item));
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      const message = `must be unique, but entries ${earlier + 1} and ${index + 1} are the same`;
      uniqueItems.errors = [{ keyword: "uniqueItems", message, params: { index } }];
      return false;
    }
    seen.set(key, index);
  }
  return true;
};

/** The value with sorted keys, so that equal values have equal JSON. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  return {
    entries: Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  };
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
      return `must be one of ${show(params.allowedValues)}`;
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

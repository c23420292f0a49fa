import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { ToolError } from "../../errors.ts";
import { compileRegex } from "../regex.ts";
import { isObject, shorten, show } from "../rows.ts";
import { FORMATS } from "./json-schema-formats.ts";

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
    throw invalid(error instanceof Error ? error.message : String(error));
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
  throw invalid(`${error?.instancePath || "the schema"} ${error?.message}`);
}

function invalid(reason: string): ToolError {
  return new ToolError("invalid_input", `The schema is no valid JSON Schema 2020-12: ${shorten(reason, 200)}.`, {
    hint: "Only $refs inside the schema are followed.",
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

function toViolation(error: ErrorObject): Violation {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const params = error.params as Record<string, unknown>;
  const field = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  if (typeof field === "string") path.push(field);
  if (error.keyword === "uniqueItems" && typeof params.index === "number") path.push(String(params.index));
  return { path, rule: error.keyword, message: explain(error, params) };
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
    case "const":
      return `must be ${show(params.allowedValue)}`;
    default:
      return error.message ?? `breaks the rule ${error.keyword}`;
  }
}

import type { ErrorObject } from "ajv";
import { type ErrorIssue, ToolError } from "../errors.ts";
import { readSchema, SchemaLimitError } from "../json-schema/bounded-schema.ts";
import type { JsonObject } from "./operation.ts";
import { shorten } from "./shorten.ts";
import { narrowUnions } from "./union-errors.ts";

/** Says what is wrong with a value; nothing is, if the list is empty. */
export type SchemaCheck = (value: unknown) => ErrorIssue[];

export interface CheckOptions {
  /**
   * How to take what the schema does wrong. `strict`: an error of the configuration. `lenient`, for documents that others
   * wrote: a pattern or format that cannot be checked counts as kept, a schema that makes no sense checks nothing.
   */
  mode: "strict" | "lenient";
  /** Whether texts of digits are as good as numbers: in answers, numbers too large to be exact are given as texts. */
  digitsAreNumbers?: boolean;
  /** Default 20. */
  maxIssues?: number;
}

const MAX_ISSUES = 20;

/** What an issue says of a name that is missing. */
export const MISSING = "is required";
/** How an issue of a name that may not be there begins. */
export const UNKNOWN = "is not known here";

/**
 * Compiles a JSON Schema 2020-12 (draft-07 where it says so). Patterns run on a linear-time engine, for they meet texts from
 * outside, and the steps of a check are limited. Nothing is ever fetched.
 * @throws ToolError `invalid_config` in mode `strict` where the schema is wrong.
 */
export async function compileCheck(schema: JsonObject, options: CheckOptions): Promise<SchemaCheck> {
  const strict = options.mode === "strict";
  const bounded = await readSchema(schema, {
    ownProperties: true,
    checkFormats: strict,
    skipBadPatterns: !strict,
  });
  try {
    const [problem] = strict ? bounded.problems() : [];
    if (problem) throw new Error(`${problem.instancePath || "/"} ${problem.message}`);
    // `if` only says that a branch failed, whose own violation is listed.
    const find = bounded.compile();
    return (value) => {
      try {
        const found = find(value);
        if (found.length === 0) return [];
        const errors = options.digitsAreNumbers ? withoutLargeNumbers(found) : found;
        return (strict ? errors : narrowUnions(errors, schema))
          .filter(({ keyword }) => keyword !== "if")
          .slice(0, options.maxIssues ?? MAX_ISSUES)
          .map(issueOf);
      } catch (error) {
        if (!(error instanceof SchemaLimitError)) throw error;
        return strict ? [{ path: "/", message: `cannot be checked: the schema ${error.message}` }] : [];
      }
    };
  } catch (error) {
    if (!strict) return () => [];
    const reason = error instanceof Error ? error.message.slice(0, 300) : "unknown reason";
    throw new ToolError("invalid_config", `The schema is not a valid JSON Schema: ${reason}`);
  }
}

/** Without what is wrong with large numbers only for being texts, alternatives that they would have fitted included. */
function withoutLargeNumbers(errors: readonly ErrorObject[]): ErrorObject[] {
  const fine = new Set(errors.filter(isLargeNumber).map(({ instancePath }) => instancePath));
  if (fine.size === 0) return [...errors];
  return errors.filter((error) => !isLargeNumber(error) && !(fine.has(error.instancePath) && isUnion(error)));
}

function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

function isLargeNumber({ keyword, data, params }: ErrorObject): boolean {
  if (keyword !== "type" || typeof data !== "string" || !/^-?\d{16,}$|^-?[\d.]+[eE]\+?\d+$/.test(data)) return false;
  const types: unknown[] = [params.type].flat();
  return types.includes("integer") || types.includes("number");
}

function issueOf(error: ErrorObject): ErrorIssue {
  const params = error.params as Record<string, unknown>;
  const missing = params.missingProperty;
  const extra = params.additionalProperty ?? params.unevaluatedProperty;
  const below = typeof missing === "string" ? missing : typeof extra === "string" ? extra : undefined;
  const path = error.instancePath + (below === undefined ? "" : `/${escapePointer(below)}`);
  return { path: path || "/", message: explain(error, params).slice(0, 300) };
}

function explain(error: ErrorObject, params: Record<string, unknown>): string {
  const got = shownValue(error.data);
  switch (error.keyword) {
    case "required":
      return MISSING;
    case "additionalProperties":
    case "unevaluatedProperties": {
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      return known.length > 0 ? `${UNKNOWN}; known: ${known.slice(0, 20).join(", ")}` : UNKNOWN;
    }
    case "enum":
      return `must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(", ")}${got}`;
    case "type":
      return `must be ${[params.type].flat().join(" or ")}${got}`;
    case "const":
      return `must be ${JSON.stringify(params.allowedValue)}${got}`;
    default:
      return `${error.message ?? `breaks the rule ${error.keyword}`}${got}`;
  }
}

function shownValue(value: unknown): string {
  if (value === undefined || (typeof value === "object" && value !== null)) return "";
  const text = JSON.stringify(value) ?? "";
  return `, not ${shorten(text, 60)}`;
}

/** A name as a JSON pointer holds it (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

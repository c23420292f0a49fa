import type { ErrorObject, Options } from "ajv";
import { type ErrorIssue, ToolError } from "../errors.ts";
import type { JsonObject } from "./operation.ts";

/** Says what is wrong with a value; nothing is, if the list is empty. May convert what the value holds, see `coerce`. */
export type SchemaCheck = (value: unknown) => ErrorIssue[];

export interface CheckOptions {
  /** Whether texts that read as numbers or booleans become them, numbers become texts, and single values lists. */
  coerce?: boolean;
  /**
   * How to take what the schema does wrong. `strict`: an error of the configuration. `lenient`, for documents that others
   * wrote: a pattern or format that cannot be checked counts as kept, a schema that makes no sense checks nothing.
   */
  mode: "strict" | "lenient";
}

const MAX_ISSUES = 20;
const MAX_PATTERN = 1000;
/** Program size × characters of one match, about a second at worst; a longer text counts as kept or broken. */
const MAX_MATCH_WORK = 200_000_000;

/**
 * Compiles a JSON Schema 2020-12 (draft-07 where it says so). Patterns run on a linear-time engine, for they meet texts from
 * outside. Nothing is ever fetched.
 * @throws ToolError `invalid_config` in mode `strict` where the schema is wrong.
 */
export async function compileCheck(schema: JsonObject, options: CheckOptions): Promise<SchemaCheck> {
  const strict = options.mode === "strict";
  const [{ Ajv2020 }, { Ajv }, { format: formats }, { RE2JS }] = await Promise.all([
    import("ajv/dist/2020.js"),
    import("ajv"),
    import("@cfworker/json-schema"),
    import("re2js"),
  ]);
  const regExp = Object.assign(
    (pattern: string) => {
      let regex: import("re2js").RE2JS | undefined;
      try {
        if (pattern.length > MAX_PATTERN) throw new Error(`a pattern is longer than ${MAX_PATTERN} characters`);
        regex = RE2JS.compile(RE2JS.translateRegExp(pattern));
      } catch (error) {
        if (strict) throw error;
      }
      return {
        test: (text: string) =>
          regex === undefined || (text.length * regex.programSize() > MAX_MATCH_WORK ? !strict : regex.test(text)),
        // ajv tells patterns apart by this.
        toString: () => `/${pattern}/`,
      };
    },
    { code: "linear" },
  );
  const settings: Options = {
    strict: false,
    allErrors: true,
    logger: false,
    validateSchema: strict,
    ownProperties: true,
    verbose: true,
    ...(options.coerce && { coerceTypes: "array" as const }),
    code: { regExp },
  };
  const dialect = typeof schema.$schema === "string" ? schema.$schema : "";
  const ajv = /draft-0[4-7]/.test(dialect) ? new Ajv(settings) : new Ajv2020(settings);
  // In other people's documents formats are hints (JSON Schema 2020-12, 7.2.1), often wrong ones.
  if (strict)
    for (const [name, check] of Object.entries(formats)) ajv.addFormat(name, check as (text: string) => boolean);
  const { $schema: _dialect, ...plain } = schema;
  try {
    if (plain.$async !== undefined) throw new Error("$async is not supported");
    const validate = ajv.compile(plain);
    return (value) => {
      try {
        return validate(value) ? [] : (validate.errors ?? []).filter(notCompound).slice(0, MAX_ISSUES).map(issueOf);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return strict ? [{ path: "/", message: "is nested too deeply to be checked" }] : [];
      }
    };
  } catch (error) {
    if (!strict) return () => [];
    const reason = error instanceof Error ? error.message.slice(0, 300) : "unknown reason";
    throw new ToolError("invalid_config", `The schema is not a valid JSON Schema: ${reason}`);
  }
}

/** `if` only says that a branch failed, whose own violation is listed. */
function notCompound(error: ErrorObject): boolean {
  return error.keyword !== "if";
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
      return "is required";
    case "additionalProperties":
    case "unevaluatedProperties": {
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      return known.length > 0 ? `is not known here; known: ${known.slice(0, 20).join(", ")}` : "is not known here";
    }
    case "enum":
      return `must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(", ")}${got}`;
    case "const":
      return `must be ${JSON.stringify(params.allowedValue)}${got}`;
    default:
      return `${error.message ?? `breaks the rule ${error.keyword}`}${got}`;
  }
}

function shownValue(value: unknown): string {
  if (value === undefined || (typeof value === "object" && value !== null)) return "";
  const text = JSON.stringify(value) ?? "";
  return `, not ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
}

/** A name as a JSON pointer holds it (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

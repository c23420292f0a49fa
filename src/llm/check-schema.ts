import type { ErrorObject, Options } from "ajv";
import { type ErrorIssue, ToolError } from "../errors.ts";

/** Says what is wrong with a value; nothing is, if the list is empty. */
export type SchemaCheck = (value: unknown) => ErrorIssue[];

const MAX_ISSUES = 20;
/** Reasons that the message of a wrong schema tells. */
const TOLD_ISSUES = 3;
const TYPES = "array, boolean, integer, null, number, object, string";
const MAX_PATTERN = 1000;
/** Program size × characters of one match, about a second at worst; a longer text does not match. */
const MAX_MATCH_WORK = 200_000_000;

/**
 * Compiles a caller's JSON Schema (2020-12, or draft-07 where it says so). Patterns run on a linear-time engine, for both the
 * pattern and the text that it meets come from outside. Formats are checked. Nothing is ever fetched.
 * @throws ToolError `invalid_input` where the schema itself is wrong.
 */
export async function compileSchema(schema: Record<string, unknown>): Promise<SchemaCheck> {
  const [{ Ajv2020 }, { Ajv }, { format: formats }, { RE2JS }] = await Promise.all([
    import("ajv/dist/2020.js"),
    import("ajv"),
    import("@cfworker/json-schema"),
    import("re2js"),
  ]);
  const regExp = Object.assign(
    (pattern: string) => {
      if (pattern.length > MAX_PATTERN) throw new Error(`a pattern is longer than ${MAX_PATTERN} characters`);
      const regex = RE2JS.compile(RE2JS.translateRegExp(pattern));
      return {
        test: (text: string) => text.length * regex.programSize() <= MAX_MATCH_WORK && regex.test(text),
        // ajv tells patterns apart by this.
        toString: () => `/${pattern}/`,
      };
    },
    { code: "linear" },
  );
  // Verbose: errors carry the value that is wrong.
  const options: Options = { strict: false, allErrors: true, verbose: true, logger: false, code: { regExp } };
  const dialect = typeof schema.$schema === "string" ? schema.$schema : "";
  const ajv = /draft-0[4-7]/.test(dialect) ? new Ajv(options) : new Ajv2020(options);
  for (const [name, check] of Object.entries(formats)) ajv.addFormat(name, check as (text: string) => boolean);

  const { $schema: _dialect, ...plain } = schema;
  try {
    if (plain.$async !== undefined) throw new Error("$async is not supported");
    if (ajv.validateSchema(plain) !== true) throw wrongSchema(schemaIssues(ajv.errors ?? []));
    const validate = ajv.compile(plain);
    return (value) => (validate(value) ? [] : (validate.errors ?? []).slice(0, MAX_ISSUES).map(issueOf));
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw wrongSchema([{ path: "", message: error instanceof Error ? error.message.slice(0, 300) : "unknown reason" }]);
  }
}

/** @param issues paths are JSON pointers into the schema */
function wrongSchema(issues: readonly ErrorIssue[]): ToolError {
  const told = issues.slice(0, TOLD_ISSUES).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const more = issues.length > TOLD_ISSUES ? `; and ${issues.length - TOLD_ISSUES} more` : "";
  return new ToolError("invalid_input", `output_schema is not a valid JSON Schema: ${told.join("; ")}${more}`, {
    hint: 'Give a JSON Schema object, such as {"type": "object", "properties": {"name": {"type": "string"}}}.',
    issues: issues
      .slice(0, MAX_ISSUES)
      .map(({ path, message }) => ({ path: path ? `/output_schema${path}` : "output_schema", message })),
  });
}

/**
 * What is wrong with a schema, from what its meta-schema says: for each keyword the reasons that lie deepest, because the
 * meta-schema also tells of every alternative that does not fit.
 */
function schemaIssues(errors: readonly ErrorObject[]): ErrorIssue[] {
  const noTypes = new Set<string>();
  const issues = new Map<string, ErrorIssue>();
  for (const error of errors) {
    const path = error.instancePath.slice(0, 300);
    const isType = error.schemaPath.endsWith("/simpleTypes/enum");
    if (error.keyword === "anyOf" || (isType && Array.isArray(error.data))) continue;
    if (isType) noTypes.add(path);
    else if (noTypes.has(path)) continue;
    const message = isType ? `${quoted(error.data)} is no type; the types are ${TYPES}` : issueOf(error).message;
    issues.set(`${path} ${message}`, { path, message });
  }
  const all = [...issues.values()];
  return all.filter(({ path }) => !all.some((other) => other.path.startsWith(`${path}/`)));
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 50 ? `${text.slice(0, 50)}…` : text;
}

function issueOf(error: ErrorObject): ErrorIssue {
  const params = error.params as Record<string, unknown>;
  const extra =
    error.keyword === "additionalProperties"
      ? `: ${String(params.additionalProperty)}`
      : error.keyword === "enum"
        ? `: ${JSON.stringify(params.allowedValues)}`
        : "";
  return { path: error.instancePath || "/", message: `${error.message ?? error.keyword}${extra}`.slice(0, 300) };
}

import type { ErrorObject } from "ajv";
import { type ErrorIssue, ToolError } from "../errors.ts";
import { type BoundedSchema, readSchema, SchemaLimitError } from "../json-schema/bounded-schema.ts";

/** Says what is wrong with a value; nothing is, if the list is empty. */
export type SchemaCheck = (value: unknown) => ErrorIssue[];

const MAX_ISSUES = 20;
/** Reasons that the message of a wrong schema tells. */
const TOLD_ISSUES = 3;
const TYPES = "array, boolean, integer, null, number, object, string";
/** Characters of a schema as JSON. */
const MAX_SCHEMA = 100_000;
/** Checked at once, so that a schema that refers to itself without end is told of before a model is asked. */
const SAMPLES = [null, 0, "", [], {}];

/**
 * Compiles a caller's JSON Schema (2020-12, or draft-07 where it says so). Patterns run on a linear-time engine, for both the
 * pattern and the text that it meets come from outside. Formats are checked. Nothing is ever fetched.
 * @throws ToolError `invalid_input` where the schema itself is wrong or too large; the check throws it where the schema takes
 * too many steps.
 */
export async function compileSchema(schema: Record<string, unknown>): Promise<SchemaCheck> {
  const size = sizeOf(schema);
  if (size > MAX_SCHEMA) {
    throw new ToolError("invalid_input", `output_schema has ${size} characters; the limit is ${MAX_SCHEMA}.`, {
      hint: "Ask for less at once, and put what repeats under $defs.",
      issues: [{ path: "output_schema", message: `must have at most ${MAX_SCHEMA} characters` }],
    });
  }
  const bounded = await readSchema(schema, { checkFormats: true });
  try {
    const problems = bounded.problems();
    if (problems.length > 0) throw wrongSchema(schemaIssues(problems));
    const find = bounded.compile();
    const check: SchemaCheck = (value) => {
      try {
        return find(value).slice(0, MAX_ISSUES).map(issueOf);
      } catch (error) {
        if (!(error instanceof SchemaLimitError)) throw error;
        throw new ToolError("invalid_input", `output_schema ${error.message}.`, {
          hint: "Use fewer $refs, and none that lead back to themselves without a field or an entry between.",
          issues: [{ path: "output_schema", message: error.message }],
        });
      }
    };
    for (const sample of SAMPLES) check(sample);
    return check;
  } catch (error) {
    if (error instanceof ToolError) throw error;
    if (error instanceof RangeError) throw wrongSchema([{ path: "", message: "it is nested too deeply" }]);
    const found = unusableIn(schema, (error as { missingRef?: string }).missingRef, bounded);
    throw wrongSchema(found.length > 0 ? found : [{ path: "", message: messageOf(error) }]);
  }
}

function sizeOf(schema: Record<string, unknown>): number {
  try {
    return JSON.stringify(schema).length;
  } catch {
    throw wrongSchema([{ path: "", message: "it is nested too deeply" }]);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : "unknown reason";
}

/** Where a schema that is valid cannot be used: patterns that RE2 does not take, or the `$ref` that leads nowhere. */
function unusableIn(schema: unknown, missingRef: string | undefined, bounded: BoundedSchema): ErrorIssue[] {
  const issues: ErrorIssue[] = [];
  const checkPattern = (path: string, pattern: string): void => {
    const reason = bounded.refusalOf(pattern);
    if (reason !== undefined)
      issues.push({ path, message: `the pattern ${quoted(pattern)} cannot be used: ${reason}` });
  };
  const checkRef = (path: string, ref: string): void => {
    if (!missingRef?.endsWith(ref)) return;
    const reason = ref.startsWith("#") ? "is not in the schema" : "is not in the schema, and nothing is fetched";
    issues.push({ path, message: `${quoted(ref)} ${reason}: put it under $defs and refer to it as "#/$defs/NAME"` });
  };
  const left: { path: string; at: unknown }[] = [{ path: "", at: schema }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, at } = next;
    if (typeof at !== "object" || at === null) continue;
    for (const [name, value] of Object.entries(at)) {
      const inner = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (path.endsWith("/patternProperties")) checkPattern(inner, name);
      if (typeof value !== "string") left.push({ path: inner, at: value });
      else if (name === "pattern") checkPattern(inner, value);
      else if (name === "$ref") checkRef(inner, value);
    }
  }
  return issues;
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

import type { ErrorObject, Options } from "ajv";
import { type ErrorIssue, ToolError } from "../errors.ts";

/** Says what is wrong with a value; nothing is, if the list is empty. */
export type SchemaCheck = (value: unknown) => ErrorIssue[];

const MAX_ISSUES = 20;
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
  const options: Options = { strict: false, allErrors: true, logger: false, code: { regExp } };
  const dialect = typeof schema.$schema === "string" ? schema.$schema : "";
  const ajv = /draft-0[4-7]/.test(dialect) ? new Ajv(options) : new Ajv2020(options);
  for (const [name, check] of Object.entries(formats)) ajv.addFormat(name, check as (text: string) => boolean);

  const { $schema: _dialect, ...plain } = schema;
  try {
    if (plain.$async !== undefined) throw new Error("$async is not supported");
    if (ajv.validateSchema(plain) !== true) throw new Error(ajv.errorsText(ajv.errors, { dataVar: "output_schema" }));
    const validate = ajv.compile(plain);
    return (value) => (validate(value) ? [] : (validate.errors ?? []).slice(0, MAX_ISSUES).map(issueOf));
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 300) : "unknown reason";
    throw new ToolError("invalid_input", `output_schema is not a valid JSON Schema: ${reason}`, {
      hint: 'Give a JSON Schema object, such as {"type": "object", "properties": {"name": {"type": "string"}}}.',
      issues: [{ path: "output_schema", message: reason }],
    });
  }
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

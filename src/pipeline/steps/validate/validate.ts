import type { Batch } from "../../batch.ts";
import { watchFields } from "../../engine/missing-fields.ts";
import { CONSTANT_WORDS, type Parameters } from "../../expression/expression.ts";
import { optionalExpression } from "../../expression/read-expression.ts";
import {
  checkKeys,
  naming,
  type Options,
  optionalObject,
  readBoolean,
  readChoice,
  readString,
  wrong,
} from "../../options.ts";
import { counted, type Row, show } from "../../rows.ts";
import type { Batches, Step, StepContext } from "../step.ts";
import { createRowCheck, type RowRules } from "./check-row.ts";
import { compileJsonSchema, type JsonSchemaCheck } from "./json-schema.ts";
import { misspeltKeywords } from "./misspelt-keywords.ts";
import { createOutcome, createWholeRows, MODES, type Mode } from "./outcome.ts";
import { readRowTests } from "./row-tests.ts";
import { convertedFields } from "./schema-conversion.ts";
import { FIELDS_KEYS, readFieldsDefinition } from "./table-schema.ts";

/** Options that say what to check. */
const RULES = ["schema", ...FIELDS_KEYS, "extra_fields", "checks"];

/** Said where text was to be converted and nothing says to what. */
const IDLE_COERCE =
  '"coerce" converts nothing here: it takes the types from "fields" or from the properties of "schema", and there are none.';

/** What a checked step knows. */
interface Definition extends RowRules {
  mode: Mode;
  flagField: string;
  /** For all rows together. */
  wholeCheck: JsonSchemaCheck | undefined;
  /** What is probably not meant in the definition. */
  doubts: readonly string[];
  /** Fields that are named, with whether each row must have them. */
  names: ReadonlyMap<string, boolean>;
}

/**
 * Checks each row by a JSON Schema (`schema`), by rules for fields (`fields`, `unique`, …) and by expressions (`checks`). A row
 * that fails ends the run (`stop`), leaves it (`drop`, `quarantine`), or stays with its reasons under `flag_field` (`flag`).
 * Without rules the step only says that the input was read.
 * @throws ToolError `invalid_input` for wrong options and schemas, `too_large` for schemas beyond the limits
 */
export function compileValidate(options: Options, where: string, parameters: Parameters = {}): Step["run"] {
  const definition = readDefinition(options, where, parameters);
  if (!definition) {
    return async function* (rows, context) {
      yield* rows;
      context.record.valid = true;
    };
  }
  return (rows, context) => validate(definition, rows, context);
}

function readDefinition(written: Options, where: string, parameters: Parameters): Definition | undefined {
  checkKeys(written, [...RULES, "coerce", "when", "mode", "flag_field"], where);
  const options = withTableSchema(written);
  const mode = readChoice(options, "mode", where, MODES, "stop");
  const flagField = options.flag_field === undefined ? "_issues" : readString(options, "flag_field", where);
  if (RULES.every((key) => options[key] === undefined)) {
    const other = Object.keys(options)[0];
    if (other === undefined) return undefined;
    throw wrong(where, `"${other}" needs rules to check the rows by: "schema", "fields", "unique" or "checks".`);
  }
  const fields = readFieldsDefinition(options, where);
  const forbidOthers = readChoice(options, "extra_fields", where, ["allow", "forbid"], "allow") === "forbid";
  if (forbidOthers && fields.rules.length === 0) throw wrong(where, '"extra_fields" needs "fields" that are allowed.');
  const schema = optionalObject(options, "schema", where);
  const check = schema && naming(where, () => compileJsonSchema(schema));
  const whole = schema !== undefined && [schema.type].flat().includes("array");
  const tests = readRowTests(options.checks, where, parameters);
  const when = optionalExpression(options, "when", where, parameters);
  if (whole && when) throw wrong(where, '"when" is for rules on single rows, not for a schema of all rows.');

  const coerce = options.coerce === undefined ? undefined : readBoolean(options, "coerce", where, false);
  const converted = coerce && schema ? convertedFields(schema, whole) : undefined;
  const idle = coerce === true && !converted?.size && !fields.rules.some(({ typed }) => typed);

  const names = new Map<string, boolean>();
  if (schema && !whole) {
    for (const name of namesUnder(schema.properties)) names.set(name, false);
    for (const name of Array.isArray(schema.required) ? schema.required : []) names.set(String(name), true);
  }
  for (const { name, required } of fields.rules) names.set(name, required || names.get(name) === true);
  const sure = [...fields.keys.map((key) => key.fields), when?.paths ?? [], ...tests.map(({ paths }) => paths)];
  for (const name of sure.flat()) names.set(name, true);
  return {
    ...fields,
    mode,
    flagField,
    doubts: [...(schema ? misspeltKeywords(schema) : []), ...(idle ? [IDLE_COERCE] : [])],
    names,
    when,
    tests,
    forbidOthers,
    allowed: mode === "flag" ? [flagField] : [],
    coerce,
    converted: converted?.size ? converted : undefined,
    schemaCheck: whole ? undefined : check,
    wholeCheck: whole ? check : undefined,
    leaves: mode === "drop" || mode === "quarantine",
    // Rows that are flagged go on, so what is right in them is converted as in the others.
    restores: mode !== "flag",
  };
}

/** A Table Schema that was given as the schema has its parts moved to where they belong. */
function withTableSchema(options: Options): Options {
  const { schema, ...others } = options;
  if (typeof schema !== "object" || schema === null || !Array.isArray((schema as Options).fields)) return options;
  if (["type", "properties", "required", "$ref", "allOf", "anyOf", "oneOf"].some((key) => key in schema))
    return options;
  const { $schema: _, ...parts } = schema as Options;
  checkKeys(parts, FIELDS_KEYS, 'The Table Schema under "schema"');
  return { ...parts, ...others };
}

function namesUnder(properties: unknown): string[] {
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

async function* validate(definition: Definition, rows: Batches, context: StepContext): Batches {
  const { mode, wholeCheck, when, tests, names } = definition;
  const checkRow = createRowCheck(definition, context.textCells);
  const watch = watchFields({ paths: [...names.keys()] });
  const outcome = createOutcome(mode, definition.flagField, context);
  const whole = wholeCheck && createWholeRows();
  let asked = 0;
  for await (const batch of rows) {
    watch.see(batch.rows);
    if (whole) {
      asked += batch.rows.length;
      whole.add(batch, checkRow);
      continue;
    }
    const kept: Batch = { rows: [], numbers: [] };
    for (let index = 0; index < batch.rows.length; index++) {
      const row = batch.rows[index] as Row;
      const number = batch.numbers[index] as number;
      const result = checkRow(row, number);
      if (result !== "unasked") asked++;
      if (typeof result !== "string" && !outcome.settle(row, number, result)) continue;
      kept.rows.push(row);
      kept.numbers.push(number);
    }
    if (kept.rows.length > 0 && !outcome.stopped()) yield kept;
  }
  if (whole) {
    const kept = whole.settle(wholeCheck, outcome);
    if (!outcome.stopped()) yield* kept;
  }
  if (outcome.stopped()) context.fail({ message: "Validation failed", hint: hintFor(definition, context) });
  Object.assign(context.record, {
    valid: context.reasons.total === 0,
    mode,
    ...(when && { rows_checked: asked }),
    rows_invalid: outcome.rowsInvalid(),
  });
  for (const warning of definition.doubts) context.warn(warning);
  for (const expression of [...tests.map((test) => test.expression), ...(when ? [when] : [])]) {
    for (const remark of expression.remarks) context.warn(remark);
  }
  const replaced = outcome.replaced();
  if (replaced > 0) {
    const where = `${show(definition.flagField)} of ${counted(replaced, "row")}`;
    context.warn(`the reasons replaced what was in ${where}. Name another field in "flag_field".`);
  }
  for (const { name, problem, help } of watch.missing(when || tests.length > 0 ? CONSTANT_WORDS : undefined)) {
    if (names.get(name) || help.startsWith("Did you mean")) context.warn(`${problem} ${help}`);
  }
}

/** What to do where cells are text and only types of the JSON Schema fail. */
function hintFor(
  { schemaCheck, wholeCheck, rules, coerce }: Definition,
  { textCells, reasons }: StepContext,
): string | undefined {
  if (!textCells || coerce || !(schemaCheck || wholeCheck) || rules.some(({ typed }) => typed)) return undefined;
  if (reasons.listed.some(({ rule }) => rule !== "type")) return undefined;
  return 'Cells of csv, tsv, xml and markdown are text: set "coerce": true, which converts them to the types of the schema, or cast them in a transform step first.';
}

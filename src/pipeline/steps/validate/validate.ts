import { ToolError } from "../../../errors.ts";
import { checkKeys, type Options, optionalObject, readChoice, readString, wrong } from "../../options.ts";
import { eachPaced } from "../../pace.ts";
import { createReasons, MAX_REASONS, newRow, type Reasons, type Row } from "../../rows.ts";
import type { Step, StepContext, StepOutcome } from "../step.ts";
import { compileJsonSchema, type JsonSchemaCheck, type Violation } from "./json-schema.ts";

const MODES = ["stop", "drop", "flag"] as const;
type Mode = (typeof MODES)[number];

/**
 * `{ schema, mode?, flag_field? }`: checks each row against a JSON Schema 2020-12; a schema of type array is checked against
 * all rows as a whole. A row that fails ends the run (`stop`), leaves it (`drop`), or stays with its reasons under
 * `flag_field` (`flag`). Without a schema the step only says that the input was read.
 * @throws ToolError `invalid_input` for wrong options and schemas.
 */
export function compileValidate(options: Options, where: string): Step["run"] {
  checkKeys(options, ["schema", "mode", "flag_field"], where);
  const mode = readChoice(options, "mode", where, MODES, "stop");
  const flagField = options.flag_field === undefined ? "_issues" : readString(options, "flag_field", where);
  const schema = optionalObject(options, "schema", where);
  if (!schema) {
    if (options.mode !== undefined) throw wrong(where, '"mode" needs a "schema" to check the rows against.');
    return async (rows) => ({ rows, record: { valid: true } });
  }
  let check: JsonSchemaCheck;
  try {
    check = compileJsonSchema(schema);
  } catch (error) {
    if (error instanceof ToolError) throw new ToolError(error.code, `${where}: ${error.message}`, { hint: error.hint });
    throw error;
  }
  const wholeArray = schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"));
  return async (rows, context) => {
    const reasons = createReasons();
    const failures = wholeArray
      ? checkAll(check, rows, reasons, context)
      : await checkEach(check, rows, reasons, context, mode === "flag");
    return outcome(rows, mode, flagField, failures, reasons, context);
  };
}

/** Violations that the flags of all rows may hold together. */
const MAX_FLAGGED = 1_000_000;

/** The rows that failed by index, with their violations where these are wanted. */
type Failures = ReadonlyMap<number, readonly Violation[]>;

const NONE: readonly Violation[] = [];

async function checkEach(
  check: JsonSchemaCheck,
  rows: readonly Row[],
  reasons: Reasons,
  context: StepContext,
  keep: boolean,
): Promise<Failures> {
  const failures = new Map<number, readonly Violation[]>();
  let kept = 0;
  await eachPaced(
    rows,
    context.pace,
    (row, index) => {
      const { total, listed } = check(row, context.textBudget);
      if (total === 0) return;
      failures.set(index, keep ? listed : NONE);
      for (const violation of listed) addReason(reasons, index + 1, row, violation.path, violation);
      reasons.count(total - listed.length);
      kept += keep ? listed.length : 0;
      if (kept > MAX_FLAGGED) {
        throw new ToolError("too_large", `The rows have more than ${MAX_FLAGGED} violations to flag.`, {
          hint: 'Use the mode "drop" or "stop", or send fewer rows.',
        });
      }
    },
    (done) => context.report(done, rows.length),
  );
  return failures;
}

function checkAll(check: JsonSchemaCheck, rows: readonly Row[], reasons: Reasons, context: StepContext): Failures {
  const failures = new Map<number, Violation[]>();
  for (const violation of check(rows, context.textBudget, rows.length).listed) {
    const [index, ...path] = violation.path;
    const row = index === undefined ? undefined : rows[Number(index)];
    addReason(reasons, row ? Number(index) + 1 : 0, row, path, violation);
    if (!row) continue;
    const earlier = failures.get(Number(index));
    if (earlier) earlier.push(violation);
    else failures.set(Number(index), [violation]);
  }
  return failures;
}

function addReason(reasons: Reasons, number: number, row: Row | undefined, path: string[], violation: Violation): void {
  if (reasons.listed.length >= MAX_REASONS) {
    reasons.count(1);
    return;
  }
  const field = path.length === 0 ? null : path.join(".");
  const subject = field === null ? (number === 0 ? "the rows" : "the row") : `"${field}"`;
  let value: unknown = row;
  for (const part of path) {
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, part) ? (value as Row)[part] : undefined;
  }
  const message = `${subject} ${violation.message}`;
  reasons.add({ row: number, field, rule: violation.rule, message, value: value ?? null, path });
}

function outcome(
  rows: readonly Row[],
  mode: Mode,
  flagField: string,
  failures: Failures,
  reasons: Reasons,
  context: StepContext,
): StepOutcome {
  const record = { valid: reasons.total === 0, mode, rows_invalid: failures.size };
  if (reasons.total === 0) return { rows, record };
  const onlyTypes = context.textCells && reasons.listed.every((reason) => reason.rule === "type");
  const hint = onlyTypes ? "Cells of csv, tsv and markdown are text: cast them in a transform step first." : undefined;
  // Reasons about the rows as a whole cannot be helped by dropping or flagging some.
  const whole = reasons.listed.some((reason) => reason.row === 0);
  if (mode === "stop" || whole) {
    return { rows, record, reasons, failed: "Validation failed", ...(hint !== undefined && { hint }) };
  }
  if (mode === "drop") return { rows: rows.filter((_, index) => !failures.has(index)), record, reasons };
  const flagged = rows.map((row, index) => {
    const violations = failures.get(index);
    if (!violations) return row;
    const copy = newRow(row);
    copy[flagField] = violations.map(({ path, rule, message }) => ({ field: path.join(".") || null, rule, message }));
    return copy;
  });
  return { rows: flagged, record, reasons };
}

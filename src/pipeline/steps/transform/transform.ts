import { describeMissing, findMissingFields } from "../../engine/missing-fields.ts";
import { CONSTANT_WORDS } from "../../expression/expression.ts";
import { checkKeys, type Options, readObject, wrong } from "../../options.ts";
import { counted, createReasons, show } from "../../rows.ts";
import type { Step } from "../step.ts";
import {
  castFields,
  fill,
  flatten,
  join,
  lowercase,
  mapValues,
  omit,
  pick,
  rename,
  split,
  trim,
  uppercase,
} from "./field-operations.ts";
import { group } from "./group-operation.ts";
import type { OperationCompiler, Table } from "./operation.ts";
import { compute, dedupe, filter, limit, sort } from "./row-operations.ts";

const MAX_OPERATIONS = 200;

/** The operations by name. */
const OPERATIONS: ReadonlyMap<string, OperationCompiler> = new Map([
  ["pick", pick],
  ["omit", omit],
  ["rename", rename],
  ["cast", castFields],
  ["trim", trim],
  ["lowercase", lowercase],
  ["uppercase", uppercase],
  ["fill", fill],
  ["map_values", mapValues],
  ["compute", compute],
  ["filter", filter],
  ["split", split],
  ["join", join],
  ["dedupe", dedupe],
  ["sort", sort],
  ["limit", limit],
  ["group", group],
  ["flatten", flatten],
]);

/**
 * `{ operations }`: changes the rows by operations in order, each an object with `op` and its options; without operations the
 * rows stay as they are. A failed row ends the run unless the operation says otherwise by `on_error`.
 * @throws ToolError `invalid_input` that names the operation and the key at fault.
 */
export function compileTransform(options: Options, where: string): Step["run"] {
  checkKeys(options, ["operations"], where);
  const list = options.operations ?? [];
  if (!Array.isArray(list)) throw wrong(where, `"operations" must be a list, not ${show(list)}.`);
  if (list.length > MAX_OPERATIONS) throw wrong(where, `at most ${MAX_OPERATIONS} operations, not ${list.length}.`);
  const operations = list.map((entry: unknown, index) => {
    const here = `${where}, operation ${index + 1}`;
    const operation = readObject(entry, here);
    const op = typeof operation.op === "string" ? operation.op : "";
    const compile = OPERATIONS.get(op);
    if (!compile) {
      const problem = operation.op === undefined ? '"op" is missing.' : `unknown operation ${show(operation.op)}.`;
      throw wrong(here, problem, `"op" is one of ${[...OPERATIONS.keys()].join(", ")}.`);
    }
    return { op, ...compile(operation, `${here} (${op})`) };
  });

  return async (rows, context) => {
    const reasons = createReasons();
    const warnings: string[] = [];
    let table: Table = { rows: [...rows], numbers: rows.map((_, index) => index + 1) };
    for (const [index, { op, failsRun, run, ...reads }] of operations.entries()) {
      for (const name of await findMissingFields(table.rows, reads, context.pace)) {
        const { problem, help } = describeMissing(name, table.rows, reads.paths && CONSTANT_WORDS);
        warnings.push(`operation ${index + 1} (${op}): ${problem} ${help}`);
      }
      const before = reasons.total;
      table = await run(table, { pace: context.pace, textBudget: context.textBudget, reasons });
      context.report(index + 1, operations.length);
      if (failsRun && reasons.total > before) {
        const failures = reasons.total - before;
        const failed = `${where}, operation ${index + 1} (${op}) failed in ${counted(failures, "row")}`;
        const hint = 'Set "on_error" of the operation to "null" or "keep" to go on, or filter such rows out first.';
        return { rows, record: { operations: operations.length }, reasons, warnings, failed, hint };
      }
    }
    return { rows: table.rows, record: { operations: operations.length }, reasons, warnings };
  };
}

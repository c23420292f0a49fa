import type { Batch } from "../../batch.ts";
import { changed, fieldsOf, met, type Order } from "../../column-order.ts";
import { watchFields } from "../../engine/missing-fields.ts";
import { CONSTANT_WORDS, type Parameters } from "../../expression/expression.ts";
import { optionalExpression } from "../../expression/read-expression.ts";
import { checkKeys, meantName, type Options, readObject, wrong } from "../../options.ts";
import { counted, createReasons, MAX_REASONS, type Reasons, show } from "../../rows.ts";
import type { Step, StepContext } from "../step.ts";
import { castHint, TOO_LARGE } from "./aggregates.ts";
import { compileJsonata } from "./jsonata.ts";
import { type Operation, onlyWhen, readOnError } from "./operation.ts";
import { elsewhere, OTHER_OPERATION_NAMES, ROW_OPERATIONS, SET_OPERATIONS } from "./operation-names.ts";
import { watchOrder } from "./order-watch.ts";

const MAX_OPERATIONS = 200;
/** Warnings of one operation that are kept. */
const MAX_WARNINGS = 20;
/** In the messages of failures for which casting is the cure. */
const CAST_FIRST = "cast the field";

interface NamedOperation extends Operation {
  op: string;
}

/**
 * `{ operations }`: changes the rows by operations in order, each an object with `op` and its options; without operations the
 * rows stay as they are. A failed row ends the run unless the operation says otherwise by `on_error`.
 * @throws ToolError `invalid_input` that names the operation and the key at fault.
 */
export function compileTransform(options: Options, where: string, parameters: Parameters = {}): Step["run"] {
  if (options.jsonata !== undefined) return compileJsonata(options, where, parameters);
  checkKeys(options, ["operations", "jsonata"], where);
  const list = options.operations ?? [];
  if (!Array.isArray(list)) throw wrong(where, `"operations" must be a list, not ${show(list)}.`);
  if (list.length > MAX_OPERATIONS) throw wrong(where, `at most ${MAX_OPERATIONS} operations, not ${list.length}.`);
  const operations = list.map((entry: unknown, index) =>
    compileOperation(readOperation(entry, place(where, index)), place(where, index), parameters),
  );

  return async function* (rows, context) {
    const chain = startChain(operations, context);
    context.order(chain.order);
    for await (const batch of rows) {
      yield* chain.push(batch);
    }
    yield* chain.end();
    const failed = chain.failed();
    if (failed) {
      const { op, hint } = operations[failed.index] as NamedOperation;
      const rows = `${counted(failed.rows, "row")}${failed.spread ? " of the input" : ""}`;
      context.fail({
        message: `${place(where, failed.index)} (${op}) failed in ${rows}`,
        hint: failed.tooLarge ? TOO_LARGE_HINT : (hint ?? (failed.uncast ? castHint(undefined) : ON_ERROR_HINT)),
      });
    }
    chain.relist();
    for (const warning of chain.warnings()) context.warn(warning);
    context.record.operations = operations.length;
    const counts = chain.counts();
    if (counts.length > 0) context.record.operation_rows = counts;
  };
}

const TOO_LARGE_HINT = 'Divide the values first, such as by compute, or set "on_error" to "null".';
const ON_ERROR_HINT = 'Set "on_error" of the operation to "null" or "keep" to go on, or filter such rows out first.';

function place(where: string, index: number): string {
  return `${where}, operation ${index + 1}`;
}

/** An operation as an object with `op`; one without options may be written by its name alone. */
function readOperation(entry: unknown, where: string): Options {
  return typeof entry === "string" ? { op: entry } : readObject(entry, where);
}

function compileOperation(options: Options, where: string, parameters: Parameters): NamedOperation {
  const op = typeof options.op === "string" ? options.op : "";
  const here = `${where} (${op})`;
  const compileSet = SET_OPERATIONS.get(op);
  if (compileSet) {
    if (options.when !== undefined) {
      const hint = 'Filter the rows first, or compute a field with "when" and work on that.';
      throw wrong(here, '"when" is for operations on single rows; this one looks at all of them.', hint);
    }
    return { op, ...compileSet(options, here, parameters) };
  }
  const compileRow = ROW_OPERATIONS.get(op);
  if (!compileRow) {
    const names = [...ROW_OPERATIONS.keys(), ...SET_OPERATIONS.keys()];
    const key = options.op === undefined ? Object.keys(options).find((name) => names.includes(name)) : undefined;
    if (key !== undefined) throw wrong(where, '"op" is missing.', `Write { "op": "${key}", … }.`);
    const other = elsewhere(op);
    const meant = other === undefined ? meantName(op, names, OTHER_OPERATION_NAMES) : undefined;
    const problem = options.op === undefined ? '"op" is missing.' : `unknown operation ${show(options.op)}.`;
    const close = meant === undefined ? "" : `Did you mean ${show(meant)}? `;
    throw wrong(where, problem, other ?? `${close}"op" is one of ${names.join(", ")}.`);
  }
  const operation = compileRow(options, here, parameters);
  const when = optionalExpression(options, "when", here, parameters);
  if (!when || operation.takesWhen) return { op, ...operation };
  const hint = options.on_error === undefined && !operation.failsRun ? { hint: WHEN_HINT } : {};
  return { op, ...onlyWhen(operation, when, readOnError(options, here)), ...hint };
}

const WHEN_HINT = 'Write "when" so that it holds for all rows, or cast the fields that it compares first.';

/**
 * The operations of one run, one after the other. Once one has failed, neither the operations after it nor the steps after
 * this one get rows; the operation itself goes on, to count all rows that fail.
 */
function startChain(operations: readonly NamedOperation[], context: StepContext) {
  let failed: number | undefined;
  const links = operations.map((operation, index) => {
    const counts = { rowsIn: 0, rowsOut: 0, failedRows: 0, uncast: false, tooLarge: false };
    const own = createReasons();
    // Fields of the first rows.
    const seen: readonly string[] = [];
    const warnings = new Set<string>();
    const reasons = heard(context.reasons, own, (message) => {
      counts.failedRows++;
      counts.uncast ||= message?.includes(CAST_FIRST) ?? false;
      counts.tooLarge ||= message?.includes(TOO_LARGE) ?? false;
      if (operation.failsRun && (failed === undefined || index < failed)) failed = index;
    });
    const warn = (text: string): void => {
      if (warnings.size < MAX_WARNINGS) warnings.add(text);
    };
    const running = operation.start({ reasons, workspace: context.workspace, warn });
    const order = watchOrder(operation.orders ?? []);
    return { ...operation, running, counts, own, seen, watch: watchFields(operation), order, warnings };
  });

  function* pass(batch: Batch, from: number): Generator<Batch> {
    let passing = batch;
    for (let index = from; index < links.length; index++) {
      if (passing.rows.length === 0 || (failed !== undefined && index > failed)) return;
      const link = links[index] as (typeof links)[number];
      const { running, counts, watch, order } = link;
      watch.see(passing.rows);
      order.see(passing.rows);
      if (link.seen.length === 0) link.seen = fieldsOf(passing.rows);
      counts.rowsIn += passing.rows.length;
      const made = running.push(passing);
      if (Symbol.iterator in made) {
        for (const piece of made) {
          counts.rowsOut += piece.rows.length;
          yield* pass(piece, index + 1);
        }
        return;
      }
      passing = made;
      counts.rowsOut += passing.rows.length;
    }
    if (passing.rows.length > 0 && failed === undefined) yield passing;
  }

  return {
    push: (batch: Batch) => pass(batch, 0),
    *end(): Iterable<Batch> {
      for (const [index, { running, counts }] of links.entries()) {
        if (!running.end || (failed !== undefined && index > failed)) continue;
        context.report(index + 1, links.length, "operations");
        for (const batch of running.end()) {
          counts.rowsOut += batch.rows.length;
          yield* pass(batch, index + 1);
        }
      }
    },
    failed: () => {
      if (failed === undefined) return undefined;
      const { failedRows, uncast, tooLarge } = (links[failed] as (typeof links)[number]).counts;
      const spread = links.slice(0, failed).some(({ counts: { rowsIn, rowsOut } }) => rowsOut > rowsIn);
      return { index: failed, rows: failedRows, uncast, tooLarge, spread };
    },
    /**
     * Lists reasons in the order of operations, whatever batches they were found in; where one ended the run its own first, and
     * none of those after it.
     */
    relist: () => {
      const lists = links.slice(0, failed === undefined ? undefined : failed + 1).map(({ own }) => own.listed);
      const first = failed === undefined ? [] : (lists.pop() ?? []);
      context.reasons.relist([...first, ...lists.flat()]);
    },
    warnings: () =>
      links.flatMap(({ op, watch, paths, order, expressions = [], warnings }, index) =>
        [
          ...watch.missing(paths && CONSTANT_WORDS).map(({ problem, help }) => `${problem} ${help}`),
          ...order.found(),
          ...expressions.flatMap(({ remarks }) => remarks),
          ...warnings,
        ].map((warning) => `operation ${index + 1} (${op}): ${warning}`),
      ),
    order: (order: Order): Order =>
      links.reduce((before, { seen, running }) => {
        const come = met(before, seen);
        return running.order ? changed(come, running.order) : come;
      }, order),
    /** What each operation made of the number of rows, where it changed it. */
    counts: () =>
      links.flatMap(({ op, counts: { rowsIn, rowsOut } }, index) =>
        rowsIn === rowsOut ? [] : [{ operation: index + 1, op, rows_in: rowsIn, rows_out: rowsOut }],
      ),
  };
}

/** Collects reasons into all and the first of them into `own`, and tells of each row of the input that has any. */
function heard(reasons: Reasons, own: Reasons, tell: (message?: string) => void): Reasons {
  let last: number | undefined;
  const rows = new Set<number>();
  return {
    get listed() {
      return reasons.listed;
    },
    get total() {
      return reasons.total;
    },
    add(reason) {
      const { row } = reason;
      if (row !== last && !rows.has(row)) {
        tell(reason.message);
        // Those of one row mostly come together.
        if (rows.size < MAX_ROWS_KNOWN) rows.add(row);
      }
      last = row;
      if (own.listed.length < MAX_REASONS) own.add(reason);
      reasons.add(reason);
    },
    count(more) {
      for (let index = 0; index < more; index++) tell();
      reasons.count(more);
    },
    relist: reasons.relist,
  };
}

/** Failed rows of an operation that are told apart wherever they come. */
const MAX_ROWS_KNOWN = 100_000;

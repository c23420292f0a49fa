import { ToolError } from "../../../errors.ts";
import type { JsonataResults } from "../../../worker/jsonata-task.ts";
import { createTaskRunner, TaskFailure, type TaskRunner } from "../../../worker/task-runner.ts";
import type { Batch } from "../../batch.ts";
import { orderOf } from "../../column-order.ts";
import type { Parameters } from "../../expression/expression.ts";
import { checkKeys, type Options, readChoice, readInteger, readString, wrong } from "../../options.ts";
import { counted, isObject, newRow, type Row, show } from "../../rows.ts";
import { createSpool, type Spool } from "../../spool/spool.ts";
import type { Batches, Step } from "../step.ts";
import { readOnError } from "./operation.ts";
import { inBatches } from "./set-operation.ts";

const MAX_EXPRESSION = 20_000;
const MAX_HEAP_MB = 128;
/** Characters of JSON that an evaluation may have as its input, and as its result. */
const MAX_INPUT = 16_000_000;
const MAX_RESULT = 32_000_000;
/** Rows that an expression may have at once. */
const MAX_LISTED_ROWS = 100_000;
/** Seconds. */
const MAX_TIMEOUT = 600;

/**
 * `{ jsonata, scope?, timeout?, on_error? }`: what a JSONata expression (jsonata.org) makes of each row, or with scope `rows` of
 * the list of all: an object is a row, a list several, nothing none; any other value is a row with the field `value`. It runs
 * in a process with little memory, at most `timeout` seconds (10) for each thousand rows. Parameters are variables. A row for
 * which it fails ends the run; with `on_error: null` it leaves, with `keep` it stays as it is.
 * @throws ToolError `invalid_input` for wrong options; the step throws it for a wrong expression before it takes rows, and
 * `deadline_exceeded` or `too_large` where time or memory ended an evaluation
 */
export function compileJsonata(options: Options, where: string, parameters: Parameters = {}): Step["run"] {
  if (options.operations !== undefined) {
    throw wrong(where, 'has "operations" and "jsonata".', "Use two steps, one for each.");
  }
  checkKeys(options, ["jsonata", "scope", "timeout", "on_error"], where);
  const expression = readString(options, "jsonata", where);
  if (expression.length > MAX_EXPRESSION) {
    throw wrong(where, `"jsonata" has ${expression.length} characters; at most ${MAX_EXPRESSION} are taken.`);
  }
  const each = readChoice(options, "scope", where, ["row", "rows"], "row") === "row";
  const timeout = readInteger(options, "timeout", where, { min: 1, max: MAX_TIMEOUT, fallback: 10 });
  const onError = readOnError(options, where);

  /** Evaluates the expression for a JSON list of rows, which `what` names. */
  async function evaluate(evaluator: TaskRunner, what: string, json?: string): Promise<JsonataResults> {
    const task = { expression, each, parameters, ...(json !== undefined && { json }) };
    const limits = { timeoutMs: timeout * 1000, maxResultLength: MAX_RESULT };
    try {
      return (await evaluator.run("jsonata", task, limits)) as JsonataResults;
    } catch (error) {
      if (error instanceof TaskFailure) throw endedBy(error, where, what, expression);
      throw error;
    }
  }

  /** What becomes of the rows; `fail` is told of each that fails. */
  async function* perRow(batch: Batch, evaluator: TaskRunner, fail: (row: number, message: string) => void): Batches {
    for (const { rows, numbers, json } of pieces(batch, where)) {
      const { results, failures } = await evaluate(evaluator, `rows ${numbers[0]} to ${numbers.at(-1)}`, json);
      for (const { place, message } of failures) fail(numbers[place] as number, message);
      const failed = new Set(failures.map(({ place }) => place));
      const made: (readonly [Row, number])[] = [];
      for (const [place, row] of rows.entries()) {
        const number = numbers[place] as number;
        if (!failed.has(place)) for (const entry of results[place] as unknown[]) made.push([rowOf(entry), number]);
        else if (onError === "keep") made.push([row, number]);
      }
      yield* inBatches(made);
    }
  }

  /** The same for all rows at once. */
  async function* ofAll(
    rows: Batches,
    evaluator: TaskRunner,
    all: Spool,
    fail: (row: number, message: string) => void,
  ): Batches {
    for await (const batch of rows) all.add(batch);
    const { json, first } = joined(all.batches(), where);
    const { results, failures } = await evaluate(evaluator, "all rows", json);
    for (const { message } of failures) fail(0, message);
    if (failures.length === 0) yield* inBatches((results[0] ?? []).map((entry) => [rowOf(entry), first]));
    else if (onError === "keep") yield* all.batches();
    all.clear();
  }

  return async function* (rows, context) {
    const evaluator = createTaskRunner({ maxProcesses: 1, maxHeapMb: MAX_HEAP_MB });
    let failures = 0;
    const fail = (row: number, message: string): void => {
      failures++;
      context.reasons.add({ row, field: null, rule: "jsonata", message, value: null });
    };
    const failed = () => failures > 0 && onError === "fail";
    let made = false;
    try {
      await evaluate(evaluator, "the expression itself");
      // What it makes is in its own order.
      context.order((order) => (made ? orderOf([]) : order));
      if (each) {
        for await (const batch of rows) {
          for await (const results of perRow(batch, evaluator, fail)) {
            made = true;
            if (!failed()) yield results;
          }
        }
      } else {
        for await (const results of ofAll(rows, evaluator, createSpool(context.workspace), fail)) {
          made = true;
          yield results;
        }
      }
    } finally {
      await evaluator.close();
    }
    context.record.jsonata = { scope: each ? "row" : "rows" };
    if (!failed()) return;
    context.fail({
      message: `${where}, jsonata: failed in ${each ? counted(failures, "row") : "the list of all rows"}`,
      hint: 'Set "on_error" of the step to "null" or "keep" to go on, or filter such rows out first.',
    });
  };
}

function rowOf(entry: unknown): Row {
  return newRow(isObject(entry) ? entry : { value: entry });
}

/** A batch in parts, each with its JSON, that are small enough for one evaluation. */
function* pieces({ rows, numbers }: Batch, where: string): Generator<Batch & { json: string }> {
  let texts: string[] = [];
  let size = 0;
  let from = 0;
  const take = (to: number) => ({
    rows: rows.slice(from, to),
    numbers: numbers.slice(from, to),
    json: `[${texts.join(",")}]`,
  });
  for (const [index, row] of rows.entries()) {
    const text = JSON.stringify(row);
    if (text.length > MAX_INPUT) throw tooLarge(where, `row ${numbers[index]} has more than ${MAX_INPUT} characters`);
    if (size + text.length > MAX_INPUT) {
      yield take(index);
      texts = [];
      size = 0;
      from = index;
    }
    texts.push(text);
    size += text.length;
  }
  if (texts.length > 0) yield take(rows.length);
}

/** All rows as one JSON list, and the number of the first. */
function joined(batches: Iterable<Batch>, where: string): { json: string; first: number } {
  const texts: string[] = [];
  let size = 0;
  let first = 0;
  for (const { rows, numbers } of batches) {
    if (texts.length === 0) first = numbers[0] as number;
    for (const row of rows) {
      const text = JSON.stringify(row);
      texts.push(text);
      size += text.length;
    }
    if (texts.length > MAX_LISTED_ROWS || size > MAX_INPUT) {
      throw tooLarge(where, `scope "rows" takes at most ${MAX_LISTED_ROWS} rows of ${MAX_INPUT} characters in all`);
    }
  }
  return { json: `[${texts.join(",")}]`, first };
}

function tooLarge(where: string, problem: string): ToolError {
  return new ToolError("too_large", `${where}, jsonata: ${problem}.`, {
    hint: 'Use scope "row", operations such as group and sort, or pick and filter first.',
  });
}

function endedBy({ fault }: TaskFailure, where: string, what: string, expression: string): ToolError {
  const here = `${where}, jsonata`;
  switch (fault.kind) {
    case "input": {
      const place = fault.position === undefined ? "" : ` at character ${fault.position + 1}`;
      const problem = `The expression ${show(expression)} is wrong${place}: ${fault.message.replace(/\.$/, "")}.`;
      return new ToolError("invalid_input", `${here}: ${problem}`, { hint: "See docs.jsonata.org for the language." });
    }
    case "time":
      return new ToolError("deadline_exceeded", `${here}: ${fault.message} for ${what}.`, {
        hint: 'Set "timeout" of the step to more seconds, or use operations, which are many times faster.',
      });
    default:
      return new ToolError("too_large", `${here}: ${fault.message} for ${what}.`, {
        hint: "Make less of each row, or use operations, which take any number of rows.",
      });
  }
}

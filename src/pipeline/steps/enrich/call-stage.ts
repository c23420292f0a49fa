import { ToolError } from "../../../errors.ts";
import { BATCH_ROWS } from "../../batch.ts";
import { shortKey } from "../../row-key.ts";
import { counted, type Row } from "../../rows.ts";
import { createSpool } from "../../spool/spool.ts";
import { missingPaths } from "./answer-fields.ts";
import type { CallPlan } from "./call-plan.ts";
import { type EnrichBatch, type EnrichRun, failRow, type Stage } from "./enrich-stage.ts";
import { type CallOutcome, makeCalls } from "./make-calls.ts";
import { createTextStore } from "./text-store.ts";

/** Characters of answers in one batch of rows. */
const BATCH_ANSWERS = 4_194_304;
/** The item of a row that takes no part. */
const NO_ITEM = -1;

/**
 * Makes the calls of an enrichment once all rows are there, so that nothing is called in a run that has ended, and equal requests
 * are sent once. The rows wait in a spool, and get their answers as they are read from it.
 */
export function callStage(plan: CallPlan): Stage {
  return async function* (batches, run) {
    const { context } = run;
    const waiting = createSpool(context.workspace);
    const collected = createItems(plan, run);
    const answers = createTextStore(context.workspace);
    try {
      for await (const batch of batches) {
        // Of a run that has ended the rows are only counted.
        if (context.ended()) continue;
        collected.add(batch);
        waiting.add(batch);
      }
      collected.check();
      if (!run.mayCall()) return;
      const { items, itemOf, rows } = collected;
      if (context.dryRun) {
        const calls = Math.ceil((items.texts.count - items.failures.size) / plan.size);
        context.record[plan.kind] = { calls: 0, would_call: calls, rows, reason: "a dry run calls no other service" };
        yield* withoutAnswers(plan, waiting.batches(), itemOf);
        return;
      }
      const outcome = await makeCalls(plan, items, {
        host: context.host,
        answers,
        stopAtFailure: run.onError === "fail",
        report: (done, total) => context.report(done, total, "calls"),
      });
      tell(plan, outcome, run);
      endRun(plan, outcome, items.texts.count, run);
      yield* joined(plan, outcome, { batches: waiting.batches(), itemOf, rows }, run);
    } finally {
      collected.items.texts.close();
      answers.close();
      waiting.clear();
    }
  };
}

/** Collects what the rows put into requests, each once. */
function createItems(plan: CallPlan, { context, where }: EnrichRun) {
  const items = { texts: createTextStore(context.workspace), failures: new Map<number, ToolError>() };
  const known = new Map<string, number>();
  const itemOf: number[] = [];
  let rows = 0;
  const failed = new Map<string, number>();
  const most = plan.maxCalls * plan.size;

  const itemFor = (row: Row): number => {
    let text: string;
    try {
      text = JSON.stringify(plan.item(row));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const place = failed.get(error.message) ?? items.texts.add("null");
      failed.set(error.message, place);
      items.failures.set(place, error);
      return place;
    }
    const key = shortKey(text);
    let place = known.get(key);
    if (place === undefined) {
      place = items.texts.add(text);
      known.set(key, place);
    }
    return place;
  };

  return {
    items,
    itemOf,
    get rows() {
      return rows;
    },
    add(batch: EnrichBatch): void {
      for (const [index, row] of batch.rows.entries()) {
        if (batch.untouched?.[index]) itemOf.push(NO_ITEM);
        else {
          rows++;
          // Beyond the limit the rows need not be told apart any more.
          itemOf.push(known.size > most ? NO_ITEM : itemFor(row));
        }
      }
    },
    /** Ends the run where there are too many calls. */
    check(): void {
      if (known.size <= most) return;
      context.fail({
        code: "too_large",
        message: `${where} would make more than ${counted(plan.maxCalls, "call")}.`,
        hint: 'Filter, dedupe or limit the rows first, send several rows with one call ("batch"), or set "max_calls" higher.',
      });
    },
  };
}

/** The step's record of the calls, and its warnings. */
function tell(plan: CallPlan, outcome: CallOutcome, { context }: EnrichRun): void {
  for (const note of outcome.notes) context.warn(`${plan.kind}: ${note}`);
  if (outcome.answers.count === 0) return;
  for (const problem of missingPaths(plan.answerPaths, outcome.seen)) context.warn(`${plan.kind}: ${problem}`);
}

function endRun(plan: CallPlan, outcome: CallOutcome, items: number, { context, onError, where }: EnrichRun): void {
  const { fatal, failures, stopped } = outcome;
  // A bug, or the caller went away.
  if (fatal && (fatal.code === "internal" || fatal.code === "aborted")) throw fatal;
  // A call whose answer has nothing for a row has not failed.
  const all = failures.size === items && [...failures.values()].some(({ code }) => code !== "not_found");
  const first = fatal ?? firstOf(failures);
  if (!first || !(fatal || onError === "fail" || (all && onError === undefined))) return;
  const rest = stopped ? " (the other calls were not made)" : "";
  context.fail({ message: `${where}, ${plan.kind}: ${first.message}${rest}`, code: first.code, hint: first.hint });
}

/** The failure of the first item that has one. */
function firstOf(failures: ReadonlyMap<number, ToolError>): ToolError | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const place of failures.keys()) first = Math.min(first, place);
  return failures.get(first);
}

interface Waiting {
  batches: Iterable<EnrichBatch>;
  itemOf: readonly number[];
  rows: number;
}

/** The rows of a dry run: the fields that calls would set are there. */
function* withoutAnswers(
  plan: CallPlan,
  batches: Iterable<EnrichBatch>,
  itemOf: readonly number[],
): Iterable<EnrichBatch> {
  let at = 0;
  for (const { rows, numbers } of batches) {
    const untouched = rows.map((row) => {
      const isUntouched = itemOf[at++] === NO_ITEM;
      if (!isUntouched) plan.fields.putDefault(row);
      return isUntouched;
    });
    yield { rows, numbers, untouched };
  }
}

/** The rows with their answers. */
function* joined(plan: CallPlan, outcome: CallOutcome, waiting: Waiting, run: EnrichRun): Iterable<EnrichBatch> {
  const { answers, answerOf, failures } = outcome;
  const { kind, fields } = plan;
  const { itemOf } = waiting;
  const ended = run.context.ended();
  const distinct = new Set<number>();
  let at = 0;
  let failed = 0;
  let out: Required<EnrichBatch> = { rows: [], numbers: [], untouched: [] };
  let characters = 0;
  for (const { rows, numbers } of waiting.batches) {
    for (const [index, row] of rows.entries()) {
      const number = numbers[index] as number;
      const item = itemOf[at++] as number;
      const failure = failures.get(item);
      const answer = answerOf[item];
      if (item !== NO_ITEM) distinct.add(item);
      if (failure) {
        failed++;
        const problem = { field: fields.field, rule: failure.code, message: `${kind}: ${failure.message}` };
        if (!failRow(row, number, problem, run)) continue;
        fields.putDefault(row);
      } else if (answer !== undefined) {
        const text = answers.get(answer);
        characters += text.length;
        fields.put(row, JSON.parse(text));
      }
      if (ended) continue;
      out.rows.push(row);
      out.numbers.push(number);
      out.untouched.push(item === NO_ITEM);
      if (out.rows.length >= BATCH_ROWS || characters >= BATCH_ANSWERS) {
        yield out;
        out = { rows: [], numbers: [], untouched: [] };
        characters = 0;
      }
    }
  }
  const record: Record<string, unknown> = {
    calls: outcome.calls,
    cached: waiting.rows - distinct.size,
    failed,
    rows: waiting.rows,
  };
  run.context.record[kind] = record;
  if (outcome.stopped) record.stopped = outcome.stopped.message;
  if (out.rows.length > 0) yield out;
}

import { type ErrorCode, ToolError, toToolError } from "../../../errors.ts";
import { counted } from "../../rows.ts";
import type { Host } from "../step.ts";
import type { PathsSeen } from "./answer-fields.ts";
import type { Answered, CallPlan } from "./call-plan.ts";
import { createCaller } from "./caller.ts";
import type { TextStore } from "./text-store.ts";

/** Failures that every row would share: they end the run whatever `on_error` says. */
const ENDS_RUN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "aborted",
  "disabled",
  "internal",
  "not_configured",
  "unauthenticated",
  "unknown_api",
  "unknown_model",
  "unknown_operation",
]);
/** Failures of the service, not of a request. */
const UNAVAILABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "deadline_exceeded",
  "rate_limited",
  "upstream_unreachable",
]);
/** So many calls in a row that the service fails in the same way say that it is down. */
const DOWN_AFTER = 10;

/** Distinct items, each as its JSON, and what could not be made into one. */
export interface Items {
  texts: TextStore;
  failures: Map<number, ToolError>;
}

/** What came of the calls. */
export interface CallOutcome {
  calls: number;
  /** By item: the number of its kept answer among `answers`. */
  answerOf: (number | undefined)[];
  answers: TextStore;
  failures: Map<number, ToolError>;
  /** What ends the run. */
  fatal?: ToolError;
  /** Why the calls that were left were not made. */
  stopped?: ToolError;
  notes: Set<string>;
  seen: PathsSeen;
}

export interface CallMeans {
  host: Host;
  answers: TextStore;
  /** Whether no more calls are made after a failure. */
  stopAtFailure: boolean;
  report(done: number, total: number): void;
}

/**
 * Makes the calls for all items, some at once, in their order. A service that is plainly down is not asked any more: what
 * is left fails as its last calls did. Which items fail so does not depend on timing, as far as the service's answers do not.
 */
export async function makeCalls(plan: CallPlan, items: Items, means: CallMeans): Promise<CallOutcome> {
  const { answers } = means;
  const outcome: CallOutcome = {
    calls: 0,
    answerOf: [],
    answers,
    failures: new Map(items.failures),
    notes: new Set(),
    seen: { found: new Set(), names: new Set() },
  };
  const units = unitsOf(items, plan.size);
  const judge = createJudge(units.length, means.stopAtFailure);
  const caller = createCaller(plan, means.host, outcome);
  let next = 0;
  let done = 0;
  let closed = false;
  let end: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });

  const settle = (unit: number, results: readonly Answered[]): void => {
    const places = units[unit] as readonly number[];
    let failed = 0;
    let last: ToolError | undefined;
    for (const [index, place] of places.entries()) {
      const result = keep(results[index] as Answered);
      if ("kept" in result) outcome.answerOf[place] = result.kept;
      else {
        failed++;
        last = result.error;
        outcome.failures.set(place, last);
        if (ENDS_RUN.has(last.code)) outcome.fatal ??= last;
      }
    }
    judge.settle(unit, last, failed === places.length);
    if (outcome.fatal || (failed > 0 && means.stopAtFailure)) next = units.length;
    means.report(++done, units.length);
    if (outcome.fatal || judge.stopsAfter()) end();
  };
  const keep = (result: Answered): { kept: number } | { error: ToolError } => {
    if ("error" in result) return result;
    let text: string;
    try {
      text = JSON.stringify(plan.fields.take(result.value, outcome.seen));
    } catch (error) {
      if (error instanceof ToolError) return { error };
      throw error;
    }
    return { kept: answers.add(text) };
  };
  const work = async (): Promise<void> => {
    while (next < units.length && judge.stopsAfter() === undefined) {
      const unit = next++;
      const places = units[unit] as readonly number[];
      const given = places.map((place) => JSON.parse(items.texts.get(place)));
      let results: readonly Answered[];
      try {
        results = await plan.send(given, caller);
      } catch (error) {
        results = places.map(() => ({ error: toToolError(error) }));
      }
      if (closed) return;
      settle(unit, results);
    }
  };
  const workers = Array.from({ length: Math.min(plan.concurrency, units.length) }, work);
  // What is still under way then does not count, and ends with the run.
  try {
    await Promise.race([Promise.all(workers), over]);
  } finally {
    closed = true;
  }

  const stop = judge.stopsAfter();
  const left = stop && !outcome.fatal ? units.slice(stop.unit + 1) : [];
  if (stop && left.length > 0 && !means.stopAtFailure) outcome.stopped = notMade(stop.error, left.length, stop.streak);
  // Also those whose answers came before all was over: which ones these are depends on timing.
  for (const place of left.flat()) {
    outcome.answerOf[place] = undefined;
    if (outcome.stopped) outcome.failures.set(place, outcome.stopped);
    else outcome.failures.delete(place);
  }
  return outcome;
}

/** The items that are sent together, by their numbers; without those that failed before. */
function unitsOf({ texts, failures }: Items, size: number): number[][] {
  const units: number[][] = [];
  let unit: number[] = [];
  for (let place = 0; place < texts.count; place++) {
    if (failures.has(place)) continue;
    if (unit.length === 0) units.push(unit);
    unit.push(place);
    if (unit.length === size) unit = [];
  }
  return units;
}

/** The last call that counts. */
interface End {
  unit: number;
  error: ToolError;
  /** Calls in a row that failed in this way. */
  streak: number;
}

interface Judge {
  /** A call's end: why it failed, for some of its items or for all of them. */
  settle(unit: number, error: ToolError | undefined, isAll: boolean): void;
  stopsAfter(): End | undefined;
}

/**
 * Finds the call after which no others are made: the last of some in a row that the service failed, or the first failure at
 * all; in the order of the calls, whatever the order of the answers.
 */
function createJudge(count: number, stopAtFailure: boolean): Judge {
  const settled: ({ error?: ToolError } | undefined)[] = new Array(count);
  let judged = 0;
  let streak = 0;
  let code: ErrorCode | undefined;
  let end: End | undefined;
  return {
    settle(unit, error, isAll) {
      settled[unit] = error && (isAll || stopAtFailure) ? { error } : {};
      for (let result = settled[judged]; result && !end; result = settled[judged]) {
        const { error: failure } = result;
        if (!failure || !(stopAtFailure || isOfService(failure))) streak = 0;
        else {
          streak = failure.code === code ? streak + 1 : 1;
          code = failure.code;
          // What is used up stays used up.
          const isEnd = stopAtFailure || streak >= DOWN_AFTER || code === "limit_reached";
          if (isEnd) end = { unit: judged, error: failure, streak };
        }
        settled[judged++] = undefined;
      }
    },
    stopsAfter: () => end,
  };
}

function isOfService({ code, retryable }: ToolError): boolean {
  return code === "limit_reached" || UNAVAILABLE.has(code) || (code === "upstream_error" && retryable);
}

function notMade(error: ToolError, left: number, streak: number): ToolError {
  const { code, message, hint, retryable, retryAfterMs } = error;
  const why = streak > 1 ? `${streak} calls in a row failed` : "the call before failed";
  return new ToolError(code, `not called: ${why} (${message})`, {
    hint: hint ?? `${counted(left, "call")} left; run the pipeline again later.`,
    retryable,
    retryAfterMs,
  });
}

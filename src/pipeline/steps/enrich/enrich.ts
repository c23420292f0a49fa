import { abortError, type ErrorCode, ToolError, toToolError } from "../../../errors.ts";
import { describeMissing, findMissingFields } from "../../engine/missing-fields.ts";
import { checkKeys, type Options, readChoice, readObject, wrong } from "../../options.ts";
import { eachPaced } from "../../pace.ts";
import { shortKey, sizeOf, spendKey } from "../../row-key.ts";
import { counted, createReasons, type Reasons, type Row } from "../../rows.ts";
import type { Step, StepContext } from "../step.ts";
import { compileApiCall, compileLlmCall, compileMemorySearch, type RowCall } from "./enrich-calls.ts";
import { compileLookup, type Lookup } from "./lookup.ts";

const ON_ERROR = ["keep", "fail", "drop"] as const;

/** Different calls that one enrichment may make. */
const MAX_CALLS = 1000;

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

type Enrichment = { kind: "lookup"; lookup: Lookup } | { kind: "memory" | "api" | "llm"; call: RowCall };

/**
 * `{ lookup?, memory?, api?, llm?, on_error? }`: adds fields to each row, by the enrichments in the order written. Rows for
 * which one fails are recorded and kept (the field is null), dropped, or end the run. Without `on_error` they are kept, but
 * calls that all failed end the run.
 * @throws ToolError `invalid_input` for wrong options; the step throws what every row would meet, such as `not_configured`.
 */
export function compileEnrich(options: Options, where: string): Step["run"] {
  checkKeys(options, ["lookup", "memory", "api", "llm", "on_error"], where);
  const onError = options.on_error === undefined ? undefined : readChoice(options, "on_error", where, ON_ERROR);
  const enrichments: Enrichment[] = Object.keys(options)
    .filter((key) => key !== "on_error")
    .map((key) => compileEnrichment(key, options, where));
  if (onError !== undefined && enrichments.length === 0)
    throw wrong(where, '"on_error" needs something that can fail.');

  return async (rows, context) => {
    const reasons = createReasons();
    const dropped = new Set<number>();
    const record: Record<string, unknown> = {};
    const warnings: string[] = [];
    for (const { kind, problem, help } of await missingFields(enrichments, rows, context)) {
      // A call without what its template names would ask for something else. A dry run has seen but the first rows.
      if (kind !== "lookup" && !context.dryRun) {
        return ended(rows, record, reasons, `${where}, ${kind}: ${problem}`, "invalid_input", help);
      }
      warnings.push(`${kind}: ${problem} ${help}`);
    }
    for (const [index, enrichment] of enrichments.entries()) {
      const { kind } = enrichment;
      const report = (done: number) => context.report(index * rows.length + done, enrichments.length * rows.length);
      const failedRows = new Set<number>();
      const fail = (row: number, message: string, rule: string, field: string | null = null, value?: unknown): void => {
        reasons.add({ row: row + 1, field, rule, message: `${kind}: ${message}`, ...(field !== null && { value }) });
        failedRows.add(row);
      };
      if (kind === "lookup") {
        await eachPaced(
          rows,
          context.pace,
          (row, at) => {
            const problem = dropped.has(at) ? undefined : enrichment.lookup.apply(row);
            if (problem) fail(at, problem.message, kind, problem.field, problem.value);
          },
          report,
        );
        record.lookup = { found: rows.length - dropped.size - failedRows.size, missing: failedRows.size };
      } else if (context.dryRun) {
        record[kind] = { calls: 0, reason: "a dry run calls no other service" };
      } else {
        const outcome = await callForRows(enrichment.call, rows, dropped, context, where, report);
        record[kind] = { calls: outcome.calls, failed: outcome.failures.size };
        for (const [row, error] of outcome.failures) fail(row, error.message, error.code);
        const first = outcome.failures.values().next().value;
        const all = outcome.failures.size > 0 && outcome.failures.size === rows.length - dropped.size;
        if (first && (onError === "fail" || (all && onError === undefined))) {
          return ended(rows, record, reasons, `${where}, ${kind}: ${first.message}`, first.code, first.hint);
        }
      }
      if (onError === "fail" && failedRows.size > 0) {
        return ended(
          rows,
          record,
          reasons,
          `${where}, ${kind} failed in ${counted(failedRows.size, "row")}`,
          "validation_failed",
        );
      }
      if (onError === "drop") for (const row of failedRows) dropped.add(row);
    }
    return {
      rows: dropped.size === 0 ? rows : rows.filter((_, index) => !dropped.has(index)),
      record,
      reasons,
      warnings,
    };
  };
}

/** The fields that lookups and templates name but no row has, and no enrichment before them in the step sets. */
async function missingFields(
  enrichments: readonly Enrichment[],
  rows: readonly Row[],
  context: StepContext,
): Promise<{ kind: Enrichment["kind"]; problem: string; help: string }[]> {
  const found: { kind: Enrichment["kind"]; problem: string; help: string }[] = [];
  const set = new Set<string>();
  for (const enrichment of enrichments) {
    const { kind } = enrichment;
    const reads = kind === "lookup" ? { fields: [enrichment.lookup.field] } : { paths: enrichment.call.paths };
    for (const name of await findMissingFields(rows, reads, context.pace)) {
      if (set.has(name) || set.has(name.split(".", 1)[0] as string)) continue;
      found.push({ kind, ...describeMissing(name, rows) });
    }
    for (const field of kind === "lookup" ? enrichment.lookup.sets : [enrichment.call.into]) set.add(field);
  }
  return found;
}

function ended(
  rows: readonly Row[],
  record: Record<string, unknown>,
  reasons: Reasons,
  failed: string,
  code: ErrorCode,
  hint?: string,
) {
  return { rows, record, reasons, failed, code, hint };
}

function compileEnrichment(key: string, options: Options, where: string): Enrichment {
  const place = `${where}, ${key}`;
  const inner = readObject(options[key], place);
  switch (key) {
    case "lookup":
      return { kind: "lookup", lookup: compileLookup(inner, place) };
    case "memory":
      return { kind: "memory", call: compileMemorySearch(inner, place) };
    case "api":
      return { kind: "api", call: compileApiCall(inner, place) };
    default:
      return { kind: "llm", call: compileLlmCall(inner, place) };
  }
}

/**
 * Makes the call of every row, some at once, each different request once; the field of a failed row becomes null.
 * Which rows share a request, and so what is called, does not depend on timing.
 */
async function callForRows(
  call: RowCall,
  rows: readonly Row[],
  dropped: ReadonlySet<number>,
  context: StepContext,
  where: string,
  report: (done: number) => void,
): Promise<{ calls: number; failures: Map<number, ToolError> }> {
  const rowsByRequest = new Map<string, number[]>();
  await eachPaced(rows, context.pace, (row, index) => {
    if (dropped.has(index)) return;
    spendKey(sizeOf(row), context.textBudget);
    const request = JSON.stringify(call.request(row));
    spendKey(request.length, context.textBudget);
    const key = shortKey(request);
    const sharing = rowsByRequest.get(key);
    if (sharing) sharing.push(index);
    else rowsByRequest.set(key, [index]);
    if (rowsByRequest.size > MAX_CALLS) {
      throw new ToolError("too_large", `${where} would make more than ${MAX_CALLS} calls.`, {
        hint: "Filter, dedupe or limit the rows first.",
      });
    }
  });
  const failures = new Map<number, ToolError>();
  const waiting = [...rowsByRequest.values()];
  // One failure that ends the run also ends the calls under way beside it.
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const inner = { signal, status: passing(context.status), run: context.run };
  let done = 0;
  const work = async (): Promise<void> => {
    for (let sharing = waiting.shift(); sharing; sharing = waiting.shift()) {
      if (context.signal.aborted) throw abortError(context.signal);
      let value: unknown = null;
      try {
        const made = await call.send(call.request(rows[sharing[0] as number] as Row), context, inner);
        // A copy that is plain JSON, like everything else in a row.
        value = made === undefined ? null : JSON.parse(JSON.stringify(made));
      } catch (error) {
        if (context.signal.aborted) throw abortError(context.signal);
        const failure = toToolError(error);
        if (ENDS_RUN.has(failure.code)) {
          waiting.length = 0;
          stop.abort();
          throw failure;
        }
        for (const index of sharing) failures.set(index, failure);
      }
      for (const index of sharing) (rows[index] as Row)[call.into] = value;
      done += sharing.length;
      report(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(call.concurrency, waiting.length) }, work));
  return { calls: rowsByRequest.size, failures: new Map([...failures].sort(([a], [b]) => a - b)) };
}

/** The run's status for calls inside it: what they report passes, that they end does not end the run. */
function passing(status: StepContext["status"]): StepContext["status"] {
  return {
    progress: (description, _percent, extra) => status.progress(description, undefined, extra),
    success: () => {},
    error: () => {},
    emit: () => {},
  };
}

import { watchFields } from "../../engine/missing-fields.ts";
import type { Parameters } from "../../expression/expression.ts";
import { optionalExpression } from "../../expression/read-expression.ts";
import { checkKeys, type Options, readChoice, readObject, wrong } from "../../options.ts";
import { isObject, type Row, RowFailure } from "../../rows.ts";
import type { Batches, Step, StepContext } from "../step.ts";
import { compileApiCall } from "./api-call.ts";
import type { CallPlan } from "./call-plan.ts";
import { callStage } from "./call-stage.ts";
import {
  type EnrichBatch,
  type EnrichRun,
  failRow,
  ON_ROW_ERROR,
  type OnRowError,
  type Stage,
} from "./enrich-stage.ts";
import { compileLlmCall } from "./llm-call.ts";
import { compileLookup, lookupStage } from "./lookup.ts";
import type { ReadTable } from "./lookup-table.ts";
import { compileMemorySearch } from "./memory-search.ts";

/** One of the step's enrichments. */
interface Enrichment {
  kind: "lookup" | CallPlan["kind"];
  /** Fields that it reads, by name or dotted path. */
  paths: readonly string[];
  /** Fields that it sets, and the beginning of others. */
  sets: readonly string[];
  prefix: string | undefined;
  stage: Stage;
}

const KINDS = ["lookup", "memory", "api", "llm"] as const;
/** Keys of the step, which hold for all its enrichments. */
const STEP_KEYS = ["when", "on_error"] as const;
/** Keys of enrichments, some of one kind only, that are written beside one by mistake. */
const INNER_KEYS = [
  ...["into", "fields", "prefix", "default", "field", "table", "source", "key", "operation", "path", "query", "body"],
  ...["select", "batch", "task", "input_template", "output_schema", "query_template", "concurrency", "max_calls"],
];

/**
 * `{ lookup?, memory?, api?, llm?, when?, on_error? }`: adds fields to each row, by the enrichments in the order written. Rows for
 * which one fails are recorded and kept (the field is null, or a default), dropped, put into quarantine, or end the run. Without
 * `on_error` they are kept, but calls that all failed end the run.
 * @throws ToolError `invalid_input` for wrong options.
 */
export function compileEnrich(
  options: Options,
  where: string,
  parameters?: Parameters,
  readTable?: ReadTable,
): Step["run"] {
  refuseMisplaced(options, where);
  checkKeys(options, [...KINDS, ...STEP_KEYS], where);
  const onError: OnRowError =
    options.on_error === undefined ? undefined : readChoice(options, "on_error", where, ON_ROW_ERROR);
  const when = optionalExpression(options, "when", where, parameters);
  const enrichments = Object.keys(options)
    .filter((key) => key !== "on_error" && key !== "when")
    .map((key) => compileEnrichment(key, options, where, readTable));
  for (const key of ["on_error", "when"]) {
    if (options[key] !== undefined && enrichments.length === 0) {
      throw wrong(where, `"${key}" needs something that ${key === "when" ? "may be done" : "can fail"}.`);
    }
  }
  return (rows, context) => {
    const watch = watchEnrichments(enrichments, when?.paths ?? [], where, context);
    const run: EnrichRun = { context, onError, where, mayCall: watch.mayCall };
    let staged: AsyncIterable<EnrichBatch> = choose(rows, when, watch.see, run);
    for (const { stage } of enrichments) staged = stage(staged, run);
    return finished(staged, watch.tell);
  };
}

function compileEnrichment(key: string, options: Options, where: string, readTable: ReadTable | undefined): Enrichment {
  const place = `${where}, ${key}`;
  const inner = readObject(options[key], place);
  switch (key) {
    case "lookup": {
      const lookup = compileLookup(inner, place, readTable);
      return { kind: "lookup", paths: lookup.fields, sets: lookup.sets, prefix: undefined, stage: lookupStage(lookup) };
    }
    case "memory":
      return ofCalls(compileMemorySearch(inner, place));
    case "api":
      return ofCalls(compileApiCall(inner, place));
    default:
      return ofCalls(compileLlmCall(inner, place));
  }
}

function ofCalls(plan: CallPlan): Enrichment {
  const { kind, paths, fields } = plan;
  return { kind, paths, sets: fields.sets, prefix: fields.prefix, stage: callStage(plan) };
}

/** A key of the step inside an enrichment, or the other way round. @throws ToolError `invalid_input` that says where it belongs */
function refuseMisplaced(options: Options, where: string): void {
  const kinds = KINDS.filter((kind) => isObject(options[kind]));
  for (const kind of kinds) {
    const key = STEP_KEYS.find((key) => (options[kind] as Options)[key] !== undefined);
    if (key === undefined) continue;
    throw wrong(
      `${where}, ${kind}`,
      `"${key}" belongs beside "${kind}", not inside it.`,
      `Write { "name": "enrich", "${kind}": { … }, "${key}": … }.`,
    );
  }
  const [kind] = kinds;
  const key = INNER_KEYS.find((key) => options[key] !== undefined);
  if (kind === undefined || kinds.length > 1 || key === undefined) return;
  throw wrong(
    where,
    `"${key}" belongs inside "${kind}", not beside it.`,
    `Write { "name": "enrich", "${kind}": { …, "${key}": … } }.`,
  );
}

/** The rows, with those marked for which the step has nothing to do. */
async function* choose(
  batches: Batches,
  when: ReturnType<typeof optionalExpression>,
  see: (rows: readonly Row[]) => void,
  run: EnrichRun,
): AsyncIterable<EnrichBatch> {
  for await (const batch of batches) {
    see(batch.rows);
    if (!when) {
      yield batch;
      continue;
    }
    const chosen: Required<EnrichBatch> = { rows: [], numbers: [], untouched: [] };
    for (const [index, row] of batch.rows.entries()) {
      const number = batch.numbers[index] as number;
      let untouched: boolean;
      try {
        untouched = !when.holds(row);
      } catch (error) {
        if (!(error instanceof RowFailure)) throw error;
        untouched = true;
        if (run.onError === "fail") run.context.fail({ message: `${run.where}, when: ${error.message}` });
        if (!failRow(row, number, { field: null, rule: "when", message: `when: ${error.message}` }, run)) continue;
      }
      chosen.rows.push(row);
      chosen.numbers.push(number);
      chosen.untouched.push(untouched);
    }
    if (chosen.rows.length > 0) yield chosen;
  }
  for (const remark of when?.remarks ?? []) run.context.warn(`when: ${remark}`);
}

async function* finished(batches: AsyncIterable<EnrichBatch>, tell: () => void): Batches {
  for await (const { rows, numbers } of batches) yield { rows, numbers };
  tell();
}

/**
 * Looks for fields that enrichments name but no row has, and no enrichment before them in the step sets. A call without what its
 * template names would ask for something else: it ends the run before anything is called. A dry run has seen but the first rows.
 */
function watchEnrichments(
  enrichments: readonly Enrichment[],
  whenPaths: readonly string[],
  where: string,
  context: StepContext,
): { see(rows: readonly Row[]): void; mayCall(): boolean; tell(): void } {
  const sets = new Set<string>();
  const prefixes: string[] = [];
  const isSet = (path: string): boolean => {
    const names = [path, path.split(".", 1)[0] as string];
    return names.some((name) => sets.has(name)) || prefixes.some((prefix) => path.startsWith(prefix));
  };
  const watches = [{ kind: "when", watch: watchFields({ paths: whenPaths }) }];
  for (const enrichment of enrichments) {
    const paths = enrichment.paths.filter((path) => !isSet(path));
    watches.push({ kind: enrichment.kind, watch: watchFields({ paths }) });
    for (const name of enrichment.sets) sets.add(name);
    if (enrichment.prefix !== undefined) prefixes.push(enrichment.prefix);
  }
  let told = false;
  const tell = (): void => {
    if (told) return;
    told = true;
    for (const { kind, watch } of watches) {
      for (const { problem, help } of watch.missing()) {
        if (kind === "when" || kind === "lookup" || context.dryRun) context.warn(`${kind}: ${problem} ${help}`);
        else context.fail({ message: `${where}, ${kind}: ${problem}`, code: "invalid_input", hint: help });
      }
    }
  };
  return {
    see(rows) {
      for (const { watch } of watches) watch.see(rows);
    },
    mayCall() {
      tell();
      return !context.ended();
    },
    tell,
  };
}

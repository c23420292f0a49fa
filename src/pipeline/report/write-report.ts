import type { ErrorIssue } from "../../errors.ts";
import type { EngineResult, StepRecord } from "../engine/engine-order.ts";
import { counted, isObject, type Row, type TopReason } from "../rows.ts";
import type { KeptRows } from "../run-request.ts";
import { asCode, table, toCell } from "./markdown-cell.ts";

/** Columns of the tables of rows; further ones are counted. */
const MAX_COLUMNS = 8;
/** Reasons of all steps that are told. */
const MAX_REASONS = 10;
/** Blocks of the longest bar. */
const BAR = 10;

export interface ReportContext {
  pipeline?: { name: string; version: string } | undefined;
  /** Where the whole result is, where it is kept. */
  resource?: KeptRows | undefined;
  /** Where the rows are that were taken out. */
  quarantine?: KeptRows | undefined;
}

/**
 * A run as Markdown for a person: what came in and went out, the steps, the commonest reasons, warnings, and the first rows
 * before and after. The same run gives the same text but for the milliseconds. Values of the data stand in it as code.
 */
export function writeReport(result: EngineResult, context: ReportContext): string {
  const { steps, warnings, failure, before, after } = result;
  const parts = [
    `# Pipeline run: ${failure ? `stopped at step ${failure.step + 1} (${steps[failure.step]?.name})` : "finished"}`,
    overview(result, context),
    ...(failure
      ? [`**${asCode(failure.message)}**${failure.hint === undefined ? "" : ` ${asCode(failure.hint)}`}`]
      : []),
    ...(steps.length > 0 ? ["## Steps", stepTable(result)] : []),
    ...section("Why rows failed", reasonTable(steps, failure?.step, failure?.issues)),
    ...section("Warnings", warnings.map((warning) => `- ${asCode(warning)}`).join("\n")),
    ...section("First rows before", rowTable(before)),
    ...(failure ? [] : section("First rows after", rowTable(after))),
  ];
  return `${parts.join("\n\n")}\n`;
}

function section(title: string, content: string): string[] {
  return content === "" ? [] : [`## ${title}`, content];
}

function overview({ runId, input, output, quarantine }: EngineResult, context: ReportContext): string {
  const { pipeline, resource } = context;
  const lines = [
    ["run", asCode(runId)],
    ["input", `${amount(input.rows, "row")}, ${input.format}${unread(input.issues_total)}`],
  ];
  if (pipeline) lines.splice(1, 0, ["pipeline", `${asCode(pipeline.name)}, version ${asCode(pipeline.version)}`]);
  if (output) lines.push(["result", `${amount(output.rows, "row")}, ${output.format}, ${amount(output.size, "byte")}`]);
  if (resource) lines.push(["whole result", asCode(resource.uri)]);
  if (quarantine) {
    const where = context.quarantine ? `, ${asCode(context.quarantine.uri)}` : "";
    lines.push(["quarantine", `${amount(quarantine.rows, "row")}${where}`]);
  }
  return table([{ title: "" }, { title: "" }], lines);
}

function unread(total: number | undefined): string {
  return total === undefined ? "" : `, ${amount(total, "row")} left out that could not be read`;
}

function stepTable({ steps, input }: EngineResult): string {
  const most = Math.max(1, input.rows, ...steps.map((step) => Number(step.rows_out ?? 0)));
  return table(
    [
      { title: "#", right: true },
      { title: "step" },
      { title: "status" },
      { title: "rows in", right: true },
      { title: "rows out", right: true },
      { title: "" },
      { title: "reasons", right: true },
      { title: "ms", right: true },
    ],
    steps.map((step, place) => [
      String(place + 1),
      step.name,
      step.status,
      number(step.rows_in),
      number(step.rows_out),
      bar(Number(step.rows_out ?? 0) / most),
      number(step.issues_total),
      number(step.ms),
    ]),
  );
}

function bar(share: number): string {
  const blocks = share <= 0 ? 0 : Math.max(1, Math.round(share * BAR));
  return "█".repeat(blocks) + "░".repeat(BAR - blocks);
}

/** The commonest reasons of all steps. */
function reasonTable(
  steps: readonly StepRecord[],
  failedStep: number | undefined,
  issues: readonly ErrorIssue[] = [],
): string {
  const all = steps.flatMap((step, place) =>
    topReasonsOf(place === failedStep ? { ...step, issues } : step).map((reason) => ({ ...reason, step: place + 1 })),
  );
  all.sort((a, b) => b.count - a.count || a.step - b.step);
  if (all.length === 0) return "";
  const rows = all
    .slice(0, MAX_REASONS)
    .map(({ step, field, rule, count, row, message }) => [
      String(step),
      toCell(field),
      toCell(rule),
      number(count),
      `${row > 0 ? `row ${number(row)}: ` : ""}${toCell(message)}`,
    ]);
  const more = all.length > MAX_REASONS ? `\n\nAnd ${counted(all.length - MAX_REASONS, "other")}.` : "";
  return (
    table(
      [
        { title: "step", right: true },
        { title: "field" },
        { title: "rule" },
        { title: "times", right: true },
        { title: "first of them" },
      ],
      rows,
    ) + more
  );
}

/** The commonest reasons of a step as they were counted; of few reasons those that are listed. */
export function topReasonsOf({ top_reasons: counted, issues }: StepRecord): TopReason[] {
  if (Array.isArray(counted)) return counted as TopReason[];
  const tops = new Map<string, TopReason>();
  for (const { field, rule, row, message } of (issues ?? []) as (ErrorIssue & Omit<TopReason, "count">)[]) {
    const key = JSON.stringify([field, rule]);
    const top = tops.get(key) ?? { field, rule, count: 0, row, message };
    top.count++;
    tops.set(key, top);
  }
  return [...tops.values()];
}

function rowTable(rows: readonly Row[]): string {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (fields.length === 0) return "";
  const shown = fields.slice(0, MAX_COLUMNS);
  const more =
    fields.length > shown.length ? [{ title: `… ${counted(fields.length - shown.length, "more field")}` }] : [];
  return table(
    [...shown.map((field) => ({ title: toCell(field) || '""' })), ...more],
    rows.map((row) => [...shown.map((field) => toCell(shownValue(row, field))), ...more.map(() => "")]),
  );
}

function shownValue(row: Row, field: string): unknown {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  return isObject(value) || Array.isArray(value) ? JSON.stringify(value) : value;
}

function amount(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** With commas between thousands and at most three decimals. Intl does the same, and takes 20 ms of the server to be loaded. */
function number(value: unknown): string {
  if (typeof value !== "number") return "";
  const [whole = "", decimals] = String(Math.round(value * 1000) / 1000).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

import { type ContestantSummary, type EvalSummary, percent } from "../eval/summary.ts";
import { duration, money } from "./terminal-text.ts";

/** The summary as a table with its verdicts, for people. */
export function formatReport(summary: EvalSummary): string {
  const { contestants, baseline, questions, with_answer: known, judge, judgements } = summary;
  const open = questions - known;
  const isGraded = known > 0;
  const header = [
    "",
    ...(isGraded ? ["right"] : []),
    `wins against ${baseline}`,
    "cost/answer",
    "tokens",
    "p50",
    "p90",
    "failed",
  ];
  const rows = contestants.map((one) => [
    one.name,
    ...(isGraded ? [accuracyOf(one)] : []),
    winsOf(one),
    one.mean_cost_usd === null ? "unknown" : money(one.mean_cost_usd),
    String(one.mean_tokens),
    one.latency_ms ? duration(one.latency_ms.p50) : "–",
    one.latency_ms ? duration(one.latency_ms.p90) : "–",
    String(one.failures),
  ]);
  const sources = [
    known > 0 ? `${known} graded by the known answer` : "",
    open > 0 ? `${open} compared by ${judge}, each in both orders` : "",
  ].filter((part) => part !== "");
  const notes = [
    `${questions} ${questions === 1 ? "question" : "questions"}: ${sources.join(", ")}. Brackets hold 95 % intervals.`,
    judgements.made > 0
      ? `The judge decided by the place in ${judgements.disagreed} of ${judgements.made} comparisons (counted as ties) and failed in ${judgements.failed}.`
      : "",
    degradedOf(contestants),
    summary.stopped ? "The limit of cost ended it early: not all questions were reached." : "",
    ...summary.left_out.map(
      ({ name, question, most_usd: most, spent_usd: spent }) =>
        `${name} was left out from question "${question}" on: it could cost up to ${money(most)}, and ${spent === null ? "an unknown sum" : money(spent)} was spent, calls under way not counted.`,
    ),
    `This run cost ${summary.cost_usd === null ? "an unknown sum, for some price is unknown" : money(summary.cost_usd)}.`,
  ].filter((note) => note !== "");
  return `${table([header, ...rows])}\n\n${notes.join("\n")}\n\n${[...summary.verdicts, ...summary.caveats.map((caveat) => `Note: ${caveat}`)].join("\n")}\n`;
}

function accuracyOf({ accuracy }: ContestantSummary): string {
  if (!accuracy) return "–";
  return `${percent(accuracy.estimate)} [${percent(accuracy.low)}–${percent(accuracy.high)}]`.replaceAll(" %–", "–");
}

function winsOf({ win_rate: rate }: ContestantSummary): string {
  if (!rate) return "baseline";
  if (rate.wins + rate.ties + rate.losses === 0) return "–";
  const interval = `[${percent(rate.low)}–${percent(rate.high)}]`.replaceAll(" %–", "–");
  return `${percent(rate.estimate)} ${interval} ${rate.wins}+ ${rate.ties}= ${rate.losses}-`;
}

function degradedOf(contestants: readonly ContestantSummary[]): string {
  const some = contestants.filter(({ degraded }) => degraded > 0);
  if (some.length === 0) return "";
  const counts = some.map(({ name, degraded, answered }) => `${name} ${degraded} of ${answered}`);
  return `Degraded answers, where a call of the mixture failed: ${counts.join(", ")}.`;
}

/** Columns as wide as what they hold, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
    )
    .join("\n");
}

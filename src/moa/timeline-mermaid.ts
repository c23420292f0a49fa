import type { RunRecord, TraceEntry } from "./run-record.ts";
import {
  costOf,
  criticalPath,
  endOf,
  grouped,
  oneLine,
  seconds,
  sentCalls,
  spanOf,
  timelineLayers,
} from "./timeline-rows.ts";

/** Calls that took no time are drawn as a line at least. */
const LEAST_MS = 1;

/**
 * The run as a Gantt diagram of Mermaid, for what draws no SVG: a section for each layer, a task for each call. Answered calls
 * are `done`, failed ones `crit`, those whose partial text is used `active`; `★` stands at those that the end of the run waited for.
 */
export function mermaidTimeline(record: RunRecord): string {
  const path = new Set(criticalPath(record));
  const title = `${seconds(record.ms)}, ${sentCalls(record.trace)} calls, ${grouped(record.usage.total_tokens)} tokens, cost ${costOf(record.usage)}${path.size > 0 ? " (★ was waited for)" : ""}`;
  const lines = [
    "gantt",
    `  title ${plain(title, 100)}`,
    "  dateFormat x",
    `  axisFormat ${spanOf(record) < 1000 ? "%L ms" : "%M:%S"}`,
  ];
  for (const { title: section, rows } of timelineLayers(record)) {
    lines.push(`  section ${section}`);
    for (const { entry } of rows) {
      const start = entry.start_ms;
      const end = Math.max(endOf(entry), start + LEAST_MS);
      lines.push(`  ${labelOf(entry, path.has(entry))} :${tagOf(entry)}${start}, ${end}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function labelOf(entry: TraceEntry, isCritical: boolean): string {
  const help = entry.hedge ? "hedge" : entry.stands_in_for === undefined ? "" : "stand-in";
  const notes = [
    entry.role === "agent" ? "" : entry.role,
    help,
    entry.status !== "ok" ? entry.status : entry.truncated ? "cut off" : "",
  ];
  return plain([`${isCritical ? "★ " : ""}${entry.model}`, ...notes.filter(Boolean)].join(", "), 90);
}

function tagOf({ status }: TraceEntry): string {
  if (status === "ok") return "done, ";
  return status === "partial" ? "active, " : status === "cancelled" ? "" : "crit, ";
}

/** What Mermaid takes for no syntax of its own: it ends names at `:`, comments at `%%`, and statements at `;` and `#`. */
function plain(text: string, length: number): string {
  const colon = "∶";
  return oneLine(text, length)
    .replace(/:/g, colon)
    .replace(/[^\p{L}\p{M}\p{N} .,/@_+()★…≥≈$∶-]/gu, "_")
    .trim();
}

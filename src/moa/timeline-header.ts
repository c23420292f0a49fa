import type { RunRecord } from "./run-record.ts";
import { costOf, grouped, oneLine, seconds, sentCalls } from "./timeline-rows.ts";
import { MARGIN } from "./timeline-style.ts";
import { safe } from "./xml-text.ts";

/** The query, what the run took, and whether it is degraded; `height` in pixels. */
export function drawHeader(record: RunRecord): { height: number; drawn(width: number): string } {
  const query = linesOf(oneLine(record.query, 200), 96);
  const tokens = `${record.usage.estimated ? "≈ " : ""}${grouped(record.usage.total_tokens)}`;
  const facts: [label: string, value: string][] = [
    ["time", seconds(record.ms)],
    ["calls", String(sentCalls(record.trace))],
    ["tokens", tokens],
    ["cost", costOf(record.usage)],
    ["strategy", record.strategy],
    ["seed", String(record.seed)],
    [
      "layers",
      record.agreed_in_layer
        ? `agreed in ${record.agreed_in_layer} of ${record.num_layers}`
        : String(record.num_layers),
    ],
    ...(record.analysis
      ? [["confidence", `${Math.round(record.analysis.confidence * 100)} %`] as [string, string]]
      : []),
  ];
  const factsAt = 66 + query.length * 22;
  return {
    height: factsAt + 40,
    drawn(width) {
      const state = record.degraded ? "degraded" : "complete";
      const badge = `<rect class="badge ${state}" x="${width - MARGIN - 86}" y="22" width="86" height="24" rx="12"/><text class="badge-text ${state}" x="${width - MARGIN - 43}" y="38" text-anchor="middle">${state}</text>`;
      const lines = query.map(
        (line, index) => `<text class="query" x="${MARGIN}" y="${66 + index * 22}">${safe(line)}</text>`,
      );
      let x = MARGIN;
      const drawnFacts = facts.map(([label, value]) => {
        const drawn = `<text class="fact-label" x="${x}" y="${factsAt}">${label}</text><text class="fact" x="${x}" y="${factsAt + 19}">${safe(value)}</text>`;
        x += Math.max(label.length * 7, value.length * 9.5) + 30;
        return drawn;
      });
      return [
        `<text class="kicker" x="${MARGIN}" y="38">Mixture of agents</text>`,
        badge,
        ...lines,
        ...drawnFacts,
      ].join("\n");
    },
  };
}

function linesOf(text: string, length: number): string[] {
  if (text.length <= length) return [text];
  const space = text.lastIndexOf(" ", length);
  const end = space > length / 2 ? space : length;
  return [text.slice(0, end), oneLine(text.slice(end), length)].map((line) => line.toWellFormed());
}

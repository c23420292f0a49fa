import type { RunRecord, TraceEntry } from "./run-record.ts";

/** A call as a row of a timeline. */
export interface TimelineRow {
  entry: TraceEntry;
  /** The call that this one is the second of, or stands in for; its row comes before. */
  origin?: TraceEntry;
}

export interface TimelineLayer {
  title: string;
  rows: TimelineRow[];
  /** Milliseconds until enough had answered, and until the last call that was still running was left behind; both or none. */
  enoughMs?: number;
  cutMs?: number;
}

export const endOf = ({ start_ms, ms }: TraceEntry): number => start_ms + ms;
const isUsed = ({ status }: TraceEntry) => status === "ok" || status === "partial";

/** The calls by layers, each after the one that it is a hedge of or stands in for. */
export function timelineLayers({ trace, num_layers, layers }: RunRecord): TimelineLayer[] {
  const byLayer = Map.groupBy(trace, (entry) => entry.layer);
  return [...byLayer]
    .sort(([a], [b]) => a - b)
    .map(([layer, entries]) => {
      const isFinal = entries.some(({ role }) => role === "aggregator") || layer > num_layers;
      const { quorum_ms, cut_ms } = layers.find((each) => each.layer === layer) ?? {};
      return {
        title: isFinal ? "Final aggregation" : `Layer ${layer}`,
        rows: rowsOf(entries),
        ...(quorum_ms !== undefined && cut_ms !== undefined && { enoughMs: quorum_ms, cutMs: cut_ms }),
      };
    });
}

const ROLES = ["agent", "analyst", "aggregator"];

function rowsOf(entries: readonly TraceEntry[]): TimelineRow[] {
  const sorted = [...entries].sort(
    (a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || a.agent - b.agent || a.start_ms - b.start_ms,
  );
  const origins = new Map(sorted.map((entry) => [entry, originOf(entry, sorted)] as const));
  const rows: TimelineRow[] = [];
  const add = (entry: TraceEntry, origin?: TraceEntry) => {
    rows.push({ entry, ...(origin && { origin }) });
    for (const other of sorted) if (origins.get(other) === entry) add(other, entry);
  };
  for (const entry of sorted) if (!origins.get(entry)) add(entry);
  return rows;
}

/** Always a call that began earlier, or as early and stands before it: no two are each other's origin. */
function originOf(entry: TraceEntry, sorted: readonly TraceEntry[]): TraceEntry | undefined {
  if (!entry.hedge && entry.stands_in_for === undefined) return undefined;
  const earlier = sorted.filter(
    (other) =>
      other.role === entry.role &&
      other !== entry &&
      (other.start_ms < entry.start_ms ||
        (other.start_ms === entry.start_ms && sorted.indexOf(other) < sorted.indexOf(entry))),
  );
  const own = earlier.filter((other) => other.agent === entry.agent);
  const isOrigin = entry.hedge
    ? (other: TraceEntry) => !other.hedge
    : (other: TraceEntry) => other.model === entry.stands_in_for;
  return own.findLast(isOrigin) ?? (entry.hedge ? undefined : earlier.findLast(isOrigin));
}

/** The calls that the run's end waited for, the first first: of each stage, the last that ended before the next one began. */
export function criticalPath({ trace }: RunRecord): TraceEntry[] {
  const answered = (entry: TraceEntry) =>
    trace.some((other) => other.status === "ok" && other.layer === entry.layer && other.agent === entry.agent);
  // The slower one of a pair ends with the faster one, but nobody waited for it.
  const used = trace.filter((entry) => entry.role !== "analyst" && (entry.status !== "cancelled" || !answered(entry)));
  let last = used
    .filter(isUsed)
    .reduce<TraceEntry | undefined>(
      (best, entry) =>
        !best || entry.layer > best.layer || (entry.layer === best.layer && endOf(entry) > endOf(best)) ? entry : best,
      undefined,
    );
  const path: TraceEntry[] = [];
  while (last) {
    path.unshift(last);
    const next: TraceEntry = last;
    last = used
      .filter((entry) => entry.layer < next.layer && entry.status !== "error" && endOf(entry) <= next.start_ms + 20)
      .reduce<TraceEntry | undefined>((best, entry) => (!best || endOf(entry) > endOf(best) ? entry : best), undefined);
  }
  return path;
}

/** Calls of which a request went out, or the answer was kept. */
export function sentCalls(trace: readonly TraceEntry[]): number {
  return trace.filter((entry) => !entry.not_sent).length;
}

/** Milliseconds that the timeline spans. */
export function spanOf({ ms, trace }: RunRecord): number {
  return Math.max(1, ms, ...trace.map(endOf));
}

export const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`;
export const grouped = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");
export const usd = (cost: number): string => `$${cost >= 1 || cost === 0 ? cost.toFixed(2) : cost.toPrecision(2)}`;

/** What the run cost, and whether that is all. */
export function costOf({ cost_usd, unpriced_models = [] }: RunRecord["usage"]): string {
  if (cost_usd === null) return "unknown";
  return unpriced_models.length > 0 ? `≥ ${usd(cost_usd)}` : usd(cost_usd);
}

/** One line of at most so many characters, without what control characters do to it. */
export function oneLine(text: string, length: number): string {
  const line = text
    .slice(0, length * 8)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Cn}\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .trim();
  const characters = [...line];
  return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : line;
}

/** As `oneLine`, but without the middle: what tells models apart stands at the ends of their paths. */
export function withoutMiddle(text: string, length: number): string {
  const characters = [...oneLine(text, text.length + 1)];
  if (characters.length <= length) return characters.join("");
  const end = Math.ceil((length - 1) * 0.6);
  return `${characters.slice(0, length - 1 - end).join("")}…${characters.slice(-end).join("")}`;
}

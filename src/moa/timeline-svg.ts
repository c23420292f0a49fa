import type { RunRecord, TraceEntry } from "./run-record.ts";
import { drawHeader } from "./timeline-header.ts";
import { drawLegend } from "./timeline-legend.ts";
import {
  costOf,
  criticalPath,
  endOf,
  grouped,
  oneLine,
  seconds,
  sentCalls,
  spanOf,
  type TimelineLayer,
  type TimelineRow,
  timelineLayers,
  usd,
  withoutMiddle,
} from "./timeline-rows.ts";
import { CALLED, MARGIN, STATUSES, STYLE } from "./timeline-style.ts";
import { round, safe, widthOf } from "./xml-text.ts";

const PLOT_WIDTH = 560;
const NUMBERS_WIDTH = 210;
const ROW = 34;
const LAYER_TITLE = 30;
const BAR = 14;
const AXIS = 26;
const NAME_LENGTH = 60;
/** Width of a character of a name, in the font size of the style sheet; rather too wide. */
const CHARACTER = 7.3;
/** The same of a note. */
const NOTE_CHARACTER = 5.6;

/** A line from top to bottom. */
interface Vertical {
  x: number;
  from: number;
  to: number;
}

/** Where a row is drawn, and how times become places. */
interface Places {
  x(ms: number): number;
  /** The middle of a call's bar. */
  y: Map<TraceEntry, number>;
  /** Lines that notes end before. */
  verticals: Vertical[];
  labels: number;
  plot: number;
  numbers: number;
  width: number;
}

/**
 * The run as a picture: one row for each call, by layers, from its beginning to its end. It stands alone (no scripts, fonts or
 * other files), follows the reader's light or dark colours, and is the same text for the same record. Everything that models
 * and people wrote is escaped.
 */
export function svgTimeline(record: RunRecord): string {
  const layers = timelineLayers(record);
  const header = drawHeader(record);
  const { places, top, bottom, bands } = arrange(layers, spanOf(record), header.height);
  const legend = drawLegend(bottom + 26, places.width);
  const height = bottom + legend.height + 26;
  const path = criticalPath(record);
  places.verticals = verticalsOf(layers, path, places);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${places.width}" height="${height}" viewBox="0 0 ${places.width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${safe(`Timeline of a mixture of agents: ${oneLine(record.query, 120)}`)}</title>`,
    `<desc id="desc">${safe(describe(record))}</desc>`,
    `<style>${STYLE}</style>`,
    `<defs><pattern id="hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse"><rect width="6" height="6" class="cancelled"/><rect width="2" height="6" class="stripe"/></pattern></defs>`,
    `<rect class="page" width="${places.width}" height="${height}" rx="12"/>`,
    header.drawn(places.width),
    ...bands,
    drawAxis(spanOf(record), places, top, bottom),
    ...layers.flatMap((layer) => layer.rows.map((row) => drawRow(row, places))),
    ...layers.map((layer) => drawCut(layer, places)),
    drawPath(path, places),
    legend.drawn,
    "</svg>\n",
  ].join("\n");
}

function arrange(layers: readonly TimelineLayer[], spanMs: number, top: number) {
  const longest = Math.max(22, ...layers.flatMap(({ rows }) => rows.map((row) => widthOf(nameOf(row)))));
  const labels = MARGIN + 10;
  const plot = Math.ceil(labels + longest * CHARACTER + 18);
  const numbers = plot + PLOT_WIDTH + 14;
  const width = numbers + NUMBERS_WIDTH + MARGIN;
  const y = new Map<TraceEntry, number>();
  const places: Places = {
    x: (ms) => round(plot + (PLOT_WIDTH * ms) / spanMs),
    y,
    labels,
    plot,
    numbers,
    width,
    verticals: [],
  };
  const bands: string[] = [];
  let at = top + AXIS;
  for (const { title, rows } of layers) {
    const height = LAYER_TITLE + rows.length * ROW + 6;
    bands.push(
      `<rect class="band" x="${MARGIN}" y="${at}" width="${width - 2 * MARGIN}" height="${height}" rx="8"/>`,
      `<text class="layer" x="${labels}" y="${at + 20}">${title}</text>`,
    );
    for (const [index, { entry }] of rows.entries()) y.set(entry, at + LAYER_TITLE + index * ROW + 12);
    at += height + 10;
  }
  return { places, top: top + AXIS, bottom: at - 10, bands };
}

function drawAxis(spanMs: number, { x }: Places, top: number, bottom: number): string {
  const step =
    [50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000].find(
      (each) => spanMs / each <= 9,
    ) ?? Math.ceil(spanMs / 8);
  const ticks: string[] = [];
  for (let ms = 0; ms <= spanMs; ms += step) {
    const label = step < 1000 ? `${ms / 1000} s` : `${Math.round(ms / 1000)} s`;
    ticks.push(
      `<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y1="${top - 6}" y2="${bottom}"/><text class="tick" x="${x(ms)}" y="${top - 11}" text-anchor="middle">${label}</text>`,
    );
  }
  return ticks.join("\n");
}

function drawRow(row: TimelineRow, places: Places): string {
  const { entry, origin } = row;
  const { x, labels, numbers } = places;
  const y = places.y.get(entry)!;
  const left = x(entry.start_ms);
  const width = Math.max(3, round(x(endOf(entry)) - left));
  const top = y - BAR / 2;
  const first =
    entry.first_token_ms === undefined ? 0 : round(Math.min(width, x(entry.start_ms + entry.first_token_ms) - left));
  const cost = entry.cost_usd === undefined ? (entry.tokens > 0 ? "cost unknown" : "") : usd(entry.cost_usd);
  return [
    "<g>",
    `<title>${safe(tooltip(entry))}</title>`,
    `<text class="name" x="${labels}" y="${y + 2}">${safe(nameOf(row))}</text>`,
    `<text class="note ${entry.status}-text" x="${labels}" y="${y + 15}">${safe(noteOf(row, (freeUntil(y + 11, places) - labels) / NOTE_CHARACTER))}</text>`,
    ...(origin ? [drawLink(row, places)] : []),
    `<rect class="bar ${entry.status}${origin ? " second" : ""}" x="${left}" y="${top}" width="${width}" height="${BAR}" rx="${Math.min(4, width / 2)}"/>`,
    ...(first > 1
      ? [
          `<rect class="waiting" x="${left}" y="${top}" width="${first}" height="${BAR}"/><line class="first" x1="${round(left + first)}" x2="${round(left + first)}" y1="${top - 2}" y2="${top + BAR + 2}"/>`,
        ]
      : []),
    `<text class="number" x="${numbers + 56}" y="${y + 4}" text-anchor="end">${seconds(entry.ms)}</text>`,
    ...(entry.tokens > 0
      ? [`<text class="number" x="${numbers + 124}" y="${y + 4}" text-anchor="end">${grouped(entry.tokens)} tok</text>`]
      : []),
    `<text class="number${cost.startsWith("$") ? "" : " faint"}" x="${numbers + NUMBERS_WIDTH - 10}" y="${y + 4}" text-anchor="end">${cost}</text>`,
    "</g>",
  ].join("\n");
}

/** Where a note at this height has to end: before the first line that crosses it, or the numbers. */
function freeUntil(at: number, { verticals, numbers }: Places): number {
  const crossing = verticals.filter(({ from, to }) => from - 6 < at && at < to + 6);
  return Math.min(numbers, ...crossing.map(({ x }) => x)) - 8;
}

function verticalsOf(layers: readonly TimelineLayer[], path: readonly TraceEntry[], { x, y }: Places): Vertical[] {
  const links = layers.flatMap(({ rows }) =>
    rows.flatMap(({ entry, origin }) =>
      origin ? [{ x: linkAt(entry, origin, x), from: y.get(origin)!, to: y.get(entry)! }] : [],
    ),
  );
  const cuts = layers.flatMap(({ rows, enoughMs, cutMs }) =>
    enoughMs === undefined || cutMs === undefined
      ? []
      : [{ x: x(Math.min(enoughMs, cutMs)), from: y.get(rows[0]!.entry)! - 16, to: y.get(rows.at(-1)!.entry)! + 14 }],
  );
  const joins = path.slice(1).map((entry, index) => {
    const before = path[index]!;
    return { x: Math.min(x(endOf(before)), x(entry.start_ms)), from: y.get(before)!, to: y.get(entry)! };
  });
  return [...links, ...cuts, ...joins];
}

function linkAt(entry: TraceEntry, origin: TraceEntry, x: Places["x"]): number {
  return x(Math.min(Math.max(entry.start_ms, origin.start_ms), endOf(origin)));
}

/** From the call that was too slow or failed down to the one that came to its help. */
function drawLink({ entry, origin }: TimelineRow, { x, y }: Places): string {
  const [from, to] = [y.get(origin!)! + BAR / 2, y.get(entry)!];
  const at = linkAt(entry, origin!, x);
  const start = x(entry.start_ms);
  const bend = Math.max(start, at) === at && start === at ? `V${to - BAR / 2}` : `V${to}H${start}`;
  return `<path class="link" d="M${at} ${from}${bend}"/><circle class="joint" cx="${at}" cy="${from}" r="2.5"/>`;
}

function drawCut({ rows, enoughMs, cutMs }: TimelineLayer, { x, y }: Places): string {
  if (enoughMs === undefined || cutMs === undefined) return "";
  const [first, last] = [y.get(rows[0]!.entry)!, y.get(rows.at(-1)!.entry)!];
  const at = x(cutMs);
  const enough = `<line class="enough" x1="${x(enoughMs)}" x2="${x(enoughMs)}" y1="${first - 16}" y2="${last + 14}"/>`;
  return `${enough}<line class="cut" x1="${at}" x2="${at}" y1="${first - 16}" y2="${last + 14}"/><text class="cut-text" x="${at - 4}" y="${first - 18}" text-anchor="end">cut at ${seconds(cutMs)}</text>`;
}

/** Outlines the calls that the end waited for, and joins them. */
function drawPath(path: readonly TraceEntry[], { x, y }: Places): string {
  const outlines = path.map((entry) => {
    const left = x(entry.start_ms);
    const width = Math.max(3, x(endOf(entry)) - left);
    return `<rect class="critical" x="${round(left - 2)}" y="${y.get(entry)! - BAR / 2 - 2}" width="${round(width + 4)}" height="${BAR + 4}" rx="5"/>`;
  });
  const joins = path.slice(1).map((entry, index) => {
    const before = path[index]!;
    const [from, to] = [x(endOf(before)), x(entry.start_ms)];
    return `<path class="join" d="M${from} ${y.get(before)! + BAR / 2 + 2}V${y.get(entry)! - BAR / 2 - 9}H${to}V${y.get(entry)! - BAR / 2 - 2}"/>`;
  });
  return [...joins, ...outlines].join("\n");
}

function nameOf({ entry, origin }: TimelineRow): string {
  const name = withoutMiddle(entry.model, NAME_LENGTH);
  return origin || entry.hedge || entry.stands_in_for !== undefined ? `↳ ${name}` : name;
}

function noteOf({ entry }: TimelineRow, length: number): string {
  const role = entry.role === "agent" ? `agent ${entry.agent}` : entry.role;
  const help = entry.hedge ? "hedge" : entry.stands_in_for === undefined ? "" : "stand-in";
  const state = stateOf(entry);
  return oneLine(
    [role, help, state && (entry.error ? `${state}: ${entry.error}` : state)].filter(Boolean).join(" · "),
    Math.floor(length),
  );
}

function stateOf({ status, truncated, not_sent }: TraceEntry): string {
  if (status === "ok") return truncated ? "cut off at its limit of tokens" : "";
  return not_sent && status === "error" ? "not sent" : status === "partial" ? "cut off" : CALLED[status];
}

function tooltip(entry: TraceEntry): string {
  const said = [`${oneLine(entry.model, 120)}, ${stateOf(entry) || CALLED[entry.status]} after ${seconds(entry.ms)}`];
  if (entry.first_token_ms !== undefined) said.push(`first token after ${seconds(entry.first_token_ms)}`);
  if (entry.prompt_tokens !== undefined)
    said.push(
      `${grouped(entry.prompt_tokens)} tokens in (${grouped(entry.cached_tokens ?? 0)} cached), ${grouped(entry.completion_tokens ?? 0)} out`,
    );
  if (entry.stands_in_for !== undefined) said.push(`in place of ${oneLine(entry.stands_in_for, 120)}`);
  if (entry.error) said.push(oneLine(entry.error, 200));
  return said.join("; ");
}

function describe(record: RunRecord): string {
  const count = (status: TraceEntry["status"]) => record.trace.filter((entry) => entry.status === status).length;
  const ended = STATUSES.flatMap((status) => (count(status) > 0 ? [`${count(status)} ${CALLED[status]}`] : []));
  return `${sentCalls(record.trace)} calls in ${seconds(record.ms)}: ${ended.join(", ")}. ${grouped(record.usage.total_tokens)} tokens, cost ${costOf(record.usage)}.${record.degraded ? " The answer is degraded." : ""}`;
}

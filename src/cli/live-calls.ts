import type { RunEvent, RunningCall, TraceEntry } from "../moa/run-record.ts";
import { printable } from "./memory-call.ts";
import { duration, fitted, grouped, money } from "./terminal-text.ts";

/** The calls of a run as they are watched. */
export interface LiveCalls {
  note(event: RunEvent): void;
  /**
   * A heading for each layer and a line for each call below it, with a bar of when it ran; the latest ones where there are more
   * than `rows`; none is wider than `width`.
   */
  lines(options: { nowMs: number; width: number; rows: number; colour: boolean }): string[];
  /** What has ended so far. */
  readonly totals: { started: number; ended: number; answered: number; tokens: number; costUsd: number | undefined };
}

interface Shown {
  call: RunningCall;
  /** Milliseconds of the clock that `nowMs` is of: the call's begin, its first token and its end. */
  since: number;
  firstAt?: number;
  endedAt?: number;
  characters: number;
  entry?: TraceEntry;
}

const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const MARKS: Record<TraceEntry["status"], [sign: string, colour: number]> = {
  ok: ["✓", 32],
  partial: ["◐", 33],
  cancelled: ["–", 90],
  timeout: ["✗", 31],
  error: ["✗", 31],
};
const [CYAN, GREY, BOLD] = [36, 90, 1];
/** Characters of the bars, and of the models' names at most. */
const [BAR, NAME] = [16, 28];
/** Terminals that are narrower have no room for bars. */
const WIDTH_FOR_BARS = 70;

/** Pieces of a line with their colours. */
type Piece = readonly [text: string, colour?: number | undefined];

/** Follows the events of a run. `now` is a clock in milliseconds; `redact` blots out secrets. */
export function createLiveCalls(now: () => number, redact: (text: string) => string): LiveCalls {
  const shown = new Map<RunningCall, Shown>();
  const agreed = new Set<string>();
  const totals = { started: 0, ended: 0, answered: 0, tokens: 0, costUsd: 0 as number | undefined };

  function line(one: Shown, nowMs: number, names: number, bar: string): Piece[] {
    const { entry, call, since, characters, firstAt, endedAt } = one;
    const spinner = SPINNER[Math.floor(nowMs / 100) % SPINNER.length]!;
    const [sign, colour] = entry ? MARKS[entry.status] : [spinner, CYAN];
    const ms = entry?.ms ?? (endedAt ?? nowMs) - since;
    const state = entry
      ? endText(entry)
      : firstAt === undefined
        ? "waiting"
        : `writing   ${grouped(characters)} characters`;
    const name = fitted(redact(nameOf(call)), names).padEnd(names);
    const rest = `${duration(ms).padStart(8)}  ${redact(state)}`;
    return [
      ["  "],
      [sign, colour],
      [` ${name}  `],
      [bar, colour],
      [rest, entry?.status === "cancelled" ? GREY : undefined],
    ];
  }

  return {
    totals,
    note(event) {
      if (event.type === "layer_started") return;
      if (event.type === "agreed") {
        agreed.add(`Layer ${event.layer}`);
        return;
      }
      const one = shown.get(event.call) ?? { call: event.call, since: now(), characters: 0 };
      shown.set(event.call, one);
      if (event.type === "call_started") totals.started += 1;
      else if (event.type === "call_ended") {
        const { entry } = event;
        one.entry = entry;
        one.endedAt = now();
        totals.ended += 1;
        if (isAnswer(entry)) totals.answered += 1;
        totals.tokens += entry.tokens;
        // What used nothing costs nothing, whatever its price.
        const cost = entry.cost_usd ?? (entry.tokens === 0 ? 0 : undefined);
        totals.costUsd = cost === undefined || totals.costUsd === undefined ? undefined : totals.costUsd + cost;
      } else {
        one.firstAt ??= now();
        if (event.type === "text") one.characters = event.characters;
      }
    },
    lines({ nowMs, width, rows, colour }) {
      const all = [...shown.values()];
      const startedAt = Math.min(...all.map(({ since }) => since));
      const span = Math.max(1, Math.max(...all.map(({ endedAt }) => endedAt ?? nowMs)) - startedAt);
      const names = Math.min(NAME, Math.max(0, ...all.map(({ call }) => nameOf(call).length)));
      const barOf = ({ since, firstAt, endedAt }: Shown): string => {
        if (width < WIDTH_FOR_BARS) return "";
        const at = (ms: number) => Math.round(((ms - startedAt) / span) * BAR);
        const [from, first, to] = [at(since), firstAt === undefined ? BAR : at(firstAt), at(endedAt ?? nowMs)];
        const start = Math.min(from, BAR - 1);
        const end = Math.max(to, start + 1);
        return `${" ".repeat(start)}${Array.from({ length: end - start }, (_, i) => (start + i < first ? "╌" : "━")).join("")}`.padEnd(
          BAR,
        );
      };
      const groups = Map.groupBy(all, ({ call }) => headingOf(call));
      const lines: Piece[][] = [...groups].flatMap(([heading, ofLayer]) => [
        [[heading, BOLD], ...(agreed.has(heading) ? [[" · all agree, further layers are skipped"] as Piece] : [])],
        ...ofLayer.sort((a, b) => a.call.agent - b.call.agent).map((one) => line(one, nowMs, names, barOf(one))),
      ]);
      const hidden = Math.max(0, lines.length - rows);
      const last = hidden > 0 ? lines.slice(hidden + 1) : lines;
      const earlier: Piece[][] = hidden > 0 ? [[[`  … ${hidden + 1} earlier lines`, GREY]]] : [];
      return [...earlier, ...last].map((pieces) => paint(pieces, width, colour));
    },
  };
}

/** The pieces in one line of at most so many characters. */
function paint(pieces: readonly Piece[], width: number, colour: boolean): string {
  let left = width;
  const painted: string[] = [];
  for (const [index, [text, code]] of pieces.entries()) {
    const isMore = pieces.slice(index + 1).some(([later]) => later !== "");
    const cut = fitted(text, isMore && [...text].length === left ? left - 1 : left);
    left -= [...cut].length;
    if (cut !== "") painted.push(colour && code !== undefined ? `\u001b[${code}m${cut}\u001b[0m` : cut);
    if (cut !== text) break;
  }
  return painted.join("");
}

const isAnswer = ({ status }: TraceEntry) => status === "ok" || status === "partial";

function headingOf({ role, layer }: RunningCall): string {
  return role === "agent" ? `Layer ${layer}` : role === "aggregator" ? "Final answer" : "Analysis";
}

function nameOf({ model, hedge }: RunningCall): string {
  return `${printable(model)}${hedge ? " (hedge)" : ""}`;
}

/** How a call ended, where its model and its time are said already. */
function endText(entry: TraceEntry): string {
  const { status, tokens, cost_usd: cost, stands_in_for: absent, error } = entry;
  const used = tokens > 0 ? `${grouped(tokens).padStart(6)} tokens` : "";
  const why = error === undefined ? (status === "timeout" ? "took too long" : "") : printable(error);
  const parts = [
    isAnswer(entry) || why === "" ? used : "",
    isAnswer(entry) && cost !== undefined ? money(cost) : "",
    status === "partial"
      ? "cut off, used as it is"
      : entry.truncated
        ? "cut off at its limit"
        : status === "cancelled" && why === ""
          ? "left behind"
          : "",
    absent === undefined ? "" : `for ${printable(absent)}`,
    why,
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** An event in one line, for logs and pipes; undefined for those that come too often. */
export function eventLine(event: RunEvent): string | undefined {
  if (event.type === "layer_started") {
    const models = event.models.map(printable).join(", ");
    return event.role === "agent" ? `layer ${event.layer}: ${models}` : `${roleText(event.role)}: ${models}`;
  }
  if (event.type === "agreed") return `the agents of layer ${event.layer} agree; the layers that are left are skipped`;
  if (event.type === "text") return undefined;
  const what = describeCall(event.call).trim();
  if (event.type === "call_started") return `${what} started`;
  if (event.type === "first_token") return `${what} begins to answer after ${duration(event.ms)}`;
  return `${what} ${describeEnd(event.entry)}`;
}

function roleText(role: TraceEntry["role"]): string {
  return role === "aggregator" ? "final answer" : role === "analyst" ? "analysis" : "agent";
}

function describeCall({ layer, role, agent, model, hedge }: RunningCall): string {
  const place = role === "agent" ? `layer ${layer} agent ${agent}` : roleText(role);
  return `${place.padEnd(15)} ${printable(model)}${hedge ? " (hedge)" : ""}`;
}

function describeEnd(entry: TraceEntry): string {
  const { status, ms, tokens, cost_usd: cost, stands_in_for: absent, text = "", error } = entry;
  const said =
    status === "partial"
      ? "cut off, used as far as it came"
      : entry.truncated
        ? "cut off at its limit of tokens"
        : status === "cancelled"
          ? "left behind"
          : status;
  const characters = text === "" ? "" : `${grouped(text.length)} characters`;
  const parts = [
    said,
    duration(ms),
    characters,
    tokens > 0 ? `${grouped(tokens)} tokens` : "",
    cost === undefined ? "" : money(cost),
    absent === undefined ? "" : `stands in for ${printable(absent)}`,
    error === undefined ? "" : printable(error),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

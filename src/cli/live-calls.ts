import type { RunEvent, RunningCall, TraceEntry } from "../moa/run-record.ts";
import { printable } from "./memory-call.ts";
import { duration, fitted, grouped, money } from "./terminal-text.ts";

/** The calls of a run as they are watched. */
export interface LiveCalls {
  note(event: RunEvent): void;
  /** One line for each call, the latest ones where there are more than `rows`; none is wider than `width`. */
  lines(options: { nowMs: number; width: number; rows: number; colour: boolean }): string[];
  /** What has ended so far. */
  readonly totals: { started: number; ended: number; answered: number; tokens: number; costUsd: number | undefined };
}

interface Shown {
  call: RunningCall;
  /** Milliseconds of the clock that `nowMs` is of. */
  since: number;
  characters: number;
  writing: boolean;
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

/** Follows the events of a run. `now` is a clock in milliseconds; `redact` blots out secrets. */
export function createLiveCalls(now: () => number, redact: (text: string) => string): LiveCalls {
  const shown = new Map<RunningCall, Shown>();
  const notes: string[] = [];
  const totals = { started: 0, ended: 0, answered: 0, tokens: 0, costUsd: 0 as number | undefined };

  function line(one: Shown, nowMs: number): [text: string, colour: number | undefined] {
    const { entry, call } = one;
    if (entry) {
      const [sign, colour] = MARKS[entry.status];
      return [redact(`${sign} ${describeCall(call)}  ${describeEnd(entry)}`), colour];
    }
    const sign = SPINNER[Math.floor(nowMs / 100) % SPINNER.length];
    const state = one.writing ? `writing   ${grouped(one.characters)} characters` : "waiting";
    return [redact(`${sign} ${describeCall(call)}  ${duration(nowMs - one.since).padStart(7)}  ${state}`), undefined];
  }

  return {
    totals,
    note(event) {
      if (event.type === "call_started") {
        totals.started += 1;
        shown.set(event.call, { call: event.call, since: now(), characters: 0, writing: false });
      } else if (event.type === "agreed") {
        notes.push(`  the agents of layer ${event.layer} agree; the layers that are left are skipped`);
      } else if (event.type !== "layer_started") {
        const one = shown.get(event.call) ?? { call: event.call, since: now(), characters: 0, writing: false };
        shown.set(event.call, one);
        one.writing = true;
        if (event.type === "text") one.characters = event.characters;
        if (event.type === "call_ended") {
          one.entry = event.entry;
          totals.ended += 1;
          if (event.entry.status === "ok" || event.entry.status === "partial") totals.answered += 1;
          totals.tokens += event.entry.tokens;
          const { cost_usd: cost } = event.entry;
          totals.costUsd = cost === undefined || totals.costUsd === undefined ? undefined : totals.costUsd + cost;
        }
      }
    },
    lines({ nowMs, width, rows, colour }) {
      const all: [string, number | undefined][] = [...shown.values()].map((one) => line(one, nowMs));
      for (const note of notes) all.push([note, undefined]);
      const hidden = Math.max(0, all.length - rows);
      const lines = hidden > 0 ? all.slice(hidden + 1) : all;
      const earlier: [string, undefined][] = hidden > 0 ? [[`  … ${hidden + 1} earlier lines`, undefined]] : [];
      return [...earlier, ...lines].map(([text, code]) => {
        const cut = fitted(text, width);
        return colour && code !== undefined ? `\u001b[${code}m${cut.slice(0, 1)}\u001b[39m${cut.slice(1)}` : cut;
      });
    },
  };
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
    status === "partial" ? "cut off, used as far as it came" : status === "cancelled" ? "left behind" : status;
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

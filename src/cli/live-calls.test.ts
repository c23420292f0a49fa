import { describe, expect, it } from "vitest";
import type { RunEvent, RunningCall, TraceEntry } from "../moa/run-record.ts";
import { createLiveCalls, eventLine } from "./live-calls.ts";

const call = (agent: number, more: Partial<RunningCall> = {}): RunningCall => ({
  layer: 1,
  role: "agent",
  agent,
  model: `p/${agent}`,
  start_ms: 0,
  ...more,
});
const entry = (running: RunningCall, more: Partial<TraceEntry> = {}): TraceEntry => ({
  ...running,
  status: "ok",
  ms: 1500,
  tokens: 1234,
  cost_usd: 0.002,
  text: "An answer",
  ...more,
});

function watch(events: RunEvent[]) {
  const calls = createLiveCalls(
    () => 1000,
    (text) => text.replaceAll("secret", "[redacted]"),
  );
  for (const event of events) calls.note(event);
  const lines = (size = {}) => calls.lines({ nowMs: 3500, width: 100, rows: 20, colour: false, ...size });
  return { calls, lines };
}

describe("the calls of a run, watched", () => {
  const [first, second, third] = [call(1), call(2, { hedge: true }), call(3)];
  const events: RunEvent[] = [
    { type: "layer_started", layer: 1, role: "agent", models: ["p/1", "p/2"] },
    { type: "call_started", call: first },
    { type: "call_started", call: second },
    { type: "call_started", call: third },
    { type: "first_token", call: first, ms: 200 },
    { type: "text", call: first, characters: 1200 },
    { type: "call_ended", call: third, entry: entry(third) },
  ];

  it("are one line each below their layer: who, when, how long, what has come, what it cost", () => {
    expect(watch(events).lines()).toEqual([
      "Layer 1",
      "  ⠴ p/1          ━━━━━━━━━━━━━━━━  2.50 s  writing   1,200 characters",
      "  ⠴ p/2 (hedge)  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  2.50 s  waiting",
      "  ✓ p/3          ╌                 1.50 s   1,234 tokens  $0.0020",
    ]);
    expect(watch(events).lines({ width: 60 })[1]).toBe("  ⠴ p/1            2.50 s  writing   1,200 characters");
  });

  it("have a heading for the final answer, and say where the agents agreed", () => {
    const last = call(1, { layer: 2, role: "aggregator" });
    const { lines } = watch([...events, { type: "agreed", layer: 1 }, { type: "call_started", call: last }]);
    expect(lines()[0]).toBe("Layer 1 · all agree, further layers are skipped");
    expect(lines()[4]).toBe("Final answer");
  });

  it("sum up what has ended", () => {
    expect(watch(events).calls.totals).toEqual({ started: 3, ended: 1, answered: 1, tokens: 1234, costUsd: 0.002 });
  });

  it("fit the terminal: no line is wider, and the latest stay where there are too many", () => {
    const { lines } = watch(events);
    for (const line of lines({ width: 20 })) expect([...line].length).toBeLessThanOrEqual(20);
    expect(lines({ rows: 2 })).toHaveLength(2);
    expect(lines({ rows: 2 })[0]).toContain("3 earlier lines");
    expect(lines({ rows: 2 })[1]).toContain("p/3");
  });

  it("have colours only where they are wanted", () => {
    expect(watch(events).lines().join("")).not.toContain("\u001b");
    expect(watch(events).lines({ colour: true }).join("")).toContain("\u001b[32m✓");
  });

  it("show neither secrets nor signs that a terminal obeys", () => {
    const bad = entry(first, { status: "error", error: "key secret\u001b[2J\nwrong" });
    const [, line = ""] = watch([...events, { type: "call_ended", call: first, entry: bad }]).lines({ width: 200 });
    expect(line).toContain("key [redacted]\\u001b[2J ⏎ wrong");
  });

  it("are told line by line where there is no terminal, texts left out", () => {
    expect(events.map(eventLine)).toEqual([
      "layer 1: p/1, p/2",
      "layer 1 agent 1 p/1 started",
      "layer 1 agent 2 p/2 (hedge) started",
      "layer 1 agent 3 p/3 started",
      "layer 1 agent 1 p/1 begins to answer after 0.20 s",
      undefined,
      "layer 1 agent 3 p/3 ok  1.50 s  9 characters  1,234 tokens  $0.0020",
    ]);
    const cut = entry(first, { status: "partial", stands_in_for: "p/9" });
    expect(eventLine({ type: "call_ended", call: first, entry: cut })).toMatch(
      /cut off, used as far as it came.*stands in for p\/9/,
    );
  });
});

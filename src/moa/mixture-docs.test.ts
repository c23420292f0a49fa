import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mixtureOn } from "../../test/fixtures/mixture.ts";
import { runRecord } from "../../test/fixtures/run-records.ts";
import { failureWarnings, layerWarnings } from "./failure-warnings.ts";
import type { MixtureResult, Output } from "./mixture-of-agents.ts";
import { mermaidTimeline } from "./timeline-mermaid.ts";

const page = readFileSync(new URL("../../docs/mixture-of-agents.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(
  (match) => JSON.parse(match[1]!) as MixtureResult & { status: string },
);
const ANALYSIS = { consensus: [], contradictions: [], unique_points: [], blind_spots: [], confidence: 1 };
const LONG = "word ".repeat(100);

describe("the examples of the documentation", () => {
  it.each([
    ["answer", 0],
    ["answer_with_analysis", 1],
    ["trace", 2],
  ] as const)("are what a run with output %s gives", async (output: Output, index) => {
    const { status, ...example } = examples[index]!;
    expect(status).toBe("success");
    const reply = { reply: (request: object) => ("response_format" in request ? JSON.stringify(ANALYSIS) : LONG) };
    const { run } = await mixtureOn({ a: reply, b: { reply: LONG, fault: "reset_mid_stream" }, c: reply });
    const result = await run({ output, numLayers: 1 });
    expect(Object.keys(example).sort()).toEqual(Object.keys(result).sort());
    expect(Object.keys(example.analysis ?? {})).toEqual(Object.keys(result.analysis ?? {}));
    expect(example.trace.map(({ role }) => role)).toEqual(result.trace.map(({ role }) => role));
    const keysOf = ({ trace }: Pick<MixtureResult, "trace">) => new Set(trace.flatMap((entry) => Object.keys(entry)));
    expect(keysOf(example)).toEqual(keysOf(result).add("cost_usd"));
  });

  it("add up and say what their calls mean", () => {
    expect(examples).toHaveLength(3);
    for (const { trace, usage, warnings, mermaid } of examples) {
      const sum = (key: "prompt_tokens" | "completion_tokens" | "tokens" | "cost_usd") =>
        trace.reduce((total, entry) => total + (entry[key] ?? 0), 0);
      expect([sum("prompt_tokens"), sum("completion_tokens"), sum("tokens")]).toEqual([
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
      ]);
      expect(sum("cost_usd")).toBeCloseTo(usage.cost_usd!, 9);
      for (const entry of trace) expect(entry.tokens).toBe(entry.prompt_tokens! + entry.completion_tokens!);
      const layers = [{ layer: 1, asked: 3, answered: 2, quorum_ms: 2626, cut_ms: 5633 }];
      expect(warnings).toEqual([...layerWarnings(layers), ...failureWarnings(trace)]);
      if (mermaid !== undefined) expect(mermaid).toBe(mermaidTimeline(runRecord({ trace, usage })));
    }
  });
});

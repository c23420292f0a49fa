import { describe, expect, it } from "vitest";
import { call, realistic, runRecord } from "../../test/fixtures/run-records.ts";
import { mermaidTimeline } from "./timeline-mermaid.ts";
import { criticalPath, timelineLayers } from "./timeline-rows.ts";
import { svgTimeline } from "./timeline-svg.ts";

const HOSTILE = `x/<script>alert(1)</script>&"'\u0000\ud800]]>:;%%#\u202e`;

describe("the rows of a timeline", () => {
  it("put hedges and stand-ins after what they help", () => {
    const rows = timelineLayers(realistic)[0]!.rows.map(({ entry, origin }) => [entry.model, origin?.model]);
    expect(rows.slice(2)).toEqual([
      ["local/qwen3:14b", undefined],
      ["local/qwen3:14b", "local/qwen3:14b"],
      ["groq/llama-4-scout", undefined],
      ["groq/llama-3.3-70b", "groq/llama-4-scout"],
    ]);
  });

  it("know when a layer was cut, which the slower one of a pair was not", () => {
    expect(timelineLayers(realistic).map(({ cutMs }) => cutMs)).toEqual([undefined, 16571, undefined]);
    const brokeOff = runRecord({ trace: [call(1, 1, "a", 0, 9), call(1, 2, "b", 0, 5, { status: "partial" })] });
    expect(timelineLayers(brokeOff)[0]).not.toHaveProperty("cutMs");
    expect(svgTimeline(brokeOff)).not.toContain("cut at");
  });

  it("follow the calls that the end waited for", () => {
    const path = criticalPath(realistic).map(({ layer, agent, hedge = false }) => [layer, agent, hedge]);
    expect(path).toEqual([
      [1, 3, true],
      [2, 3, false],
      [3, 1, false],
    ]);
  });

  it("lose and repeat no call, whatever helps whom", () => {
    const trace = [0, 1, 2, 3].map((n) => call(1, 1, "m", 0, n, { hedge: true, stands_in_for: "m" }));
    const rows = timelineLayers(runRecord({ trace })).flatMap((layer) => layer.rows);
    expect(new Set(rows.map(({ entry }) => entry)).size).toBe(rows.length);
    expect(rows).toHaveLength(4);
  });
});

describe("the picture", () => {
  it("is the same text for the same record, and stands alone", () => {
    const svg = svgTimeline(realistic);
    expect(svgTimeline(structuredClone(realistic))).toBe(svg);
    expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|<script|<image|@import|href/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).toContain('role="img"');
    expect(svg).toContain("prefers-color-scheme:dark");
  });

  it("is the one that the documentation shows", async () => {
    await expect(svgTimeline(realistic)).toMatchFileSnapshot("../../docs/moa-timeline.svg");
  });

  it("escapes what models and people wrote", () => {
    const trace = [call(1, 1, HOSTILE, 0, 10, { status: "error", error: HOSTILE, stands_in_for: HOSTILE })];
    const svg = svgTimeline(runRecord({ trace, query: HOSTILE }));
    expect(svg).not.toContain("<script");
    expect(svg).not.toMatch(/[\0\u202e]|&(?!amp;|lt;|gt;|quot;|#39;)/);
    expect(svg.isWellFormed()).toBe(true);
  });

  it("has a row of its own for each call of the largest run, and room for long names", () => {
    const name = "n".repeat(60);
    const trace = Array.from({ length: 96 }, (_, n) => call(1 + Math.floor(n / 16), 1 + (n % 16), name, n * 10, 500));
    const svg = svgTimeline(runRecord({ trace }));
    const tops = [...svg.matchAll(/class="bar ok" x="\S+" y="(\d+)" width="\S+" height="14"/g)].map((m) =>
      Number(m[1]),
    );
    expect(tops).toHaveLength(96);
    expect(tops.slice(1).every((top, index) => top - tops[index]! >= 34)).toBe(true);
    expect(Number(/class="bar ok" x="([\d.]+)"/.exec(svg)![1])).toBeGreaterThan(38 + 60 * 7);
  });

  it("cuts a long path in the middle, where it says least", () => {
    const model = `router/${"folder/".repeat(20)}model-7b-instruct-q4`;
    const svg = svgTimeline(runRecord({ trace: [call(1, 1, model, 0, 10)] }));
    expect(svg).toMatch(/<text class="name"[^>]*>router\/[^<]*…[^<]*model-7b-instruct-q4<\/text>/);
  });

  it("gives a reason the width that its row has, up to the first line that crosses it", () => {
    const error = `It was cancelled because ${"of this and ".repeat(6)}that.`;
    const cut = call(1, 2, "b", 0, 900, { status: "cancelled", error });
    const free = svgTimeline(runRecord({ trace: [call(1, 1, "a", 0, 900), cut] }));
    expect(free).toContain(`cancelled: ${error}</text>`);
    const layers = [{ layer: 1, asked: 2, answered: 1, quorum_ms: 100, cut_ms: 900 }];
    const crossed = svgTimeline(runRecord({ trace: [call(1, 1, "a", 0, 100), cut], layers }));
    expect(crossed).toMatch(/>agent 2 · cancelled: It was[^<]*…<\/text>/);
  });

  it("marks what was cut off at its limit of tokens, and counts no call that was never sent", () => {
    const refused = call(1, 2, "b", 0, 1, { status: "error", error: "The budget is too small.", not_sent: true });
    const record = runRecord({ trace: [call(1, 1, "a", 0, 900, { truncated: true }), refused] });
    expect(svgTimeline(record)).toContain("agent 1 · cut off at its limit of tokens</text>");
    expect(svgTimeline(record)).toContain("agent 2 · not sent: The budget is too small.</text>");
    expect(svgTimeline(record)).toMatch(/>calls<\/text><text class="fact" x="\d+(?:\.\d+)?" y="\d+">1<\/text>/);
    expect(mermaidTimeline(record)).toMatch(/title 0\.90 s, 1 calls?, /);
    expect(mermaidTimeline(record)).toContain("a, cut off :done");
  });

  it("says what is not known", () => {
    const { usage } = runRecord();
    expect(svgTimeline(runRecord({ usage: { ...usage, cost_usd: null } }))).toContain(">unknown<");
    expect(svgTimeline(runRecord({ usage: { ...usage, unpriced_models: ["a"] } }))).toContain(">≥ $");
    expect(svgTimeline(runRecord({ trace: [], ms: 0 }))).not.toMatch(/NaN|Infinity/);
  });
});

it("the diagram for Mermaid of a run below a second has its ticks in milliseconds", () => {
  expect(mermaidTimeline(runRecord({ trace: [call(1, 1, "a", 0, 400)] }))).toContain("\n  axisFormat %L ms\n");
});

it("the diagram for Mermaid has a task for each call, and nothing that could be its syntax", () => {
  expect(mermaidTimeline(runRecord())).toBe(
    [
      "gantt",
      "  title 3.91 s, 3 calls, 4,313 tokens, cost $0.0057 (★ was waited for)",
      "  dateFormat x",
      "  axisFormat %M:%S",
      "  section Layer 1",
      "  local/a :done, 0, 1800",
      "  ★ local/b :done, 2, 2402",
      "  section Final aggregation",
      "  ★ local/a, aggregator :done, 2410, 3910",
      "",
    ].join("\n"),
  );
  const lines = mermaidTimeline(runRecord({ trace: [call(1, 1, HOSTILE, 0, 0)] })).split("\n");
  expect(lines[5]).toMatch(/^ {2}[^:;%#<>]+ :done, 0, 1$/);
});

import { describe, expect, it } from "vitest";
import { enrich } from "../../../../test/fixtures/enrich-rows.ts";
import { ToolError } from "../../../errors.ts";
import type { Host, LlmRequest } from "../step.ts";

describe("enrich by the LLM processor", () => {
  it("sends the filled template, or the row, and takes the data", async () => {
    const requests: LlmRequest[] = [];
    const processInput: Host["processInput"] = async (request) => {
      requests.push(request);
      return { format: "json", data: { mood: "good" }, model: "m" };
    };
    const output_schema = { type: "object" };
    const llm = { task: "classify", input_template: "Review: {{text}}", output_schema, into: "mood", max_tokens: 50 };
    const outcome = await enrich({ llm }, [{ text: "nice" }], { processInput });
    expect(outcome.rows).toEqual([{ text: "nice", mood: { mood: "good" } }]);
    await enrich({ llm: { into: "mood" } }, [{ text: "nice", mood: "old" }], { processInput });
    expect(requests).toEqual([
      { input: "Review: nice", task: "classify", maxTokens: 50, outputSchema: output_schema },
      { input: '{"text":"nice"}' },
    ]);
  });

  it("records a row whose answer was cut off", async () => {
    const processInput: Host["processInput"] = async () => ({ data: "half of", truncated: true });
    const outcome = await enrich({ llm: { into: "t" }, on_error: "keep" }, [{ text: "a" }], { processInput });
    expect(outcome.issues).toMatchObject([
      { rule: "invalid_response", message: "llm: the model's answer was cut off" },
    ]);
  });
});

describe("enrich by the LLM processor, several rows at once", () => {
  const llm = {
    task: "classify as short or long",
    input_template: "{{text}}",
    output_schema: { enum: ["short", "long"] },
    batch: 4,
    into: "size",
  };
  const rows = ["a", "bb", "a", "long text", "c", "d", "e"].map((text) => ({ text }));
  const sizeOf = (input: string) => (input.length > 5 ? "long" : "short");
  interface Entry {
    id: number;
    input: string;
  }

  it("matches the answers by id", async () => {
    const requests: LlmRequest[] = [];
    const processInput: Host["processInput"] = async (request) => {
      requests.push(request);
      const entries = JSON.parse(request.input) as Entry[];
      return { data: { answers: entries.map(({ id, input }) => ({ id, answer: sizeOf(input) })).reverse() } };
    };
    const outcome = await enrich({ llm }, rows, { processInput });
    expect(outcome.rows.map(({ size }) => size)).toEqual([
      "short",
      "short",
      "short",
      "long",
      "short",
      "short",
      "short",
    ]);
    expect(requests.map(({ input }) => (JSON.parse(input) as Entry[]).map((entry) => entry.input))).toEqual([
      ["a", "bb", "long text", "c"],
      ["d", "e"],
    ]);
    expect(requests[0]).toMatchObject({
      task: expect.stringMatching(/^classify as short or long\n/),
      outputSchema: {
        properties: { answers: { minItems: 4, maxItems: 4, items: { properties: { answer: llm.output_schema } } } },
      },
    });
    expect(outcome.record.llm).toEqual({ calls: 2, cached: 1, failed: 0, rows: 7 });
  });

  it("asks again for what is missing, in halves where nothing fits, and records what fails alone", async () => {
    const asked: number[] = [];
    const processInput: Host["processInput"] = async ({ input, outputSchema }) => {
      if (!input.startsWith("[")) {
        asked.push(1);
        if (input === "bb") throw new ToolError("invalid_response", "no JSON");
        return { data: sizeOf(input) };
      }
      const entries = JSON.parse(input) as Entry[];
      asked.push(entries.length);
      expect(outputSchema).toHaveProperty("properties.answers.maxItems", entries.length);
      if (entries.some((entry) => entry.input === "bb")) throw new ToolError("validation_failed", "no such list");
      return { data: { answers: entries.slice(1).map((entry) => ({ id: entry.id, answer: sizeOf(entry.input) })) } };
    };
    const outcome = await enrich({ llm: { ...llm, concurrency: 1 } }, rows, { processInput });
    expect(asked).toEqual([4, 2, 1, 1, 2, 1, 2, 1]);
    expect(outcome.rows.map(({ size }) => size)).toEqual(["short", null, "short", "long", "short", "short", "short"]);
    expect(outcome.issues).toMatchObject([{ row: 2, rule: "invalid_response", message: "llm: no JSON" }]);
  });

  it("asks nothing about rows that give no input", async () => {
    const processInput: Host["processInput"] = async ({ input }) => {
      const entries = JSON.parse(input) as Entry[];
      return { data: { answers: entries.map((entry) => ({ id: entry.id, answer: sizeOf(entry.input) })) } };
    };
    const outcome = await enrich({ llm }, [{ text: "a" }, { text: null }, { text: "bb" }], { processInput });
    expect(outcome.rows.map(({ size }) => size)).toEqual(["short", null, "short"]);
    expect(outcome.issues).toMatchObject([
      { row: 2, rule: "invalid_input", message: "llm: the row gives the model no input" },
    ]);
    expect((await enrich({ llm, on_error: "keep" }, [{ text: " " }])).rows).toEqual([{ text: " ", size: null }]);
  });

  it("makes no more calls than are allowed, also where it asks again", async () => {
    let calls = 0;
    const processInput: Host["processInput"] = async () => {
      calls++;
      throw new ToolError("invalid_response", "no JSON");
    };
    const outcome = await enrich({ llm: { ...llm, max_calls: 3 }, on_error: "keep" }, rows, { processInput });
    expect(calls).toBe(3);
    expect(outcome.issues.map(({ rule }) => rule)).toContain("limit_reached");
    expect(outcome.rows).toHaveLength(7);
  });
});

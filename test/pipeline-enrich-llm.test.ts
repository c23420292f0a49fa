import { describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { callTool, connect } from "./fixtures/connect.ts";
import { type Json, numbered, type Run } from "./fixtures/enrich-runs.ts";
import type { ChatRequest } from "./fixtures/fake-provider.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";

describe("enrich by a model through the server", () => {
  /** A server with a model that answers the inputs of a batch, or one of them. */
  async function openModel(reply: (request: ChatRequest, call: number) => string) {
    const provider = await startFakeProvider({ models: { small: { reply } } });
    whenDone(() => provider.close());
    const client = await connect({
      providers: { fake: { baseUrl: provider.baseUrl } },
      llm: { modelId: "fake/small" },
    });
    const run = (llm: Json, data: Json[], step: Json = {}) =>
      callTool(client, "run_pipeline", { data, steps: [{ name: "enrich", llm, ...step }] }) as Promise<Run>;
    return { provider, run };
  }
  /** The entries of a batch in a prompt. */
  const entriesOf = ({ messages }: ChatRequest): { id: number; input: string }[] => {
    const json = /\[\{"id":1,.*\}\]/.exec(messages.map(({ content }) => content).join("\n"))?.[0];
    return json === undefined ? [] : (JSON.parse(json) as { id: number; input: string }[]);
  };
  const llm = {
    task: "classify as even or odd",
    input_template: "number {{n}}",
    output_schema: { type: "object", properties: { kind: { enum: ["even", "odd"] } }, required: ["kind"] },
    fields: { kind: "kind" },
  };
  const kindOf = (input: string) => ({ kind: Number(/\d+/.exec(input)?.[0]) % 2 ? "odd" : "even" });
  const expected = (count: number) => numbered(count).map(({ n }) => ({ n, kind: (n as number) % 2 ? "odd" : "even" }));

  it("asks about each row", async () => {
    const { run, provider } = await openModel(({ messages }) =>
      JSON.stringify(kindOf(/number \d+/.exec(messages.at(-1)?.content ?? "")?.[0] ?? "")),
    );
    const result = await run(llm, [...numbered(6), ...numbered(6)]);
    expect(result.final_data).toEqual([...expected(6), ...expected(6)]);
    expect(provider.chats).toHaveLength(6);
  });

  it("asks about many rows at once, and matches by id", async () => {
    const { run, provider } = await openModel((request) =>
      JSON.stringify({
        answers: entriesOf(request)
          .map(({ id, input }) => ({ id, answer: kindOf(input) }))
          .reverse(),
      }),
    );
    const result = await run({ ...llm, batch: { size: 10 } }, numbered(25));
    expect(result.final_data).toEqual(expected(25));
    expect(provider.chats).toHaveLength(3);
    expect(result.steps[0]?.llm).toEqual({ calls: 3, cached: 0, failed: 0, rows: 25 });
  });

  it("asks again in halves where a batch does not fit, and records rows that fail alone", async () => {
    const { run } = await openModel((request) => {
      const entries = entriesOf(request);
      if (entries.length > 2) return "I would rather not.";
      if (entries.length > 0) {
        return JSON.stringify({ answers: entries.map(({ id, input }) => ({ id, answer: kindOf(input) })) });
      }
      return "no";
    });
    const result = await run({ ...llm, batch: 5 }, numbered(5));
    expect(result.final_data.map(({ kind }) => kind)).toEqual(["even", "odd", null, "odd", "even"]);
    expect(result.steps[0]).toMatchObject({ status: "partial", issues: [{ row: 3, field: "kind" }] });
  });

  it("tells what is wrong with a schema as it was written", async () => {
    const { run, provider } = await openModel(() => "never");
    const wrong = { ...llm, output_schema: { type: "object", properties: { kind: { type: "text" } } } };
    for (const batch of [undefined, 5]) {
      expect(await run({ ...wrong, batch }, numbered(8))).toMatchObject({
        code: "invalid_input",
        message: expect.stringMatching(
          /llm: output_schema is not a valid JSON Schema: \/properties\/kind\/type: "text" is no type/,
        ),
      });
    }
    expect(provider.chats).toHaveLength(0);
  });

  it("stops asking when the budget of the run is used up", async () => {
    const provider = await startFakeProvider({ models: { small: { reply: "fine" } } });
    whenDone(() => provider.close());
    const client = await connect({
      providers: { fake: { baseUrl: provider.baseUrl } },
      llm: { modelId: "fake/small", budgets: { perCall: { tokens: 2000 } } },
    });
    const steps = [
      { name: "enrich", llm: { input_template: "number {{n}}", into: "t", concurrency: 1, max_tokens: 20 } },
    ];
    const result = (await callTool(client, "run_pipeline", { data: numbered(40), steps })) as Run;
    expect(result, JSON.stringify(result).slice(0, 500)).toMatchObject({ status: "success" });
    expect(provider.chats.length).toBeLessThan(40);
    expect(result.steps[0]?.issues?.at(-1)).toMatchObject({ rule: "limit_reached" });
    expect(result.final_data.filter(({ t }) => t === "fine").length).toBe(provider.chats.length);
  });
});

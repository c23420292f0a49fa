import { describe, expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";
import { startEchoServer } from "../../test/fixtures/echo-server.ts";
import { provider } from "../../test/fixtures/model-client.ts";
import { boundaryOf, read } from "../../test/fixtures/tool-boundary.ts";
import { tools } from "../tools/index.ts";
import { type ConfirmationSetting, costInWords, createConfirmationPolicy } from "./confirmation-policy.ts";

const toolOf = (name: string) => tools.find((tool) => tool.name === name)!;

/** The tools that may be asked about. */
const asked = (setting: ConfirmationSetting, readOnly = false) => {
  const policy = createConfirmationPolicy(setting, { readOnly });
  return tools.filter((tool) => policy.mayAsk(tool)).map(({ name }) => name);
};

describe("the policy of confirmations", () => {
  it("knows before any call which tools may be asked about", () => {
    expect(asked(false)).toEqual([]);
    expect(asked([])).toEqual([]);
    expect(asked(true)).toEqual(tools.map(({ name }) => name).filter((name) => name !== "confirm_action"));
    expect(asked(["memory_delete"])).toEqual(["memory_delete"]);
    expect(asked([{ effect: "destroy" }])).toEqual(["memory_delete", "call_api"]);
    expect(asked([{ effect: "destroy" }], true)).toEqual(["memory_delete"]);
    expect(asked([{ effect: "write" }])).toEqual(["memory_add", "memory_update"]);
    expect(asked([{ costUsd: 0.1 }]).sort()).toEqual(["llm_processor", "mixture_of_agents", "run_pipeline"]);
    expect(asked([{ tool: "call_api", effect: "write-open" }, "memory_add"])).toEqual(["memory_add", "call_api"]);
    expect(asked([{ tool: "memory_add", effect: "destroy" }])).toEqual([]);
  });

  it("asks where all parts of one rule fit, and looks at a call only where that decides", async () => {
    const mixture = toolOf("mixture_of_agents");
    const of = (setting: ConfirmationSetting, usd: number | undefined) => {
      const looks: string[] = [];
      const call = {
        async effects() {
          looks.push("effects");
          return [mixture.effect];
        },
        async mostUsd() {
          looks.push("cost");
          return usd;
        },
      };
      return createConfirmationPolicy(setting)
        .asks(mixture, call)
        .then((asks) => ({ asks, looks }));
    };
    expect(await of([{ costUsd: 0.5 }], 0.5)).toEqual({ asks: false, looks: ["cost"] });
    expect(await of([{ costUsd: 0.5 }], 0.51)).toEqual({ asks: true, looks: ["cost"] });
    expect(await of([{ costUsd: 0 }], 0)).toEqual({ asks: false, looks: ["cost"] });
    expect(await of([{ costUsd: 1000 }], undefined)).toEqual({ asks: true, looks: ["cost"] });
    expect(await of([{ tool: "llm_processor", costUsd: 0 }], 9)).toEqual({ asks: false, looks: [] });
    expect(await of([{ effect: "read-open", costUsd: 1 }], 2)).toEqual({ asks: true, looks: ["effects", "cost"] });
    expect(await of([{ effect: "write-open", costUsd: 1 }], 2)).toEqual({ asks: false, looks: [] });
    expect(await of([{ costUsd: 9 }, "mixture_of_agents"], 1)).toEqual({ asks: true, looks: [] });
  });

  it("says amounts that are never too small", () => {
    const said = [0, 0.42, 0.421, 3, 0.011, 0.0031, 0.00314, 0.000002, 12.001, undefined].map(costInWords);
    expect(said).toEqual([
      "It costs nothing.",
      "It may cost up to $0.42.",
      "It may cost up to $0.43.",
      "It may cost up to $3.00.",
      "It may cost up to $0.011.",
      "It may cost up to $0.0031.",
      "It may cost up to $0.0032.",
      "It may cost up to $0.0000020.",
      "It may cost up to $12.01.",
      "What it may cost is not known.",
    ]);
  });

  it.each([
    [["memory_del"], 'there is no tool "memory_del"'],
    [[{ tool: "memory_del" }], 'there is no tool "memory_del"'],
    [[{ tool: "memory_add", effect: "destroy" }], 'no call of memory_add has the effect "destroy", only write'],
    [[{ tool: "memory_add", costUsd: 1 }], "calls of memory_add cost nothing that is known, so costUsd fits none"],
  ])("refuses to start with %j, which would ask nobody", async (confirmationRequired, message) => {
    await expect(startPatchbay({ interaction: { confirmationRequired } })).rejects.toThrow(message);
  });
});

describe("a call of a model that is guarded by its cost", () => {
  const PRICES = { a: { input: 1, output: 10 }, b: { input: 0, output: 0 } };

  async function setUp(interaction: Record<string, unknown>, more: Record<string, unknown> = {}) {
    const server = await provider({ models: { a: { reply: "ok" }, b: { reply: "ok" }, c: { reply: "ok" } } });
    const patchbay = await startPatchbay({
      providers: { fake: { baseUrl: server.baseUrl, prices: PRICES } },
      llm: { modelId: "fake/a", fallbackModels: [], maxTokens: 1000, ...more },
      moa: { models: ["fake/a"], aggregatorModel: "fake/a", numLayers: 1, agentsPerLayer: 2, maxTokens: 1000 },
      interaction,
    });
    return { server, client: await connect({}, { patchbay }), patchbay };
  }

  it("is asked about where it may cost more, and the question says how much", async () => {
    const { client, server } = await setUp({ confirmationRequired: [{ costUsd: 0.005 }] });
    const args = { input: "Hello" };
    const waiting = await callTool(client, "llm_processor", args);
    expect(waiting).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    const { message } = waiting.question as { message: string };
    const [, cost] = /It may cost up to \$([\d.]+)\./.exec(message)!;
    // 1000 tokens of an answer cost a cent; the prompt adds a little.
    expect(Number(cost)).toBeGreaterThan(0.01);
    expect(Number(cost)).toBeLessThan(0.02);
    expect(server.chats).toHaveLength(0);

    await callTool(client, "confirm_action", { resume_token: waiting.resume_token, answer: true });
    expect(await callTool(client, "llm_processor", { input: "Other" })).toMatchObject({ status: "needs_input" });
    const done = await callTool(client, "llm_processor", args);
    expect(done).toMatchObject({ status: "success", data: "ok" });
    expect((done.usage as { cost_usd: number }).cost_usd).toBeLessThanOrEqual(Number(cost));
    expect(await callTool(client, "llm_processor", args)).toMatchObject({ status: "needs_input" });
  });

  it("is not asked about where it costs no more, or nothing", async () => {
    const { client } = await setUp({ confirmationRequired: [{ costUsd: 0.005 }] });
    expect(await callTool(client, "llm_processor", { input: "x", max_tokens: 10 })).toMatchObject({
      status: "success",
    });
    expect(await callTool(client, "llm_processor", { input: "x", model: "fake/b" })).toMatchObject({
      status: "success",
    });
    expect(await callTool(client, "llm_processor", { input: "x ".repeat(50_000), max_tokens: 10 })).toMatchObject({
      status: "needs_input",
    });
  });

  it("is asked about where no price is known, unless the budget of a call is lower", async () => {
    const args = { input: "x", model: "fake/c" };
    const unpriced = await setUp({ confirmationRequired: [{ costUsd: 1000 }] });
    const waiting = await callTool(unpriced.client, "llm_processor", args);
    expect((waiting.question as { message: string }).message).toContain("What it may cost is not known.");
    const limited = await setUp({ confirmationRequired: [{ costUsd: 1 }] }, { budgets: { perCall: { costUsd: 0.5 } } });
    expect(await callTool(limited.client, "llm_processor", args)).toMatchObject({ code: "not_configured" });
  });

  it("may be a mixture, whose every planned call counts, and which cannot cost more than was agreed to", async () => {
    const { client, patchbay } = await setUp({ confirmationRequired: [{ tool: "mixture_of_agents", costUsd: 0.02 }] });
    const waiting = await callTool(client, "mixture_of_agents", { query: "Why?" });
    const { message } = waiting.question as { message: string };
    const cost = Number(/up to \$([\d.]+)\./.exec(message)?.[1]);
    expect(cost).toBeGreaterThan(0.03);
    expect(cost).toBeLessThan(0.08);
    const { moa } = await patchbay.services.get(["moa"]);
    const user = { id: "ana" };
    const { signal } = new AbortController();
    await expect(moa.run(user, { query: "Why?" }, { signal, budget: { costUsd: 0.001 } })).rejects.toThrow(/budget/);
    const { usage } = await moa.run(user, { query: "Why?" }, { signal, budget: { costUsd: cost } });
    expect(usage.cost_usd).toBeLessThanOrEqual(cost);
    await callTool(client, "confirm_action", { resume_token: waiting.resume_token, answer: true });
    expect(await callTool(client, "mixture_of_agents", { query: "Why?" })).toMatchObject({ degraded: false });
  });

  it("may be a pipeline that asks a model for its rows", async () => {
    const { client } = await setUp({ confirmationRequired: [{ costUsd: 1 }] });
    const steps = [{ name: "enrich", llm: { task: "Say", into: "said" } }];
    expect(await callTool(client, "run_pipeline", { data: [{ a: 1 }], steps })).toMatchObject({
      status: "needs_input",
      question: { message: expect.stringContaining("What it may cost is not known.") },
    });
    expect(await callTool(client, "run_pipeline", { data: [{ a: 1 }], steps: [{ name: "format" }] })).toMatchObject({
      status: "success",
    });
  });
});

describe("a call of an API that is guarded by its effect", () => {
  const guarded = async (effect: string) => {
    const echo = await startEchoServer();
    const api = { apiUrl: echo.url, privateNetwork: true, allow: ["GET /*", "POST /*", "DELETE /*"] };
    return { echo, client: await connect({ apis: { box: api }, interaction: { confirmationRequired: [{ effect }] } }) };
  };
  const statuses = async (client: Awaited<ReturnType<typeof connect>>) => {
    const all = ["GET", "POST", "DELETE"].map((method) => ({ api: "box", operation: `${method} /json` }));
    return Promise.all(all.map(async (call) => (await callTool(client, "call_api", call)).status));
  };

  it("counts by its method, and not by the worst that the tool can do", async () => {
    const [asks, runs] = ["needs_input", "success"];
    for (const [effect, expected] of [
      ["read-open", [asks, runs, runs]],
      ["write-open", [runs, asks, asks]],
      ["destroy", [runs, runs, asks]],
      ["write", [runs, runs, runs]],
    ] as const) {
      const { client } = await guarded(effect);
      expect([effect, await statuses(client)]).toEqual([effect, expected]);
    }
  });

  it("is not asked about where it only shows what it would send, or cannot be made", async () => {
    const { client, echo } = await guarded("write-open");
    expect(await callTool(client, "call_api", { api: "box", operation: "POST /json", dry_run: true })).toMatchObject({
      status: "success",
    });
    expect(await callTool(client, "call_api", { api: "nosuch" })).toMatchObject({ code: "unknown_api" });
    expect(await callTool(client, "call_api", { api: "box", operation: "PUT /json" })).toMatchObject({
      status: "error",
    });
    expect(echo.requests()).toBe(0);
  });
});

describe("tools that no rule can fit", () => {
  it("run at once and do not announce that they may have to be confirmed", async () => {
    const { boundary, request } = await boundaryOf(async () => ({}), {
      confirmationRequired: [{ effect: "write" }],
    });
    const [probe] = await boundary.listTools();
    expect(boundary.mayConfirm(probe!)).toBe(false);
    expect(read(await boundary.call("probe", {}, request())).json).toEqual({ status: "success" });
  });
});

import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { roadOf } from "./fixtures/clients.ts";
import { callTool, connect } from "./fixtures/connect.ts";
import { type FakeModel, startFakeProvider } from "./fixtures/fake-provider.ts";
import { runProcess, serverCommand, startHttpServer, startProcess, waitForOutput } from "./fixtures/spawn.ts";

const KEYS = { ann: "key-of-ann-0123456789", bob: "key-of-bob-0123456789" };
const usage = { prompt_tokens: 400, completion_tokens: 100, total_tokens: 500 };

async function provider(model: FakeModel = {}) {
  const fake = await startFakeProvider({ models: { a: { reply: { content: "ok", usage }, ...model } } });
  whenDone(() => fake.close());
  const prices = { "*": { input: 1, output: 10 } };
  const config = (llm: object, more: object = {}) => ({
    providers: { fake: { baseUrl: fake.baseUrl, prices } },
    llm: { modelId: "fake/a", maxTokens: 200, ...llm },
    ...more,
  });
  return { fake, config };
}

it("lets one user's budget stop that user alone, over HTTP, and shows in the terminal what is left", async () => {
  const { fake, config } = await provider();
  const dataDir = temporaryFolder();
  const apiKeys = Object.entries(KEYS).map(([user, key]) => ({ user, key }));
  const configuration = config({ budgets: { perUser: { tokens: 2500 } } }, { auth: { apiKeys }, dataDir });
  const http = await startHttpServer({ config: configuration });
  const server = { http, command: serverCommand() };
  const { connect } = roadOf("the 2025 era over HTTP, stateless");
  const [ann, bob] = [await connect(server, { key: KEYS.ann }), await connect(server, { key: KEYS.bob })];
  const answers = [];
  for (let n = 0; n < 6; n++) answers.push(await ann.call("llm_processor", { input: "Hello" }));
  const refused = answers.find(({ isError }) => isError)!;
  expect(answers[0]).toMatchObject({ isError: false, json: { usage: { total_tokens: 500, cost_usd: 0.0014 } } });
  expect(refused.json).toMatchObject({
    status: "error",
    code: "limit_reached",
    hint: expect.stringContaining("llm.budgets.perUser.tokens"),
    retryable: true,
    budget: { name: "perUser", unit: "tokens", limit: 2500, resets_at: expect.stringMatching(/T00:00:00.000Z$/) },
  });
  const { resets_at } = refused.json.budget as { resets_at: string };
  const untilMidnight = Date.parse(resets_at) - Date.now();
  expect(Math.abs((refused.json.retry_after_ms as number) - untilMidnight)).toBeLessThan(30_000);
  expect((await bob.call("llm_processor", { input: "Hello" })).isError).toBe(false);
  const answered = answers.filter(({ isError }) => !isError).length;
  expect(fake.chats).toHaveLength(answered + 1);

  const shown = await runProcess(serverCommand({ config: configuration, args: ["usage"] }));
  expect(shown.stdout).toMatch(new RegExp(`ann +fake/a +${answered} +${(400 * answered).toLocaleString("en")} +`));
  expect(shown.stdout).toMatch(/perUser of bob: 2,000 tokens of 2,500 tokens left today/);
});

it("gives all rows of a pipeline's run the budget of one call, and each run its own", async () => {
  const { fake, config } = await provider();
  const client = await connect(config({ budgets: { perCall: { tokens: 2400 } } }));
  const run = () =>
    callTool(client, "run_pipeline", {
      steps: [{ enrich: { llm: { input_template: "{{n}}", into: "said", concurrency: 1 } } }],
      data: Array.from({ length: 8 }, (_, n) => ({ n })),
    });
  const first = await run();
  const sent = fake.chats.length;
  expect(JSON.stringify(first)).toContain("The budget of one call");
  expect(sent).toBeGreaterThan(1);
  expect(sent).toBeLessThan(5);
  await run();
  expect(fake.chats).toHaveLength(2 * sent);
});

it("gives all calls of a mixture one budget", async () => {
  const { fake, config } = await provider();
  const moa = { models: ["fake/a"], aggregatorModel: "fake/a", agentsPerLayer: 3, numLayers: 2, maxTokens: 200 };
  const client = await connect(config({ budgets: { perCall: { tokens: 4000 } } }, { moa }));
  for (const output of ["answer", "answer_with_analysis"]) {
    const before = fake.chats.length;
    const answer = await callTool(client, "mixture_of_agents", { query: "Hello?", output });
    const total = (answer.usage as { total_tokens: number }).total_tokens;
    expect(total).toBe(500 * (fake.chats.length - before));
    expect(total).toBeLessThanOrEqual(4000);
  }
});

it("says that a mixture's budget is too small, whichever way it is asked", async () => {
  const { fake, config } = await provider();
  const moa = { models: ["fake/a"], aggregatorModel: "fake/a" };
  const client = await connect(config({ budgets: { perCall: { tokens: 10 } } }, { moa }));
  for (const name of ["mixture_of_agents", "llm_processor"]) {
    const answer = await callTool(client, name, name === "llm_processor" ? { input: "Hello" } : { query: "Hello?" });
    expect(answer).toMatchObject({ status: "error", code: "limit_reached", budget: { name: "perCall", limit: 10 } });
  }
  expect(fake.chats).toHaveLength(0);
});

it("neither opens nor loads the database of usage before a model has answered, and has all noted at the end", async () => {
  const { config } = await provider();
  const dataDir = temporaryFolder();
  const running = startProcess(serverCommand({ config: config({}, { dataDir }) }));
  const send = (id: number, method: string, params: object) =>
    running.process.stdin?.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  const answer = (id: number) => waitForOutput(running, new RegExp(`"id":${id}[,}]`), 30_000);
  const clientInfo = { name: "test", version: "0" };
  send(1, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
  await answer(1);
  send(2, "tools/call", { name: "display_result", arguments: { message: "Hello" } });
  await answer(2);
  const isLoaded = () =>
    process.platform === "linux" && readFileSync(`/proc/${running.process.pid}/maps`, "utf8").includes("sqlite");
  expect(isLoaded()).toBe(false);
  expect(existsSync(join(dataDir, "usage.db"))).toBe(false);
  send(3, "tools/call", { name: "llm_processor", arguments: { input: "Hello" } });
  await answer(3);
  running.process.stdin?.end();
  await once(running.process, "close");
  const { stdout } = await runProcess(serverCommand({ config: config({}, { dataDir }), args: ["usage"] }));
  expect(stdout).toMatch(/ local +fake\/a +1 +400 +100 /);
});

it("shows usage from the published bundle, and makes no file for it", async () => {
  const dataDir = temporaryFolder();
  const { code, stdout } = await runProcess(serverCommand({ built: true, config: { dataDir }, args: ["usage"] }));
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Nothing was used since \d{4}-\d\d-\d\d\.\n$/)]);
  expect(existsSync(join(dataDir, "usage.db"))).toBe(false);
});

it("says where answers are to be kept that no model gives", async () => {
  const doctor = async (llm: object) => (await runProcess(serverCommand({ config: { llm }, args: ["doctor"] }))).stdout;
  expect(await doctor({ cache: { ttl: 60 } })).toMatch(/^off {4}llm\.cache: .*no model has temperature 0/m);
  expect(await doctor({ cache: { ttl: 60 }, temperature: 0 })).not.toContain("llm.cache:");
});

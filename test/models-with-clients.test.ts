import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { type Progress, roads, type Server } from "./fixtures/clients.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";
import { freePort } from "./fixtures/free-port.ts";
import { MCPO_REQUIREMENTS, PYTHON_SETUP_MS, pythonPrograms } from "./fixtures/python.ts";
import {
  runProcess,
  serverCommand,
  startHttpServer,
  startProcess,
  USERS_PATH,
  waitForAnswer,
} from "./fixtures/spawn.ts";

/** The model tools as every kind of client sees them: what comes back, what is told meanwhile, and how failures look. */
type Json = Record<string, unknown>;
let config: Json;
let server: Server;

beforeAll(async () => {
  const provider = await startFakeProvider({
    models: {
      a: { reply: ({ response_format }) => (response_format ? '{"age": 41}' : "All is well.") },
      b: { reply: "All is fine." },
      cut: { reply: { content: "All is", finishReason: "length" } },
      broken: { fault: { status: 400, body: '{"error":{"message":"Broken"}}' } },
      late: { fault: "rate_limited" },
    },
  });
  whenDone(() => provider.close());
  config = {
    providers: { fake: { baseUrl: provider.baseUrl } },
    llm: { modelId: "fake/a" },
    moa: { models: ["fake/a", "fake/b"], aggregatorModel: "fake/a", numLayers: 2, agentsPerLayer: 2 },
  };
  server = { command: serverCommand({ config }), http: await startHttpServer({ config }) };
});

const AGE = { type: "object", properties: { age: { type: "integer" } }, required: ["age"] };
/** What a run of the mixture has to give, whoever asks. */
const MIXTURE = {
  status: "success",
  answer: "All is well.",
  degraded: false,
  strategy: "mixed",
  seed: 7,
  timeline: expect.stringMatching(/^moa:\/\/runs\/[0-9a-f-]{36}\/timeline$/),
};
const FAILURES: [tool: string, args: Json, error: Json][] = [
  ["llm_processor", { input: "x", model: "fake/none" }, { code: "unknown_model", retryable: false }],
  [
    "llm_processor",
    { input: "x", model: "fake/broken" },
    { code: "upstream_error", message: expect.stringContaining("Broken") },
  ],
  ["llm_processor", { input: "x", model: "fake/late" }, { code: "rate_limited", retryable: true }],
  ["llm_processor", { input: "" }, { code: "invalid_input" }],
  [
    "mixture_of_agents",
    { query: "Is all well?", models: ["fake/broken"], aggregator_model: "fake/broken" },
    { code: "upstream_error" },
  ],
  ["mixture_of_agents", { query: "Is all well?", num_layers: 7 }, { code: "invalid_input" }],
];

describe.each(roads)("$name", (road) => {
  it("gives what a model made of the input, and tells which one it asks", async () => {
    const client = await road.connect(server);
    const told: Progress[] = [];
    const options = { onprogress: (progress: Progress) => void told.push(progress) };
    const text = await client.call("llm_processor", { input: "A long text", task: "summarize" }, options);
    expect(text.json).toMatchObject({ status: "success", format: "text", data: "All is well.", model: "fake/a" });
    expect(text.json.usage).toMatchObject({ total_tokens: expect.any(Number) });
    expect(told.map(({ message }) => message).join("\n")).toMatch(/fake\/a/);
    const json = await client.call("llm_processor", { input: "Ana is 41", task: "extract", output_schema: AGE });
    expect(json.json).toMatchObject({ format: "json", data: { age: 41 } });
    const cut = await client.call("llm_processor", { input: "A long text", model: "fake/cut" });
    expect(cut.json).toMatchObject({ status: "success", truncated: true, data: "All is" });
  });

  it("gives the answer of a mixture with its trace, and tells of the layers with rising percents", async () => {
    const client = await road.connect(server);
    const told: Progress[] = [];
    const options = { onprogress: (progress: Progress) => void told.push(progress) };
    const { json } = await client.call("mixture_of_agents", { query: "Is all well?", seed: 7 }, options);
    expect(json).toMatchObject(MIXTURE);
    expect((json.trace as Json[]).map(({ layer, role, status }) => [layer, role, status])).toEqual([
      ...[1, 1, 2, 2].map((layer) => [layer, "agent", "ok"]),
      [3, "aggregator", "ok"],
    ]);
    expect(told[0]?.message).toContain("Starting Mixture of Agents process");
    expect(told.at(-1)).toMatchObject({ message: expect.stringContaining("Process complete") });
    const percents = told.map(({ progress }) => progress);
    expect(percents).toEqual([...percents].sort((one, other) => one - other));
  });

  it.each(FAILURES)("says why %s with %o fails", async (tool, args, error) => {
    const client = await road.connect(server);
    const { isError, json } = await client.call(tool, args);
    expect(isError).toBe(true);
    expect(json).toMatchObject({ status: "error", hint: expect.stringMatching(/./), ...error });
  });
});

describe("mcpo", () => {
  let url: string;
  beforeAll(async () => {
    const mcpo = join(await pythonPrograms(MCPO_REQUIREMENTS), "mcpo");
    const file = join(temporaryFolder(), "mcpo.json");
    const { command, args, env } = server.command;
    writeFileSync(file, JSON.stringify({ mcpServers: { patchbay: { command, args, env } } }));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const running = startProcess({
      command: mcpo,
      args: ["--host", "127.0.0.1", "--port", String(port), "--config", file],
      env: { PATH: USERS_PATH, HOME: temporaryFolder() },
    });
    await waitForAnswer(running, `${url}/openapi.json`, 60_000);
  }, PYTHON_SETUP_MS);

  const post = async (tool: string, args: Json): Promise<{ status: number; body: Json }> => {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(`${url}/patchbay/${tool}`, { method: "POST", headers, body: JSON.stringify(args) });
    return { status: response.status, body: (await response.json()) as Json };
  };

  it("passes on JSON, a cut answer and a mixture whole", async () => {
    const extract = { input: "Ana is 41", task: "extract", output_schema: AGE };
    expect(await post("llm_processor", extract)).toMatchObject({
      status: 200,
      body: { format: "json", data: { age: 41 } },
    });
    expect(await post("llm_processor", { input: "A long text", model: "fake/cut" })).toMatchObject({
      body: { truncated: true },
    });
    const asked = { query: "Is all well?", seed: 7, output: "trace" };
    expect(await post("mixture_of_agents", asked)).toMatchObject({
      status: 200,
      body: { ...MIXTURE, mermaid: expect.stringMatching(/./) },
    });
  });

  it.each(FAILURES)("shows the code of the failure of %s with %o", async (tool, args, error) => {
    const { status, body } = await post(tool, args);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).toContain(String(error.code));
  });
});

describe("MCP Inspector", () => {
  const inspect = async (tool: string, ...pairs: string[]) => {
    const words = ["--transport", "http", "--method", "tools/call", "--tool-name", tool];
    const { code, stdout } = await runProcess({
      command: "npx",
      args: [
        "mcp-inspector",
        "--cli",
        `${server.http.url}/mcp`,
        ...words,
        ...pairs.flatMap((pair) => ["--tool-arg", pair]),
      ],
      env: { PATH: USERS_PATH, HOME: temporaryFolder(), MCP_INSPECTOR_SECRET_STORE: "memory" },
    });
    return { code, json: JSON.parse(stdout) as { structuredContent: Json; content: { text: string }[] } };
  };

  it("calls both tools", async () => {
    const { json } = await inspect(
      "llm_processor",
      "input=Ana is 41",
      "task=extract",
      `output_schema=${JSON.stringify(AGE)}`,
    );
    expect(json.structuredContent).toMatchObject({ status: "success", data: { age: 41 } });
    const mixture = await inspect("mixture_of_agents", "query=Is all well?", "seed=7");
    expect(mixture.json.structuredContent).toMatchObject(MIXTURE);
  });

  it("shows the code of a failure, and ends with 5", async () => {
    const { code, json } = await inspect("llm_processor", "input=x", "model=fake/none");
    expect(code).toBe(5);
    expect(JSON.parse(json.content[0]?.text ?? "")).toMatchObject({ code: "unknown_model", retryable: false });
  });
});

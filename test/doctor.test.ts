import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { type FakeModel, startFakeProvider } from "./fixtures/fake-provider.ts";
import { startHttpServer as startApi, unusedPort } from "./fixtures/http-server.ts";
import { runProcess, serverCommand, startHttpServer, waitForOutput } from "./fixtures/spawn.ts";

async function startProvider(models: string[]) {
  const provider = await startFakeProvider({ models: Object.fromEntries(models.map((model) => [model, {}])) });
  whenDone(() => provider.close());
  return provider;
}

const doctor = (config: Record<string, unknown> = {}, env: Record<string, string> = {}) =>
  runProcess(serverCommand({ config, env, args: ["doctor"] }));

describe("patchbay-mcp doctor", () => {
  it("finds nothing broken without any configuration, and says how to get a model", async () => {
    const { code, stdout } = await doctor({ llm: {} }, { OLLAMA_HOST: "" });
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok {5}memory: SQLite in .*, 0 of 1000 memories of "local"$/m);
    expect(stdout).toMatch(/^off {4}models: No model provider is configured\.\n.*Start Ollama.*OPENAI_API_KEY/m);
    expect(stdout).toContain("9 of 14 tools can be used.");
    expect(stdout).toMatch(/^ {2}mixture_of_agents: No model provider/m);
    expect(stdout).toMatch(/^ {2}call_api: no API is configured/m);
  });

  it("shows the provider with its models, what default names stand for, and the APIs", async () => {
    const provider = await startProvider(["llama3.2"]);
    const api = await startApi();
    const { code, stdout } = await doctor({
      providers: { local: { baseUrl: provider.baseUrl } },
      apis: { weather: { apiUrl: api.url, apiKey: "very-secret-key", allow: ["GET /v1/*"] } },
      pipelines: { clean: { processingSteps: ["format"] } },
    });
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok {5}provider local: http:\/\/127.*\/v1 \(configuration\), 1 model: llama3\.2$/m);
    expect(stdout).toMatch(/^ok {5}llm\.modelId: "gpt-4" means local\/llama3\.2; configure the model you want$/m);
    expect(stdout).toMatch(/^ok {5}API weather: http:\/\/127.*, 1 operation without a document, with a key$/m);
    expect(stdout).toMatch(/^ok {5}pipelines: clean$/m);
    expect(stdout).toContain("14 of 14 tools can be used.");
    expect(stdout).not.toContain("very-secret-key");
  });

  it("says which calls are asked about first, and warns where the rules are about nothing that is on", async () => {
    const confirmationRequired = ["memory_delete", { effect: "write-open" }, { tool: "llm_processor", costUsd: 0.5 }];
    const shown = await doctor({ interaction: { confirmationRequired } });
    expect(shown.stdout).toMatch(
      /^ok {5}confirmations: asks before memory_delete; any tool \(write-open\); llm_processor \(above \$0\.5\)$/m,
    );
    const none = await doctor({ interaction: { confirmationRequired: [{ effect: "write" }] }, readOnly: true });
    expect(none.stdout).toMatch(/^warn {3}confirmations: no tool is asked about, whatever the rules say$/m);
  });

  it("asks for the token that calls of an API need, unless nothing is to be asked", async () => {
    let tokens = 0;
    const api = await startApi(({ path }) => {
      if (path === "/token") tokens += 1;
      return { status: 401, json: { error: "invalid_client", error_description: "the secret is wrong" } };
    });
    const auth = { type: "oauth2", tokenUrl: `${api.url}/token`, clientId: "c", clientSecret: "secret-of-c" };
    const config = { apis: { token: { apiUrl: api.url, auth } } };
    const asked = await doctor(config);
    expect(asked.stdout).toMatch(/^BROKEN API token: /m);
    expect(asked.stdout).not.toContain("secret-of-c");
    expect(tokens).toBeGreaterThan(0);
    const before = tokens;
    const { code, stdout } = await runProcess(serverCommand({ config, args: ["doctor", "--no-probe"] }));
    expect(code, stdout).toBe(0);
    expect(tokens).toBe(before);
  });

  it("says of each API what can be called, who calls it, and which of its tools are misspelt", async () => {
    const api = await startApi({ json: { access_token: "token-of-the-client", token_type: "bearer" } });
    const shop = { apiUrl: api.url, openapi: resolve("test/fixtures/shop.openapi.yaml") };
    const { code, stdout } = await doctor({
      readOnly: true,
      apis: {
        shop: { ...shop, apiKey: "very-secret-key", apiKeyHeader: "X-Key", tools: ["getItem", "getItm"] },
        own: { ...shop, users: { ana: { apiKey: "key-of-ana-1" } }, requireUserCredentials: true, confirm: true },
        token: {
          ...shop,
          auth: { type: "oauth2", tokenUrl: `${api.url}/token`, clientId: "c", clientSecret: "secret-of-c" },
        },
      },
    });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(
      /^ok {5}API shop: http:\/\/127.*, 4 operations, 2 as tools of their own, key in the header X-Key, read-only$/m,
    );
    expect(stdout).toMatch(/^BROKEN tool shop_get_itm \(apis\.shop\.tools\.1\): .*"getItm"\.\n {9}Closest: getItem/m);
    expect(stdout).toMatch(
      /^ok {5}API own: .*, credentials of 1 user, nobody else may call, read-only, asks the user/m,
    );
    expect(stdout).toMatch(/API token: .*OAuth2 token of 127\.0\.0\.1:\d+, read-only/);
    expect(stdout).toMatch(/^ {2}memory_add: switched off by readOnly$/m);
    expect(stdout).not.toMatch(/very-secret-key|key-of-ana-1|secret-of-c/);
  });

  it("asks the model that memories are to be found by in meaning", async () => {
    const provider = await startProvider(["a"]);
    const providers = { local: { baseUrl: provider.baseUrl } };
    const works = await doctor({ providers, memory: { embeddings: { model: "local/a" } } });
    expect(works.stdout).toMatch(/^ok {5}embeddings: local\/a, 256 dimensions$/m);
    const broken = await doctor({ providers, memory: { embeddings: { model: "folder:nowhere" } } });
    expect(broken.code, broken.stdout).toBe(1);
    expect(broken.stdout).toMatch(/^BROKEN embeddings: folder:nowhere: There is no .*model\.onnx/m);
  });

  it("counts no model tools where the only model is the one that memories are embedded with", async () => {
    const provider = await startProvider(["small-vectors"]);
    const { code, stdout } = await doctor({
      providers: { nano: { baseUrl: provider.baseUrl } },
      memory: { embeddings: { model: "nano/small-vectors" } },
    });
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok {5}embeddings: nano\/small-vectors, 256 dimensions$/m);
    expect(stdout).toMatch(/^off {4}models: the providers have no model for chat/m);
    expect(stdout).not.toContain("means nano");
    expect(stdout).toContain("9 of 14 tools can be used.");
    expect(stdout).toMatch(/^ {2}mixture_of_agents: the providers have no model for chat/m);
  });

  it("exits with 1 and says what to fix where a part is broken", async () => {
    const provider = await startProvider(["llama3.2"]);
    const port = await unusedPort();
    const { code, stdout } = await doctor({
      providers: { local: { baseUrl: provider.baseUrl }, gone: { baseUrl: `http://127.0.0.1:${port}/v1` } },
      llm: { modelId: "local/missing" },
      apis: { gone: { apiUrl: `http://127.0.0.1:${port}` } },
    });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^BROKEN provider gone: .+\n {9}.+/m);
    expect(stdout).toMatch(/^BROKEN llm\.modelId: .*local\/missing/m);
    expect(stdout).toMatch(/^BROKEN API gone: /m);
    expect(stdout).toMatch(/^ {2}call_api: /m);
    expect(stdout).toMatch(/^ {2}llm_processor: can be used, but not with .*provider gone/m);
  });

  it("tells a wrong pipeline and a database that cannot be opened", async () => {
    const { code, stdout } = await doctor({
      dataDir: "/dev/null/nowhere",
      pipelines: { clean: { processingSteps: ["polish"] }, tidy: { processingSteps: ["format"] } },
    });
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^BROKEN memory: /m);
    expect(stdout).toMatch(/^BROKEN pipeline clean: .*polish/m);
    expect(stdout).toMatch(/^ok {5}pipelines: tidy$/m);
    expect(stdout).toMatch(/run_pipeline: can be used, but not with pipeline clean$/m);
  });
});

describe("the models that patchbay-mcp doctor asks for a word", () => {
  const models: Record<string, FakeModel> = {
    good: { reply: "I am ready, and so is each of my words.", latencyMs: 100, wordMs: 15, contextTokens: 8192 },
    refused: { fault: "unauthorized" },
    silent: { fault: "content_null" },
    thinking: { reply: { content: null, reasoning: "The user wants", finishReason: "length" } },
  };
  async function setUp(named: string[], provider: object = {}) {
    const server = await startFakeProvider({ models });
    whenDone(() => server.close());
    const [first = "", ...fallbackModels] = named.map((name) => `p/${name}`);
    return {
      server,
      config: {
        providers: { p: { baseUrl: server.baseUrl, ...provider } },
        llm: { modelId: first, fallbackModels },
        moa: { models: [first], aggregatorModel: first },
      },
    };
  }
  const ask = (config: Record<string, unknown>, ...args: string[]) =>
    runProcess(serverCommand({ config, args: ["doctor", ...args] }));

  it("are told with their time, speed, context, price and what they are for, each asked once", async () => {
    const { server, config } = await setUp(["good"], {
      prices: { good: { input: 1, output: 2 } },
      contextTokens: 4096,
    });
    const { code, stdout } = await ask(config);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(
      /^ok {5}model p\/good: answers in 0\.\d\d s, first token after 0\.1\d s, \d+ tokens\/s, context of 4,096 tokens, price known, for llm\.modelId, moa\.models, moa\.aggregatorModel$/m,
    );
    expect(server.chats).toHaveLength(1);
    expect(server.chats[0]?.body?.max_completion_tokens ?? server.chats[0]?.body?.max_tokens).toBeLessThanOrEqual(16);
  });

  it("are broken where they refuse or say nothing, with the reason and what to do", async () => {
    const { config } = await setUp(["good", "refused", "silent"]);
    const { code, stdout } = await ask(config);
    expect(code, stdout).toBe(1);
    expect(stdout).toMatch(/^ok {5}model p\/good: .*price unknown/m);
    expect(stdout).toMatch(/^BROKEN model p\/refused: .*401.* \(llm\.fallbackModels\)\n {9}\S.*key/m);
    expect(stdout).toMatch(/^BROKEN model p\/silent: .+\n {9}\S/m);
    expect(stdout).toMatch(/^ {2}llm_processor: can be used, but not with model p\/refused, model p\/silent$/m);
  });

  it("work where they had only come to thinking", async () => {
    const { config } = await setUp(["thinking"]);
    const { code, stdout } = await ask(config);
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^ok {5}model p\/thinking: thinks; \d\.\d\d s, context size unknown, price unknown, for /m);
  });

  it("are left alone with --no-probe, and by the start page", async () => {
    const { server, config } = await setUp(["refused"]);
    const { code, stdout } = await ask(config, "--no-probe");
    expect(code, stdout).toBe(0);
    expect(stdout).not.toContain("model p/");
    const page = await startHttpServer({ config });
    await waitForOutput(page, /stdio .*mcpServers/, 20_000);
    expect(page.stdout()).toMatch(/^Models\n {2}provider p: .* 4 models: good, refused, /m);
    expect(server.requests.length).toBeGreaterThan(0);
    expect(server.chats).toEqual([]);
  });
});

describe("the start page of patchbay-mcp http", () => {
  it("says which tools are on, which are not and why, and how each client connects", async () => {
    const server = await startHttpServer({ config: { tools: { disabled: ["memory_delete"] } } });
    await waitForOutput(server, /stdio .*mcpServers/, 20_000);
    const page = server.stdout();
    expect(page).toMatch(/^ {2}on {3}memory_add /m);
    expect(page).toMatch(/^ {2}off {2}memory_delete +switched off by tools\.disabled$/m);
    expect(page).toMatch(/^ {2}off {2}llm_processor +No model provider is configured/m);
    for (const client of ["Open-WebUI", "mcpo", "Inspector", "stdio"]) expect(page).toContain(`  ${client} `);
    expect(page).toContain(`${server.url}/mcp`);
    // What is printed for stdio can be pasted: it starts this very program.
    const { mcpServers } = JSON.parse(/^ {2}stdio +(\{.*\})$/m.exec(page)?.[1] ?? "{}") as {
      mcpServers: { patchbay: { command: string; args: string[] } };
    };
    const { command, args } = mcpServers.patchbay;
    const version = await runProcess({ command, args: [...args, "--version"], env: {} });
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(page).toContain("everybody on this machine is one user");
  });

  it("names the header where keys are needed, and never a key", async () => {
    const server = await startHttpServer({
      config: { auth: { apiKeys: [{ key: "ana-key-0123456789", user: "ana" }] } },
    });
    await waitForOutput(server, /stdio .*mcpServers/, 20_000);
    expect(server.stdout()).toContain('--header "Authorization: Bearer <your key>"');
    expect(server.stdout()).not.toContain("ana-key");
  });
});

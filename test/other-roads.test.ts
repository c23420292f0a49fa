import { describe, expect, it } from "vitest";
import { startAuthorizationServer } from "./fixtures/authorization-server.ts";
import { callTool, connect, startPatchbay } from "./fixtures/connect.ts";
import { type HttpServer, startHttpServer as startApi } from "./fixtures/http-server.ts";
import { sessionOf, startSessionServer } from "./fixtures/identities.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const data = [{ q: "password hint" }];
const STEPS = {
  memory: { memory: { query_template: "{{q}}", into: "m" } },
  api: { api: { api: "shop", operation: "POST /items", body: { q: "{{q}}" }, into: "m" } },
  llm: { llm: { task: "say", input_template: "{{q}}", into: "m" } },
};
/** What a pipeline step does, and the tool that does the same. */
const SAME = [
  ["memory", "memory_search"],
  ["api", "call_api"],
  ["llm", "llm_processor"],
] as const;

const shopAt = ({ url }: HttpServer) => ({ apis: { shop: { apiUrl: url, allow: ["GET /**", "POST /**"] } } });
const ownSteps = (kind: keyof typeof STEPS) => ({ data, steps: [{ name: "enrich", ...STEPS[kind] }] });

describe("a tool that is switched off", () => {
  it.each(SAME)("is not to be had by the %s of a caller's own steps, however these are written", async (kind, tool) => {
    const api = await startApi();
    const client = await connect({ ...shopAt(api), tools: { disabled: [tool] } });
    const options = STEPS[kind];
    const [inner] = Object.values(options);
    const ways: Json[] = [
      { steps: [{ name: "enrich", ...options }] },
      { steps: [{ enrich: options }] },
      { steps: [{ enabled: false, enrich: { ...options, enabled: null } }] },
      { steps: [JSON.stringify({ enrich: options })] },
      { steps: JSON.stringify([{ enrich: options }]) },
      { steps: [{ name: "enrich", "{{$kind}}": inner }], parameters: { kind } },
      { steps: [{ name: "enrich", ...options, enabled: "{{$on}}" }], parameters: { on: true } },
      { steps: [{ name: "enrich", ...options }], dry_run: true },
    ];
    for (const way of ways) {
      expect(await callTool(client, "run_pipeline", { data, ...way }), JSON.stringify(way)).toMatchObject({
        status: "error",
        code: "disabled",
        message: `Step 1 (enrich, ${kind}) needs the tool ${tool}, which is switched off.`,
        hint: expect.stringContaining("tools.disabled"),
      });
    }
    expect(api.requests).toEqual([]);
    const off = { data, steps: [{ name: "enrich", ...options, enabled: false }] };
    expect(await callTool(client, "run_pipeline", off)).toMatchObject({ status: "success" });
  });

  it("is used by the configuration's own pipelines", async () => {
    const api = await startApi({ json: { price: 5 } });
    const step = { enrich: { api: { ...STEPS.api.api, into: "m" } } };
    const client = await connect({
      ...shopAt(api),
      pipelines: { prices: { processingSteps: [step] } },
      tools: { disabled: ["call_api"] },
      interaction: { confirmationRequired: [{ tool: "llm_processor" }] },
    });
    const result = await callTool(client, "run_pipeline", { pipeline: "prices", data });
    expect(result).toMatchObject({ status: "success", final_data: [{ m: { price: 5 } }] });
  });

  it("takes the resources, prompts and completions with it that give the same", async () => {
    const patchbay = await startPatchbay({ tools: { disabled: ["memory_list", "memory_search"] } });
    const client = await connect({}, { patchbay });
    const { memory } = await callTool(client, "memory_add", { content: "Tea", tags: ["drinks"] });
    const { id } = memory as { id: string };
    for (const uri of ["memory://list", `memory://${id}`, `MEMORY://${id}`]) {
      const message = "The tool memory_list is switched off, and what gives the same with it.";
      await expect(client.readResource({ uri })).rejects.toMatchObject({ message, data: { code: "disabled" } });
      await expect(client.subscribeResource({ uri })).rejects.toThrow(message);
    }
    const { resources } = await client.listResources();
    expect(resources.filter(({ uri }) => uri.startsWith("memory:"))).toEqual([]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.filter(({ uriTemplate }) => uriTemplate.startsWith("memory:"))).toEqual([]);
    expect(client.getServerCapabilities()?.prompts).toBeUndefined();
    const ref = { type: "ref/resource" as const, uri: "memory://{id}" };
    await expect(client.complete({ ref, argument: { name: "id", value: "" } })).rejects.toThrow("switched off");

    const listless = await connect({ tools: { disabled: ["memory_list"] } });
    await callTool(listless, "memory_add", { content: "Tea", tags: ["drinks"] });
    const recall = await listless.getPrompt({ name: "recall", arguments: { topic: "Tea" } });
    expect(JSON.stringify(recall.messages)).toContain("Tea");
    const prompt = { type: "ref/prompt" as const, name: "recall" };
    const { completion } = await listless.complete({ ref: prompt, argument: { name: "topic", value: "" } });
    expect(completion.values).toEqual([]);
  });

  it("takes its kept answers with it, but for those that tools made of operations keep", async () => {
    const uri = "api://answers/00000000-0000-4000-8000-000000000000";
    const api = await startApi();
    const read = async (config: Json) => {
      const client = await connect({ ...config, tools: { disabled: ["call_api"] } });
      const source = await callTool(client, "run_pipeline", { source: uri });
      const lookup = await callTool(client, "run_pipeline", {
        data,
        parameters: { a: "ap", b: uri.slice(2) },
        steps: [{ enrich: { lookup: { field: "q", source: "{{$a}}{{$b}}", key: "q" } } }],
      });
      return [source.code, lookup.code];
    };
    expect(await read(shopAt(api))).toEqual(["disabled", "disabled"]);
    const shop = { ...shopAt(api).apis.shop, tools: [{ operation: "GET /items", name: "shop_items" }] };
    expect(await read({ apis: { shop } })).toEqual(["not_found", "not_found"]);
  });
});

describe("a tool whose calls are confirmed", () => {
  const asks = async (confirmationRequired: unknown, args: Json) => {
    const api = await startApi();
    const client = await connect({ ...shopAt(api), interaction: { confirmationRequired, form: "chat" } });
    const result = await callTool(client, "run_pipeline", args);
    expect(api.requests).toEqual(result.code === "confirmation_required" ? [] : expect.anything());
    return result.code === "confirmation_required" ? (result.question as { message: string }).message : undefined;
  };

  it.each(SAME)("is asked about where the %s of a caller's own steps does the same", async (kind, tool) => {
    const question = await asks([tool], ownSteps(kind));
    expect(question).toContain(`Step 1 (enrich, ${kind}) does what ${tool} does.`);
    expect(await asks([tool], { ...ownSteps(kind), dry_run: true })).toBeUndefined();
    expect(await asks(["memory_delete"], { ...ownSteps("memory") })).toBeUndefined();
  });

  it("is asked about by what the steps do", async () => {
    const get = (operation: string) => ({
      data,
      steps: [{ enrich: { api: { api: "shop", operation, into: "m" } } }],
    });
    const writes = [{ effect: "write-open" }];
    expect(await asks(writes, get("POST /items"))).toContain("call_api");
    expect(await asks(writes, get("GET /items"))).toBeUndefined();
    expect(await asks([{ tool: "call_api", effect: "read-open" }], get("get /items"))).toContain("call_api");
    // Which method an id stands for is not known here.
    expect(await asks(writes, get("listItems"))).toContain("call_api");
    expect(await asks([{ tool: "llm_processor", costUsd: 0.5 }], ownSteps("llm"))).toContain("cost is not known");
  });

  it("is not to be had by resources and prompts, which cannot ask", async () => {
    const rules: unknown[] = [["memory_list", "memory_search"], [{ effect: "read" }], true];
    for (const confirmationRequired of rules) {
      const client = await connect({ interaction: { confirmationRequired, form: "chat" } });
      await expect(client.readResource({ uri: "memory://list" })).rejects.toMatchObject({
        message: "The user has to be asked before memory_list, which is not possible here.",
        data: { code: "confirmation_required" },
      });
      expect(JSON.stringify((await client.listResources()).resources)).not.toContain("memory:");
      expect(client.getServerCapabilities()?.prompts).toBeUndefined();
      await client.readResource({ uri: "pipeline://reference" });
    }
  });

  it("runs once after a yes, and not with other steps", async () => {
    const api = await startApi();
    const client = await connect({ ...shopAt(api), interaction: { confirmationRequired: ["call_api"], form: "chat" } });
    const { resume_token } = await callTool(client, "run_pipeline", ownSteps("api"));
    await callTool(client, "confirm_action", { resume_token, answer: true });
    const other = { data, steps: [{ enrich: { api: { ...STEPS.api.api, operation: "POST /other" } } }] };
    expect(await callTool(client, "run_pipeline", other)).toMatchObject({ code: "confirmation_required" });
    expect(await callTool(client, "run_pipeline", ownSteps("api"))).toMatchObject({ status: "success" });
    expect(api.requests.map(({ path }) => path)).toEqual(["/items"]);
  });
});

describe("scopes", () => {
  const READ = "key-that-may-read-0123456789";
  const ALL = "key-that-may-do-all-0123456789";
  const META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };

  async function scoped(more: Json = {}): Promise<RunningServer> {
    const toolScopes = { memory_search: ["mem"], memory_list: ["mem"], call_api: ["api"], llm_processor: ["llm"] };
    const apiKeys = [
      { key: READ, user: "ana", scopes: ["read"] },
      { key: ALL, user: "ana" },
    ];
    return startHttpServer({ config: { auth: { apiKeys, toolScopes: { ...toolScopes, "*": ["read"] } }, ...more } });
  }

  const post = (
    server: RunningServer,
    key: string,
    method: string,
    params: Json,
    headers: Record<string, string> = {},
  ) =>
    fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        Authorization: `Bearer ${key}`,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: AbortSignal.timeout(20_000),
    });

  /** The first event of a stream, or the JSON, as text. */
  async function first(response: Response): Promise<string> {
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return Buffer.from(value ?? []).toString();
  }

  it("of a tool are needed for steps of a caller that do the same, and not for those of the configuration", async () => {
    const api = await startApi({ json: { price: 5 } });
    const server = await scoped({
      ...shopAt(api),
      pipelines: { prices: { processingSteps: [{ enrich: STEPS.api }] } },
    });
    const run = async (key: string, args: Json) =>
      (await post(server, key, "tools/call", { name: "run_pipeline", arguments: args })).text();
    for (const [kind, tool] of SAME) {
      const scope = { memory: "mem", api: "api", llm: "llm" }[kind];
      const refused = await run(READ, ownSteps(kind));
      expect(refused).toContain("insufficient_scope");
      expect(refused).toContain(`Step 1 (enrich, ${kind}): ${tool} needs the scope ${scope}.`);
    }
    expect(await run(READ, { source: "api://answers/00000000-0000-4000-8000-000000000000" })).toContain("scope api");
    expect(api.requests).toEqual([]);
    expect(await run(ALL, ownSteps("memory"))).not.toContain("insufficient_scope");
    expect(await run(READ, { data, steps: [] })).toContain("success");
    expect(await run(READ, { pipeline: "prices", data })).toContain("success");
    expect(api.requests).toHaveLength(1);
    // What is wrong with a call is said by the call.
    expect(await run(READ, { pipeline: "none", data })).toContain("unknown_pipeline");
  });

  it("of sessions of Open-WebUI are those of the configuration, or all", async () => {
    const sessions = await startSessionServer();
    const list = async (auth: Json, headers: Record<string, string> = {}) => {
      const config = {
        auth: { mode: "open-webui-session", toolScopes: { memory_list: ["mem"] }, ...auth },
        openWebui: { url: sessions.url },
      };
      const server = await startHttpServer({ config });
      return (
        await post(server, sessionOf("ana"), "tools/call", { name: "memory_list", arguments: {} }, headers)
      ).text();
    };
    expect(await list({})).toContain("success");
    expect(await list({ sessionScopes: ["mem"] })).toContain("success");
    expect(await list({ sessionScopes: [] })).toContain("insufficient_scope");
    const apiKeys = [{ key: READ }];
    expect(await list({ apiKeys, sessionScopes: [] }, { "X-API-Key": READ })).toContain("insufficient_scope");
  });

  it("of access tokens are asked for by a challenge, for steps as for tools", async () => {
    const issuer = await startAuthorizationServer();
    const toolScopes = { call_api: ["api"] };
    const server = await startHttpServer({
      config: { auth: { mode: "oauth", toolScopes, oauth: { issuer: issuer.issuer } } },
    });
    const token = await issuer.token({ aud: `${server.url}/mcp`, scope: "read" });
    const response = await post(server, token, "tools/call", { name: "run_pipeline", arguments: ownSteps("api") });
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
  });

  it("bind what is listened to, in every era", async () => {
    const server = await scoped();
    const modern = { "Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "subscriptions/listen" };
    const listen = async (key: string, notifications: Json) =>
      first(await post(server, key, "subscriptions/listen", { notifications, _meta: META }, modern));
    const memories = { resourceSubscriptions: ["memory://list"] };
    expect(await listen(READ, memories)).toContain("insufficient_scope");
    expect(await listen(READ, { resourceSubscriptions: ["pipeline://runs/x/data", "MEMORY://list"] })).toContain(
      "insufficient_scope",
    );
    expect(await listen(READ, { resourcesListChanged: true })).toContain("insufficient_scope");
    expect(await listen(READ, { resourceSubscriptions: ["pipeline://definitions"] })).toContain("acknowledged");
    expect(await listen(ALL, memories)).toContain("acknowledged");

    const opened = await post(server, READ, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "test", version: "0" },
    });
    const session = { "Mcp-Session-Id": opened.headers.get("mcp-session-id") ?? "" };
    await first(opened);
    const subscribe = (uri: string) => post(server, READ, "resources/subscribe", { uri }, session);
    expect(await first(await subscribe("memory://list"))).toContain("insufficient_scope");
    expect(await first(await subscribe("pipeline://definitions"))).not.toContain("insufficient_scope");
  });
});

import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { type AnyClient, roads, type Server, startServer } from "./fixtures/clients.ts";
import { startFakeProvider } from "./fixtures/fake-provider.ts";
import { runProcess } from "./fixtures/spawn.ts";

let server: Server;
beforeAll(async () => {
  const provider = await startFakeProvider({ models: { slow: { latencyMs: 400 } } });
  whenDone(() => provider.close());
  server = await startServer({
    config: { providers: { fake: { baseUrl: provider.baseUrl } }, llm: { modelId: "fake/slow" } },
  });
});

const request = (method: string, params?: object, id: number | string = 1) => ({ jsonrpc: "2.0", id, method, params });
const show = (message: string) => request("tools/call", { name: "display_result", arguments: { message } });

/** What a 2026-07-28 client adds to each request. */
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

async function post(body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.http.url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify(body),
  });
  const type = response.headers.get("content-type") ?? "";
  const text = await response.text();
  const json = type.startsWith("text/event-stream") ? (/^data: (.*)$/m.exec(text)?.[1] ?? "") : text;
  return { status: response.status, type, json: json === "" ? undefined : JSON.parse(json) };
}

/** Sends lines to a server of its own over stdio and gives the messages that came back, by id. */
async function pipe(requests: object[]): Promise<Record<string, { result?: Record<string, unknown>; error?: object }>> {
  const input = requests.map((each) => `${JSON.stringify(each)}\n`).join("");
  const { code, stdout } = await runProcess(server.command, { input });
  expect(code).toBe(0);
  const lines = stdout.split("\n").slice(0, -1);
  return Object.fromEntries(lines.map((line) => JSON.parse(line)).map((message) => [message.id, message]));
}

describe("every road", () => {
  it("lists the same tools in the same order, and each list is the same to the byte", async () => {
    const lists = await Promise.all(
      roads.map(async ({ connect }) => {
        const client = await connect(server);
        return [await client.toolNames(), await client.toolNames()];
      }),
    );
    for (const list of lists.flat()) expect(list).toEqual(lists[0]?.[0]);
    expect(lists[0]?.[0]).toContain("display_result");
    const bytes = async () => JSON.stringify((await post(request("tools/list"))).json.result);
    const first = await bytes();
    expect(await bytes()).toBe(first);
    expect(JSON.stringify((await pipe([request("tools/list")]))[1]?.result)).toBe(first);
  });

  it.each(roads)("serves calls at once, the quick before the slow: $name", async ({ connect }) => {
    const client: AnyClient = await connect(server);
    const done: string[] = [];
    const slow = client.call("llm_processor", { input: "x" }).then(() => done.push("slow"));
    const quick = Array.from({ length: 30 }, async (_none, index) => {
      const { json } = await client.call("display_result", { message: `${index}` });
      expect(json.message).toBe(`${index}`);
      done.push("quick");
    });
    await Promise.all([slow, ...quick]);
    expect(done).toEqual([...Array.from({ length: 30 }, () => "quick"), "slow"]);
  });

  it.each(roads)("says what is no tool or switched off, as a result: $name", async ({ connect }) => {
    const client = await connect(server);
    expect(await client.call("nosuch")).toMatchObject({ isError: true, json: { code: "unknown_tool" } });
  });
});

describe("stdio", () => {
  it("answers in the 2026-07-28 era and names itself", async () => {
    const _meta = ENVELOPE;
    const answers = await pipe([
      request("server/discover", { _meta }, "a"),
      request("tools/call", { name: "display_result", _meta }, "b"),
      request("nosuch/method", { _meta }, "c"),
    ]);
    expect(answers).toMatchObject({
      a: { result: { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } } },
      b: { result: { resultType: "complete", structuredContent: { status: "success" } } },
      c: { error: { code: -32601 } },
    });
  });

  it("answers a client that opens without a word, and one that asks for what is not there", async () => {
    expect(await pipe([show("hello"), request("tasks/list", {}, 2), request("nosuch/method", {}, 3)])).toMatchObject({
      1: { result: { structuredContent: { message: "hello" } } },
      2: { error: { code: -32601 } },
      3: { error: { code: -32601 } },
    });
  });
});

describe("the bundle", () => {
  const run = (args: string[], built: boolean, input = "") => {
    const { command } = server.command;
    const env = { PATH: process.env.PATH ?? "", HOME: temporaryFolder() };
    const entry = resolve(built ? "dist/main.js" : "src/main.ts");
    return runProcess({ command, args: [entry, ...args], env }, { cwd: env.HOME, input });
  };

  it("has the tools and the defaults of the sources, which the build prepares", async () => {
    const list = `${JSON.stringify(request("tools/list"))}\n`;
    const [built, plain] = await Promise.all([run([], true, list), run([], false, list)]);
    expect(JSON.parse(built.stdout)).toEqual(JSON.parse(plain.stdout));
    const [prepared, read] = await Promise.all([
      run(["config", "--data-dir", "/data"], true),
      run(["config", "--data-dir", "/data"], false),
    ]);
    expect(prepared.stdout).toBe(read.stdout);
    expect(prepared.stdout).toContain("dataDir: /data  # --data-dir");
  });

  it("reads a configuration where there is one", async () => {
    const { code, stderr } = await run(["--host", ""], true);
    expect(code).toBe(1);
    expect(stderr).toContain("http.host (--host)");
  });
});

describe("HTTP", () => {
  it.each([
    ["both", "application/json, text/event-stream", "text/event-stream"],
    ["anything, as curl does", "*/*", "application/json"],
    ["JSON only", "application/json", "application/json"],
  ])("answers a plain POST without a session that accepts %s", async (_what, accept, type) => {
    const answer = await post(show("hello"), { accept });
    expect(answer).toMatchObject({ status: 200, json: { id: 1, result: { structuredContent: { message: "hello" } } } });
    expect(answer.type).toContain(type);
    expect((await post({ jsonrpc: "2.0", method: "notifications/initialized" }, { accept })).status).toBe(202);
    expect((await post([show("a"), show("b")], { accept })).status).toBe(200);
  });

  it("takes nothing but JSON", async () => {
    expect(await post(show("hello"), { "content-type": "text/plain" })).toMatchObject({ status: 415 });
  });

  it("discovers, lists and calls in the 2026-07-28 era", async () => {
    const modern = (method: string, params: object = {}, name?: string) =>
      post(request(method, { ...params, _meta: ENVELOPE }), {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
        ...(name !== undefined && { "mcp-name": name }),
      });
    expect(await modern("server/discover")).toMatchObject({
      status: 200,
      json: { result: { supportedVersions: ["2026-07-28"] } },
    });
    expect((await modern("tools/list")).json.result.tools.length).toBeGreaterThan(0);
    const call = await modern("tools/call", { name: "display_result" }, "display_result");
    expect(call).toMatchObject({ status: 200, json: { result: { structuredContent: { status: "success" } } } });
    expect(await modern("nosuch/method")).toMatchObject({ status: 404, json: { error: { code: -32601 } } });
  });

  it("says that a method is not there", async () => {
    expect(await post(request("nosuch/method"))).toMatchObject({ status: 200, json: { error: { code: -32601 } } });
    for (const method of ["GET", "DELETE", "PUT"]) {
      const response = await fetch(`${server.http.url}/mcp`, { method, headers: { accept: "text/event-stream" } });
      expect([method, response.status]).toEqual([method, 405]);
      expect(await response.json()).toMatchObject({ error: { code: -32000 } });
    }
  });

  it("does not serve a protocol version that it does not speak", async () => {
    const old = await post(show("x"), { "mcp-protocol-version": "1999-01-01" });
    expect(old).toMatchObject({ status: 400, json: { error: { code: -32000 } } });
    const opened = await post(
      request("initialize", {
        protocolVersion: "1999-01-01",
        capabilities: {},
        clientInfo: { name: "test", version: "0" },
      }),
    );
    expect(opened.json.result).toMatchObject({ protocolVersion: "2025-11-25", serverInfo: { name: "patchbay-mcp" } });
  });
});

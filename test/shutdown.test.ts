import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { roads } from "./fixtures/clients.ts";
import { type FakeProvider, startFakeProvider } from "./fixtures/fake-provider.ts";
import {
  type RunningProcess,
  runProcess,
  type ServerOptions,
  serverCommand,
  startHttpServer,
  startProcess,
} from "./fixtures/spawn.ts";

let provider: FakeProvider;
let options: ServerOptions;
beforeAll(async () => {
  provider = await startFakeProvider({ models: { slow: { latencyMs: 800 }, hanging: { fault: "hang" } } });
  whenDone(() => provider.close());
  options = { config: { providers: { fake: { baseUrl: provider.baseUrl } }, llm: { modelId: "fake/slow" } } };
});

const call = (id: number, name: string, args: object = {}) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name, arguments: args },
});
const ask = (id: number, model: string) => call(id, "llm_processor", { input: "x", model: `fake/${model}` });

/** The messages on stdout, each of which has to be one line of JSON-RPC. */
function messagesOf(stdout: string): { jsonrpc: string; id: number; result?: { content: { text: string }[] } }[] {
  const lines = stdout.split("\n");
  expect(lines.pop()).toBe("");
  const messages = lines.map((line) => JSON.parse(line));
  for (const message of messages) expect(message.jsonrpc).toBe("2.0");
  return messages;
}

/** Milliseconds until the process has ended, and its exit code. */
async function endOf({ process }: RunningProcess): Promise<{ code: number | null; ms: number }> {
  const startedAt = performance.now();
  if (process.exitCode === null && process.signalCode === null) await once(process, "close");
  return { code: process.exitCode, ms: performance.now() - startedAt };
}

/** Waits until the provider has got one more request. */
async function nextChat(before: number) {
  await expect.poll(() => provider.chats.length, { timeout: 10_000 }).toBeGreaterThan(before);
  return provider.chats[before];
}

describe("the end of the input over stdio", () => {
  it("ends a server that was asked nothing, which says nothing", async () => {
    expect(await runProcess(serverCommand())).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("lets everything be answered that was asked, also a last line without its line feed", async () => {
    const requests = [
      { jsonrpc: "2.0", id: 1, method: "tools/list" },
      ...Array.from({ length: 20 }, (_none, index) => call(index + 2, "display_result", { message: `${index}` })),
      ask(22, "slow"),
    ];
    const input = requests.map((request) => JSON.stringify(request)).join("\n");
    const { code, stdout } = await runProcess(serverCommand(options), { input });
    expect(code).toBe(0);
    const messages = messagesOf(stdout);
    expect(messages.map(({ id }) => id).sort((a, b) => a - b)).toEqual(requests.map(({ id }) => id));
    const answer = messages.find(({ id }) => id === 22)?.result?.content[0]?.text ?? "null";
    expect(JSON.parse(answer)).toMatchObject({ status: "success", data: "ok" });
  });

  it("ends a subscription, which nothing waits for", async () => {
    const [id, notifications] = [1, { resourcesListChanged: true }];
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const server = startProcess(serverCommand(options));
    const listen = { jsonrpc: "2.0", id, method: "subscriptions/listen", params: { notifications, _meta } };
    server.process.stdin?.write(`${JSON.stringify(listen)}\n`);
    await expect.poll(server.stdout, { timeout: 10_000 }).toContain("notifications/subscriptions/acknowledged");
    server.process.stdin?.end();
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
    expect(messagesOf(server.stdout()).at(-1)).toMatchObject({ id, result: { resultType: "complete" } });
  });

  it("does not let a call without an end keep the server, nor the work upstream", async () => {
    const before = provider.chats.length;
    const server = startProcess(serverCommand(options));
    server.process.stdin?.end(`${JSON.stringify(ask(1, "hanging"))}\n`);
    const chat = await nextChat(before);
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(8_000);
    expect(messagesOf(server.stdout())[0]?.result?.content[0]?.text).toContain('"message":"The server is stopping."');
    expect(chat?.abandoned).toBe(true);
  });

  it("ends the server where the client is gone altogether", async () => {
    const server = startProcess(serverCommand(options));
    server.process.stdin?.write(`${JSON.stringify(call(1, "display_result"))}\n`);
    await expect.poll(server.stdout, { timeout: 10_000 }).toContain("success");
    server.process.stdout?.destroy();
    for (const id of [2, 3]) server.process.stdin?.write(`${JSON.stringify(call(id, "display_result"))}\n`);
    expect(await endOf(server)).toMatchObject({ code: 0 });
    expect(server.stderr()).not.toMatch(/^\s+at /m);
  });
});

describe("a signal over stdio", () => {
  it("lets the call under way be answered", async () => {
    const before = provider.chats.length;
    const server = startProcess(serverCommand(options));
    server.process.stdin?.write(`${JSON.stringify(ask(1, "slow"))}\n`);
    await nextChat(before);
    server.process.kill("SIGTERM");
    expect(await endOf(server)).toMatchObject({ code: 0 });
    expect(messagesOf(server.stdout()).map(({ id }) => id)).toEqual([1]);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends an idle server at once by %s", async (signal) => {
    const server = startProcess(serverCommand(options));
    server.process.stdin?.write(`${JSON.stringify(call(1, "display_result"))}\n`);
    await expect.poll(server.stdout, { timeout: 10_000 }).toContain("success");
    server.process.kill(signal);
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
  });

  it("cuts the grace short when it comes again", async () => {
    const before = provider.chats.length;
    const server = startProcess(serverCommand(options));
    server.process.stdin?.write(`${JSON.stringify(ask(1, "hanging"))}\n`);
    const chat = await nextChat(before);
    server.process.kill("SIGTERM");
    await new Promise((done) => setTimeout(done, 300));
    expect(server.process.exitCode).toBe(null);
    server.process.kill("SIGTERM");
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
    expect(chat?.abandoned).toBe(true);
  });
});

describe("a signal over HTTP", () => {
  const post = (url: string, message: object) =>
    fetch(`${url}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify(message),
    });

  it("lets the call under way be answered and takes no other", async () => {
    const before = provider.chats.length;
    const server = await startHttpServer(options);
    const answer = post(server.url, ask(1, "slow")).then((response) => response.text());
    await nextChat(before);
    server.process.kill("SIGTERM");
    await expect
      .poll(() => post(server.url, ask(2, "slow")).then(String, (error: Error) => error.message))
      .toBe("fetch failed");
    expect(await answer).toContain('\\"status\\":\\"success\\"');
    expect(await endOf(server)).toMatchObject({ code: 0 });
  });

  it("ends an idle server at once, whatever streams clients hold open", async () => {
    const server = await startHttpServer(options);
    for (const road of roads.filter(({ transport }) => transport === "http")) {
      const client = await road.connect({ http: server, command: serverCommand() });
      await client.call("display_result");
      // One of the roads is stateless and refuses.
      await client.subscribe({ list: true, uris: ["memory://list"] }).catch(() => {});
    }
    server.process.kill("SIGTERM");
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
  });

  it("ends a call without an end after the grace, and its work upstream", async () => {
    const before = provider.chats.length;
    const server = await startHttpServer(options);
    const answer = post(server.url, ask(1, "hanging")).then((response) => response.text());
    const chat = await nextChat(before);
    server.process.kill("SIGTERM");
    const { code, ms } = await endOf(server);
    expect(code).toBe(0);
    expect(ms).toBeGreaterThan(4_000);
    expect(ms).toBeLessThan(8_000);
    expect(chat?.abandoned).toBe(true);
    expect(await answer).toContain('\\"message\\":\\"The server is stopping.\\"');
  });
});

import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { startHttpServer as startWeb, unusedPort } from "./fixtures/http-server.ts";
import { OPEN_WEBUI_SETUP_MS, type OpenWebUi, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatEvent, ChatSocket, Turn } from "./fixtures/open-webui-chat.ts";
import type { Person } from "./fixtures/open-webui-person.ts";
import { type ModelRequest, type ScriptedModel, startScriptedModel } from "./fixtures/scripted-model.ts";
import { type RunningServer, runProcess, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const TOOLS = ["server:mcp:pb"];
const auth = { mode: "open-webui-session" };
const JWT_SECRET = "secret-of-the-headers-of-open-webui-0123";
/** Milliseconds that are at once on a busy machine; `npm run bench -- open-webui` holds it to a second. */
const AT_ONCE_MS = 4_000;
const SLOW = `CALL llm_processor ${JSON.stringify({ input: "SLOW 20", task: "summarize" })}`;

let model: ScriptedModel;
let webUi: OpenWebUi;
let server: RunningServer;
let admin: ChatSocket;

beforeAll(async () => {
  model = await startScriptedModel();
  whenDone(() => model.close());
  webUi = await startOpenWebUi({ models: model.url, jwtSecret: JWT_SECRET });
  whenDone(() => webUi.stop());
  server = await startPatchbay({ auth });
  const hasty = await startPatchbay({ auth, limits: { callTimeout: 2 } });
  await webUi.setToolServers({ id: "pb", url: `${server.url}/mcp` }, { id: "hasty", url: `${hasty.url}/mcp` });
  await webUi.grantModels("scripted");
  admin = await webUi.admin.open();
  whenDone(() => admin.close());
}, OPEN_WEBUI_SETUP_MS);

describe("the status line of a chat in Open-WebUI, by the session of its user", () => {
  it("shows what a tool does, and that it has ended, at once", async () => {
    const turn = await admin.ask('CALL memory_add {"content":"Ana likes tea"}', { tools: TOOLS });
    await expectLines(turn, ["Adding new memory", "Memory added successfully"]);
    expect((await turn.ended()).content).toContain("success");
  });

  it("shows why a call failed", async () => {
    const turn = await admin.ask('CALL memory_update {"memory_id":"no-such-memory","content":"x"}', { tools: TOOLS });
    const last = await expectDone(turn);
    expect(last.data).toMatchObject({ status: "error", error: true, description: expect.stringMatching(/memory/i) });
    await turn.ended();
  });

  it("ends with a last line when the user presses Stop, and the request to the model ends at once", async () => {
    const turn = await admin.ask(SLOW, { tools: TOOLS });
    const upstream = await upstreamRequest();
    const stoppedAt = Date.now();
    await turn.stop();
    const last = await expectDone(turn);
    expect(last.data).toMatchObject({ status: "error", error: true });
    await expect
      .poll(() => upstream.abortedAt ?? Number.POSITIVE_INFINITY, { timeout: 5_000 })
      .toBeLessThan(stoppedAt + AT_ONCE_MS);
    await turn.ended();
  });

  it("ends the requests of a whole mixture when the user presses Stop", async () => {
    const before = model.requests.length;
    const turn = await admin.ask('CALL mixture_of_agents {"query":"SLOW 20"}', { tools: TOOLS });
    await turn.event("status");
    const upstream = () => model.requests.slice(before).filter(({ body }) => !body.tools);
    await expect.poll(() => upstream().length, { timeout: 5_000 }).toBeGreaterThan(1);
    const stoppedAt = Date.now();
    await turn.stop();
    await expectDone(turn);
    await expect
      .poll(() => upstream().every(({ abortedAt = Number.POSITIVE_INFINITY }) => abortedAt < stoppedAt + AT_ONCE_MS), {
        timeout: 5_000,
      })
      .toBe(true);
    await turn.ended();
  });

  it("ends with a last line when the time for a call is over", async () => {
    const turn = await admin.ask(SLOW, { tools: ["server:mcp:hasty"] });
    const last = await expectDone(turn);
    expect(last.data).toMatchObject({ status: "error", error: true });
    await turn.ended();
  });

  it("keeps the lines of several calls of a message in order, and the last one is done", async () => {
    const add = (n: number) => `CALL memory_add {"content":"Fact number ${n} of many"}`;
    const slow = 'CALL llm_processor {"input":"SLOW 2","task":"summarize"}';
    const turn = await admin.ask([slow, add(1), add(2), "THEN", add(3)].join("\n"), { tools: TOOLS });
    const { content } = await turn.ended();
    expect(content).toContain("success");
    const done = () => turn.statuses().filter(({ data }) => data.done);
    await expect.poll(() => done().length, { timeout: 5_000 }).toBe(4);
    await expectDone(turn);
  });

  it("shows the events of many chats in the chat that they belong to", async () => {
    const turns = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        admin.ask(`CALL display_result {"message":"Result ${n}","notification_type":"info"}`, { tools: TOOLS }),
      ),
    );
    for (const [n, turn] of turns.entries()) {
      await expectLines(turn, [`Result ${n}`]);
      await turn.ended();
    }
  });

  it("shows a notification as a toast, once", async () => {
    const turn = await admin.ask('CALL display_result {"message":"Disk is full","notification_type":"warning"}', {
      tools: TOOLS,
    });
    const toast = await turn.event("notification");
    expect(toast.data).toEqual({ type: "warning", content: "Disk is full" });
    await expectDone(turn);
    await turn.ended();
    expect(turn.events("notification")).toHaveLength(1);
  });

  it("does not look busy while a dialog is open, and goes on once it is answered", async () => {
    const form = { title: "About you", fields: [{ name: "age", label: "Age", type: "integer", required: true }] };
    let answer: (content: Json) => void = () => {};
    admin.answerWith(({ type }) =>
      type === "request:elicitation"
        ? new Promise((resolve) => {
            answer = (content) => resolve({ action: "accept", content });
          })
        : undefined,
    );
    const turn = await admin.ask(`CALL collect_input ${JSON.stringify(form)}`, { tools: TOOLS });
    await turn.event("request:elicitation");
    const waiting = await expectDone(turn);
    expect(waiting.data.description).toMatch(/^Waiting for the user/);
    answer({ age: 41 });
    await turn.event("status", ({ data }) => data.status === "success");
    await expectDone(turn);
    expect((await turn.ended()).content).toContain("41");
    expect(turn.statuses().filter(({ data }) => data.description === waiting.data.description)).toHaveLength(1);
  });

  it("leaves no busy line when the user presses Stop while a dialog is open", async () => {
    admin.answerWith(() => undefined);
    const question = { message: "Delete everything?" };
    const turn = await admin.ask(`CALL confirm_action ${JSON.stringify(question)}`, { tools: TOOLS });
    await turn.event("request:elicitation");
    await turn.stop();
    await turn.ended();
    await expectDone(turn);
  });

  it("is left out in a temporary chat, where the tools work all the same", async () => {
    const turn = await admin.ask('CALL memory_add {"content":"Only for now"}', { tools: TOOLS, temporary: true });
    await turn.ended();
    expect(JSON.stringify(turn.events())).toContain("Tool said");
    expect(turn.statuses()).toEqual([]);
  });
});

describe("another way of telling who calls", () => {
  it.each([
    ["a signed header of Open-WebUI", { mode: "open-webui-jwt", openWebuiJwt: { secret: JWT_SECRET } }, undefined],
    ["a key of the person", { mode: "api-key" }, "ana"],
  ])("leaves the session to the status line: %s", async (_, mode, user) => {
    const key = "key-for-x-api-key-0123456789";
    const other = await startPatchbay({ auth: { ...mode, apiKeys: [{ key, ...(user && { user }) }] } });
    const headers = { "X-API-Key": key };
    await webUi.setToolServers(
      { id: "pb", url: `${server.url}/mcp` },
      { id: "other", url: `${other.url}/mcp`, headers },
    );
    const turn = await admin.ask("CALL memory_list {}", { tools: ["server:mcp:other"] });
    await expectLines(turn, ["Retrieving memories", "Retrieved 0 memories"]);
    await turn.ended();
  });
});

describe("a server that is stopped during a call", () => {
  it("still shows that the work has ended", async () => {
    const short = await startPatchbay({ auth });
    await webUi.setToolServers({ id: "pb", url: `${server.url}/mcp` }, { id: "short", url: `${short.url}/mcp` });
    const turn = await admin.ask(SLOW, { tools: ["server:mcp:short"] });
    await upstreamRequest();
    await short.stop();
    const last = await expectDone(turn);
    expect(last.data).toMatchObject({ status: "error" });
    await turn.ended();
  });
});

describe("the doctor", () => {
  const doctor = async (url: string, more: Json = {}) => {
    const command = serverCommand({ built: true, config: { openWebui: { url }, auth, ...more }, args: ["doctor"] });
    return (await runProcess(command)).stdout;
  };

  it("says whether Open-WebUI is where it is looked for", async () => {
    expect(await doctor(webUi.url)).toMatch(/^ok {5}status lines in Open-WebUI: at http/m);
    const other = await startWeb({ text: "hello" });
    expect(await doctor(other.url)).toMatch(/^BROKEN status lines in Open-WebUI: http.* is no Open-WebUI \(HTTP 200/m);
    const nobody = `http://127.0.0.1:${await unusedPort()}`;
    expect(await doctor(nobody)).toMatch(/^BROKEN status lines in Open-WebUI: .* does not answer \(ECONNREFUSED\)$/m);
  });
});

describe("a call that names the chat of another user", () => {
  let ben: Person;
  beforeAll(async () => {
    ben = await webUi.addUser("Ben Böhm");
  });

  it("shows nothing there", async () => {
    const turn = await admin.ask("hello");
    await turn.ended();
    const result = await callTool(server, ben.token, turn, { message: "You have been hacked" });
    expect(result).toMatchObject({ isError: undefined });
    // The endpoint answers long before.
    await new Promise((done) => setTimeout(done, 1_000));
    expect(turn.statuses()).toEqual([]);
    expect(turn.events("notification")).toEqual([]);
    expect((await turn.stored()).statusHistory).toBeUndefined();
  });

  it("shows its own in the chats of its user", async () => {
    const tab = await ben.open();
    whenDone(() => tab.close());
    const turn = await tab.ask('CALL memory_add {"content":"Ben likes coffee"}', { tools: TOOLS });
    await expectLines(turn, ["Adding new memory", "Memory added successfully"]);
    await turn.ended();
    expect(admin.events.filter(({ message }) => message === turn.message)).toEqual([]);
  });
});

describe("an Open-WebUI that does not take events", () => {
  const message = () => ({ chat: randomUUID(), message: randomUUID() });

  it("costs the call nothing where nobody listens at its URL, and the log tells no token", async () => {
    const deaf = await startPatchbay({ openWebui: { url: `http://127.0.0.1:${await unusedPort()}` } });
    const { token } = webUi.admin;
    expect(await callTool(deaf, token, message(), { message: "hello" })).toMatchObject({ isError: undefined });
    await expect.poll(() => deaf.stderr(), { timeout: 5_000 }).toContain("could not be reached for a status event");
    expect(deaf.stderr()).not.toContain(token.split(".")[2]);
  });

  it("does not hold up the result where it is slow, and gets the last line all the same", async () => {
    const slow = await startWeb({ json: true, delayMs: 3_000 });
    const patchbay = await startPatchbay({ openWebui: { url: slow.url } });
    const { token } = webUi.admin;
    await callTool(patchbay, token, message(), { message: "warm" });
    const of = message();
    const startedAt = performance.now();
    await callTool(patchbay, token, of, { message: "quick" });
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await expect
      .poll(() => slow.requests.filter(({ path }) => path.includes(of.message)).map(({ body }) => JSON.parse(body)), {
        timeout: 10_000,
      })
      .toMatchObject([{ data: { description: "quick", done: true } }, { type: "notification" }]);
  });

  it("gets the session of no user by a redirect", async () => {
    const other = await startWeb();
    const redirecting = await startWeb({ status: 307, headers: { location: `${other.url}/elsewhere` } });
    const patchbay = await startPatchbay({ openWebui: { url: redirecting.url } });
    await callTool(patchbay, webUi.admin.token, message(), { message: "hello" });
    await expect.poll(() => redirecting.requests.length).toBe(1);
    await new Promise((done) => setTimeout(done, 500));
    expect(other.requests).toEqual([]);
  });

  it("is told nothing where status lines are switched off", async () => {
    const web = await startWeb();
    const patchbay = await startPatchbay({ openWebui: { url: web.url, statusLine: false } });
    await callTool(patchbay, webUi.admin.token, message(), { message: "hello" });
    await new Promise((done) => setTimeout(done, 500));
    expect(web.requests).toEqual([]);
  });
});

/** Patchbay with the scripted model, belonging to the Open-WebUI of this file. */
function startPatchbay(config: Json = {}): Promise<RunningServer> {
  return startHttpServer({
    built: true,
    config: {
      providers: { scripted: { baseUrl: model.url } },
      llm: { modelId: "scripted/scripted" },
      moa: { models: ["scripted/scripted", "scripted/scripted"], aggregatorModel: "scripted/scripted" },
      openWebui: { url: webUi.url },
      ...config,
    },
  });
}

/** Waits for the line that ends it all, and checks what is shown and stored then. */
async function expectDone(turn: Turn): Promise<ChatEvent> {
  await turn.event("status", ({ data }) => data.done === true);
  const busy = () => turn.statuses().at(-1)?.data.done;
  await expect.poll(busy, { timeout: 5_000 }).toBe(true);
  for (const { at, data } of turn.statuses()) expect(at - 1000 * Number(data.timestamp)).toBeLessThan(AT_ONCE_MS);
  await expect
    .poll(async () => (await turn.stored()).statusHistory, { timeout: 5_000 })
    .toEqual(turn.statuses().map(({ data }) => data));
  return turn.statuses().at(-1) as ChatEvent;
}

async function expectLines(turn: Turn, descriptions: string[]): Promise<void> {
  await expectDone(turn);
  expect(turn.statuses().map(({ data }) => data.description)).toEqual(descriptions);
}

/** The request to the model that a call is waiting for; those of the chat itself offer tools. */
async function upstreamRequest(): Promise<ModelRequest> {
  const latest = () => model.requests.findLast(({ body, abortedAt }) => !body.tools && abortedAt === undefined);
  await expect.poll(() => latest()?.asked, { timeout: 5_000 }).toContain("SLOW 20");
  return latest() as ModelRequest;
}

/** Calls display_result as Open-WebUI would for a message. */
async function callTool(to: RunningServer, token: string, of: { chat: string; message: string }, args: Json) {
  const response = await fetch(`${to.url}/mcp`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "Mcp-Protocol-Version": "2026-07-28",
      "Mcp-Method": "tools/call",
      "Mcp-Name": "display_result",
      "X-OpenWebUI-Chat-Id": of.chat,
      "X-OpenWebUI-Message-Id": of.message,
    },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: {
        name: "display_result",
        arguments: args,
        _meta: {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": {},
        },
      },
    }),
  });
  const text = await response.text();
  const json = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  const { result } = JSON.parse(json) as { result?: { isError?: boolean } };
  if (!result) throw new Error(text);
  return { isError: result.isError };
}

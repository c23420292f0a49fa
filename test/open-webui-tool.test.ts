import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { unusedPort } from "./fixtures/http-server.ts";
import { OPEN_WEBUI_SETUP_MS, type OpenWebUi, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatEvent, ChatSocket, Turn } from "./fixtures/open-webui-chat.ts";
import type { Person } from "./fixtures/open-webui-person.ts";
import { submit } from "./fixtures/pages.ts";
import { type ModelRequest, type ScriptedModel, startScriptedModel } from "./fixtures/scripted-model.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const SOURCE = readFileSync("open-webui/patchbay.py", "utf8");
const DEFINITIONS = JSON.parse(readFileSync("test/__snapshots__/tools.json", "utf8")) as {
  name: string;
  description: string;
  inputSchema: { properties: Record<string, { description: string }>; required?: string[] };
}[];
const SLOW = `CALL llm_processor ${JSON.stringify({ input: "SLOW 20", task: "summarize" })}`;
const ANA = "key-of-ana-of-the-test";
const BEN = "key-of-ben-of-the-test";

let model: ScriptedModel;
let webUi: OpenWebUi;
let server: RunningServer;
let admin: ChatSocket;

beforeAll(async () => {
  model = await startScriptedModel();
  whenDone(() => model.close());
  webUi = await startOpenWebUi({ models: model.url, jwtSecret: "secret-of-the-headers-of-open-webui" });
  whenDone(() => webUi.stop());
  server = await startPatchbay();
  await addTool("patchbay", {});
  await webUi.grantModels("scripted");
  admin = await webUi.admin.open();
  whenDone(() => admin.close());
}, OPEN_WEBUI_SETUP_MS);

/** Adds the tool to Open-WebUI under a name, with these valves. */
function addTool(id: string, valves: Json, source = SOURCE): Promise<void> {
  return webUi.addTool(id, source, { url: `${server.url}/mcp`, api_key: ANA, ...valves });
}

function startPatchbay(config: Json = {}, port = 0): Promise<RunningServer> {
  return startHttpServer({
    built: true,
    port,
    config: {
      providers: { scripted: { baseUrl: model.url } },
      llm: { modelId: "scripted/scripted" },
      auth: {
        apiKeys: [
          { key: ANA, user: "ana" },
          { key: BEN, user: "ben" },
        ],
      },
      interaction: { confirmationRequired: ["memory_delete"] },
      ...config,
    },
  });
}

const ask = (text: string, tool = "patchbay") => admin.ask(text, { tools: [tool] });

/** What the tool gave to the model. */
async function resultOf(turn: Turn): Promise<Json> {
  const { content } = await turn.ended();
  const [first = "{}"] = JSON.parse(content.replace("Tool said: ", "")) as string[];
  return JSON.parse(first) as Json;
}

/** Waits for the line that ends it all, and checks what is shown and stored then. */
async function expectDone(turn: Turn): Promise<ChatEvent> {
  await turn.event("status", ({ data }) => data.done === true);
  await expect.poll(() => turn.statuses().at(-1)?.data.done, { timeout: 5_000 }).toBe(true);
  await expect.poll(async () => (await turn.stored()).statusHistory).toEqual(turn.statuses().map(({ data }) => data));
  return turn.statuses().at(-1) as ChatEvent;
}

/** The request to the model that a call is waiting for; those of the chat itself offer tools. */
async function upstreamRequest(): Promise<ModelRequest> {
  const latest = () => model.requests.findLast(({ body, abortedAt }) => !body.tools && abortedAt === undefined);
  await expect.poll(() => latest()?.asked, { timeout: 5_000 }).toContain("SLOW 20");
  return latest() as ModelRequest;
}

/** Answers dialogs one after the other, and collects what was asked. */
function answer(...answers: unknown[]): ChatEvent[] {
  const asked: ChatEvent[] = [];
  admin.answerWith((event) => {
    if (!["request:elicitation", "input", "confirmation"].includes(event.type)) return undefined;
    asked.push(event);
    return answers.shift();
  });
  return asked;
}

describe("the Python tool in Open-WebUI", () => {
  it("offers every tool to the model, with its parameters and what they mean", async () => {
    await (await ask("hello")).ended();
    const offered = new Map(
      (model.requests.at(-1)?.body.tools ?? []).map((tool) => [tool.function.name, tool.function as Json]),
    );
    for (const { name, description, inputSchema } of DEFINITIONS) {
      const tool = offered.get(name) as { description: string; parameters: typeof inputSchema & Json };
      expect(tool?.description.trim()).toBe(description);
      expect(Object.keys(tool.parameters.properties).sort()).toEqual(Object.keys(inputSchema.properties).sort());
      expect(tool.parameters.required ?? []).toEqual(inputSchema.required ?? []);
      for (const [parameter, { description }] of Object.entries(inputSchema.properties)) {
        expect(tool.parameters.properties[parameter]?.description).toContain(description);
      }
    }
    expect(JSON.stringify(offered.get("collect_input"))).toContain("name is the key of the answer");
    expect(JSON.stringify([...offered])).not.toContain("__");
  });

  it("gives results, and shows what is being done as status lines, which stay in the chat", async () => {
    const turn = await ask('CALL memory_add {"content":"Ana likes tea","tags":["drinks"]}');
    expect(await resultOf(turn)).toMatchObject({ status: "success", memory: { content: "Ana likes tea" } });
    await expectDone(turn);
    expect(turn.statuses().map(({ data }) => data)).toMatchObject([
      { description: "Adding new memory", status: "in_progress", done: false, timestamp: expect.any(Number) },
      { description: "Memory added successfully", status: "success", done: true },
    ]);
  });

  it("says why a call failed, to the model and in the last line", async () => {
    const turn = await ask('CALL memory_update {"memory_id":"no-such-memory","content":"x"}');
    expect(String((await resultOf(turn)).error)).toContain('"code":"not_found"');
    expect((await expectDone(turn)).data).toMatchObject({
      status: "error",
      error: true,
      description: expect.stringMatching(/not found/i),
    });
  });

  it("shows a notification as a toast, once", async () => {
    const turn = await ask('CALL display_result {"message":"Disk is full","notification_type":"warning"}');
    await expectDone(turn);
    await turn.ended();
    expect(turn.events("notification").map(({ data }) => data)).toEqual([{ type: "warning", content: "Disk is full" }]);
  });

  it("shows an image of a result to the user and to the model", async () => {
    const image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const turn = await ask(`CALL display_result ${JSON.stringify({ image, alt: "A dot" })}`);
    const shown = await turn.event("files");
    expect(shown.data.files).toEqual([{ type: "image", url: `data:image/png;base64,${image}` }]);
    await turn.ended();
    const told = model.requests.at(-1)?.body.messages?.filter(({ role }) => role !== "assistant");
    expect(JSON.stringify(told)).toContain('"image_url"');
  });

  it("keeps the lines of several calls of a message in order", async () => {
    const add = (n: number) => `CALL memory_add {"content":"Fact number ${n} of many"}`;
    const slow = 'CALL llm_processor {"input":"SLOW 2","task":"summarize"}';
    const turn = await ask([slow, add(1), add(2), "THEN", add(3)].join("\n"));
    expect((await turn.ended()).content).toContain("success");
    await expect.poll(() => turn.statuses().filter(({ data }) => data.done).length).toBe(4);
    await expectDone(turn);
  });
});

describe("dialogs of the Python tool in Open-WebUI", () => {
  const FORM = {
    title: "Book a table",
    fields: [
      { name: "guests", label: "Guests", type: "integer", required: true },
      { name: "place", type: "select", options: ["inside", "outside"] },
    ],
  };
  const collect = `CALL collect_input ${JSON.stringify(FORM)}`;
  const content = { guests: 4, place: "outside" };

  it("are asked until the server says that it is enough", async () => {
    const asked = answer(...Array.from({ length: 30 }, () => ({ action: "accept", content: { guests: "many" } })));
    const turn = await ask(collect);
    expect((await turn.ended()).content).toContain("validation_failed");
    expect(asked).toHaveLength(20);
    const lines = turn.statuses().map(({ data }) => data.description);
    expect(new Set(lines).size).toBe(lines.length);
    await expectDone(turn);
  });

  it("show a form as a whole, again where an answer is wrong, and give the answers", async () => {
    const asked = answer({ action: "accept", content: { guests: "many" } }, { action: "accept", content });
    const turn = await ask(collect);
    expect(await resultOf(turn)).toMatchObject({ status: "success", data: content });
    expect(asked.map(({ data }) => data)).toMatchObject([
      { mode: "form", message: "Book a table", requestedSchema: { required: ["guests"] }, server_name: "Patchbay" },
      { message: expect.stringContaining("Guests must be a whole number") },
    ]);
    await expectDone(turn);
  });

  it.each([
    [{ action: "accept", content: { confirm: true } }, { confirmed: true }],
    [{ action: "accept", content: { confirm: false } }, { confirmed: false }],
    [{ action: "decline" }, { confirmed: false, action: "declined" }],
    [{ action: "cancel" }, { error: expect.stringContaining('"code":"cancelled"') }],
    ["yes", { error: expect.stringContaining('"code":"cancelled"') }],
    [{ action: "accept", content: "yes" }, { error: expect.stringContaining('"code":"cancelled"') }],
  ])("make of the answer %o neither more nor less: %o", async (given, result) => {
    answer(given);
    const turn = await ask('CALL confirm_action {"message":"Delete everything?"}');
    expect(await resultOf(turn)).toMatchObject(result);
    await expectDone(turn);
  });

  it("ask before a call that needs a confirmation, which runs after a yes and not after a no", async () => {
    const { memory } = (await resultOf(await ask('CALL memory_add {"content":"Soon forgotten"}'))) as { memory: Json };
    const forget = `CALL memory_delete {"memory_id":"${memory.id}"}`;
    const asked = answer({ action: "decline" }, { action: "accept", content: { confirm: true } });
    expect(String((await resultOf(await ask(forget))).error)).toContain('"code":"declined"');
    expect(await resultOf(await ask(forget))).toMatchObject({ status: "success" });
    expect(asked.map(({ data }) => data.message)).toEqual([
      expect.stringContaining("Soon forgotten"),
      expect.stringContaining("Soon forgotten"),
    ]);
  });

  it("open a page for a secret, which neither the model nor Open-WebUI gets to see", async () => {
    const secret = "the-password-of-ana";
    const urls: string[] = [];
    admin.answerWith(async ({ type, data }) => {
      if (type !== "request:elicitation") return undefined;
      expect(data).toMatchObject({ mode: "url", server_name: "Patchbay" });
      urls.push(String(data.url));
      expect(await submit(String(data.url), { f0: secret }, { Origin: server.url })).toMatchObject({ status: 303 });
      return { action: "accept" };
    });
    const form = { fields: [{ name: "key", label: "Password", type: "password", required: true }] };
    const turn = await ask(`CALL collect_input ${JSON.stringify(form)}`);
    expect(await resultOf(turn)).toMatchObject({ data: { key: expect.stringMatching(/^secret:\/\//) } });
    expect(urls).toEqual([expect.stringContaining(`${server.url}/interact/`)]);
    await expectDone(turn);
    const seen = [model.requests.map(({ body }) => body), turn.events(), await turn.stored()];
    expect(JSON.stringify(seen) + webUi.log()).not.toContain(secret);
  });

  it("come one by one in an Open-WebUI that has no forms", async () => {
    await addTool("without_forms", {}, SOURCE.replace(/(def _has_forms.*?\n)\s+return .*?\n/s, "$1    return False\n"));
    const asked = answer("4", "outside", true, false, false);
    expect(await resultOf(await ask(collect, "without_forms"))).toMatchObject({ data: content });
    const confirm = 'CALL confirm_action {"message":"Delete everything?"}';
    expect(await resultOf(await ask(confirm, "without_forms"))).toMatchObject({ confirmed: true });
    expect(await resultOf(await ask(confirm, "without_forms"))).toMatchObject({ confirmed: false });
    expect(String((await resultOf(await ask(collect, "without_forms"))).error)).toContain('"code":"cancelled"');
    expect(asked.map(({ type, data }) => [type, data.title])).toMatchObject([
      ["input", "Guests"],
      ["input", "place"],
      ["confirmation", expect.any(String)],
      ["confirmation", expect.any(String)],
      ["input", "Guests"],
    ]);
    expect(asked[1]?.data.message).toContain("inside, outside");
  });
});

describe("the end of a call of the Python tool", () => {
  it("comes with Stop, and the request to the model ends within a second", async () => {
    const turn = await ask(SLOW);
    const upstream = await upstreamRequest();
    const stoppedAt = Date.now();
    await turn.stop();
    await expect.poll(() => upstream.abortedAt ?? Number.POSITIVE_INFINITY).toBeLessThan(stoppedAt + 1_000);
    expect((await expectDone(turn)).data).toMatchObject({ status: "error" });
  });

  it("comes with Stop while a dialog is open", async () => {
    answer();
    const turn = await ask('CALL confirm_action {"message":"Delete everything?"}');
    await turn.event("request:elicitation");
    await turn.stop();
    expect((await expectDone(turn)).data).toMatchObject({ status: "error", description: "Cancelled" });
  });

  it("comes when the time of the valves is over, and ends the request to the model", async () => {
    await addTool("hasty", { timeout: 2 });
    const turn = await ask(SLOW, "hasty");
    const upstream = await upstreamRequest();
    expect(String((await resultOf(turn)).error)).toContain("within 2 seconds");
    await expect.poll(() => upstream.abortedAt).toBeDefined();
    expect((await expectDone(turn)).data).toMatchObject({ status: "error" });
  });

  it("says that the server is down, and works again once it is back", async () => {
    const other = await startPatchbay();
    await addTool("restarted", { url: `${other.url}/mcp` });
    const list = "CALL memory_list {}";
    expect(await resultOf(await ask(list, "restarted"))).toMatchObject({ status: "success" });
    await other.stop();
    const turn = await ask(list, "restarted");
    expect(String((await resultOf(turn)).error)).toContain(`cannot be reached at ${other.url}/mcp`);
    expect((await expectDone(turn)).data).toMatchObject({ status: "error" });
    await startPatchbay({}, other.port);
    expect(await resultOf(await ask(list, "restarted"))).toMatchObject({ status: "success" });
  });

  it("is a success where the server comes back while the tool tries to connect", async () => {
    const port = await unusedPort();
    await addTool("patient", { url: `http://127.0.0.1:${port}/mcp` });
    const turn = await ask("CALL memory_list {}", "patient");
    await turn.event("status", ({ data }) => data.description === "Connecting to Patchbay");
    const relay = createServer((from) => {
      const to = connect(server.port, "127.0.0.1");
      from.pipe(to).pipe(from);
      for (const socket of [from, to]) socket.on("error", () => socket.destroy());
    }).listen(port, "127.0.0.1");
    whenDone(() => void relay.close());
    expect(await resultOf(turn)).toMatchObject({ status: "success" });
    expect((await expectDone(turn)).data).toMatchObject({ status: "success" });
  });

  it("says so where the server goes down in the middle of a call", async () => {
    const other = await startPatchbay();
    await addTool("killed", { url: `${other.url}/mcp` });
    const turn = await ask(SLOW, "killed");
    await upstreamRequest();
    await other.stop("SIGKILL");
    expect(String((await resultOf(turn)).error)).toContain("broke off");
    expect((await expectDone(turn)).data).toMatchObject({ status: "error" });
  });

  it("tells nobody the key when it is refused", async () => {
    const key = "key-that-nobody-has-given-out";
    await addTool("refused", { api_key: key });
    const turn = await ask("CALL memory_list {}", "refused");
    const { error } = await resultOf(turn);
    expect(error).toContain("refused the call");
    await expectDone(turn);
    expect(JSON.stringify(turn.events()) + webUi.log()).not.toContain(key);
  });
});

describe("who the user of the Python tool is", () => {
  let ben: Person;
  let tab: ChatSocket;
  beforeAll(async () => {
    ben = await webUi.addUser("Ben Böhm");
    tab = await ben.open();
    whenDone(() => tab.close());
  });
  const contents = async (turn: Turn) => JSON.stringify((await resultOf(turn)).memories ?? (await resultOf(turn)));

  it("is whom the user's own key stands for, whatever the model says", async () => {
    await ask('CALL memory_add {"content":"Only for Ana"}').then(resultOf);
    await ben.request("POST", "/api/v1/tools/id/patchbay/valves/user/update", { api_key: BEN });
    const claims = { __user__: { id: "ana", valves: { api_key: ANA } }, user: "ana", user_id: "ana" };
    const list = (socket: ChatSocket, args: Json = {}) =>
      socket.ask(`CALL memory_list ${JSON.stringify(args)}`, { tools: ["patchbay"] });
    expect(await contents(await list(tab, claims))).not.toContain("Only for Ana");
    expect(await contents(await list(admin))).toContain("Only for Ana");
  });

  it.each([
    ["session", "", () => ({ mode: "open-webui-session" }), () => ({ openWebui: { url: webUi.url } })],
    [
      "jwt",
      "key-of-open-webui-itself",
      () => ({ mode: "open-webui-jwt", openWebuiJwt: { secret: "secret-of-the-headers-of-open-webui" } }),
      () => ({}),
    ],
  ])("is the user of Open-WebUI by %s", async (identity, key, auth, more) => {
    const patchbay = await startPatchbay({ auth: { ...auth(), apiKeys: key ? [{ key }] : [] }, ...more() });
    const id = `by_${identity}`;
    await addTool(id, { url: `${patchbay.url}/mcp`, api_key: key, identity });
    const say = (socket: ChatSocket, text: string) => socket.ask(text, { tools: [id] });
    await say(admin, 'CALL memory_add {"content":"Only for the administrator"}').then(resultOf);
    await say(tab, 'CALL memory_add {"content":"Only for Ben"}').then(resultOf);
    expect(await contents(await say(tab, "CALL memory_list {}"))).not.toContain("administrator");
    expect(await contents(await say(tab, "CALL memory_list {}"))).toContain("Only for Ben");
    expect(await contents(await say(admin, "CALL memory_list {}"))).not.toContain("Only for Ben");
  });
});

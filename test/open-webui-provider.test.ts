import { beforeAll, describe, expect, it } from "vitest";
import { whenDone } from "./fixtures/cleanup.ts";
import { type FakeProvider, startFakeProvider } from "./fixtures/fake-provider.ts";
import { OPEN_WEBUI_SETUP_MS, type OpenWebUi, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatSocket, Turn } from "./fixtures/open-webui-chat.ts";
import type { Person } from "./fixtures/open-webui-person.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";

const JWT_SECRET = "secret-of-the-headers-of-open-webui-0123";
const SERVICE_KEY = "key-of-open-webui-0123456789";
const ANSWER = "Shorter waves are scattered more than longer ones, which is why the sky looks blue to us.";
const TASK_ANSWER = { title: "Blue sky", tags: ["sky"], follow_ups: ["And at sunset?"] };
/** Chats of each kind, and those at once: more than that, and Open-WebUI's database is what is tested. */
const RUNS = Number(process.env.PATCHBAY_RUNS ?? 8);
const AT_ONCE = 8;
const ALL_TASKS = { title_generation: true, tags_generation: true, follow_up_generation: true };

let models: FakeProvider;
let webUi: OpenWebUi;
let server: RunningServer;
let ben: Person;
let chats: Record<"admin" | "ben", ChatSocket>;

beforeAll(async () => {
  models = await startFakeProvider({
    models: {
      a: { reply: ({ messages }) => `Seen: ${messages.map(({ content }) => content).join(" | ")}` },
      b: { reply: "Because of scattering." },
      writer: { reply: ANSWER, wordMs: 30 },
      slow: { latencyMs: 30_000 },
      late: { latencyMs: 300, fault: { status: 400, body: '{"error":{"message":"Broken"}}' } },
      tasks: { reply: JSON.stringify(TASK_ANSWER) },
    },
  });
  whenDone(() => models.close());
  webUi = await startOpenWebUi({ models: models.baseUrl, jwtSecret: JWT_SECRET });
  whenDone(() => webUi.stop());
  server = await startPatchbay();
  const hasty = await startPatchbay({ limits: { callTimeout: 1 } });
  const headers = { "X-Task": "{{TASK}}", "X-OpenWebUI-Message-Id": "{{MESSAGE_ID}}" };
  const withKey = { ...headers, "X-API-Key": SERVICE_KEY };
  const ids = await webUi.setModels(
    { url: `${server.url}/v1`, key: SERVICE_KEY, headers },
    // The session of the chat's user lets the last line reach a chat whose stream is gone.
    { url: `${server.url}/v1`, key: SERVICE_KEY, auth: "session", prefix: "session", headers: withKey },
    { url: `${hasty.url}/v1`, key: SERVICE_KEY, prefix: "hasty", headers },
  );
  expect(ids).toEqual(expect.arrayContaining(["mixture-of-agents", "session.mixture-of-agents"]));
  ben = await webUi.addUser("Ben");
  await webUi.grantModels("mixture-of-agents", "llm-processor/echo");
  chats = { admin: await webUi.admin.open(), ben: await ben.open() };
  whenDone(() => Object.values(chats).map((chat) => chat.close()));
}, OPEN_WEBUI_SETUP_MS);

describe("a mixture as a model of Open-WebUI", () => {
  it("has a name that people read", async () => {
    const { data } = await webUi.admin.request<{ data: unknown[] }>("GET", "/api/models");
    expect(data).toContainEqual(
      expect.objectContaining({ id: "mixture-of-agents/slow", name: "Mixture of Agents: slow" }),
    );
  });

  it("shows what is done, then the answer as it is written, with the proposals as reasoning", async () => {
    const turn = await chats.admin.ask("Why is the sky blue?", { model: "mixture-of-agents" });
    const { content, output } = await turn.ended();
    expect(content).toContain(ANSWER);
    await expectDone(turn, { status: "complete" });
    expect(turn.statuses()[0]!.data.description).toBe("Starting Mixture of Agents process");
    expect(JSON.stringify(output)).toContain("Because of scattering.");
    const pieces = turn.events("response:completion").filter(({ data }) => data.type === "response.output_text.delta");
    expect(pieces.length).toBeGreaterThan(3);
    const [first, last] = [turn.statuses()[0]!, turn.statuses().at(-1)!];
    expect(first.at).toBeLessThan(pieces[0]!.at);
    expect(pieces[0]!.at).toBeLessThan(last.at);
  });

  it("knows the turns before", async () => {
    const first = await chats.admin.ask("My name is Ana.", { model: "mixture-of-agents" });
    await first.ended();
    const before = models.chats.length;
    const second = await chats.admin.ask("What is my name?", { model: "mixture-of-agents", after: first });
    await second.ended();
    const asked = models.chats.slice(before).map(({ body }) => body!);
    expect(asked.length).toBeGreaterThan(2);
    for (const { messages } of asked) {
      expect(messages.map(({ content }) => content).join("\n")).toContain("My name is Ana.");
      expect(messages.at(-1)!.content).toContain("What is my name?");
    }
  });

  it("says why it failed, and that it is done", async () => {
    const turn = await chats.admin.ask("Why?", { model: "mixture-of-agents/late" });
    const stored = await turn.ended();
    await expectDone(turn, { status: "error" });
    expect(JSON.stringify(stored.error)).toContain("Broken");
  });

  it("says that the time is over, and that it is done", async () => {
    const turn = await chats.admin.ask("Why?", { model: "hasty.mixture-of-agents/slow" });
    const stored = await turn.ended();
    await expectDone(turn, { status: "error" });
    expect(JSON.stringify(stored.error)).toContain("limit of 1 s");
  });

  it.each(["mixture-of-agents/slow", "llm-processor/slow"])(
    "%s: Stop ends the calls of models within a second",
    async (model) => {
      const turn = await chats.admin.ask("Why?", { model });
      const calls = () => models.chats.filter(({ ms, body }) => ms === 0 && body!.model === "slow");
      await expect.poll(() => calls().length, { timeout: 10_000 }).toBeGreaterThan(0);
      // From then on Open-WebUI reads the stream; a Stop just before may leave it open.
      await turn.event("status");
      const underWay = calls();
      const stoppedAt = Date.now();
      await turn.stop();
      await expect
        .poll(() => underWay.every(({ abandoned }) => abandoned), { timeout: 1_000, interval: 10 })
        .toBe(true);
      expect(Date.now() - stoppedAt).toBeLessThan(1_500);
      await turn.ended();
    },
  );

  it("shows a last line after Stop where the connection passes on the user's session", async () => {
    const turn = await chats.admin.ask("Why?", { model: "session.mixture-of-agents/slow" });
    await turn.event("status");
    await turn.stop();
    await turn.ended();
    await expectLast(turn, { status: "error" });
  });
});

describe("many chats at once", () => {
  const endings: [how: string, model: string, status: string, isStopped?: boolean][] = [
    ["an answer", "mixture-of-agents/quick", "complete"],
    ["an error", "mixture-of-agents/late", "error"],
    ["the time limit", "hasty.mixture-of-agents/slow", "error"],
    ["Stop", "session.mixture-of-agents/slow", "error", true],
  ];
  it.each(endings)(
    "end by %s with one last line each, of %s",
    async (_, model, status, isStopped) => {
      for (let done = 0; done < RUNS; done += AT_ONCE) {
        const turns = await Promise.all(
          Array.from({ length: Math.min(AT_ONCE, RUNS - done) }, () => chats.admin.ask("Why?", { model })),
        );
        for (const turn of turns) {
          if (!isStopped) continue;
          await turn.event("status");
          await turn.stop();
        }
        for (const turn of turns) {
          await turn.ended();
          await expectLast(turn, { status });
        }
      }
    },
    300_000,
  );

  it("of several users get each its own answer", async () => {
    const asked = Array.from({ length: RUNS }, (_, n) => {
      const [who, chat] = n % 2 === 0 ? (["Ana", chats.admin] as const) : (["Ben", chats.ben] as const);
      return { word: `${who}-${n}-secret`, chat };
    });
    for (let done = 0; done < RUNS; done += AT_ONCE) {
      await Promise.all(
        asked.slice(done, done + AT_ONCE).map(async ({ word, chat }) => {
          const turn = await chat.ask(`Repeat ${word}`, { model: "llm-processor/echo" });
          const stored = JSON.stringify(await turn.ended());
          expect(stored).toContain(`Repeat ${word}`);
          for (const other of asked) if (other.word !== word) expect(stored).not.toContain(other.word);
        }),
      );
    }
  }, 300_000);
});

describe("Open-WebUI's own tasks", () => {
  it("take one call of the task model each, and do their work", async () => {
    const before = models.chats.length;
    const turn = await chats.admin.ask("Why is the sky blue?", {
      model: "mixture-of-agents",
      body: { background_tasks: ALL_TASKS },
    });
    await turn.ended();
    const title = async () => (await webUi.admin.request<{ title: string }>("GET", `/api/v1/chats/${turn.chat}`)).title;
    await expect.poll(title, { timeout: 10_000 }).toBe(TASK_ANSWER.title);
    await expect.poll(async () => JSON.stringify(await turn.stored())).toContain("And at sunset?");
    const asked = models.chats.slice(before).map(({ body }) => body!.model);
    expect(asked.filter((model) => model === "tasks")).toHaveLength(3);
    // Two layers of two agents, and the aggregator.
    expect(asked.filter((model) => model !== "tasks")).toHaveLength(5);
  });
});

describe("who asks", () => {
  it("is the user of Open-WebUI", async () => {
    const turns = await Promise.all(
      [chats.admin, chats.ben].map((chat) => chat.ask("Why is the sky blue?", { model: "mixture-of-agents" })),
    );
    for (const turn of turns) expect((await turn.ended()).content).toContain(ANSWER);
    for (const { id } of [webUi.admin, ben]) await expect.poll(() => server.stderr()).toContain(`open-webui#${id}`);
  });

  it("is nobody who has the key alone", async () => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${SERVICE_KEY}`,
        "X-OpenWebUI-User-Id": webUi.admin.id,
      },
      body: JSON.stringify({
        model: "llm-processor",
        messages: [{ role: "user", content: "Hi" }],
        user: webUi.admin.id,
      }),
    });
    expect(response.status).toBe(401);
  });
});

function startPatchbay(config: Record<string, unknown> = {}): Promise<RunningServer> {
  return startHttpServer({
    config: {
      logLevel: "debug",
      auth: { mode: "open-webui-jwt", apiKeys: [{ key: SERVICE_KEY }], openWebuiJwt: { secret: JWT_SECRET } },
      providers: { fake: { baseUrl: models.baseUrl, concurrency: 32 } },
      llm: { modelId: "fake/b", presets: { slow: { modelId: "fake/slow" }, echo: { modelId: "fake/a" } } },
      moa: {
        models: ["fake/a", "fake/b"],
        aggregatorModel: "fake/writer",
        presets: {
          quick: { models: ["fake/a", "fake/b"], aggregatorModel: "fake/b", numLayers: 1 },
          slow: { models: ["fake/slow"], aggregatorModel: "fake/slow" },
          late: { models: ["fake/late"], aggregatorModel: "fake/late" },
        },
      },
      modelProvider: { taskModel: "fake/tasks" },
      openWebui: { url: webUi.url },
      ...config,
    },
  });
}

/** Waits for the line that ends it all, and checks that it is the last one, shown and stored. */
async function expectLast(turn: Turn, data: Record<string, unknown>): Promise<void> {
  await turn.event("status", (event) => event.data.done === true);
  expect(turn.statuses().at(-1)!.data).toMatchObject({ ...data, done: true });
  expect(turn.statuses().filter((event) => event.data.done)).toHaveLength(1);
  const stored = async () => (await turn.stored()).statusHistory?.at(-1);
  await expect.poll(stored, { timeout: 10_000 }).toEqual(turn.statuses().at(-1)!.data);
}

/** As `expectLast`, and that every line was there within a second and is stored. */
async function expectDone(turn: Turn, data: Record<string, unknown>): Promise<void> {
  await expectLast(turn, data);
  for (const { at, data } of turn.statuses()) expect(at - 1000 * Number(data.timestamp)).toBeLessThan(1_000);
  expect((await turn.stored()).statusHistory).toEqual(turn.statuses().map(({ data }) => data));
}

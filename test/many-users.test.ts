import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { type AnyClient, roadOf } from "./fixtures/clients.ts";
import { type Post, poster, startMcpo } from "./fixtures/mcpo.ts";
import { OPEN_WEBUI_SETUP_MS, type OpenWebUi, startOpenWebUi } from "./fixtures/open-webui.ts";
import type { ChatSocket } from "./fixtures/open-webui-chat.ts";
import type { Person } from "./fixtures/open-webui-person.ts";
import { type ScriptedModel, startScriptedModel } from "./fixtures/scripted-model.ts";
import { type RunningServer, type ServerOptions, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const USERS = 64;
/** Users who work at the same time; Open-WebUI's database takes about eight chats that begin at once. */
const AT_ONCE = 8;
/** Users who also come over roads that need a process or a bridge of their own. */
const ON_EVERY_ROAD = 8;
const OF_USER = /\bU(\d\d)X\b/g;

interface User {
  person: Person;
  name: string;
  key: string;
  /** Stands in whatever is this user's own. */
  mark: string;
  tab: ChatSocket;
}

let model: ScriptedModel;
let webUi: OpenWebUi;
let server: RunningServer;
let options: ServerOptions;
let users: User[];
let mcpo: string;

beforeAll(async () => {
  model = await startScriptedModel();
  whenDone(() => model.close());
  webUi = await startOpenWebUi({ models: model.url });
  whenDone(() => webUi.stop());
  await webUi.grantModels("scripted");
  users = await inWaves(
    Array.from({ length: USERS }, (_, n) => n),
    async (n) => {
      const person = await webUi.addUser(`Person ${n}`);
      const mark = `U${String(n).padStart(2, "0")}X`;
      return { person, name: `user-${n}`, key: `key-of-user-${n}-0123456789`, mark, tab: await person.open() };
    },
  );
  whenDone(() => users.map(({ tab }) => tab.close()));
  options = {
    built: true,
    config: {
      dataDir: temporaryFolder(),
      providers: { scripted: { baseUrl: model.url } },
      // So that answers are kept for those who ask the same again.
      llm: { modelId: "scripted/scripted", temperature: 0, cache: { ttl: 600 } },
      openWebui: { url: webUi.url },
      auth: {
        mode: "open-webui-session",
        apiKeys: users.map(({ key, name }) => ({ key, user: name })),
        users: Object.fromEntries(
          users.map(({ name, person }) => [name, [{ issuer: "open-webui", subject: person.id }]]),
        ),
      },
    },
  };
  server = await startHttpServer(options);
  await webUi.setToolServers({ id: "pb", url: `${server.url}/mcp` });
  mcpo = await startMcpo("--config", mcpoConfig(users.slice(0, ON_EVERY_ROAD)));
}, OPEN_WEBUI_SETUP_MS);

describe(`${USERS} users over all roads at once`, () => {
  it("see nothing of each other, and each is one person on every road", { timeout: 600_000 }, async () => {
    const numbers = new Map<string, string>();
    await inWaves(users, async (user) => {
      const everyRoad = users.indexOf(user) < ON_EVERY_ROAD;
      const seen = await Promise.all([
        byChat(user),
        byHttp(user),
        byModel(user),
        ...(everyRoad ? [byMcpo(user), byStdio(user)] : []),
      ]);
      const text = JSON.stringify(seen);
      expectOnly(user, text);
      for (const [, number = ""] of text.matchAll(/Answer number (\d+)\./g)) {
        expect(numbers.get(number) ?? user.name, `answer ${number} was kept for another user`).toBe(user.name);
        numbers.set(number, user.name);
      }
    });

    for (const user of users) {
      const client = await roadOf("2026-07-28 over HTTP").connect({ http: server } as never, { key: user.key });
      const { memories } = (await client.call("memory_list")).json as { memories: { content: string }[] };
      const roads = ["chat", "HTTP", ...(users.indexOf(user) < ON_EVERY_ROAD ? ["mcpo", "stdio"] : [])];
      expect(memories.map(({ content }) => content).sort()).toEqual(
        roads.map((road) => `${user.mark} came by ${road}`).sort(),
      );
      await client.close();
      // Forms, status lines and whatever else reached the browser.
      expectOnly(user, JSON.stringify(user.tab.events));
    }
    for (const { body } of model.requests) {
      expect(new Set([...JSON.stringify(body).matchAll(OF_USER)].map(([mark]) => mark)).size).toBeLessThanOrEqual(1);
    }
  });
});

/** A chat in Open-WebUI with calls, a form and a kept answer. */
async function byChat({ person, mark, tab }: User): Promise<unknown> {
  const form = { title: `For ${mark}`, fields: [{ name: "code", label: "Code", type: "text", required: true }] };
  tab.answerWith(({ type }) =>
    type === "request:elicitation" ? { action: "accept", content: { code: mark } } : undefined,
  );
  const question = [
    `CALL memory_add ${JSON.stringify({ content: `${mark} came by chat` })}`,
    `CALL llm_processor ${JSON.stringify({ input: "COUNT", task: "answer" })}`,
    "THEN",
    "CALL memory_list {}",
    `CALL collect_input ${JSON.stringify(form)}`,
  ].join("\n");
  const turn = await tab.ask(question, { tools: ["server:mcp:pb"] });
  const { output, content } = await turn.ended(120_000);
  expect(content, person.name).toContain(mark);
  expect(JSON.stringify(output)).toContain(`"code`);
  await expect.poll(() => turn.statuses().at(-1)?.data.done, { timeout: 10_000 }).toBe(true);
  return [output, turn.events(), (await turn.stored()).statusHistory];
}

async function byHttp({ key, mark }: User): Promise<unknown> {
  const client = await roadOf("2026-07-28 over HTTP").connect({ http: server } as never, { key });
  const seen = await callsBy(client, `${mark} came by HTTP`);
  const ask = async () => (await client.call("llm_processor", { input: "COUNT", task: "answer" })).json;
  const [one, two] = [await ask(), await ask()];
  // Otherwise nothing would be kept, and nothing could be mixed up.
  expect(two.result).toEqual(one.result);
  await client.close();
  return [seen, one, two];
}

async function byStdio({ name, mark }: User): Promise<unknown> {
  const command = serverCommand({ ...options, args: ["--user", name] });
  const client = await roadOf("2026-07-28 over stdio").connect({ command } as never);
  const seen = await callsBy(client, `${mark} came by stdio`);
  await client.close();
  return seen;
}

async function callsBy(client: AnyClient, memory: string): Promise<unknown> {
  const added = await client.call("memory_add", { content: memory });
  expect(added.isError).toBe(false);
  return [added, await client.call("memory_search", { query: "who came by what" }), await client.call("memory_list")];
}

async function byModel({ key, mark }: User): Promise<unknown> {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Connection: "close" },
    body: JSON.stringify({ model: "llm-processor", messages: [{ role: "user", content: `COUNT for ${mark}` }] }),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  expect(text).toMatch(/Answer number \d+\./);
  return text;
}

async function byMcpo({ name, mark }: User): Promise<unknown> {
  const post: Post = poster(`${mcpo}/${name}`);
  const added = await post("memory_add", { content: `${mark} came by mcpo` });
  expect(added.status).toBe(200);
  return [added, await post("memory_list")];
}

function mcpoConfig(some: readonly User[]): string {
  const file = join(temporaryFolder(), "mcpo.json");
  const entries = some.map(({ name, key }): [string, Json] => [
    name,
    { type: "streamable-http", url: `${server.url}/mcp`, headers: { Authorization: `Bearer ${key}` } },
  ]);
  writeFileSync(file, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
  return file;
}

function expectOnly({ mark }: User, text: string): void {
  expect([...new Set([...text.matchAll(OF_USER)].map(([found]) => found))]).toEqual([mark]);
}

async function inWaves<T, R>(all: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < all.length; start += AT_ONCE) {
    results.push(...(await Promise.all(all.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}

import { mkdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { type AnyClient, type ListedResource, roadOf, roads, type Server, startServer } from "./fixtures/clients.ts";
import { callTool, connect, startPatchbay } from "./fixtures/connect.ts";
import { countingUses } from "./fixtures/counting-uses.ts";
import { NO_POSTGRES, startPostgres } from "./fixtures/postgres.ts";

const KEYS = { ana: "key-of-ana-0123456789", ben: "key-of-ben-0123456789" };
const apiKeys = Object.entries(KEYS).map(([user, key]) => ({ user, key }));
const SECRET = "secret-of-weather-0123456789";
/** What is there without having been made. */
const SINGLES = ["memory://list", "pipeline://definitions", "pipeline://reference"];
const NOBODYS = "memory://00000000-0000-4000-8000-000000000000";
const STATELESS = "the 2025 era over HTTP, stateless";
/** Roads on which clients can be told of changes. */
const telling = roads.filter(({ name }) => name !== STATELESS);

let server: Server;
beforeAll(async () => {
  const apis = { weather: { apiUrl: "https://api.example.com", apiKey: SECRET } };
  server = await startServer({ config: { user: "ana", dataDir: temporaryFolder(), auth: { apiKeys }, apis } });
});

async function add(client: AnyClient, memory: Record<string, unknown>): Promise<{ id: string; uri: string }> {
  const { json } = await client.call("memory_add", memory);
  const { id } = json.memory as { id: string };
  return { id, uri: `memory://${id}` };
}

/** Waits until the client has been told of all of these and of nothing else, and takes them. */
async function toldOf(client: AnyClient, ...expected: string[]): Promise<void> {
  await expect.poll(() => client.told, { timeout: 10_000 }).toEqual(expect.arrayContaining(expected));
  expect(new Set(client.told)).toEqual(new Set(expected));
  client.told.length = 0;
}

/** Long enough for changes of the same process to be gathered and told. */
const GATHERED_MS = 500;
/** Long enough also for a look at what other processes do. */
const LOOKED_MS = 2_600;

describe.each(roads)("memories as resources, $name", (road) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await road.connect(server, { key: KEYS.ana });
  });

  it("are offered with what this road can do", () => {
    const { resources, prompts, completions } = client.capabilities();
    expect(resources).toEqual(road.name === STATELESS ? {} : { subscribe: true, listChanged: true });
    expect({ prompts, completions }).toEqual({ prompts: {}, completions: {} });
  });

  it("are read by their id, with their earlier versions and where they come from", async () => {
    const { id, uri } = await add(client, { content: "Ana drinks coffee", tags: ["drinks"], source: "chat 1" });
    await client.call("memory_update", { memory_id: id, content: "Ana drinks tea" });
    const memory = await client.read(uri);
    expect(memory).toMatchObject({ id, content: "Ana drinks tea", version: 2, source: "chat 1", tags: ["drinks"] });
    expect(memory).toMatchObject({ origin: "memory_update", history: [{ version: 1, content: "Ana drinks coffee" }] });
    expect(await client.read(uri.toUpperCase().replace("MEMORY", "memory"))).toEqual(memory);
  });

  it("are listed after an overview, newest first, in pages", async () => {
    const { uri } = await add(client, { content: `Line one\n  and "two" on ${road.name}`, importance: 0.9 });
    const listed: ListedResource[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await client.resources(cursor);
      listed.push(...page.resources);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    const singles = listed.splice(0, SINGLES.length);
    expect(singles.map((each) => each.uri)).toEqual(SINGLES);
    expect(singles[0]).toMatchObject({ name: "memories", mimeType: "application/json" });
    expect(listed[0]).toEqual({
      uri,
      name: uri.slice("memory://".length),
      title: `Line one and "two" on ${road.name}`,
      mimeType: "application/json",
      annotations: { lastModified: expect.stringMatching(/Z$/), priority: 0.9 },
    });
    expect(new Set(listed.map((each) => each.uri)).size).toBe(listed.length);
    const { total } = await client.read("memory://list");
    expect(listed).toHaveLength(total as number);
    expect(await client.resourceTemplates()).toMatchObject([
      { uriTemplate: "moa://runs/{id}/timeline", mimeType: "image/svg+xml" },
      { uriTemplate: "moa://runs/{id}", mimeType: "application/json" },
      { uriTemplate: "api://answers/{id}", mimeType: "application/json" },
      { uriTemplate: "pipeline://runs/{run_id}/data" },
      { uriTemplate: "pipeline://runs/{run_id}/quarantine" },
      { uriTemplate: "pipeline://runs/{run_id}/report", mimeType: "text/markdown" },
      { uriTemplate: "memory://{id}", mimeType: "application/json" },
    ]);
  });

  it("are counted in the overview, with the newest", async () => {
    const tag = `on ${road.name}`.toLowerCase();
    const { id } = await add(client, { content: `Counted ${tag}`, tags: [tag], kind: "fact" });
    const overview = await client.read("memory://list");
    expect((overview.newest as { id: string }[])[0]).toMatchObject({ id });
    expect(overview.counts).toMatchObject({
      by_tag: { [tag]: 1 },
      by_kind: { fact: expect.any(Number) },
    });
  });

  it("have ids that are completed", async () => {
    const { id } = await add(client, { content: `Completed on ${road.name}` });
    const ref = { type: "ref/resource" as const, uri: "memory://{id}" };
    expect(await client.complete(ref, { name: "id", value: id.slice(0, -1) })).toEqual([id]);
    expect(await client.complete(ref, { name: "id", value: "no" })).toEqual([]);
  });

  it.each([
    [NOBODYS, "Memory not found"],
    [
      "memory://",
      "There are memory://list, moa://runs/{id}/timeline, moa://runs/{id}, api://answers/{id}, pipeline://definitions, pipeline://reference, pipeline://runs/{run_id}/data, pipeline://runs/{run_id}/quarantine, pipeline://runs/{run_id}/report and memory://{id}",
    ],
    ["moa://runs/00000000-0000-4000-8000-000000000000", 'There is no run "00000000'],
    ["moa://runs/00000000-0000-4000-8000-000000000000/timeline", 'There is no run "00000000'],
    ["api://answers/00000000-0000-4000-8000-000000000000", 'There is no kept answer "00000000'],
    ["api://answers/../x", "There is no resource"],
    ["moa://runs/../x", "There is no resource"],
    ["memory://../../etc/passwd", "There is no resource"],
    ["memory://list/", "There is no resource"],
    ["file:///etc/passwd", 'There is no resource "file:///etc/passwd"'],
    ["", 'There is no resource ""'],
  ])("that are not there are not found: %o", async (uri, message) => {
    await expect(client.read(uri)).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining(message),
      data: { uri },
    });
  });

  it("are of one user alone", async () => {
    if (road.transport === "stdio") return;
    const ben = await road.connect(server, { key: KEYS.ben });
    const { uri } = await add(client, { content: "Only Ana knows" });
    await expect(ben.read(uri)).rejects.toMatchObject({ message: expect.stringContaining("Memory not found") });
    expect((await ben.resources()).resources.map((each) => each.uri)).toEqual(SINGLES);
    expect(await ben.read("memory://list")).toMatchObject({ total: 0, newest: [] });
    const id = uri.slice("memory://".length);
    const ref = { type: "ref/resource" as const, uri: "memory://{id}" };
    expect(await ben.complete(ref, { name: "id", value: id })).toEqual([]);
  });

  it("carry no secret of the server", async () => {
    const { uri } = await add(client, { content: `The key "is" ${SECRET}` });
    expect(await client.read(uri)).toMatchObject({ content: 'The key "is" [redacted]' });
    expect(JSON.stringify(await client.resources())).not.toContain(SECRET);
    await client.call("memory_delete", { memory_id: uri.slice("memory://".length) });
  });
});

describe.each(telling)("a change is told, $name,", (road) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await road.connect(server, { key: KEYS.ana });
  });

  it("to who has subscribed, until it is ended", async () => {
    const [one, other] = [await add(client, { content: "One" }), await add(client, { content: "Other" })];
    const end = await client.subscribe({ list: true, uris: [one.uri, "memory://list"] });
    await client.call("memory_update", { memory_id: one.id, content: `One on ${road.name}` });
    await toldOf(client, one.uri, "memory://list", "list");
    await client.call("memory_update", { memory_id: other.id, content: `Other on ${road.name}` });
    await toldOf(client, "memory://list", "list");
    await client.call("memory_delete", { memory_id: one.id });
    await toldOf(client, one.uri, "memory://list", "list");
    await expect(client.read(one.uri)).rejects.toMatchObject({ data: { uri: one.uri } });
    await end();
    await client.call("memory_delete", { memory_id: other.id });
    await setTimeout(GATHERED_MS);
    expect(client.told.filter((what) => what !== "list")).toEqual([]);
  });

  it("also where another process makes it", async () => {
    const { id, uri } = await add(client, { content: "Shared" });
    await client.subscribe({ list: true, uris: [uri] });
    client.told.length = 0;
    const writer = await roadOf("2026-07-28 over stdio").connect(server);
    await writer.call("memory_update", { memory_id: id, content: `Shared on ${road.name}` });
    await toldOf(client, uri, "list");
    await writer.call("memory_delete", { memory_id: id });
    await toldOf(client, uri, "list");
  });

  it("never to another user", async () => {
    if (road.transport === "stdio") return;
    const ben = await road.connect(server, { key: KEYS.ben });
    const own = await add(ben, { content: `Ben's on ${road.name}` });
    const { id, uri } = await add(client, { content: "Ana's" });
    if (road.name.startsWith("the 2025")) {
      await expect(ben.subscribe({ uris: [uri] })).rejects.toMatchObject({ data: { uri } });
      await ben.subscribe({ list: true, uris: ["memory://list", own.uri] });
    } else await ben.subscribe({ list: true, uris: [uri, "memory://list", own.uri] });
    await client.call("memory_update", { memory_id: id, content: "Ana's own" });
    await client.call("memory_delete", { memory_id: id });
    await setTimeout(LOOKED_MS);
    expect(ben.told).toEqual([]);
    await ben.call("memory_delete", { memory_id: own.id });
    await toldOf(ben, "list", "memory://list", own.uri);
  });
});

it.skipIf(NO_POSTGRES !== undefined)(
  "a change on one server is told to the clients of another, on PostgreSQL",
  async () => {
    const database = await (await startPostgres()).newDatabase();
    const [client, other] = [await connect({ memory: { database } }), await connect({ memory: { database } })];
    const told: string[] = [];
    client.setNotificationHandler("notifications/resources/list_changed", () => void told.push("list"));
    client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
    const { memory } = (await callTool(other, "memory_add", { content: "Ana drinks tea" })) as {
      memory: { id: string };
    };
    const uri = `memory://${memory.id}`;
    await client.listResources();
    await client.subscribeResource({ uri });
    await callTool(other, "memory_delete", { memory_id: memory.id });
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(["list", uri]);
    await expect(client.readResource({ uri })).rejects.toMatchObject({ data: { uri } });
  },
);

describe("without subscriptions", () => {
  it("a stateless client is told that there are none", async () => {
    const client = await roadOf(STATELESS).connect(server, { key: KEYS.ana });
    await expect(client.subscribe({ uris: ["memory://list"] })).rejects.toThrow();
  });

  it("nothing is opened: not by connecting, not by listing templates and prompts", async () => {
    const { patchbay, uses } = await countingUses();
    const client = await connect({}, { patchbay });
    await client.listResourceTemplates();
    await client.listPrompts();
    await client.listTools();
    expect(uses).toEqual([]);
    await client.listResources();
    expect(uses).toContain("memory");
  });
});

it("a client subscribes to 1,000 resources at most", async () => {
  const patchbay = await startPatchbay({ memory: { maxMemories: 2_000 } });
  const client = await connect({}, { patchbay });
  const { memory } = await patchbay.services.get(["memory"]);
  const uris: string[] = [];
  for (let some = 0; some < 11; some++) {
    const memories = Array.from({ length: 100 }, (_, n) => ({ content: `Fact ${some} ${n}` }));
    uris.push(...(await memory.addAll({ id: "local" }, memories)).map(({ id }) => `memory://${id}`));
  }
  for (const uri of uris.slice(0, 990)) await client.subscribeResource({ uri });
  const rest = await Promise.allSettled(uris.slice(990).map((uri) => client.subscribeResource({ uri })));
  expect(rest.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  expect(rest.find((each) => each.status === "rejected")?.reason).toMatchObject({ data: { code: "limit_reached" } });
  await client.unsubscribeResource({ uri: uris[0] as string });
  await client.subscribeResource({ uri: uris[1_099] as string });
});

it("any URI is a resource or is not found", async () => {
  const client = await connect();
  const uri = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl(),
    fc
      .tuple(fc.constantFrom("memory://", "memory:", "MEMORY://"), fc.oneof(fc.uuid(), fc.string()))
      .map((parts) => parts.join("")),
  );
  await fc.assert(
    fc.asyncProperty(uri, async (any) => {
      const error = await client.readResource({ uri: any }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: -32602, data: { uri: any } });
    }),
  );
});

it("a client that has gone is no longer watched for", async () => {
  const { patchbay, uses } = await countingUses();
  const client = await connect({}, { patchbay });
  await client.listResources();
  await client.subscribeResource({ uri: "memory://list" });
  await client.close();
  const used = uses.length;
  await setTimeout(LOOKED_MS);
  expect(uses).toHaveLength(used);
});

describe("a store that fails", () => {
  it("is told as an error with its code and no path", async () => {
    const folder = temporaryFolder();
    // A folder where the file should be.
    mkdirSync(`${folder}/memory.db`);
    const client = await connect({ dataDir: folder });
    for (const request of [
      client.listResources(),
      client.readResource({ uri: "memory://list" }),
      client.readResource({ uri: NOBODYS }),
      client.subscribeResource({ uri: "memory://list" }),
      client.getPrompt({ name: "recall", arguments: { topic: "tea" } }),
    ]) {
      const error = await request.catch((thrown: unknown) => thrown as { code: number; data: Record<string, unknown> });
      expect(error).toMatchObject({
        code: -32603,
        data: { status: "error", code: expect.stringMatching(/^storage_/), message: expect.any(String) },
      });
      expect(JSON.stringify(error)).not.toContain(folder);
    }
  });

  it.each([
    ["hangs", () => new Promise<never>(() => {}), "deadline_exceeded", "longer than the limit of 0.2 s"],
    ["has a bug", () => Promise.reject(new TypeError("no /srv/x.ts")), "internal", "The server failed to answer this"],
  ])("does not keep the client waiting, nor tell how it is made, where it %s", async (_what, get, code, message) => {
    const patchbay = await startPatchbay({ limits: { callTimeout: 0.2 } });
    patchbay.services.get = get;
    const client = await connect({}, { patchbay });
    await expect(client.readResource({ uri: NOBODYS })).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining(message),
      data: { status: "error", code, message: expect.stringContaining(message) },
    });
  });

  it("is tried again by a subscription, which goes on when the store works", async () => {
    const patchbay = await startPatchbay();
    let failing = true;
    const get = patchbay.services.get.bind(patchbay.services);
    patchbay.services.get = async (uses) => {
      if (failing) throw new Error("cannot open /srv/memory.db");
      return get(uses);
    };
    const told: unknown[] = [];
    const watch = patchbay.boundary.watch({ id: "local" }, (event) => told.push(event));
    whenDone(() => watch.stop());
    await watch.add("", { list: true, uris: ["memory://list", "memory://nonsense"] });
    failing = false;
    await watch.add("again", { list: false, uris: [NOBODYS] });
    const client = await connect({}, { patchbay });
    await callTool(client, "memory_add", { content: "Ana prefers tea" });
    await expect
      .poll(() => told)
      .toEqual([{ kind: "resources_list_changed" }, { kind: "resource_updated", uri: "memory://list" }]);
  });
});

afterAll(() => expect(server.http.stderr()).not.toContain("bug"));

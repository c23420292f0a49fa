import { beforeAll, describe, expect, it } from "vitest";
import type { StatusEvent } from "../src/status/status-event.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import {
  type Answer,
  type AnyClient,
  type Progress,
  roadOf,
  roads,
  type Server,
  startServer,
} from "./fixtures/clients.ts";
import { type FakeProvider, startFakeProvider } from "./fixtures/fake-provider.ts";
import { serverCommand, startHttpServer } from "./fixtures/spawn.ts";

const CALLS = 100;

let provider: FakeProvider;
let server: Server;
/** A server whose calls may take half a second. */
let hasty: Server;
beforeAll(async () => {
  provider = await startFakeProvider({
    models: { quick: {}, slow: { latencyMs: 700 }, hanging: { fault: "hang" } },
  });
  whenDone(() => provider.close());
  const config = {
    providers: { fake: { baseUrl: provider.baseUrl } },
    llm: { modelId: "fake/quick" },
    moa: { models: ["fake/slow"], aggregatorModel: "fake/slow", numLayers: 2, agentsPerLayer: 1 },
  };
  server = {
    command: serverCommand({ config }),
    http: await startHttpServer({ config, env: { PATCHBAY_LOG_LEVEL: "debug" } }),
  };
  hasty = await startServer({ config: { ...config, limits: { callTimeout: 0.5 } } });
});

const eventOf = ({ _meta }: Progress): StatusEvent => _meta?.["patchbay/status"] as StatusEvent;

/**
 * What a client knows once it has the result. A client of the TypeScript SDK drops a notification that it reads together with the
 * result; over stdio in the era of 2026-07-28, where no ping can tell what it has read, a machine that is busy enough can make it do
 * so. The result tells the last event again.
 */
function known(road: string, seen: readonly Progress[], { meta }: Answer): Progress[] {
  const event = meta?.["patchbay/status"] as StatusEvent;
  expect(event.data.done).toBe(true);
  const last = seen.at(-1);
  if (road !== "2026-07-28 over stdio" || (last && eventOf(last).data.done)) return [...seen];
  return [...seen, { progress: 100, total: 100, message: event.data.description, _meta: meta }];
}

describe.each(roads)("status events, $name", ({ name, connect }) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await connect(server);
  });

  it(`always brings the final event before the result, ${CALLS} times`, async () => {
    for (let index = 0; index < CALLS; index++) {
      const heard: Progress[] = [];
      const answer = await client.call(
        "display_result",
        { message: `Result ${index}` },
        { onprogress: (progress) => heard.push(progress) },
      );
      expect(answer.json.status).toBe("success");
      const seen = known(name, heard, answer);
      expect(seen.map(({ progress, total, message }) => ({ progress, total, message }))).toEqual([
        { progress: 100, total: 100, message: `Result ${index}` },
      ]);
      expect(eventOf(seen[0] as Progress)).toMatchObject({
        type: "status",
        data: { status: "success", description: `Result ${index}`, done: true, notification_type: "success" },
      });
    }
  });

  it("keeps the events of calls at once apart", async () => {
    const calls = Array.from({ length: 20 }, async (_none, index) => {
      const heard: Progress[] = [];
      const onprogress = (progress: Progress) => void heard.push(progress);
      const answer = await client.call("display_result", { message: `Call ${index}` }, { onprogress });
      expect(known(name, heard, answer).map(({ message }) => message)).toEqual([`Call ${index}`]);
    });
    await Promise.all(calls);
  });

  it("tells what happens, at most twice a second, in a shape that only moves forward", async () => {
    const heard: (Progress & { at: number })[] = [];
    const answer = await client.call(
      "mixture_of_agents",
      { query: "Why?" },
      { onprogress: (progress) => heard.push({ ...progress, at: performance.now() }) },
    );
    const seen = known(name, heard, answer).map((progress) => ({ at: performance.now(), ...progress }));
    expect(answer.json).toMatchObject({ status: "success", answer: "ok" });
    expect(seen.length).toBeGreaterThanOrEqual(4);
    for (const [index, { progress, total, message, at }] of seen.entries()) {
      const before = seen[index - 1];
      const { data } = eventOf(seen[index] as Progress);
      expect(progress).toBeGreaterThan(before?.progress ?? 0);
      expect(total).toBe(100);
      expect(data.description).toBe(message);
      expect(Math.abs(data.timestamp - Date.now() / 1000)).toBeLessThan(10);
      expect(data.done).toBe(index === seen.length - 1);
      if (before && !data.done) {
        expect(data.timestamp - eventOf(before).data.timestamp).toBeGreaterThan(0.45);
        expect(at - before.at).toBeGreaterThan(300);
      }
    }
    expect(seen.at(-1)).toMatchObject({ progress: 100, message: "Process complete" });
    expect(seen.some((each) => eventOf(each).data.active_model !== undefined)).toBe(true);
  });

  it("ends with an error event where the call fails", async () => {
    const heard: Progress[] = [];
    const onprogress = (progress: Progress) => void heard.push(progress);
    const answer = await client.call("llm_processor", { input: "x", model: "fake/none" }, { onprogress });
    const seen = known(name, heard, answer);
    expect(answer.isError).toBe(true);
    expect(seen.at(-1)).toMatchObject({ progress: 100, message: answer.json.message });
    expect(eventOf(seen.at(-1) as Progress).data).toMatchObject({ status: "error", done: true });
  });

  it("ends with an error event where the arguments are wrong or the tool is none", async () => {
    for (const [tool, code] of [
      ["display_result", "invalid_input"],
      ["nosuch", "unknown_tool"],
    ] as const) {
      const heard: Progress[] = [];
      const onprogress = (progress: Progress) => void heard.push(progress);
      const answer = await client.call(tool, { message: 5 }, { onprogress });
      expect(answer.json.code).toBe(code);
      expect(known(name, heard, answer).map((each) => eventOf(each).data.status)).toEqual(["error"]);
    }
  });

  it("ends with an error event when the time is up, and ends the work upstream", async () => {
    const before = provider.chats.length;
    const heard: Progress[] = [];
    const onprogress = (progress: Progress) => void heard.push(progress);
    const answer = await (await connect(hasty)).call(
      "llm_processor",
      { input: "x", model: "fake/hanging" },
      { onprogress },
    );
    expect(answer.json).toMatchObject({ status: "error", code: "deadline_exceeded", retryable: true });
    const seen = known(name, heard, answer);
    expect(eventOf(seen.at(-1) as Progress).data).toMatchObject({ status: "error", done: true });
    await expect.poll(() => provider.chats[before]?.abandoned).toBe(true);
  });
});

// The stateless 2025 era has no way to name the call of another request; there a dropped connection cancels (below).
describe.each(roads.filter(({ name }) => !name.includes("stateless")))("cancelling, $name", ({ connect }) => {
  it("ends the work upstream, and the next call is served", async () => {
    const client = await connect(server);
    const before = provider.chats.length;
    const controller = new AbortController();
    const call = client.call("llm_processor", { input: "x", model: "fake/hanging" }, { signal: controller.signal });
    call.catch(() => {});
    await expect.poll(() => provider.chats.length).toBe(before + 1);
    expect(provider.chats[before]?.abandoned).toBe(false);
    controller.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => provider.chats[before]?.abandoned).toBe(true);
    expect((await client.call("display_result")).json.status).toBe("success");
  });
});

describe("a client that goes away in the middle of a call", () => {
  const call = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: "llm_processor",
      arguments: { input: "gone", model: "fake/hanging" },
      _meta: { progressToken: "p" },
    },
  };

  it("over stateless HTTP ends the work upstream and the call with its final event", async () => {
    const before = provider.chats.length;
    const controller = new AbortController();
    const response = await fetch(`${server.http.url}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify(call),
      signal: controller.signal,
    });
    expect(response.status).toBe(200);
    await expect.poll(() => provider.chats.length).toBe(before + 1);
    const logged = server.http.stderr().length;
    controller.abort();
    await expect.poll(() => provider.chats[before]?.abandoned).toBe(true);
    await expect.poll(() => server.http.stderr().slice(logged)).toContain('"outcome":"aborted"');
    expect(server.http.stderr().slice(logged)).toMatch(
      /"status":"error","description":"The call was cancelled.","done":true/,
    );
  });

  it("over stdio ends the work upstream and the server", async () => {
    const before = provider.chats.length;
    const client = await roadOf("2026-07-28 over stdio").connect(server);
    client.call("llm_processor", { input: "x", model: "fake/hanging" }).catch(() => {});
    await expect.poll(() => provider.chats.length).toBe(before + 1);
    await client.close();
    await expect.poll(() => provider.chats[before]?.abandoned, { timeout: 10_000 }).toBe(true);
  });
});

describe("a call that asks the human", () => {
  const FORM = { fields: [{ name: "guests", type: "integer", required: true }] };

  it.each(roads.filter(({ name }) => !name.includes("stateless")))(
    "says that it waits before it asks, and has one line to its end, $name",
    async ({ name, connect }) => {
      // The 2026-07-28 client adds a notification of its own for each round of questions.
      const heard: Progress[] = [];
      const onprogress = (progress: Progress) => eventOf(progress) && heard.push(progress);
      let shown: number | undefined;
      const client = await connect(server, {
        human: () => {
          shown ??= heard.length;
          return { action: "accept", content: { guests: 3 } };
        },
      });
      const answer = await client.call("collect_input", FORM, { onprogress });
      expect(answer.json).toMatchObject({ data: { guests: 3 } });
      const seen = known(name, heard, answer);
      expect(seen[0]?.message).toBe("Waiting for the user's input");
      expect(shown).toBe(1);
      expect(seen.at(-1)).toMatchObject({ progress: 100, message: "Input received" });
      expect(seen.filter((each) => eventOf(each).data.done)).toHaveLength(1);
    },
  );
});

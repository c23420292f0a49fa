import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { startPatchbay } from "../../test/fixtures/connect.ts";
import { createHttpSubscriptions } from "./http-subscriptions.ts";
import { createServerFactory } from "./server.ts";

const REVISION = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": REVISION,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const LIST = { notifications: { resourcesListChanged: true }, _meta: META };

/** Subscriptions with at most two streams, and one for each user; `listen` gives the status and the first event, or the JSON. */
async function subscriptions() {
  const patchbay = await startPatchbay();
  const factory = createServerFactory({
    version: "0.0.0",
    boundary: patchbay.boundary,
    identify: ({ http }) => ({ id: String(http?.authInfo?.extra?.user) }),
    stateKey: patchbay.stateKey,
  });
  const watching = new Set<string>();
  const made = createHttpSubscriptions(factory, {
    watch(owner, tell) {
      const watch = patchbay.boundary.watch({ id: owner }, tell);
      watching.add(owner);
      return {
        ...watch,
        stop() {
          watching.delete(owner);
          watch.stop();
        },
      };
    },
    keepAliveMs: 10_000,
    onerror: () => {},
    maxStreams: 2,
    maxPerOwner: 1,
  });
  whenDone(() => made.close());
  async function listen(owner: string, params: object = LIST) {
    const body = { jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params };
    const gone = new AbortController();
    const request = new Request("http://127.0.0.1/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": REVISION,
        "mcp-method": "subscriptions/listen",
      },
      body: JSON.stringify(body),
      signal: gone.signal,
    });
    const authInfo = { token: "", clientId: owner, scopes: [], extra: { user: owner } };
    const response = await made.fetch(request, { authInfo, parsedBody: body, owner });
    const reader = response.body!.getReader();
    const next = async () => Buffer.from((await reader.read()).value ?? []).toString();
    return { first: await next(), next, leave: () => gone.abort() };
  }
  return { patchbay, listen, watching };
}

describe("subscriptions over HTTP", () => {
  it("are limited for each user and for all, and make room when a client leaves", async () => {
    const { listen, watching } = await subscriptions();
    const ana = await listen("ana");
    expect(ana.first).toContain("notifications/subscriptions/acknowledged");
    expect((await listen("ana")).first).toContain("Subscription limit reached");
    await listen("ben");
    expect((await listen("eve")).first).toContain("Subscription limit reached");
    expect([...watching]).toEqual(["ana", "ben"]);
    ana.leave();
    expect([...watching]).toEqual(["ben"]);
    expect((await listen("eve")).first).toContain("acknowledged");
  });

  it.each([
    ["no filter", { _meta: META }],
    ["a filter that is none", { notifications: "all", _meta: META }],
    ["no envelope", { notifications: { resourcesListChanged: true } }],
    ["nothing that can be told", { notifications: { toolsListChanged: true }, _meta: META }],
  ])("keep nothing of a request with %s", async (_what, params) => {
    const { listen, watching } = await subscriptions();
    await listen("ana", params);
    expect([...watching]).toEqual([]);
    expect((await listen("ana")).first).toContain("acknowledged");
  });

  it("tell of many changes at once, and only their user", async () => {
    const { patchbay, listen } = await subscriptions();
    const [ana, ben] = [await listen("ana"), await listen("ben")];
    const { memory } = await patchbay.services.get(["memory"]);
    await Promise.all(Array.from({ length: 50 }, (_, n) => memory.add({ id: "ana" }, { content: `Fact ${n}` })));
    expect(await ana.next()).toContain("notifications/resources/list_changed");
    let more = "";
    void ana.next().then((event) => {
      more = event;
    });
    let told = "";
    void ben.next().then((event) => {
      told = event;
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([more, told]).toEqual(["", ""]);
    await memory.add({ id: "ben" }, { content: "A fact" });
    await expect.poll(() => told).toContain("notifications/resources/list_changed");
  });
});

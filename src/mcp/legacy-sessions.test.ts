import { Server } from "@modelcontextprotocol/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createLegacySessions, type LegacySessions } from "./legacy-sessions.ts";

let sessions: LegacySessions;
afterEach(async () => {
  vi.useRealTimers();
  await sessions.close();
});

function start(options: { maxSessions?: number; maxPerOwner?: number; idleMs?: number } = {}): void {
  const factory = () => new Server({ name: "test", version: "0" }, { capabilities: {} });
  sessions = createLegacySessions(factory, { keepAliveMs: 10_000, ...options });
}

async function send(owner: string, body?: object, session?: string, method = "POST"): Promise<Response> {
  const request = new Request("http://127.0.0.1/mcp", {
    method,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(session !== undefined && { "mcp-session-id": session }),
    },
  });
  const response = await sessions.fetch(request, { owner, ...(body && { parsedBody: body }) });
  if (method !== "GET") await response.text();
  return response;
}

const initialize = (capabilities: object) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "test", version: "0" } },
});
const PING = { jsonrpc: "2.0", id: 2, method: "ping" };

async function open(owner = "ana"): Promise<string> {
  const response = await send(owner, initialize({ elicitation: {} }));
  expect(response.status).toBe(200);
  return response.headers.get("mcp-session-id") ?? "";
}
const statusOf = async (owner: string, session: string) => (await send(owner, PING, session)).status;

describe("createLegacySessions", () => {
  it("takes requests that name a session, and an initialize of a client that can be asked", () => {
    start();
    const plain = new Request("http://127.0.0.1/mcp", { method: "POST" });
    expect(sessions.handles(plain, initialize({ elicitation: {} }))).toBe(true);
    expect(sessions.handles(plain, initialize({}))).toBe(false);
    expect(sessions.handles(plain, PING)).toBe(false);
    expect(sessions.handles(plain, undefined)).toBe(false);
    const named = new Request("http://127.0.0.1/mcp", { headers: { "mcp-session-id": "x" } });
    expect(sessions.handles(named, undefined)).toBe(true);
  });

  it("answers only the owner of a session, as if there were none", async () => {
    start();
    const session = await open("ana");
    expect(await statusOf("ben", session)).toBe(404);
    expect((await send("ben", undefined, session, "DELETE")).status).toBe(404);
    expect(await statusOf("ana", session)).toBe(200);
    expect(await statusOf("ana", "no-such-session")).toBe(404);
    expect((await send("ana", undefined, session, "DELETE")).status).toBe(200);
    expect(await statusOf("ana", session)).toBe(404);
  });

  it("lets the idlest session make room, but none with a stream that is read", async () => {
    start({ maxSessions: 2 });
    const first = await open();
    const second = await open();
    await new Promise((done) => setTimeout(done, 5));
    expect(await statusOf("ana", first)).toBe(200);
    const third = await open();
    expect(await statusOf("ana", second)).toBe(404);
    expect(await statusOf("ana", first)).toBe(200);

    for (const session of [first, third]) expect((await send("ana", undefined, session, "GET")).status).toBe(200);
    const response = await send("ana", initialize({ elicitation: {} }));
    expect(response.status).toBe(503);
  });

  it("gives an owner a share, whose idlest sessions make room before those of others", async () => {
    start({ maxSessions: 4, maxPerOwner: 2 });
    const bens = await open("ben");
    const first = await open();
    await new Promise((done) => setTimeout(done, 5));
    const second = await open();
    const third = await open();
    expect(await statusOf("ana", first)).toBe(404);
    expect(await statusOf("ben", bens)).toBe(200);

    for (const session of [second, third]) expect((await send("ana", undefined, session, "GET")).status).toBe(200);
    expect((await send("ana", initialize({ elicitation: {} }))).status).toBe(503);
    const bensSecond = await open("ben");
    // All four are taken: the idlest that has no stream makes room for cai.
    await new Promise((done) => setTimeout(done, 5));
    expect(await statusOf("ben", bens)).toBe(200);
    const cais = await open("cai");
    expect(await statusOf("ben", bensSecond)).toBe(404);
    expect(await statusOf("ben", bens)).toBe(200);
    expect(await statusOf("cai", cais)).toBe(200);
  });

  it("ends sessions that nobody uses", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "Date"] });
    start({ idleMs: 5 * 60_000 });
    const session = await open();
    vi.advanceTimersByTime(4 * 60_000);
    expect(await statusOf("ana", session)).toBe(200);
    vi.advanceTimersByTime(7 * 60_000);
    expect(await statusOf("ana", session)).toBe(404);
  });

  it("ends every session when it is closed", async () => {
    start();
    const session = await open();
    await sessions.close();
    expect(await statusOf("ana", session)).toBe(404);
  });
});

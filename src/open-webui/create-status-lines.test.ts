import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { type Script, startHttpServer, unusedPort } from "../../test/fixtures/http-server.ts";
import type { StatusEvent, StatusKind } from "../status/status-event.ts";
import { createStatusLines, type StatusLinesOptions } from "./create-status-lines.ts";

const MESSAGE = {
  chatId: "8a85f2a5-0763-42ac-9c80-6bc2f469a09b",
  messageId: "6e4658f9-8f38-4a93-a0ec-9eede07e48a0",
  token: "e30.e30.c2lnbmF0dXJl",
};
const PATH = `/api/v1/chats/${MESSAGE.chatId}/messages/${MESSAGE.messageId}/event`;

function event(
  description: string,
  status: StatusKind = "in_progress",
  extra: Record<string, unknown> = {},
): StatusEvent {
  return { type: "status", data: { status, description, done: status !== "in_progress", timestamp: 1, ...extra } };
}

async function start(script: Script = { json: true }, options: Partial<StatusLinesOptions> & { path?: string } = {}) {
  const server = await startHttpServer(script);
  const failures: string[] = [];
  const { path = "", ...rest } = options;
  const lines = createStatusLines({ url: server.url + path, onFailure: (reason) => failures.push(reason), ...rest });
  whenDone(() => lines.close(0));
  const said = () =>
    server.requests.map(({ body }) => {
      const { type, data } = JSON.parse(body);
      return type === "status" ? `${data.description}${data.done ? " (done)" : ""}` : `${data.type}: ${data.content}`;
    });
  return { server, lines, failures, said, sink: lines.sinkOf(MESSAGE) };
}

describe("status lines", () => {
  it("are posted to the message by the session of its user", async () => {
    const { server, sink } = await start();
    sink(event("Adding new memory"));
    sink(event("Added", "success", { active_model: "m" }));
    await expect.poll(() => server.requests.length).toBe(2);
    const [first, last] = server.requests;
    expect(first).toMatchObject({ method: "POST", url: PATH, headers: { authorization: `Bearer ${MESSAGE.token}` } });
    expect(JSON.parse(first?.body ?? "")).toEqual({
      type: "status",
      data: { description: "Adding new memory", done: false, status: "in_progress", timestamp: 1 },
    });
    expect(JSON.parse(last?.body ?? "")).toMatchObject({ data: { description: "Added", done: true } });
  });

  it("are posted below the path of the URL", async () => {
    const { server, sink } = await start({ json: true }, { path: "/chat" });
    sink(event("hello"));
    await expect.poll(() => server.requests.map(({ url }) => url)).toEqual([`/chat${PATH}`]);
  });

  it("say that a call failed", async () => {
    const { server, sink } = await start();
    sink(event("No such memory", "error"));
    await expect.poll(() => server.requests.length).toBe(1);
    expect(JSON.parse(server.requests[0]?.body ?? "").data).toMatchObject({ done: true, status: "error", error: true });
  });

  it("are one line, and not longer than a line", async () => {
    const { said, sink } = await start();
    sink(event(`a\n\n b\t${"x".repeat(1_000)}`));
    await expect.poll(said).toEqual([`a b ${"x".repeat(295)}…`]);
  });

  it("come one at a time, the latest of a call instead of those that waited, and the last one last", async () => {
    const { server, said, sink } = await start(() => ({ json: true, delayMs: 100 }));
    for (const n of [1, 2, 3, 4]) sink(event(`step ${n}`));
    await sleep(150);
    for (const n of [5, 6]) sink(event(`step ${n}`));
    sink(event("ready", "success"));
    await expect.poll(() => said().at(-1)).toBe("ready (done)");
    expect(said()).toEqual(["step 1", "step 4", "ready (done)"]);
    const gaps = server.requests.slice(1).map(({ at }, n) => at - (server.requests[n]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(90);
  });

  it("do not say again what is shown already", async () => {
    const { said, sink } = await start();
    sink(event("working"));
    await expect.poll(said).toHaveLength(1);
    sink(event("working"));
    sink(event("ready", "success"));
    await expect.poll(said).toEqual(["working", "ready (done)"]);
  });

  it("show again what goes on when another call of the message has ended", async () => {
    const { lines, said, sink } = await start();
    const other = lines.sinkOf(MESSAGE);
    sink(event("long work"));
    other(event("short work"));
    await expect.poll(said).toHaveLength(2);
    other(event("short ready", "success"));
    await expect.poll(said).toHaveLength(4);
    sink(event("long ready", "success"));
    await expect
      .poll(said)
      .toEqual(["long work", "short work", "short ready (done)", "long work", "long ready (done)"]);
  });

  it("look done while the user is waited for, for no event may follow", async () => {
    const { said, sink } = await start();
    const waiting = event("Waiting for the user's input", "in_progress", { waiting: true });
    sink(waiting);
    await expect.poll(said).toHaveLength(1);
    // A heartbeat, while the user takes time.
    sink(waiting);
    sink(event("Input received", "success"));
    await expect.poll(said).toEqual(["Waiting for the user's input (done)", "Input received (done)"]);
  });

  it("bring a notification as a toast too", async () => {
    const { said, sink } = await start();
    sink(event("Disk is full", "success", { notification_type: "warning" }));
    sink(event("Disk is fuller", "success", { notification_type: "fatal" }));
    await expect.poll(said).toEqual(["Disk is full (done)", "warning: Disk is full", "Disk is fuller (done)"]);
  });

  it("try again where the last one of a call failed, and not for those before", async () => {
    const { said, sink } = await start((_, count) => ({ status: count < 4 ? 500 : 200, json: true }));
    sink(event("working"));
    sink(event("ready", "success"));
    await expect.poll(said, { timeout: 5_000 }).toEqual(["working", "ready (done)", "ready (done)", "ready (done)"]);
  });

  it("stop where they are refused, for this call of this message", async () => {
    const { said, sink, lines, failures } = await start((_, count) => ({
      status: count === 1 ? 401 : 200,
      json: true,
    }));
    sink(event("working"));
    await expect.poll(() => failures).toEqual(["Open-WebUI answered a status event with HTTP 401"]);
    sink(event("still working"));
    const other = lines.sinkOf({ ...MESSAGE, token: "other.user.s" });
    other(event("hello", "success"));
    await expect.poll(said).toEqual(["working", "hello (done)"]);
  });

  it("tell one failure once, and nothing of the user", async () => {
    const failures: string[] = [];
    const url = `http://127.0.0.1:${await unusedPort()}`;
    const lines = createStatusLines({ url, onFailure: (reason) => failures.push(reason) });
    for (const n of [1, 2, 3]) lines.sinkOf(MESSAGE)(event(`step ${n}`));
    await lines.close(5_000);
    expect(failures).toEqual(["Open-WebUI could not be reached for a status event (ECONNREFUSED)"]);
  });

  it("give up a post that is never answered", async () => {
    const { lines, failures, sink } = await start({ fault: "hang" }, { postMs: 200 });
    sink(event("working"));
    await expect.poll(() => failures, { timeout: 5_000 }).toHaveLength(1);
    await lines.close(0);
  });

  it("are left out for further messages where Open-WebUI hangs, so that no more than so many wait, and come again afterwards", async () => {
    let hangs = true;
    const { lines, said } = await start(() => (hangs ? { fault: "hang" } : { json: true }), {
      postMs: 300,
      maxMessages: 3,
    });
    const sinks = [1, 2, 3, 4, 5].map((n) => lines.sinkOf({ ...MESSAGE, messageId: `${n}` }));
    for (const [n, sink] of sinks.entries()) sink(event(`message ${n + 1}`));
    await expect.poll(said).toEqual(["message 1", "message 2", "message 3"]);
    hangs = false;
    for (const [n, sink] of sinks.entries()) sink(event(`ready ${n + 1}`, "success"));
    await expect
      .poll(() => said().slice(3).sort(), { timeout: 5_000 })
      .toEqual([1, 2, 3].map((n) => `ready ${n} (done)`));
    await sleep(50);
    sinks[3]?.(event("again", "success"));
    await expect.poll(() => said().at(-1)).toBe("again (done)");
  });

  it("are waited for at the end, but not for ever", async () => {
    const { lines, said, sink } = await start({ json: true, delayMs: 200 });
    sink(event("working"));
    sink(event("ready", "success"));
    await lines.close(5_000);
    expect(said()).toEqual(["working", "ready (done)"]);

    const never = await start({ fault: "hang" });
    never.sink(event("working"));
    const startedAt = performance.now();
    await never.lines.close(100);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

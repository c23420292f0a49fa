import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { keepAlive } from "./keep-alive.ts";

const later = async (ms: number, response: Response): Promise<Response> => {
  await sleep(ms);
  return response;
};

describe("keepAlive", () => {
  it("gives a response that comes in time as it is, with its status", async () => {
    const refusal = Response.json({ error: "no" }, { status: 400 });
    expect(await keepAlive(later(5, refusal), 1000)).toBe(refusal);
  });

  it("fails as the response fails, while nothing has been sent", async () => {
    await expect(keepAlive(Promise.reject(new Error("gone")), 1000)).rejects.toThrow("gone");
  });

  it("keeps a silent connection alive and then sends the message as an event", async () => {
    const response = await keepAlive(later(100, Response.json({ id: 1 })), 20);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const text = await response.text();
    expect(text).toMatch(/^(: keepalive\n\n){2,}event: message\ndata: {"id":1}\n\n$/);
  });

  it("passes a late event stream on", async () => {
    const events = new Response("event: message\ndata: 1\n\nevent: message\ndata: 2\n\n", {
      headers: { "content-type": "text/event-stream" },
    });
    const text = await (await keepAlive(later(50, events), 20)).text();
    expect(text).toMatch(/^(: keepalive\n\n)+event: message\ndata: 1\n\nevent: message\ndata: 2\n\n$/);
  });

  it("cancels the late stream of a client that has gone", async () => {
    let cancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.from(": more\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    const response = await keepAlive(
      later(40, new Response(endless, { headers: { "content-type": "text/event-stream" } })),
      20,
    );
    await response.body?.cancel();
    await sleep(80);
    expect(cancelled).toBe(true);
  });

  it("ends the stream when the call fails after all", async () => {
    const failing = sleep(40).then(() => Promise.reject(new Error("gone")));
    await expect((await keepAlive(failing, 20)).text()).rejects.toThrow();
  });
});

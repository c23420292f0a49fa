import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { whenDone } from "../../test/fixtures/cleanup.ts";
import { serveLoopback } from "./serve-loopback.ts";

/** Connections of another program, that end with the test. */
async function connections(url: string, count: number, sent = ""): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(Number(new URL(url).port), "127.0.0.1"));
  whenDone(() => sockets.forEach((socket) => void socket.destroy()));
  for (const socket of sockets) socket.on("error", () => {}).resume();
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  for (const socket of sockets) socket.write(sent);
  return sockets;
}

async function start(answer: (request: Request) => Promise<Response> = async () => new Response("a page")) {
  const server = await serveLoopback(answer);
  if (!server) throw new Error("nothing listens");
  whenDone(() => server.close());
  return server.url;
}

describe("serveLoopback", () => {
  const openOf = (sockets: Socket[]) => sockets.filter(({ closed }) => !closed).length;

  it("answers a browser however many connections another program holds open, and keeps a number of them", async () => {
    const url = await start();
    const host = new URL(url).host;
    const beginnings = ["", "GET /interact/x HTTP/1.1\r\n", `GET /interact/x HTTP/1.1\r\nHost: ${host}\r\n\r\n`];
    for (const sent of [...beginnings, `POST /interact/x HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 9\r\n\r\n`]) {
      const held = await connections(url, 300, sent);
      expect(await (await fetch(`${url}/interact/x`)).text()).toBe("a page");
      await expect.poll(() => openOf(held)).toBeLessThanOrEqual(100);
    }
  });

  it("ends none that is being answered as long as there are others", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const url = await start(async (request) => {
      if (request.url.endsWith("/slow")) await promise;
      return new Response("a page");
    });
    const slow = fetch(`${url}/interact/slow`);
    await (await fetch(`${url}/interact/x`)).text();
    await connections(url, 300);
    resolve();
    expect(await (await slow).text()).toBe("a page");
  });
});

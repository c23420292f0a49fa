import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { serve } from "@hono/node-server";

export interface LoopbackServer {
  /** Such as `http://127.0.0.1:40123`. */
  url: string;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 100;

/**
 * Listens on a free port of this machine alone, for a process that serves nothing else over HTTP; undefined where that is not
 * permitted. It does not keep the process alive. Names other than the machine's own are refused (DNS rebinding).
 */
export async function serveLoopback(
  fetch: (request: Request) => Promise<Response>,
): Promise<LoopbackServer | undefined> {
  let names: string[] = [];
  const guarded = (request: Request): Response | Promise<Response> => {
    if (!names.includes(request.headers.get("host") ?? "")) return new Response("Wrong host.", { status: 403 });
    return new URL(request.url).pathname.startsWith("/interact/")
      ? fetch(request)
      : new Response("There is nothing here.", { status: 404 });
  };
  const server = await new Promise<ReturnType<typeof serve> | undefined>((resolve) => {
    const created = serve(
      { fetch: guarded, hostname: "127.0.0.1", port: 0, overrideGlobalObjects: false },
      ({ port }: AddressInfo) => {
        names = [`127.0.0.1:${port}`, `localhost:${port}`];
        resolve(created);
      },
    );
    created.once("error", () => resolve(undefined));
  });
  if (!server) return undefined;
  server.unref();
  if ("requestTimeout" in server) {
    server.requestTimeout = 60_000;
    server.headersTimeout = 20_000;
  }
  boundConnections(server);
  return {
    url: `http://${names[0]}`,
    async close() {
      const closed = new Promise((resolve) => server.once("close", resolve));
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Keeps a number of connections, the newest: for one too many the one ends that has asked nothing for the longest time, so that
 * no program of this machine keeps the user's browser out by connections of its own. Browsers open theirs anew.
 */
function boundConnections(server: ReturnType<typeof serve>): void {
  /** In the order of their last use. */
  const connections = new Set<Socket>();
  const busy = new Set<Socket>();
  const touch = (socket: Socket) => {
    if (connections.delete(socket)) connections.add(socket);
  };
  server.on("connection", (socket: Socket) => {
    const all = [...connections];
    if (all.length >= MAX_CONNECTIONS) (all.find((one) => !busy.has(one)) ?? all[0])?.destroy();
    connections.add(socket);
    socket.once("close", () => {
      connections.delete(socket);
      busy.delete(socket);
    });
  });
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    touch(socket);
    busy.add(socket);
    response.once("close", () => {
      touch(socket);
      busy.delete(socket);
    });
  });
}

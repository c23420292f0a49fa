import { type AuthInfo, createMcpHandler, type McpHttpHandler } from "@modelcontextprotocol/server";
import { filterOf } from "./listen-filter.ts";
import type { ResourceEvent, ResourceWatch } from "./resource-watch.ts";
import type { ServerFactory } from "./server.ts";

export interface HttpSubscriptions {
  /** Answers `subscriptions/listen` (MCP 2026-07-28) by a stream that lasts until the client or the server ends it. */
  fetch(request: Request, options: { authInfo: AuthInfo; parsedBody: unknown; owner: string }): Promise<Response>;
  close(): Promise<void>;
}

export interface HttpSubscriptionsOptions {
  watch: (owner: string, tell: (event: ResourceEvent) => void) => ResourceWatch;
  keepAliveMs: number;
  onerror: (error: Error) => void;
  maxStreams?: number;
  maxPerOwner?: number;
}

/**
 * The streams of clients that want to be told of changes. Each has a handler of its own, because a handler has one source of
 * events for all of its streams, and these belong to different users.
 */
export function createHttpSubscriptions(factory: ServerFactory, options: HttpSubscriptionsOptions): HttpSubscriptions {
  const { watch: createWatch, keepAliveMs, onerror, maxStreams = 1024, maxPerOwner = 64 } = options;
  const open = new Map<McpHttpHandler, string>();

  return {
    async fetch(request, { authInfo, parsedBody, owner }) {
      const own = [...open.values()].filter((other) => other === owner).length;
      if (open.size >= maxStreams || own >= maxPerOwner) return refuse(parsedBody);
      let deliver: ((event: ResourceEvent) => void) | undefined;
      const early: ResourceEvent[] = [];
      const watch = createWatch(owner, (event) => (deliver ? deliver(event) : early.push(event)));
      const end = (): void => {
        watch.stop();
        open.delete(handler);
      };
      const bus = {
        publish() {},
        subscribe(listener: (event: ResourceEvent) => void) {
          deliver = listener;
          for (const event of early.splice(0)) listener(event);
          return end;
        },
      };
      const handler = createMcpHandler(factory, { legacy: "reject", keepAliveMs, onerror, bus });
      open.set(handler, owner);
      try {
        // Before the client is told that it is listened for: what it changes next must not be missed.
        await watch.add("", filterOf(parsedBody));
        return await handler.fetch(request, { authInfo, parsedBody });
      } finally {
        if (!deliver) end();
      }
    },
    async close() {
      await Promise.all([...open.keys()].map((handler) => handler.close()));
    },
  };
}

function refuse(body: unknown): Response {
  const { id } = body as { id: string | number };
  const error = { code: -32603, message: "Subscription limit reached. Close another stream first." };
  return Response.json({ jsonrpc: "2.0", id, error });
}

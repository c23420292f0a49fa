import { type JSONRPCMessage, type Server, SUBSCRIPTION_ID_META_KEY } from "@modelcontextprotocol/server";
import { serveStdio as serve } from "@modelcontextprotocol/server/stdio";
import { filterOf } from "./listen-filter.ts";
import type { MessageLimits } from "./message-guard.ts";
import type { ResourceEvent, ResourceWatch } from "./resource-watch.ts";
import { sendEvent } from "./resources.ts";
import type { ServerFactory } from "./server.ts";
import { StdioTransport } from "./stdio-transport.ts";

export interface StdioConnection {
  /** Resolves when the client has closed its end. */
  ended: Promise<void>;
  /** Takes nothing more and lets requests under way be answered for at most `ms` milliseconds. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface StdioOptions {
  limits: MessageLimits;
  /** Watches the resources of the one user that this process serves. */
  watch: (tell: (event: ResourceEvent) => void) => ResourceWatch;
  onerror: (error: Error) => void;
}

/** Serves one client over this process's stdin and stdout, in whichever era it opens. */
export function serveStdio(factory: ServerFactory, { limits, watch, onerror }: StdioOptions): StdioConnection {
  const transport = new StdioTransport(process.stdin, process.stdout, limits);
  let server: Server | undefined;
  const keepServer: ServerFactory = async (context) => {
    server = await factory(context);
    return server;
  };
  let watching: ResourceWatch | undefined;
  watchSubscriptions(transport, () => {
    watching ??= watch((event) => void (server && sendEvent(server, event)));
    return watching;
  });
  const handle = serve(keepServer, { transport, onerror });
  return {
    ended: transport.ended,
    async drain(ms) {
      transport.stopReading();
      await transport.answered(ms);
    },
    async close() {
      watching?.stop();
      await handle.close();
    },
  };
}

/**
 * Since 2026-07-28 the SDK serves `subscriptions/listen` before any server, and does not say what is listened for; its
 * acknowledgement does. It goes out once the watch has begun, so that what the client changes next is not missed.
 */
function watchSubscriptions(transport: StdioTransport, watching: () => ResourceWatch): void {
  const open = new Set<string | number>();
  const send = transport.send.bind(transport);
  transport.send = async (message: JSONRPCMessage) => {
    if ("method" in message && message.method === "notifications/subscriptions/acknowledged") {
      const id = message.params?._meta?.[SUBSCRIPTION_ID_META_KEY] as string | number;
      open.add(id);
      await watching().add(id, filterOf(message));
    }
    return send(message);
  };
  transport.oncancelled = (id) => {
    if (open.delete(id)) watching().remove(id);
  };
}

import type { AddressInfo } from "node:net";
import { serve as serveNode } from "@hono/node-server";
import { ToolError } from "../errors.ts";
import { type AppOptions, createApp } from "./app.ts";

export interface HttpServer {
  /** How this machine reaches it, such as `http://127.0.0.1:8808`. */
  url: string;
  /** Stops accepting, lets requests under way end for at most `graceMs`, then cuts them. A second call can shorten that. */
  close(graceMs: number): Promise<void>;
}

export interface ServeOptions extends AppOptions {
  host: string;
  port: number;
}

/** The addresses that stand for all of this machine's, and the loopback address that reaches them. */
const LOOPBACK_OF: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/**
 * Listens for HTTP.
 * @throws ToolError `invalid_config` where the address is taken, or cannot be listened on
 */
export async function serveHttp(options: ServeOptions): Promise<HttpServer> {
  const everyAddress = options.host in LOOPBACK_OF;
  const allowedHosts = everyAddress ? options.allowedHosts : [...options.allowedHosts, hostInUrl(options.host)];
  const app = createApp({ ...options, allowedHosts });
  const { server, info } = await new Promise<{ server: ReturnType<typeof serveNode>; info: AddressInfo }>(
    (resolve, reject) => {
      const created = serveNode(
        { fetch: app.fetch, hostname: options.host, port: options.port, overrideGlobalObjects: false },
        (address) => resolve({ server: created, info: address }),
      );
      created.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, options)));
    },
  );
  if ("requestTimeout" in server) {
    // Slow uploads end here; long answers are streams and do not count.
    server.requestTimeout = 60_000;
    server.headersTimeout = 20_000;
  }
  const closed = new Promise<void>((resolve) => server.once("close", resolve));
  return {
    url: `http://${hostInUrl(LOOPBACK_OF[info.address] ?? info.address)}:${info.port}`,
    async close(graceMs) {
      server.close();
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}

function hostInUrl(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function listenError(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): ToolError {
  if (error.code === "EADDRINUSE") {
    return new ToolError("invalid_config", `Port ${port} on ${host} is in use.`, {
      hint: "Stop the other program, or choose another port with --port or PATCHBAY_HTTP_PORT.",
    });
  }
  if (error.code === "EACCES")
    return new ToolError("invalid_config", `Listening on port ${port} is not permitted.`, {
      hint: "Choose a port above 1023.",
    });
  return new ToolError("invalid_config", `Cannot listen on ${host}:${port} (${error.code ?? "unknown reason"}).`, {
    hint: "Check http.host and http.port.",
  });
}

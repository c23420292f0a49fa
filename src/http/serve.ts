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
  /** Whether no credential is asked for, which only a loopback server may allow. */
  open: boolean;
  /** The static keys, which have to be long where others than this machine can guess them. */
  keys: readonly string[];
}

const MIN_PUBLIC_KEY_LENGTH = 16;

/** The addresses that stand for all of this machine's, and the loopback address that reaches them. */
const LOOPBACK_OF: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/**
 * Listens for HTTP.
 * @throws ToolError `invalid_config` where anybody on the network could call, or the address is taken
 */
export async function serveHttp(options: ServeOptions): Promise<HttpServer> {
  if (!isLoopback(options.host) && options.open) {
    throw new ToolError(
      "invalid_config",
      `Refusing to listen on ${options.host} without authentication: anybody who reaches this address could call.`,
      {
        hint: "Add auth.apiKeys to the configuration, or listen on 127.0.0.1.",
      },
    );
  }
  if (!isLoopback(options.host) && options.keys.some((key) => key.length < MIN_PUBLIC_KEY_LENGTH)) {
    throw new ToolError(
      "invalid_config",
      `Refusing to listen on ${options.host} with a key of less than ${MIN_PUBLIC_KEY_LENGTH} characters: it could be guessed.`,
      { hint: "Make a long one, such as with: openssl rand -hex 24" },
    );
  }
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

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
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

import type { AddressInfo } from "node:net";
import { serve as serveNode } from "@hono/node-server";
import { ToolError } from "../errors.ts";
import { type AppOptions, createApp } from "./app.ts";

export interface HttpServer {
  /** Such as `http://127.0.0.1:8808`. */
  url: string;
  /** Stops accepting, lets calls under way end for at most `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens for HTTP.
 * @throws ToolError `invalid_config` where anybody on the network could call, or the address is taken
 */
export async function serveHttp(options: AppOptions & { host: string; port: number }): Promise<HttpServer> {
  if (!isLoopback(options.host) && options.apiKeys.length === 0) {
    throw new ToolError(
      "invalid_config",
      `Refusing to listen on ${options.host} without authentication: anybody who reaches this address could call.`,
      {
        hint: "Add auth.apiKeys to the configuration, or listen on 127.0.0.1.",
      },
    );
  }
  const app = createApp(options);
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
  const name = info.family === "IPv6" ? `[${info.address}]` : info.address;
  return {
    url: `http://${name}:${info.port}`,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => "closeAllConnections" in server && server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        if ("closeIdleConnections" in server) server.closeIdleConnections();
      }),
  };
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

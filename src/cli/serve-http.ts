import { serveHttp } from "../http/serve.ts";
import { createHttpMcpHandler } from "../mcp/http-handler.ts";
import { createServerFactory } from "../mcp/server.ts";
import { createPatchbay } from "../start.ts";
import { VERSION } from "../version.ts";
import { checkAll } from "./checks.ts";
import { connectionHelp, toolTable } from "./start-page.ts";
import type { CommandContext } from "./run-command.ts";

/** Milliseconds that calls under way may still take once the server is asked to stop. */
const GRACE_MS = 5_000;

/** Serves HTTP until a signal asks to stop; prints what is on, what is off and why, and how to connect each client. */
export async function serveHttpCommand({ loaded, env }: CommandContext): Promise<number> {
  const patchbay = createPatchbay(loaded, env);
  const { http, auth, limits, user } = loaded.config;
  const factory = createServerFactory({
    version: VERSION,
    boundary: patchbay.boundary,
    identify: (context) => {
      const id = context.http?.authInfo?.extra?.user;
      return typeof id === "string" ? { id } : undefined;
    },
    stateKey: patchbay.stateKey,
  });
  const mcp = createHttpMcpHandler(factory, { maxBytes: limits.maxRequestBytes, maxDepth: limits.maxDepth }, (error) =>
    patchbay.log.debug({ err: error }, "protocol error"),
  );
  const server = await serveHttp({
    host: http.host,
    port: http.port,
    mcp,
    apiKeys: auth.apiKeys,
    localUser: user,
    allowedHosts: http.allowedHosts,
    allowedOrigins: http.allowedOrigins,
    ready: async () => {
      try {
        await patchbay.services.get(["memory"]);
        return { ready: true };
      } catch (error) {
        return { ready: false, reason: patchbay.redact((error as Error).message) };
      }
    },
  });
  process.stdout.write(`Patchbay ${VERSION} listens on ${server.url}/mcp\n\n`);
  const checks = await checkAll(loaded, patchbay.services);
  const help = connectionHelp(server.url, auth.apiKeys.length > 0);
  process.stdout.write(patchbay.redact(`${toolTable(checks, loaded.config)}\n${help}`));

  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  const closed = server.close(GRACE_MS);
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
  await mcp.close();
  await closed;
  await patchbay.dispose();
  return 0;
}

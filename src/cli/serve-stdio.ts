import { createServerFactory } from "../mcp/server.ts";
import { serveStdio } from "../mcp/stdio.ts";
import { createPatchbay } from "../start.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./run-command.ts";

/** A client's line may be larger than what HTTP takes, since the pipe is the client's own. */
const MAX_LINE_BYTES = 10 * 1024 * 1024;

/** Serves the one client that started this process, until it closes its end or a signal asks to stop. */
export async function serveStdioCommand({ loaded, env }: CommandContext): Promise<number> {
  const patchbay = createPatchbay(loaded, env);
  const { limits, user } = loaded.config;
  const factory = createServerFactory({
    version: VERSION,
    boundary: patchbay.boundary,
    identify: () => ({ id: user }),
    stateKey: patchbay.stateKey,
  });
  const connection = serveStdio(factory, { maxBytes: MAX_LINE_BYTES, maxDepth: limits.maxDepth }, (error) =>
    patchbay.log.warn({ err: error }, "protocol error"),
  );
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  await Promise.race([connection.closed, stopped]);
  await connection.close();
  await patchbay.dispose();
  process.stdin.destroy();
  return 0;
}

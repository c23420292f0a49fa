import { createServerFactory } from "../mcp/server.ts";
import { serveStdio } from "../mcp/stdio.ts";
import { createPatchbay } from "../start.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./command-context.ts";
import { stopSignal, surviveRejections } from "./process-events.ts";

/** A client's line may be larger than what HTTP takes, since the pipe is the client's own. */
const MAX_LINE_BYTES = 10 * 1024 * 1024;
/** Milliseconds that calls under way may still take once the client has closed its end or a signal asks to stop. */
const GRACE_MS = 5_000;
/** Milliseconds in which answers that are complete reach the pipe. */
const FLUSH_MS = 100;

/**
 * Serves the one client that started this process, until it closes its end or a signal asks to stop. What is under way is
 * answered within the grace; another signal cuts that short.
 */
export async function serveStdioCommand({ loaded, env }: CommandContext): Promise<number> {
  const stopped = stopSignal();
  const patchbay = createPatchbay(loaded, env);
  surviveRejections(patchbay.log);
  const { limits, user } = loaded.config;
  const factory = createServerFactory({
    version: VERSION,
    boundary: patchbay.boundary,
    identify: () => ({ id: user }),
    get stateKey() {
      return patchbay.stateKey;
    },
    answerSeconds: loaded.config.interaction.answerTimeout,
  });
  const connection = serveStdio(factory, {
    limits: { maxBytes: MAX_LINE_BYTES, maxDepth: limits.maxDepth },
    watch: (tell) => patchbay.boundary.watch({ id: user }, tell),
    onerror: (error) => patchbay.log.debug({ err: error }, "protocol error"),
  });
  await Promise.race([connection.ended, stopped]);
  await Promise.race([connection.drain(GRACE_MS), stopSignal()]);
  await patchbay.boundary.stop();
  await connection.drain(FLUSH_MS);
  await connection.close();
  await patchbay.dispose();
  return 0;
}

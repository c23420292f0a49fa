import { availableParallelism, loadavg } from "node:os";
import type { ServerContext } from "@modelcontextprotocol/server";

/** Waits until a client has taken in what was sent before the result, or has had the time for it. */
export type Settle = (context: ServerContext) => Promise<void>;

/** Milliseconds that a client has to answer a ping. One that is too busy for that long gets its result all the same. */
const PING_MS = 2_000;
/** Milliseconds that a client has where it cannot be asked, on a machine that has a processor for each process that wants one. */
const WAIT_MS = 20;
/** The longest wait, on a machine that has far too few. */
const MOST_WAIT_MS = 60;
/** A timer that is later than this shows a machine on which the client may not have had its turn. */
const LATE_MS = 5;
const MOST_WAITS = 3;

/**
 * For a connection over a pipe. Clients built on the TypeScript SDK drop a notification that they read together with the result,
 * for it reaches its handler after the result has taken the handler away. Where the protocol lets a server ask (2025 era), the
 * answer to a ping shows that all before it has been read. Otherwise only time helps: some, more on a machine that is busy, and
 * again while this process's own timers come late; a client that does not read for longer finds the last event in the result. HTTP
 * streams are read event by event, so that nothing is lost there.
 */
export function createSettle({ canPing }: { canPing: boolean }): Settle {
  let pings = canPing;
  return async (context) => {
    if (pings) {
      try {
        await context.mcpReq.send({ method: "ping" }, { timeout: PING_MS, signal: context.mcpReq.signal });
        return;
      } catch {
        if (context.mcpReq.signal.aborted) return;
        // A client that does not answer, though the protocol wants it to, is not asked again.
        pings = false;
      }
    }
    for (let waits = 0; waits < MOST_WAITS; waits += 1) {
      const startedAt = performance.now();
      const waitMs = Math.min(MOST_WAIT_MS, WAIT_MS * Math.max(1, loadavg()[0]! / availableParallelism()));
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (performance.now() - startedAt < waitMs + LATE_MS) return;
    }
  };
}

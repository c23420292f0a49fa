import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../../../errors.ts";
import { counted } from "../../rows.ts";
import type { Host } from "../step.ts";
import type { PathsSeen } from "./answer-fields.ts";
import type { Caller, CallLimits } from "./call-plan.ts";
import { limitRate } from "./rate-limit.ts";

/** Milliseconds that a call waits at most before it is made again, and how often. */
const MAX_WAIT_MS = 60_000;
const MAX_WAITS = 3;
/** Different warnings of answers that are told. */
const MAX_NOTES = 5;

/** What the calls of an enrichment leave behind. */
export interface CallTraces {
  calls: number;
  notes: Set<string>;
  seen: PathsSeen;
}

/**
 * Makes calls within their limits. One that is refused for its rate, so that nothing was done, is made again when the service
 * says, and no other one before it: a run has more time than a single call, which does not wait longer than its own limit. What
 * else can be tried again, the clients of the services have tried.
 */
export function createCaller({ maxCalls, rate }: CallLimits, host: Host, traces: CallTraces): Caller {
  const takePlace = rate && limitRate(rate);
  /** Ends when those who were refused have had their turns. */
  let line: Promise<unknown> = Promise.resolve();

  const attempt = async (make: () => Promise<unknown>): Promise<unknown> => {
    const answered = await takePlace?.();
    try {
      return await make();
    } finally {
      answered?.();
    }
  };
  const again = async (make: () => Promise<unknown>, refused: unknown, at: number): Promise<unknown> => {
    let error = refused;
    let since = at;
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      const ms = waitOf(error);
      if (ms === undefined) break;
      await sleep(Math.max(0, since + ms - performance.now()));
      try {
        return await attempt(make);
      } catch (next) {
        error = next;
        since = performance.now();
      }
    }
    throw error;
  };

  return {
    host,
    seen: traces.seen,
    note(warning) {
      if (traces.notes.size < MAX_NOTES) traces.notes.add(warning);
    },
    async call(make) {
      if (traces.calls >= maxCalls) {
        throw new ToolError("limit_reached", `no more than ${counted(maxCalls, "call")} may be made`, {
          hint: 'Set "max_calls" higher.',
        });
      }
      traces.calls++;
      await line;
      try {
        return await attempt(make);
      } catch (error) {
        if (waitOf(error) === undefined) throw error;
        const at = performance.now();
        const turn = line.then(() => again(make, error, at));
        line = turn.catch(() => {});
        return await turn;
      }
    },
  };
}

/** Milliseconds until a call that was refused for its rate may be made; undefined where that is not known, or too long. */
function waitOf(error: unknown): number | undefined {
  if (!(error instanceof ToolError) || error.code !== "rate_limited") return undefined;
  const { retryAfterMs } = error;
  return retryAfterMs !== undefined && retryAfterMs <= MAX_WAIT_MS ? retryAfterMs : undefined;
}

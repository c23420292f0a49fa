import { ToolError } from "../errors.ts";
import { Deadline } from "./deadline.ts";

/** The requests that are being answered, so that a server can end them, or wait for them, before it stops. */
export interface UnderWay {
  begin(): void;
  end(): void;
  /** Ends with the caller's signal, the time limit, or the server. */
  deadline(signal: AbortSignal): Deadline;
  /** Lets a deadline go whose work has come to its end. */
  release(deadline: Deadline): void;
  /** Resolves when nothing is under way, or after `ms` milliseconds. */
  idle(ms: number): Promise<void>;
  /** Ends everything under way with an error that says why; resolves when it has been answered. */
  stop(): Promise<void>;
}

/** Milliseconds in which what was ended is answered. */
const STOP_MS = 1_000;

/** @param timeoutMs Milliseconds that one request may take. */
export function createUnderWay(timeoutMs: number): UnderWay {
  let running = 0;
  // A list and not a set: what a set has let go is kept by its table for a while, with all that hangs on it.
  const deadlines: Deadline[] = [];
  const whenIdle: (() => void)[] = [];

  function idle(ms: number): Promise<void> {
    if (running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      whenIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  return {
    begin() {
      running += 1;
    },
    end() {
      running -= 1;
      if (running === 0) for (const resolve of whenIdle.splice(0)) resolve();
    },
    deadline(signal) {
      const deadline = new Deadline(signal, timeoutMs);
      deadlines.push(deadline);
      return deadline;
    },
    release(deadline) {
      deadline.stop();
      const last = deadlines.pop();
      if (last && last !== deadline) deadlines[deadlines.indexOf(deadline)] = last;
    },
    idle,
    stop() {
      const reason = new ToolError("aborted", "The server is stopping.", {
        hint: "Call again later.",
        retryable: true,
      });
      for (const deadline of deadlines) deadline.abort(reason);
      return idle(STOP_MS);
    },
  };
}

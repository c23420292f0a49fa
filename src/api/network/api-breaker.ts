import { ToolError } from "../../errors.ts";

export interface BreakerOptions {
  /** Calls that failed in a row after which the API is left alone. */
  failures: number;
  /** Seconds for which it is, at first. */
  cooldown: number;
}

/** How a call ended: `up` with an answer, `unknown` by no doing of the API, else what went wrong, in words. */
export type CallEnd = "up" | "unknown" | { down: string };

export interface Admission {
  /** Whether this is the one call that finds out whether the API is back. */
  trial: boolean;
  /** Has to be called once. */
  end(how: CallEnd): void;
}

/** Leaves an API alone that is down, so that calls fail at once and it can recover. */
export interface ApiBreaker {
  /** @throws ToolError `upstream_unreachable` while the API is left alone */
  admit(): Admission;
}

/** The cooldown doubles with each trial that fails, up to this many times the first. */
const MOST_COOLDOWNS = 10;
/** What is said to others while a trial is under way. */
const TRIAL_WAIT_MS = 1000;

/** Closed, open, half open as in M. Nygard, Release It!, with one trial at a time. */
export function createApiBreaker(api: string, options: BreakerOptions): ApiBreaker {
  let failures = 0;
  let openings = 0;
  /** As `performance.now()` counts; 0 while closed. */
  let openUntil = 0;
  let trying = false;
  let last = "";

  const open = () => {
    openUntil = performance.now() + options.cooldown * 1000 * Math.min(2 ** openings, MOST_COOLDOWNS);
    openings += 1;
  };
  const leftAlone = (waitMs: number): ToolError => {
    const times = failures === 1 ? "once" : `${failures} times in a row`;
    const message = `Request failed: API "${api}" failed ${times} and is left alone for ${Math.ceil(waitMs / 1000)} s.`;
    return new ToolError("upstream_unreachable", message, {
      hint: `The last failure: ${last}`,
      retryable: true,
      retryAfterMs: Math.ceil(waitMs),
      details: { left_alone: true },
    });
  };

  return {
    admit() {
      const wait = openUntil - performance.now();
      const trial = openUntil > 0;
      if (trial && (wait > 0 || trying)) throw leftAlone(wait > 0 ? wait : TRIAL_WAIT_MS);
      if (trial) trying = true;
      return {
        trial,
        end(how) {
          if (trial) trying = false;
          if (how === "unknown") return;
          if (how === "up") {
            failures = 0;
            openings = 0;
            openUntil = 0;
            return;
          }
          failures += 1;
          last = how.down;
          // Calls that were under way when it opened say nothing new.
          if (trial || (openUntil === 0 && failures >= options.failures)) open();
        },
      };
    },
  };
}

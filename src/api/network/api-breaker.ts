import { ToolError } from "../../errors.ts";
import { type Circuit, createCircuit } from "./circuit.ts";

export interface BreakerOptions {
  /** Failures in a row after which what failed is left alone. */
  failures: number;
  /** Seconds for which it is, at first. */
  cooldown: number;
}

/**
 * How a call ended: `up` with an answer, `unknown` by no doing of the API, else what went wrong, in words. `unreachable`: whether
 * there was no connection with the API at all, which no call can be the cause of.
 */
export type CallEnd = "up" | "unknown" | { down: string; unreachable: boolean };

export interface Admission {
  /** Whether this is the one call that finds out whether what was left alone is back. */
  trial: boolean;
  /** Has to be called once. */
  end(how: CallEnd): void;
}

/**
 * Leaves alone what is down, so that calls fail at once and it can recover: an API that cannot be reached, or that fails several
 * users, for all; one that fails a user with several operations, for that user; an operation that fails a user, for that user. So
 * nobody's calls close an API, or an operation, to others by what they say.
 */
export interface ApiBreaker {
  /** @throws ToolError `upstream_unreachable` while the API, or this operation of it, is left alone */
  admit(userId: string, operation: string): Admission;
}

/** Users, and operations of users, whose failures are remembered; the ones that failed longest ago are given up. */
const MAX_REMEMBERED = 2000;
/** What is said to others while a trial is under way. */
const TRIAL_WAIT_MS = 1000;

export function createApiBreaker(api: string, options: BreakerOptions): ApiBreaker {
  const all = createCircuit({ ...options, sources: 2 });
  /** Those that failed since they last worked. */
  const some = new Map<string, Circuit>();

  const remember = (key: string, sources: number): Circuit => {
    const circuit = some.get(key) ?? createCircuit({ ...options, sources });
    some.delete(key);
    some.set(key, circuit);
    const [oldest] = some.keys();
    if (some.size > MAX_REMEMBERED && oldest !== undefined) some.delete(oldest);
    return circuit;
  };
  const leftAlone = ({ failures, last, trying, waitMs }: Circuit, what: string): ToolError => {
    const wait = trying ? TRIAL_WAIT_MS : waitMs;
    const times = failures === 1 ? "once" : `${failures} times in a row`;
    const message = `Request failed: ${what} failed ${times} and is left alone for ${Math.ceil(wait / 1000)} s.`;
    return new ToolError("upstream_unreachable", message, {
      hint: `The last failure: ${last}`,
      retryable: true,
      retryAfterMs: Math.ceil(wait),
      details: { left_alone: true },
    });
  };

  return {
    admit(userId, operation) {
      const ofUser = () => JSON.stringify([userId]);
      const ofOperation = () => JSON.stringify([userId, operation]);
      // Mostly nothing has failed, and keys are dearer than the look.
      const [own, ownOperation] = some.size === 0 ? [] : [some.get(ofUser()), some.get(ofOperation())];
      const known = [all, own, ownOperation] as const;
      const closed = known.find((circuit) => circuit && (circuit.waitMs > 0 || circuit.trying));
      if (closed) {
        const isOperation = closed === known[2];
        throw leftAlone(closed, isOperation ? `${operation.slice(0, 200)} of API "${api}"` : `API "${api}"`);
      }
      const trials = known.filter((circuit) => circuit?.try());
      return {
        trial: trials.length > 0,
        end(how) {
          for (const circuit of trials) circuit?.release();
          if (how === "unknown") return;
          if (how === "up") {
            all.succeed();
            if (some.size === 0) return;
            some.delete(ofUser());
            some.delete(ofOperation());
            return;
          }
          const isTrial = (circuit: Circuit) => trials.includes(circuit);
          all.fail(how.down, userId, { certain: how.unreachable, isTrial: isTrial(all) });
          if (how.unreachable) return;
          for (const [key, sources, certain] of [
            [ofUser(), 2, false],
            [ofOperation(), 1, true],
          ] as const) {
            const circuit = remember(key, sources);
            circuit.fail(how.down, operation, { certain, isTrial: isTrial(circuit) });
          }
        },
      };
    },
  };
}

import { abortError, ToolError } from "../errors.ts";

export interface RateLimit {
  /** Requests … */
  requests: number;
  /** … in any span of this many seconds. */
  per: number;
}

/** A request that was let through. */
export interface Slot {
  /** The request goes onto a connection now. */
  sent(): void;
  /** The request has arrived, for it was answered. */
  answered(): void;
}

/**
 * Lets no more than `requests` through in any span of `per` seconds, as the other side sees it: a place is free again `per`
 * after its request has surely arrived, and not `per` after it was sent, for the way may take one longer than another.
 */
export interface SlidingWindow {
  /**
   * Waits for a place, in the order of asking.
   * @throws ToolError `rate_limited` at once where the wait would be longer than `maxWaitMs`; `aborted`, `deadline_exceeded`.
   */
  take(maxWaitMs: number, signal: AbortSignal): Promise<Slot>;
  /** Whether nothing counts or waits any more. */
  readonly idle: boolean;
}

/** A request counts as arrived after this time even without an answer, so that slow answers do not slow the rate down. */
const MAX_TRANSIT_MS = 1000;

interface Waiter {
  admit(): void;
}

/** One slot's times in ms; it is free again `per` after the request has surely arrived. */
interface Taken {
  startedAt: number;
  arrivedAt: number | undefined;
}

export function createSlidingWindow(limit: RateLimit, label: string): SlidingWindow {
  const span = limit.per * 1000;
  const transit = Math.min(span, MAX_TRANSIT_MS);
  let taken: Taken[] = [];
  const waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  const freeAt = (slot: Taken): number => (slot.arrivedAt ?? slot.startedAt + transit) + span;
  const prune = (now: number) => {
    taken = taken.filter((slot) => freeAt(slot) > now);
  };
  /** Milliseconds until the place behind all who wait is free. */
  const expectedWait = (now: number): number => {
    const free = taken.map(freeAt).sort((a, b) => a - b);
    let at = now;
    for (let ahead = 0; ahead <= waiting.length; ahead++) {
      if (free.length >= limit.requests) at = Math.max(at, free[free.length - limit.requests] as number);
      free.push(at + span);
    }
    return Math.max(0, at - now);
  };
  const admitWaiting = () => {
    clearTimeout(timer);
    timer = undefined;
    const now = performance.now();
    prune(now);
    while (waiting.length > 0 && taken.length < limit.requests) waiting.shift()!.admit();
    if (waiting.length === 0) return;
    const next = Math.min(...taken.map(freeAt));
    // A timer may fire a little early.
    timer = setTimeout(admitWaiting, Math.max(1, Math.ceil(next - now)));
  };
  const start = (): Slot => {
    const slot: Taken = { startedAt: performance.now(), arrivedAt: undefined };
    taken.push(slot);
    return {
      sent() {
        slot.startedAt = performance.now();
      },
      answered() {
        slot.arrivedAt ??= Math.min(performance.now(), slot.startedAt + transit);
      },
    };
  };

  return {
    get idle() {
      prune(performance.now());
      return taken.length === 0 && waiting.length === 0;
    },
    async take(maxWaitMs, signal) {
      if (signal.aborted) throw abortError(signal);
      const now = performance.now();
      prune(now);
      const wait = expectedWait(now);
      if (wait > maxWaitMs) {
        throw new ToolError("rate_limited", `${label} takes ${limit.requests} calls in ${limit.per} s.`, {
          hint: `Wait ${(wait / 1000).toFixed(1)} s before the next call.`,
          retryable: true,
          retryAfterMs: Math.ceil(wait),
        });
      }
      if (wait === 0 && waiting.length === 0) return start();
      return new Promise<Slot>((resolve, reject) => {
        const waiter: Waiter = {
          admit() {
            signal.removeEventListener("abort", leave);
            resolve(start());
          },
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(waiter), 1);
          reject(abortError(signal));
          admitWaiting();
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(waiter);
        if (timer === undefined) admitWaiting();
      });
    },
  };
}

import { abortError, ToolError } from "../../errors.ts";

export interface RateLimit {
  /** Requests … */
  requests: number;
  /** … in any span of this many seconds. */
  per: number;
}

/** A place for one request. It is held until `done` was called and, where the request was sent, has run out. */
export interface Slot {
  /** The request goes onto a connection now. */
  sent(): void;
  /** The request has arrived, for it is being answered. */
  answered(): void;
  /** Nothing more will be sent. Gives the place back at once where nothing was. */
  done(): void;
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

/** Times in ms. Until the request is sent there is none, for nobody knows when it will be: it may wait for a connection. */
interface Taken {
  sentAt: number | undefined;
  arrivedAt: number | undefined;
}

export function createSlidingWindow(limit: RateLimit, label: string): SlidingWindow {
  const span = limit.per * 1000;
  let taken: Taken[] = [];
  const waiting: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  const freeAt = ({ sentAt, arrivedAt }: Taken): number =>
    sentAt === undefined ? Number.POSITIVE_INFINITY : (arrivedAt ?? sentAt + MAX_TRANSIT_MS) + span;
  const prune = (now: number) => {
    if (taken.some((slot) => freeAt(slot) <= now)) taken = taken.filter((slot) => freeAt(slot) > now);
  };
  /** Milliseconds until the place behind all who wait is free; a request that is not sent yet counts as sent now. */
  const expectedWait = (now: number): number => {
    if (waiting.length === 0 && taken.length < limit.requests) return 0;
    const free = taken.map((slot) => (slot.sentAt === undefined ? now + span : freeAt(slot))).sort((a, b) => a - b);
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
    // A timer may fire a little early. Without a time, the next request that is sent or done sets one.
    if (next < Number.POSITIVE_INFINITY) timer = setTimeout(admitWaiting, Math.max(1, Math.ceil(next - now)));
  };
  const start = (): Slot => {
    const slot: Taken = { sentAt: undefined, arrivedAt: undefined };
    taken.push(slot);
    const changed = () => {
      if (waiting.length > 0) admitWaiting();
    };
    return {
      sent() {
        slot.sentAt = performance.now();
        changed();
      },
      answered() {
        if (slot.sentAt === undefined) return;
        slot.arrivedAt ??= Math.min(performance.now(), slot.sentAt + MAX_TRANSIT_MS);
        changed();
      },
      done() {
        if (slot.sentAt !== undefined) return;
        slot.sentAt = Number.NEGATIVE_INFINITY;
        prune(performance.now());
        changed();
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

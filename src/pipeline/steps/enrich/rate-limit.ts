import { setTimeout as sleep } from "node:timers/promises";

/** So many calls in any span of so many seconds. */
export interface RateLimit {
  requests: number;
  per: number;
}

/** Waits for a place, in the order of asking; what it gives tells that the call was answered. */
export type TakePlace = () => Promise<() => void>;

/** A call counts as arrived after this time even without an answer, so that slow answers do not slow the rate down. */
const MAX_TRANSIT_MS = 1000;
/** Between two looks for a free place. */
const LOOK_MS = 20;

/**
 * Places for calls, as the service sees them: one is free again `per` seconds after its call has surely arrived. Before the first
 * answer nothing has: the calls may all wait for the same document or connection, and would go out together.
 */
export function limitRate({ requests, per }: RateLimit): TakePlace {
  let taken: Place[] = [];
  let answered = false;
  let last: Promise<unknown> = Promise.resolve();
  const freeAt = ({ arrived }: Place): number => arrived + per * 1000;
  const wait = async (): Promise<() => void> => {
    for (;;) {
      const now = performance.now();
      taken = taken.filter((place) => freeAt(place) > now);
      if (taken.length < requests) break;
      const next = Math.min(...taken.map(freeAt));
      await sleep(Math.min(LOOK_MS, Math.max(1, Math.ceil(next - now))));
    }
    const place: Place = { arrived: answered ? performance.now() + MAX_TRANSIT_MS : Number.POSITIVE_INFINITY };
    taken.push(place);
    return () => {
      answered = true;
      place.arrived = Math.min(place.arrived, performance.now());
    };
  };
  return () => {
    const mine = last.then(wait);
    last = mine;
    return mine;
  };
}

interface Place {
  /** When its call has surely arrived, in ms. */
  arrived: number;
}

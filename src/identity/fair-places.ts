import ipaddr from "ipaddr.js";

export interface FairPlacesOptions {
  /** How many may be inside at once. */
  total: number;
  /** How many of one address may be inside at once. */
  perAddress: number;
  /** How many of one address may wait. */
  waiting: number;
  /** Milliseconds that one waits. */
  waitMs: number;
}

/** Gives what has to be called at leaving, or undefined where no place came free in time. */
export type Enter = (peer: string | undefined) => Promise<(() => void) | undefined>;

/**
 * A bounded number of places, shared fairly: whoever waits for one is let in by turns of the addresses that they come from, and
 * by order of arrival within one, so that a crowd at one address costs the others a turn each and no more.
 */
export function createFairPlaces({ total, perAddress, waiting, waitMs }: FairPlacesOptions): Enter {
  let taken = 0;
  const inside = new Map<string, number>();
  /** Those who wait, by address; the address whose turn comes next is the first. */
  const queues = new Map<string, Set<() => void>>();

  const mayEnter = (address: string) => taken < total && (inside.get(address) ?? 0) < perAddress;

  function take(address: string): () => void {
    taken += 1;
    inside.set(address, (inside.get(address) ?? 0) + 1);
    return () => {
      taken -= 1;
      const left = (inside.get(address) ?? 1) - 1;
      if (left === 0) inside.delete(address);
      else inside.set(address, left);
      callNext();
    };
  }

  function callNext(): void {
    for (const [address, queue] of queues) {
      if (!mayEnter(address)) continue;
      const [first] = queue;
      queues.delete(address);
      queue.delete(first as () => void);
      if (queue.size > 0) queues.set(address, queue);
      first?.();
      return;
    }
  }

  return async (peer) => {
    const address = addressOf(peer);
    const queue = queues.get(address) ?? new Set();
    if (queue.size === 0 && mayEnter(address)) return take(address);
    if (queue.size >= waiting) return undefined;
    return new Promise((resolve) => {
      const called = (): void => {
        clearTimeout(timer);
        resolve(take(address));
      };
      const timer = setTimeout(() => {
        queue.delete(called);
        if (queue.size === 0 && queues.get(address) === queue) queues.delete(address);
        resolve(undefined);
      }, waitMs);
      queue.add(called);
      queues.set(address, queue);
    });
  };
}

/** One machine has a whole /64 of IPv6 to call from. */
function addressOf(peer: string | undefined): string {
  if (peer === undefined || !ipaddr.isValid(peer)) return "";
  const address = ipaddr.process(peer);
  return address.kind() === "ipv4" ? address.toString() : (address as ipaddr.IPv6).parts.slice(0, 4).join(":");
}

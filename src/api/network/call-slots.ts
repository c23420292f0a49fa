import { abortError } from "../../errors.ts";

/** Lets so many requests of an API be under way at once; the others wait, each user in turn. */
export interface CallSlots {
  /** Waits for a place; gives how to leave it. @throws ToolError `aborted`, `deadline_exceeded` once the signal fires */
  take(userId: string, signal: AbortSignal): Promise<() => void>;
}

interface Waiter {
  admit(): void;
}

export function createCallSlots(limit: number): CallSlots {
  let free = limit;
  /** By user; the first one's turn comes next. */
  const queues = new Map<string, Waiter[]>();

  const admitNext = () => {
    const [next] = queues;
    if (!next) {
      free += 1;
      return;
    }
    const [user, waiters] = next;
    const waiter = waiters.shift()!;
    queues.delete(user);
    if (waiters.length > 0) queues.set(user, waiters);
    waiter.admit();
  };
  const place = (): (() => void) => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      admitNext();
    };
  };

  return {
    async take(userId, signal) {
      if (signal.aborted) throw abortError(signal);
      if (free > 0) {
        free -= 1;
        return place();
      }
      return new Promise((resolve, reject) => {
        const waiters = queues.get(userId) ?? [];
        const waiter: Waiter = {
          admit() {
            signal.removeEventListener("abort", leave);
            resolve(place());
          },
        };
        const leave = () => {
          waiters.splice(waiters.indexOf(waiter), 1);
          if (waiters.length === 0) queues.delete(userId);
          reject(abortError(signal));
        };
        signal.addEventListener("abort", leave, { once: true });
        waiters.push(waiter);
        queues.set(userId, waiters);
      });
    },
  };
}

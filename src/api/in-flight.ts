import { abortError } from "../errors.ts";

/** Work that is under way, shared by all who want the same at the same time. */
export interface InFlight {
  /**
   * What the work of this key gives: of work that is under way, else of `start`. It is cancelled when the last one who waits
   * for it leaves. `isFirst`: whether this caller began it. @throws what the work throws; `abortError` of the caller's signal
   */
  share<T>(
    key: string,
    signal: AbortSignal,
    start: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ value: T; isFirst: boolean }>;
}

interface Flight {
  work: Promise<unknown>;
  waiting: number;
  cancelling: AbortController;
}

export function createInFlight(): InFlight {
  const flights = new Map<string, Flight>();
  return {
    async share<T>(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>) {
      const known = flights.get(key);
      const cancelling = known?.cancelling ?? new AbortController();
      const flight = known ?? { work: start(cancelling.signal), waiting: 0, cancelling };
      flights.set(key, flight);
      flight.waiting += 1;
      try {
        return { value: (await until(flight.work, signal)) as T, isFirst: known === undefined };
      } finally {
        flight.waiting -= 1;
        // Work that is done is not shared any more; what nobody waits for is cancelled.
        if (flights.get(key) === flight && (!signal.aborted || flight.waiting === 0)) flights.delete(key);
        if (flight.waiting === 0) cancelling.abort(signal.reason);
      }
    },
  };
}

/** What is made for several, for one who may go before it is there. @throws ToolError `abortError` */
export function until<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(abortError(signal));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}

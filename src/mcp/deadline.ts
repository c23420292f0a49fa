import { abortError, ToolError } from "../errors.ts";

export interface Deadline {
  /** Fires when the parent does, and when the time has passed. */
  signal: AbortSignal;
  /** Stops the clock while `work` runs: the time that a human takes does not count. */
  pauseFor<T>(work: Promise<T>): Promise<T>;
  /** Fires the signal now. */
  abort(reason: ToolError): void;
  /** Releases the clock and the parent. */
  stop(): void;
}

/** The given signal with a time limit of its own, in milliseconds. */
export function withDeadline(parent: AbortSignal, ms: number): Deadline {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortError(parent));
  if (parent.aborted) onAbort();
  else parent.addEventListener("abort", onAbort, { once: true });

  let left = ms;
  let startedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    startedAt = performance.now();
    timer = setTimeout(() => {
      controller.abort(
        new ToolError("deadline_exceeded", `The call took longer than the limit of ${ms / 1000} s.`, {
          hint: "Ask for less at once, or raise limits.callTimeout in the configuration.",
          retryable: true,
        }),
      );
    }, left);
  };
  start();

  return {
    signal: controller.signal,
    async pauseFor(work) {
      clearTimeout(timer);
      left = Math.max(1, left - (performance.now() - startedAt));
      try {
        return await work;
      } finally {
        if (!controller.signal.aborted) start();
      }
    },
    abort: (reason) => controller.abort(reason),
    stop() {
      clearTimeout(timer);
      parent.removeEventListener("abort", onAbort);
    },
  };
}

/** The promise, or a rejection as soon as the signal fires: work that ignores its signal cannot keep the caller waiting. */
export function raceSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A signal that fires with the parent or after some time, whichever is first; `timedOut` says whether it was the time. */
export interface TimedSignal {
  signal: AbortSignal;
  readonly timedOut: boolean;
  /** Fires it for another reason. */
  abort(reason: unknown): void;
  /** Releases the timer and the parent. To be called when the work has ended. */
  stop(): void;
}

/** Gives `parent` a time limit in milliseconds. */
export function withTimeout(parent: AbortSignal | undefined, ms: number): TimedSignal {
  const controller = new AbortController();
  let timedOut = false;
  const onAbort = () => controller.abort(parent?.reason);
  if (parent?.aborted) onAbort();
  else parent?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(
    () => {
      if (controller.signal.aborted) return;
      timedOut = true;
      controller.abort(new DOMException("The time limit passed.", "TimeoutError"));
    },
    Math.max(0, Math.min(ms, 2 ** 31 - 1)),
  );
  return {
    signal: controller.signal,
    get timedOut() {
      return timedOut;
    },
    abort: (reason) => controller.abort(reason),
    stop() {
      clearTimeout(timer);
      parent?.removeEventListener("abort", onAbort);
    },
  };
}

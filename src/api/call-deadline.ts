import { abortError, ToolError } from "../errors.ts";

export interface CallDeadline {
  /** Fires at the deadline, and when the caller goes. */
  signal: AbortSignal;
  /** As `performance.now()` counts. */
  endsAt: number;
  /** Releases the timer and the caller's signal. */
  stop(): void;
}

/** The time that a call has, from now: waiting for its rate limit, redirects and retries included. */
export function startDeadline(parent: AbortSignal, seconds: number, api: string, method: string): CallDeadline {
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortError(parent));
  parent.addEventListener("abort", onAbort, { once: true });
  if (parent.aborted) onAbort();
  const safe = method === "GET" || method === "HEAD";
  const timer = setTimeout(() => {
    const message = `Request failed: API "${api}" did not answer in full within ${seconds} s.`;
    controller.abort(
      new ToolError("deadline_exceeded", message, {
        hint: safe
          ? `Ask for less, or raise apis.${api}.timeout in the configuration.`
          : "The API may have carried the call out; look before you repeat it.",
        retryable: safe,
      }),
    );
  }, seconds * 1000);
  return {
    signal: controller.signal,
    endsAt: performance.now() + seconds * 1000,
    stop() {
      clearTimeout(timer);
      parent.removeEventListener("abort", onAbort);
    },
  };
}

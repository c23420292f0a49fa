import { abortError, ToolError } from "../../errors.ts";

export interface CallDeadline {
  /** Fires at the deadline, and when the caller goes. */
  signal: AbortSignal;
  /** As `performance.now()` counts. */
  endsAt: number;
  /** Whether the time is over, and not the caller gone. */
  readonly expired: boolean;
  /** Releases the timer and the caller's signal. */
  stop(): void;
}

/** The time that a call has, from now: waiting for its place, redirects and retries included. `repeatable`: whether it may be made twice. */
export function startDeadline(parent: AbortSignal, seconds: number, api: string, repeatable: boolean): CallDeadline {
  let expired = false;
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortError(parent));
  parent.addEventListener("abort", onAbort, { once: true });
  if (parent.aborted) onAbort();
  const timer = setTimeout(() => {
    expired = !controller.signal.aborted;
    const message = `Request failed: API "${api}" did not answer in full within ${seconds} s.`;
    controller.abort(
      new ToolError("deadline_exceeded", message, {
        hint: repeatable
          ? `Ask for less, or raise apis.${api}.timeout in the configuration.`
          : "The API may have carried the call out; look before you repeat it.",
        retryable: repeatable,
      }),
    );
  }, seconds * 1000);
  return {
    signal: controller.signal,
    endsAt: performance.now() + seconds * 1000,
    get expired() {
      return expired;
    },
    stop() {
      clearTimeout(timer);
      parent.removeEventListener("abort", onAbort);
    },
  };
}

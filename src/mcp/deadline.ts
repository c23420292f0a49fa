import { abortError, ToolError } from "../errors.ts";

/** Calls that have begun in this turn of the event loop. */
let begun: Deadline[] = [];

/** Starts to watch the calls that are still under way; most end in the turn in which they began, and need no clock. */
function watchBegun(): void {
  const deadlines = begun;
  begun = [];
  for (const deadline of deadlines) deadline.watch();
}

/**
 * The end of one call: its caller's signal, a time limit of its own, and the server's stop, whichever comes first. The signal
 * that it gives to the work is made only where it is asked for, because most calls end before they could use one.
 */
export class Deadline {
  readonly #parent: AbortSignal;
  readonly #ms: number;
  #controller: AbortController | undefined;
  #reason: ToolError | undefined;
  #reject: ((reason: ToolError) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #left: number;
  #startedAt = 0;
  #stopped = false;
  #watching = false;

  /** @param ms time limit in milliseconds */
  constructor(parent: AbortSignal, ms: number) {
    this.#parent = parent;
    this.#ms = ms;
    this.#left = ms;
    if (parent.aborted) this.#onParentAbort();
    else if (begun.push(this) === 1) setImmediate(watchBegun);
  }

  /** Waits for the caller's signal and the time limit. */
  watch(): void {
    if (this.#stopped || this.#reason || this.#watching) return;
    this.#watching = true;
    if (this.#parent.aborted) {
      this.#onParentAbort();
      return;
    }
    this.#parent.addEventListener("abort", this.#onParentAbort, { once: true });
    this.#startClock();
  }

  /** Fires when the call has to end; its reason is a ToolError. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * What the work comes to, or a rejection as soon as the call has to end: work that ignores its signal cannot keep the
   * caller waiting.
   */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason) reject(this.#reason);
      else this.#reject = reject;
      work.then(resolve, reject);
    });
  }

  /** Stops the clock while `work` runs: the time that a human takes does not count. */
  async pauseFor<T>(work: Promise<T>): Promise<T> {
    this.watch();
    clearTimeout(this.#timer);
    this.#left = Math.max(1, this.#left - (performance.now() - this.#startedAt));
    try {
      return await work;
    } finally {
      if (!this.#reason && !this.#stopped) this.#startClock();
    }
  }

  /** Ends the call now. */
  abort(reason: ToolError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#reject?.(reason);
  }

  /** Releases the clock and the caller's signal. */
  stop(): void {
    this.#stopped = true;
    if (!this.#watching) return;
    clearTimeout(this.#timer);
    this.#parent.removeEventListener("abort", this.#onParentAbort);
  }

  readonly #onParentAbort = (): void => this.abort(abortError(this.#parent));

  #startClock(): void {
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => {
      this.abort(
        new ToolError("deadline_exceeded", `The call took longer than the limit of ${this.#ms / 1000} s.`, {
          hint: "Ask for less at once, or raise limits.callTimeout in the configuration.",
          retryable: true,
        }),
      );
    }, this.#left);
  }
}

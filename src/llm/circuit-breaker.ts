import { ModelError } from "./model-error.ts";

export interface BreakerOptions {
  /** Failures of a model in a row after which it is left alone. */
  failures: number;
  /** Seconds for which it is, at first. */
  cooldown: number;
}

/**
 * Leaves a model alone that is down, so that calls go to another at once and it can recover. One for each `provider/model`. Where
 * there is no other, asking is the only way to an answer; but a time that the provider itself has named is kept in any case.
 */
export interface CircuitBreaker {
  /** @throws ModelError of the last failure while the model is left alone */
  check(model: string, hasFallback: boolean): void;
  /** Takes in how a request ended that `check` let through; undefined: well, or by no fault of the model's. */
  note(model: string, failure: ModelError | undefined): void;
  /** For a request that `check` let through and whose caller went away: it says nothing. */
  release(model: string): void;
  /** Whether `check` would throw where there is a fallback. */
  isOpen(model: string): boolean;
}

/** The cooldown doubles with each trial that fails, up to this many times the first. */
const MOST_COOLDOWNS = 10;
/** A provider that names a longer time is tried again after this one all the same. */
const MOST_RETRY_AFTER_MS = 600_000;
/** A shorter time is for the call that was told it alone. */
const LEAST_RETRY_AFTER_MS = 3000;
/** A call that waits as it was told must not find the model still left alone. */
const EARLY_MS = 50;
const COUNTED: ReadonlySet<ModelError["kind"]> = new Set(["unavailable", "unreachable", "timeout", "rate_limited"]);

interface Circuit {
  failures: number;
  /** Time of `performance.now()` until which nothing is sent. */
  openUntil: number;
  /** The same, by what the provider said. */
  toldUntil: number;
  openings: number;
  last: ModelError;
  /** Whether the one request is under way that finds out whether the model is back. */
  trying: boolean;
}

/** Closed, open, half open as in M. Nygard, Release It!, with one trial at a time. */
export function createCircuitBreaker(options: BreakerOptions): CircuitBreaker {
  const circuits = new Map<string, Circuit>();
  return {
    release(model) {
      const circuit = circuits.get(model);
      if (circuit) circuit.trying = false;
    },
    isOpen(model) {
      const circuit = circuits.get(model);
      return circuit !== undefined && (circuit.openUntil > performance.now() || circuit.trying);
    },
    check(model, hasFallback) {
      const circuit = circuits.get(model);
      if (!circuit || circuit.openUntil === 0) return;
      const wait = (hasFallback ? circuit.openUntil : circuit.toldUntil) - performance.now();
      if (wait <= 0 && (!circuit.trying || !hasFallback)) {
        circuit.trying = true;
        return;
      }
      throw leftAlone(model, circuit, Math.max(wait, 1000));
    },
    note(model, failure) {
      const circuit = circuits.get(model);
      if (!failure || !COUNTED.has(failure.kind)) {
        if (circuit) circuits.delete(model);
        return;
      }
      const failed = circuit ?? { failures: 0, openUntil: 0, toldUntil: 0, openings: 0, last: failure, trying: false };
      circuits.set(model, failed);
      failed.failures += 1;
      failed.last = failure;
      failed.trying = false;
      const wait = failure.kind === "rate_limited" ? (failure.retryAfterMs ?? 0) : 0;
      const told = wait < LEAST_RETRY_AFTER_MS ? 0 : Math.min(wait, MOST_RETRY_AFTER_MS) - EARLY_MS;
      const isDown = failed.failures >= options.failures;
      if (!isDown && told === 0) return;
      const factor = Math.min(2 ** failed.openings, MOST_COOLDOWNS);
      if (isDown) failed.openings += 1;
      failed.toldUntil = performance.now() + told;
      failed.openUntil = performance.now() + Math.max(told, isDown ? options.cooldown * 1000 * factor : 0);
    },
  };
}

function leftAlone(model: string, { failures, last }: Circuit, waitMs: number): ModelError {
  const times = failures === 1 ? "failed" : `failed ${failures} times in a row`;
  return new ModelError(
    last.kind,
    `Model "${model}" ${times} and is left alone for ${Math.ceil(waitMs / 1000)} s. ${last.message}`,
    { hint: last.hint, retryAfterMs: Math.ceil(waitMs), details: { ...last.details, left_alone: true }, cause: last },
  );
}

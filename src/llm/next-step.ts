import type { ModelError } from "./model-error.ts";

/** What is known when a request has failed. */
export interface Situation {
  failure: ModelError;
  /** Retries of this call so far, all models together: a fallback model does not start them anew. */
  retries: number;
  /** Waits of this call so far for models to be loaded. */
  loadingWaits: number;
  /** Milliseconds that the model has had, and has left. */
  elapsedMs: number;
  remainingMs: number;
  /** Whether another model can be asked. */
  hasFallback: boolean;
  /** A random number from 0 to 1, for the jitter. */
  random: number;
}

/** What happens after a failed request: the same model once more, or the next one (or, without one, what there is). */
export type NextStep = { step: "retry"; waitMs: number; isLoading?: true } | { step: "give_up" };

const MAX_RETRIES = 2;
const FIRST_WAIT_MS = 250;
/** The longest wait before a retry while another model could be asked instead. */
const WAIT_BEFORE_FALLBACK_MS = 2000;
/** How long a model is waited for that its server is loading; whoever calls can come back later. */
const WAIT_FOR_LOADING_MS = 8000;
const FIRST_LOADING_WAIT_MS = 300;
const LONGEST_LOADING_WAIT_MS = 2000;

/**
 * The one decision about retries. A request is repeated only where it may succeed unchanged; a wait that the provider asks
 * for is honoured if it leaves half of the time and no other model answers sooner, and is never cut short: where it does not
 * fit, the model is given up at once. Waits grow exponentially with jitter. A model that is being loaded is no failure: waiting
 * for it counts as no retry.
 */
export function nextStep(situation: Situation): NextStep {
  const { failure, retries, remainingMs, hasFallback, random } = situation;
  if (!failure.transient || failure.details?.left_alone === true) return { step: "give_up" };
  if (failure.kind === "loading") return whileLoading(situation);
  if (retries >= MAX_RETRIES) return { step: "give_up" };
  const backoff = FIRST_WAIT_MS * 2 ** retries * (0.75 + random / 2);
  const waitMs = Math.max(failure.retryAfterMs ?? backoff, 0);
  const most = hasFallback ? Math.min(remainingMs / 2, WAIT_BEFORE_FALLBACK_MS) : remainingMs / 2;
  return waitMs < most ? { step: "retry", waitMs } : { step: "give_up" };
}

function whileLoading({ failure, loadingWaits, elapsedMs, remainingMs, hasFallback }: Situation): NextStep {
  const backoff = Math.min(FIRST_LOADING_WAIT_MS * 2 ** loadingWaits, LONGEST_LOADING_WAIT_MS);
  const waitMs = Math.max(failure.retryAfterMs ?? backoff, 0);
  const most = hasFallback ? WAIT_BEFORE_FALLBACK_MS : WAIT_FOR_LOADING_MS;
  const isOften = hasFallback && loadingWaits >= MAX_RETRIES;
  const fits = !isOften && elapsedMs + waitMs <= most && waitMs < remainingMs / 2;
  return fits ? { step: "retry", waitMs, isLoading: true } : { step: "give_up" };
}

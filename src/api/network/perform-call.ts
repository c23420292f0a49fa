import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../../errors.ts";
import type { StatusEmitter } from "../../status/status-event.ts";
import type { PreparedRequest } from "../api-request.ts";
import type { LiveApi } from "../live-api.ts";
import type { CallEnd } from "./api-breaker.ts";
import type { CallDeadline } from "./call-deadline.ts";
import type { HttpAnswer, HttpRequest } from "./exchange.ts";
import { followRedirect, refusedRedirect } from "./follow-redirect.ts";
import { NetworkFailure } from "./network-failure.ts";
import { isUsedUp, retryAfterMs } from "./retry-after.ts";

export interface CallMeans {
  api: LiveApi;
  userId: string;
  deadline: CallDeadline;
  status: StatusEmitter | undefined;
}

export interface Performed {
  answer: HttpAnswer;
  /** Requests made, redirects not counted. */
  attempts: number;
  /** The URL that answered, where that is another one than was asked. */
  redirectedTo?: URL;
}

/** What the last request to the API itself says of the API. */
interface Trip {
  end: CallEnd;
}

const MAX_REDIRECTS = 3;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 8000;
/** The part of a call's time that a request has to have had before its lateness is the API's doing. */
const FAIR_PART = 0.5;
/** A timer may fire a little before its time, and clocks of two machines differ. */
const LATE_MS = 5;
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);
/** Server errors that say nothing of how the server is. */
const NOT_DOWN = new Set([501, 505]);

/**
 * Makes the call: waits for its place, follows redirects, and repeats what may be repeated (RFC 9110, 9.2.2): calls that only
 * read, calls with an idempotency key, and requests that cannot have reached the API; as long as the deadline allows.
 * @throws ToolError of the last attempt; `upstream_unreachable` at once while the API is left alone
 */
export async function performCall(prepared: PreparedRequest, means: CallMeans): Promise<Performed> {
  const { api } = means;
  const admission = api.breaker.admit(means.userId, prepared.target.id);
  const trip: Trip = { end: "unknown" };
  try {
    return await repeat(prepared, means, admission.trial ? 0 : api.description.settings.retries, trip);
  } finally {
    admission.end(trip.end);
  }
}

async function repeat(prepared: PreparedRequest, means: CallMeans, retries: number, trip: Trip): Promise<Performed> {
  const { deadline, status, api } = means;
  const { signal, endsAt } = deadline;
  const repeatable = prepared.idempotent;
  let outcome: Performed | NetworkFailure | undefined;
  for (let attempts = 1; ; attempts++) {
    let wait: number | undefined;
    try {
      outcome = { ...(await send(prepared, means, trip)), attempts };
      const { answer } = outcome;
      const passes = RETRIED.has(answer.status) || isUsedUp(answer);
      if (passes && repeatable) wait = retryAfterMs(answer) ?? backoffMs(attempts);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof NetworkFailure) {
        outcome = error;
        if (error.retryable && (repeatable || error.unsent)) wait = backoffMs(attempts);
      } else if (!(outcome && error instanceof ToolError && error.code === "rate_limited")) throw error;
      // No place is left for another attempt: the one before it is what there is to tell.
    }
    if (wait === undefined || attempts > retries || performance.now() + wait + LATE_MS >= endsAt) {
      if (!(outcome instanceof NetworkFailure)) return outcome;
      throw outcome;
    }
    status?.progress(`Trying ${api.description.name} again in ${(wait / 1000).toFixed(1)} s`);
    await sleep(wait + LATE_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** One attempt with the redirects that it leads through. */
async function send(prepared: PreparedRequest, means: CallMeans, trip: Trip): Promise<Omit<Performed, "attempts">> {
  const { description } = means.api;
  let request: HttpRequest = prepared;
  let answer = await sendToApi(request, means, trip);
  for (let hops = 0; ; hops++) {
    const next = followRedirect(description, prepared, request, answer);
    if (!next) return hops === 0 ? { answer } : { answer, redirectedTo: request.url };
    if (hops >= MAX_REDIRECTS) throw refusedRedirect(description, answer.status, `more than ${MAX_REDIRECTS} times`);
    request = next;
    const isOwn = request.url.origin === prepared.target.base.origin;
    answer = isOwn ? await sendToApi(request, means, trip) : await sendElsewhere(request, means, answer.status);
  }
}

async function sendToApi(request: HttpRequest, means: CallMeans, trip: Trip): Promise<HttpAnswer> {
  const { api, userId, deadline } = means;
  const { signal, endsAt } = deadline;
  const slot = await api.windowOf(userId)?.take(endsAt - performance.now(), signal);
  let leave: (() => void) | undefined;
  let startedAt = Number.POSITIVE_INFINITY;
  let isSent = false;
  // An operation may have a server of its own.
  const isBase = request.url.origin === api.description.base.origin;
  const exchange = isBase ? api.exchange : api.exchangeWith(new URL(request.url.origin));
  try {
    leave = await api.slots.take(userId, signal);
    startedAt = performance.now();
    const answer = await exchange.send(request, signal, {
      sent() {
        isSent = true;
        slot?.sent();
      },
      answered: () => slot?.answered(),
    });
    const isDown = answer.status >= 500 && !NOT_DOWN.has(answer.status);
    trip.end = isDown ? { down: `it answered ${answer.status}.`, unreachable: false } : "up";
    return answer;
  } catch (error) {
    // Waiting for a place is not the API's doing, nor is it that the caller goes, or that little time is left.
    const hadTime = performance.now() - startedAt >= FAIR_PART * api.description.settings.timeout * 1000;
    if (error instanceof NetworkFailure || (deadline.expired && hadTime)) {
      const isUnsent = error instanceof NetworkFailure ? error.unsent : !isSent;
      trip.end = { down: (error as Error).message, unreachable: isBase && isUnsent };
    } else if (error instanceof ToolError && error.code === "too_large") trip.end = "up";
    throw error;
  } finally {
    slot?.done();
    leave?.();
    if (!isBase) await exchange.close();
  }
}

async function sendElsewhere(request: HttpRequest, { api, deadline }: CallMeans, status: number): Promise<HttpAnswer> {
  const origin = new URL(request.url.origin);
  const exchange = api.exchangeWith(origin);
  try {
    return await exchange.send(request, deadline.signal);
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== "forbidden") throw error;
    const shown = api.description.secrets.inText(origin.origin).slice(0, 200);
    throw refusedRedirect(api.description, status, `to ${shown}, which is another host and not a public one`, {
      other: origin,
    });
  } finally {
    await exchange.close();
  }
}

/** Full jitter: anything up to a bound that doubles, so that many callers do not come back at once. */
function backoffMs(attempts: number): number {
  return Math.random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1));
}

import type { HttpAnswer } from "./exchange.ts";

const MAX_WAIT_MS = 86_400_000;
/** A larger number of seconds is a point in time. */
const FIRST_TIMESTAMP = 1_000_000_000;

/**
 * Milliseconds that an answer asks to wait for: `Retry-After-Ms`, `Retry-After` as seconds or as a date (RFC 9110, 10.2.3), and
 * where a limit is used up, the time at which it starts anew (`RateLimit-Reset` and `X-RateLimit-Reset`, as seconds or as a
 * Unix time, and `RateLimit` of the IETF's draft). Undefined where it says nothing; a day at most.
 */
export function retryAfterMs({ status, headers }: Pick<HttpAnswer, "status" | "headers">): number | undefined {
  const exact = headers["retry-after-ms"]?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(exact)) return bounded(Number(exact));
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(text)) return bounded(Number(text) * 1000);
  const date = Date.parse(text);
  if (/[a-z]/i.test(text) && !Number.isNaN(date)) return bounded(date - Date.now());
  if (status !== 429 && !isUsedUp({ status, headers })) return undefined;
  const reset = (headers["ratelimit-reset"] ?? headers["x-ratelimit-reset"] ?? "").trim();
  const seconds = /^\d+(\.\d+)?$/.test(reset)
    ? Number(reset)
    : Number(/(?:^|[;,\s])(?:t|reset)=(\d+)/.exec(headers.ratelimit ?? "")?.[1] ?? Number.NaN);
  if (Number.isNaN(seconds)) return undefined;
  if (seconds < FIRST_TIMESTAMP) return bounded(seconds * 1000);
  return bounded((seconds < FIRST_TIMESTAMP * 1000 ? seconds * 1000 : seconds) - Date.now());
}

/** Whether an answer of status 403 means a limit and not a missing right, as GitHub's do. */
export function isUsedUp({ status, headers }: Pick<HttpAnswer, "status" | "headers">): boolean {
  if (status !== 403) return false;
  const remaining = headers["ratelimit-remaining"] ?? headers["x-ratelimit-remaining"];
  return headers["retry-after"] !== undefined || remaining?.trim() === "0";
}

function bounded(ms: number): number {
  return Math.min(Math.max(0, ms), MAX_WAIT_MS);
}

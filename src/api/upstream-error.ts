import { STATUS_CODES } from "node:http";
import { ToolError } from "../errors.ts";
import type { HttpAnswer } from "./exchange.ts";
import type { SecretHider } from "./hide-secrets.ts";
import { retryAfterMs } from "./perform-call.ts";
import { readErrorText } from "./read-answer.ts";

/** Statuses after which the same call may succeed later. */
const PASSING = new Set([408, 409, 423, 425, 429, 500, 502, 503, 504]);

/** The error of an answer that is no success. */
export function upstreamError(
  api: string,
  method: string,
  answer: HttpAnswer,
  attempts: number,
  secrets: SecretHider,
): ToolError {
  const { status } = answer;
  const text = readErrorText(answer, secrets) || `${status} ${STATUS_CODES[status] ?? ""}`.trim();
  const wait = status === 429 || status === 503 ? retryAfterMs(answer) : undefined;
  return new ToolError(status === 429 ? "rate_limited" : "upstream_error", `API returned error: ${text}`, {
    hint: hintOf(api, status, wait),
    retryable: PASSING.has(status) && (status !== 409 || method === "GET"),
    retryAfterMs: wait,
    details: { http_status: status, ...(attempts > 1 && { attempts }) },
  });
}

function hintOf(api: string, status: number, wait: number | undefined): string {
  if (status === 401) return `The API does not accept the key: check apis.${api}.apiKey in the configuration.`;
  if (status === 403) return `The key of API "${api}" may not be allowed to do this.`;
  if (status === 404) return "Nothing is there: check the path and its parameters.";
  if (status === 405) return "This path does not take this method.";
  if (status === 429) return wait === undefined ? "Wait before the next call." : `Wait ${Math.ceil(wait / 1000)} s.`;
  if (status >= 500) return "The API has a problem of its own; try again later.";
  if (status >= 300 && status < 400) return "The API redirects without saying where to.";
  return "The API did not accept the request: its message says why.";
}

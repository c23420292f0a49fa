import { STATUS_CODES } from "node:http";
import { ToolError } from "../../errors.ts";
import { readErrorText } from "../answer/read-answer.ts";
import type { SecretHider } from "../credentials/hide-secrets.ts";
import { shorten } from "../shorten.ts";
import { readProblem } from "./error-body.ts";
import type { HttpAnswer } from "./exchange.ts";
import { isUsedUp, retryAfterMs } from "./retry-after.ts";
import { isSafe } from "./safe-methods.ts";

/** Statuses after which the same call may succeed later. */
const PASSING = new Set([408, 409, 423, 425, 429, 500, 502, 503, 504]);
const MAX_BODY = 20_000;
const MAX_MESSAGE = 1000;

/** The error of an answer that is no success: the API's own words, and what to do next. */
export function upstreamError(
  api: string,
  method: string,
  answer: HttpAnswer,
  attempts: number,
  secrets: SecretHider,
): ToolError {
  const { status, headers } = answer;
  const body = readErrorText(answer, secrets, MAX_BODY);
  const problem = readProblem(body);
  const challenge = secrets.inText(/error_description="([^"]*)"/.exec(headers["www-authenticate"] ?? "")?.[1] ?? "");
  const text = problem?.message || body || challenge || `${status} ${STATUS_CODES[status] ?? ""}`.trim();
  const isLimit = status === 429 || isUsedUp(answer);
  const wait = PASSING.has(status) || isLimit ? retryAfterMs(answer) : undefined;
  return new ToolError(
    isLimit ? "rate_limited" : "upstream_error",
    `API returned error: ${shorten(text, MAX_MESSAGE)}`,
    {
      hint: hintOf(api, status, isLimit, wait, secrets.inText(headers.location ?? "").slice(0, 200)),
      retryable: isLimit || (PASSING.has(status) && (status !== 409 || isSafe(method))),
      retryAfterMs: wait === undefined ? undefined : Math.ceil(wait),
      issues: problem && problem.issues.length > 0 ? problem.issues : undefined,
      details: { http_status: status, ...(attempts > 1 && { attempts }) },
    },
  );
}

function hintOf(api: string, status: number, isLimit: boolean, wait: number | undefined, place: string): string {
  if (isLimit) return wait === undefined ? "Wait before the next call." : `Wait ${Math.ceil(wait / 1000)} s.`;
  if (status === 401) {
    return `The API does not accept the credentials: check apis.${api}.apiKey, or what else apis.${api} says of them, in the configuration.`;
  }
  if (status === 403) return `The credentials of API "${api}" may not be allowed to do this; another call may be.`;
  if (status === 304) return "It has not changed since what the call's own If-None-Match or If-Modified-Since names.";
  if (status === 404) return "Nothing is there: check the path and its parameters.";
  if (status === 405) return "This path does not take this method.";
  if (status >= 500) return "The API has a problem of its own; try again later.";
  if (status === 300 && place !== "") {
    return `The API leaves the choice of the place to the caller; it names ${place}.`;
  }
  if (status >= 300 && status < 400 && place !== "") return `The API points to ${place}, which was not followed.`;
  if (status >= 300 && status < 400) return "The API redirects without saying where to.";
  return "The API did not accept the request: its message says why.";
}

import { setTimeout as sleep } from "node:timers/promises";
import { ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import type { PreparedRequest } from "./api-request.ts";
import type { ApiDescription } from "./configured-api.ts";
import { assertContained } from "./contained-path.ts";
import type { Exchange, HttpAnswer, HttpRequest } from "./exchange.ts";
import { assertAllowed } from "./find-target.ts";
import { NetworkFailure } from "./network-failure.ts";
import type { SlidingWindow } from "./sliding-window.ts";

export interface CallResources {
  exchange: Exchange;
  window: SlidingWindow | undefined;
  /** Fires at the deadline and when the caller goes. */
  signal: AbortSignal;
  /** When the call has to be over, as `performance.now()` counts. */
  endsAt: number;
  status: StatusEmitter | undefined;
}

export interface Performed {
  answer: HttpAnswer;
  /** Requests made, redirects not counted. */
  attempts: number;
}

const MAX_ATTEMPTS = 3;
const MAX_REDIRECTS = 3;
const FIRST_WAIT_MS = 200;
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Makes the call: waits for its place in the rate limit, follows redirects inside the API, and repeats what is safe to
 * repeat (GET and HEAD, RFC 9110, 9.2.1) as long as the deadline allows.
 */
export async function performCall(
  api: ApiDescription,
  prepared: PreparedRequest,
  resources: CallResources,
): Promise<Performed> {
  const { signal, endsAt, status } = resources;
  const safe = prepared.method === "GET" || prepared.method === "HEAD";
  let outcome: Performed | NetworkFailure | undefined;
  for (let attempts = 1; ; attempts++) {
    let wait: number | undefined;
    try {
      outcome = { answer: await followRedirects(api, prepared, resources), attempts };
      if (RETRIED.has(outcome.answer.status)) wait = retryAfterMs(outcome.answer) ?? backoff(attempts);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof NetworkFailure) {
        outcome = error;
        if (error.retryable) wait = backoff(attempts);
      } else if (!(outcome && error instanceof ToolError && error.code === "rate_limited")) throw error;
      // No place is left for another attempt: the one before it is what there is to tell.
    }
    const again = safe && wait !== undefined && attempts < MAX_ATTEMPTS && performance.now() + wait < endsAt;
    if (!again) {
      if (outcome instanceof NetworkFailure) throw outcome;
      return outcome;
    }
    status?.progress(`Trying ${api.name} again in ${((wait as number) / 1000).toFixed(1)} s`);
    await sleep(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function followRedirects(
  api: ApiDescription,
  prepared: PreparedRequest,
  { exchange, window, signal, endsAt }: CallResources,
): Promise<HttpAnswer> {
  let request: HttpRequest = prepared;
  for (let hops = 0; ; hops++) {
    const slot = await window?.take(endsAt - performance.now(), signal);
    const answer = await exchange.send(request, signal, slot && (() => slot.sent()));
    slot?.answered();
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    const next = redirected(api, prepared, request, answer.status, location);
    if (hops >= MAX_REDIRECTS) throw refusedRedirect(api, answer.status, `more than ${MAX_REDIRECTS} times`);
    request = next;
  }
}

/** The request that a redirect asks for (RFC 9110, 15.4). @throws ToolError `upstream_error` where it leads out of the API. */
function redirected(
  api: ApiDescription,
  prepared: PreparedRequest,
  request: HttpRequest,
  status: number,
  location: string,
): HttpRequest {
  if (!URL.canParse(location, request.url.href)) throw refusedRedirect(api, status, "to what is no URL");
  const url = new URL(location, request.url);
  if (url.origin !== api.base.origin) {
    const shown = api.secrets.inText(url.host === "" ? url.protocol : url.origin).slice(0, 200);
    throw refusedRedirect(
      api,
      status,
      `to ${shown}, which is another host`,
      url.protocol.startsWith("http") ? url : undefined,
    );
  }
  if (url.username !== "" || url.password !== "") throw refusedRedirect(api, status, "to a URL with a password");
  const becomesGet = status === 303 ? request.method !== "HEAD" : status <= 302 && request.method === "POST";
  const shown = api.secrets.inText(url.pathname).slice(0, 200);
  const method = becomesGet ? "GET" : request.method;
  const basePath = api.base.pathname.replace(/\/+$/, "");
  const withSlash = (path: string) => `${path.replace(/\/+$/, "")}/`;
  const sameCall = method === prepared.method && withSlash(url.pathname) === withSlash(prepared.url.pathname);
  try {
    if (!sameCall) {
      if (!url.pathname.startsWith(`${basePath}/`)) throw new Error("outside the base path");
      const path = url.pathname.slice(basePath.length);
      assertContained(path);
      if (api.document && api.rules.length === 0) {
        // Every operation of the document is allowed; what only reads may lead on to what it does not list.
        if (method !== "GET" && method !== "HEAD") throw new Error("not a call that only reads");
      } else assertAllowed(api, method, path);
    }
  } catch {
    throw refusedRedirect(api, status, `to ${method} ${shown}, which is no allowed call`);
  }
  url.hash = "";
  const headers = { ...request.headers };
  if (becomesGet) for (const name of Object.keys(headers)) if (name.startsWith("content-")) delete headers[name];
  return { method, url, headers, body: becomesGet ? null : request.body };
}

function refusedRedirect(api: ApiDescription, status: number, where: string, other?: URL): ToolError {
  return new ToolError("upstream_error", `API "${api.name}" redirects (${status}) ${where}; it was not followed.`, {
    hint: other
      ? `If that is where the API is, write it as apis.${api.name}.apiUrl in the configuration.`
      : `apis.${api.name}.allow in the configuration lists the allowed calls.`,
    details: { http_status: status },
  });
}

function backoff(attempts: number): number {
  return FIRST_WAIT_MS * 2 ** (attempts - 1) * (0.75 + Math.random() / 2);
}

/** Milliseconds that `Retry-After` asks for, as seconds or as a date (RFC 9110, 10.2.3); undefined where it says nothing. */
export function retryAfterMs(answer: Pick<HttpAnswer, "headers">): number | undefined {
  const text = answer.headers["retry-after"]?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text), 86_400) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - Date.now()), 86_400_000);
}

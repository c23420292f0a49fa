import type { StatusEmitter } from "../status/status-event.ts";
import { type AnswerCache, cacheKey, type KeptAnswer, keepingOf } from "./answer/answer-cache.ts";
import { type AnswerContent, readAnswer } from "./answer/read-answer.ts";
import type { ApiUser } from "./api-client.ts";
import type { PreparedRequest } from "./api-request.ts";
import type { InFlight } from "./in-flight.ts";
import type { LiveApi } from "./live-api.ts";
import { startDeadline } from "./network/call-deadline.ts";
import { type Performed, performCall } from "./network/perform-call.ts";
import { isSafe } from "./network/safe-methods.ts";
import { upstreamError } from "./network/upstream-error.ts";

/** A successful answer, read and checked. */
export interface FetchedAnswer extends AnswerContent {
  http_status: number;
  /** Requests made. */
  attempts: number;
  /** Whether it was kept from an earlier call. */
  cached: boolean;
}

export interface FetchMeans {
  api: LiveApi;
  user: ApiUser;
  cache: AnswerCache;
  /** Reads under way that others may wait for, too. */
  reads: InFlight;
  signal: AbortSignal;
  status: StatusEmitter | undefined;
}

/**
 * The answer to one request: from the cache where it is kept and fresh, else from the API, which may say that the kept one still
 * holds (RFC 9111, 4.3).
 * @throws ToolError `rate_limited`, `deadline_exceeded`, `upstream_unreachable`, `upstream_error`, `invalid_response`, `too_large`
 */
export async function fetchAnswer(prepared: PreparedRequest, means: FetchMeans): Promise<FetchedAnswer> {
  const { settings } = means.api.description;
  if (isSafe(prepared.method)) {
    const isKept =
      prepared.method === "GET" && prepared.body === null && settings.cacheTtl > 0 && !asksForNew(prepared.headers);
    if (isKept) return fetchKept(prepared, means);
    return read(prepared, await perform(prepared, means), means);
  }
  let performed: Performed | undefined;
  try {
    performed = await perform(prepared, means);
  } finally {
    // Even what failed may have been carried out.
    if (settings.cacheTtl > 0) means.cache.invalidate(means.api.description.name, writtenPaths(prepared, performed));
  }
  return read(prepared, performed, means);
}

async function fetchKept(prepared: PreparedRequest, means: FetchMeans): Promise<FetchedAnswer> {
  const { api, user, cache, reads, signal } = means;
  const { name } = api.description;
  const key = cacheKey(name, user.id, prepared);
  const kept = cache.get<FetchedAnswer>(key);
  if (kept?.fresh) return { ...kept.answer, attempts: 0, cached: true };
  // What was asked for before a write is not the answer to who asks after it.
  const work = `${key} ${cache.writes(name)}`;
  const { value, isFirst } = await reads.share(work, signal, (shared) =>
    renew(prepared, key, kept, { ...means, signal: shared }),
  );
  if (isFirst) return value.answer;
  if (!value.mayKeep) return (await renew(prepared, key, kept, means)).answer;
  return { ...structuredClone(value.answer), attempts: 0, cached: true };
}

/** The API's answer in the place of the one that is kept. `mayKeep`: whether the API lets others have it, too. */
async function renew(
  prepared: PreparedRequest,
  key: string,
  kept: KeptAnswer<FetchedAnswer> | undefined,
  means: FetchMeans,
): Promise<{ answer: FetchedAnswer; mayKeep: boolean }> {
  const { api, cache } = means;
  const { name, settings, secrets } = api.description;
  const about = { api: name, path: prepared.url.pathname };
  const ttlMs = settings.cacheTtl * 1000;
  const since = cache.writes(name);
  const conditional = kept ? { ...prepared, headers: { ...prepared.headers, ...kept.validators } } : prepared;
  const performed = await perform(conditional, means);
  const { answer, attempts, redirectedTo } = performed;
  if (kept && answer.status === 304) {
    const headers = { ...kept.answer.headers };
    for (const shown of Object.keys(headers)) {
      const value = answer.headers[shown];
      if (value !== undefined) headers[shown] = secrets.inText(value);
    }
    const same: FetchedAnswer = { ...kept.answer, ...(kept.answer.headers && { headers }) };
    const keeping = keepingOf({ ...answer, status: 200 }, ttlMs);
    if (keeping)
      cache.set(key, same, { ...about, ...keeping, validators: { ...kept.validators, ...keeping.validators } }, since);
    else cache.delete(key);
    return { answer: { ...same, attempts, cached: true }, mayKeep: keeping !== undefined };
  }
  const keeping = answer.cut ? undefined : keepingOf(answer, ttlMs);
  // A failure of the moment says nothing of what is kept.
  if (!keeping && answer.status < 500 && answer.status !== 429) cache.delete(key);
  const fetched = await read(prepared, performed, means);
  // Marks of another place would be taken for marks of this one.
  const validators = redirectedTo ? {} : keeping?.validators;
  if (keeping && validators) cache.set(key, fetched, { ...about, ...keeping, validators }, since);
  return { answer: fetched, mayKeep: keeping !== undefined };
}

/** Asks the API, and once more with fresh credentials where it does not accept those it was asked with. */
async function perform(prepared: PreparedRequest, { api, user, signal, status }: FetchMeans): Promise<Performed> {
  const { name, settings } = api.description;
  const deadline = startDeadline(signal, settings.timeout, name, prepared.idempotent);
  try {
    const means = { api, userId: user.id, deadline, status };
    const completed = await api.credentials.completed(user, prepared, deadline.signal);
    const performed = await performCall(completed, means);
    if (performed.answer.status !== 401 || performed.redirectedTo) return performed;
    const renewed = await api.credentials.renewed(user, completed, deadline.signal);
    if (!renewed) return performed;
    const again = await performCall(renewed, means);
    return { ...again, attempts: performed.attempts + again.attempts };
  } finally {
    deadline.stop();
  }
}

async function read(prepared: PreparedRequest, performed: Performed, { api }: FetchMeans): Promise<FetchedAnswer> {
  const { answer, attempts, redirectedTo } = performed;
  const { name, secrets, base } = api.description;
  if (answer.status < 200 || answer.status > 299) {
    throw upstreamError(name, prepared.method, answer, attempts, secrets);
  }
  const content = readAnswer(answer, prepared.method, name, secrets);
  const warnings = [...content.warnings, ...(await api.responses.check(prepared.target, answer.status, content))];
  if (redirectedTo && redirectedTo.origin !== base.origin) {
    warnings.push(`Answered by ${secrets.inText(redirectedTo.origin).slice(0, 200)} after a redirect.`);
  }
  return { ...content, warnings, http_status: answer.status, attempts, cached: false };
}

/** Whether a call itself says that it wants no kept answer, or has marks of its own. */
function asksForNew(headers: Readonly<Record<string, string>>): boolean {
  if (headers["if-none-match"] !== undefined || headers["if-modified-since"] !== undefined) return true;
  return /no-(cache|store)/i.test(`${headers["cache-control"] ?? ""} ${headers.pragma ?? ""}`);
}

/** The paths that a write has changed (RFC 9111, 4.4). */
function writtenPaths(prepared: PreparedRequest, performed: Performed | undefined): string[] {
  const { headers = {} } = performed?.answer ?? {};
  const named = [headers.location, headers["content-location"]].flatMap((place) => {
    if (place === undefined || !URL.canParse(place, prepared.url.href)) return [];
    const url = new URL(place, prepared.url);
    return url.origin === prepared.url.origin ? [url.pathname] : [];
  });
  return [prepared.url.pathname, ...named];
}

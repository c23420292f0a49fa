import type { StatusEmitter } from "../status/status-event.ts";
import { type AnswerCache, cacheKey } from "./answer-cache.ts";
import type { ApiUser } from "./api-client.ts";
import type { PreparedRequest } from "./api-request.ts";
import { startDeadline } from "./call-deadline.ts";
import type { LiveApi } from "./live-api.ts";
import { performCall } from "./perform-call.ts";
import { type AnswerContent, readAnswer } from "./read-answer.ts";
import { upstreamError } from "./upstream-error.ts";

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
  signal: AbortSignal;
  status: StatusEmitter | undefined;
}

/**
 * The answer to one request: from the cache where it is kept, else from the API.
 * @throws ToolError `rate_limited`, `deadline_exceeded`, `upstream_unreachable`, `upstream_error`, `invalid_response`, `too_large`
 */
export async function fetchAnswer(prepared: PreparedRequest, means: FetchMeans): Promise<FetchedAnswer> {
  const { api, user, cache } = means;
  const { name, settings } = api.description;
  const ttlMs = prepared.method === "GET" ? settings.cacheTtl * 1000 : 0;
  if (ttlMs === 0) return send(prepared, means);
  const key = cacheKey(name, user.id, prepared.method, prepared.url, prepared.headers);
  const kept = cache.get(key);
  if (kept !== undefined) return { ...(JSON.parse(kept) as FetchedAnswer), cached: true };
  const answer = await send(prepared, means);
  cache.set(key, JSON.stringify(answer), ttlMs);
  return answer;
}

async function send(prepared: PreparedRequest, { api, user, signal, status }: FetchMeans): Promise<FetchedAnswer> {
  const { name, settings, secrets } = api.description;
  const deadline = startDeadline(signal, settings.timeout, name, prepared.method);
  try {
    const resources = {
      exchange: api.exchange,
      window: api.windowOf(user.id),
      signal: deadline.signal,
      endsAt: deadline.endsAt,
      status,
    };
    let { answer, attempts } = await performCall(api.description, prepared, resources);
    const renewed = answer.status === 401 && (await api.credentials.renewed(user, prepared, deadline.signal));
    if (renewed) {
      const again = await performCall(api.description, renewed, resources);
      answer = again.answer;
      attempts += again.attempts;
    }
    if (answer.status < 200 || answer.status > 299) {
      throw upstreamError(name, prepared.method, answer, attempts, secrets);
    }
    const content = readAnswer(answer, prepared.method, name, secrets);
    const warnings = [...content.warnings, ...(await api.responses.check(prepared.target, answer.status, content))];
    return { ...content, warnings, http_status: answer.status, attempts, cached: false };
  } finally {
    deadline.stop();
  }
}

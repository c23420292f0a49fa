import type { LookupFunction } from "node:net";
import { abortError, ToolError } from "../errors.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import { type AnswerCache, cacheKey, createAnswerCache } from "./answer-cache.ts";
import type { ApiRequest, PreparedRequest } from "./api-request.ts";
import { createResponseChecker, type ResponseChecker } from "./check-response.ts";
import { type ApiDescription, type ApiSettings, describeApi } from "./configured-api.ts";
import { type DescribedOperation, describeOperation } from "./describe-operation.ts";
import { createExchange, type Exchange } from "./exchange.ts";
import { unknownOperation } from "./find-target.ts";
import { performCall } from "./perform-call.ts";
import { prepareRequest } from "./prepare-request.ts";
import { readAnswer } from "./read-answer.ts";
import { createApiSearch, type SearchReply, type SearchRequest } from "./search-apis.ts";
import { createSlidingWindow, type SlidingWindow } from "./sliding-window.ts";
import { upstreamError } from "./upstream-error.ts";

export type { ApiRequest } from "./api-request.ts";

/** Who calls. */
export interface ApiUser {
  id: string;
}

export interface CallContext {
  signal: AbortSignal;
  status?: StatusEmitter | undefined;
}

/** The answer of a successful call. */
export interface ApiResult {
  data: unknown;
  http_status: number;
  /** Where the answer is not JSON. */
  content_type?: string;
  encoding?: "base64";
  bytes?: number;
  headers?: Record<string, string>;
  /** Requests made, where there was more than one. */
  attempts?: number;
  /** True where the answer was kept from an earlier call. */
  cached?: boolean;
  warnings?: string[];
}

/** An API as the doctor and the start page show it. */
export interface ApiCheck {
  name: string;
  kind: "plain" | "openapi";
  /** Without credentials and query; empty where the API has none. */
  base_url: string;
  operations: number;
  error?: string;
  hint?: string;
}

export interface ApiClient {
  /**
   * Makes a call: one place for address guard, rate limit, deadline, retry, cache and response checks.
   * @throws ToolError `not_configured`, `unknown_api`, `unknown_operation`, `invalid_input`, `forbidden`, `rate_limited`,
   * `deadline_exceeded`, `upstream_unreachable`, `upstream_error`, `invalid_response`, `too_large`, `invalid_config`, `aborted`.
   */
  call(user: ApiUser, request: ApiRequest, context: CallContext): Promise<ApiResult>;
  /** Operations of all APIs that do what the query says, best first. @throws ToolError `not_configured`, `unknown_api` */
  search(request: SearchRequest): Promise<SearchReply>;
  /** @throws ToolError `not_configured`, `unknown_api`, `unknown_operation`, `invalid_input` where several APIs have it. */
  describe(request: { operation: string; api?: string | undefined }): Promise<DescribedOperation>;
  /** Reads each document and connects to each API, sending nothing; never throws. */
  check(signal: AbortSignal): Promise<ApiCheck[]>;
  close(): Promise<void>;
}

export interface ApiClientInternals {
  /** Name resolution other than the system's; for tests. */
  lookup?: LookupFunction | undefined;
}

const MAX_CONNECT_MS = 10_000;
/** Users whose rate windows are kept before idle ones are given up. */
const MAX_WINDOWS = 1000;

/** An API with what it keeps between calls. */
interface OpenApi {
  description: ApiDescription;
  exchange: Exchange;
  responses: ResponseChecker;
  windows: Map<string, SlidingWindow>;
}

/** A client for all configured APIs. Nothing is read, loaded or contacted before the first call. */
export function createApiClient(
  apis: Readonly<Record<string, ApiSettings>>,
  internals: ApiClientInternals = {},
): ApiClient {
  const opened = new Map<string, Promise<OpenApi>>();
  const cache: AnswerCache = createAnswerCache();
  const search = createApiSearch(() => Object.keys(apis), describe);

  function assertKnown(name: string): void {
    if (Object.keys(apis).length === 0) {
      throw new ToolError("not_configured", "No API is configured.", {
        hint: "Name one under apis in patchbay.yaml, such as apis: { weather: { apiUrl: https://api.example.com } }.",
      });
    }
    if (!Object.hasOwn(apis, name)) {
      throw new ToolError("unknown_api", `There is no API "${name.slice(0, 60)}".`, {
        hint: `APIs: ${Object.keys(apis).join(", ")}.`,
      });
    }
  }

  function open(name: string): Promise<OpenApi> {
    assertKnown(name);
    let api = opened.get(name);
    if (!api) {
      api = describeApi(name, apis[name]!).then((description) => ({
        description,
        exchange: createExchange({
          api: name,
          base: description.base,
          reach: description.reach,
          connectTimeoutMs: Math.min(MAX_CONNECT_MS, description.settings.timeout * 1000),
          maxResponseBytes: description.settings.maxResponseBytes,
          lookup: internals.lookup,
        }),
        responses: createResponseChecker(description),
        windows: new Map(),
      }));
      opened.set(name, api);
      // A document that was mended is read again.
      api.catch(() => opened.delete(name));
    }
    return api;
  }

  async function describe(name: string): Promise<ApiDescription> {
    return (await open(name)).description;
  }

  async function call(user: ApiUser, request: ApiRequest, context: CallContext): Promise<ApiResult> {
    const api = await open(request.api);
    const { description } = api;
    if (context.signal.aborted) throw abortError(context.signal);
    const prepared = await prepareRequest(description, request);
    const ttlMs = prepared.method === "GET" ? description.settings.cacheTtl * 1000 : 0;
    const key = ttlMs > 0 ? cacheKey(description.name, user.id, prepared.method, prepared.url, prepared.headers) : "";
    const kept = ttlMs > 0 ? cache.get(key) : undefined;
    if (kept !== undefined) return { ...(JSON.parse(kept) as ApiResult), cached: true };

    context.status?.progress(`Calling ${description.name} ${prepared.method} ${shorten(prepared.path)}`);
    const result = await send(api, user, prepared, context);
    context.status?.progress(`Received ${result.http_status} from ${description.name}`);
    if (ttlMs > 0) {
      const { attempts: _, ...keep } = result;
      cache.set(key, JSON.stringify(keep), ttlMs);
    }
    return result;
  }

  async function send(
    api: OpenApi,
    user: ApiUser,
    prepared: PreparedRequest,
    context: CallContext,
  ): Promise<ApiResult> {
    const { name, settings, secrets } = api.description;
    const deadline = deadlineOf(context.signal, settings.timeout * 1000, name, prepared.method);
    try {
      const { answer, attempts } = await performCall(api.description, prepared, {
        exchange: api.exchange,
        window: windowOf(api, user),
        signal: deadline.signal,
        endsAt: deadline.endsAt,
        status: context.status,
      });
      if (answer.status < 200 || answer.status > 299) {
        throw upstreamError(name, prepared.method, answer, attempts, secrets);
      }
      const { warnings, ...content } = readAnswer(answer, prepared.method, name, secrets);
      warnings.push(...(await api.responses.check(prepared.target, answer.status, content)));
      return {
        ...content,
        http_status: answer.status,
        ...(attempts > 1 && { attempts }),
        ...(warnings.length > 0 && { warnings }),
      };
    } catch (error) {
      if (context.signal.aborted) throw abortError(context.signal);
      throw error;
    } finally {
      deadline.stop();
    }
  }

  function windowOf(api: OpenApi, user: ApiUser): SlidingWindow | undefined {
    const { name, settings } = api.description;
    if (!settings.rateLimit) return undefined;
    let window = api.windows.get(user.id);
    if (!window) {
      if (api.windows.size >= MAX_WINDOWS) {
        for (const [id, other] of api.windows) if (other.idle) api.windows.delete(id);
      }
      window = createSlidingWindow(settings.rateLimit, `API "${name}"`);
      api.windows.set(user.id, window);
    }
    return window;
  }

  return {
    call,
    async search(request) {
      if (request.api !== undefined || Object.keys(apis).length === 0) assertKnown(request.api ?? "");
      return search(request);
    },
    async describe({ operation, api }) {
      const names = api === undefined ? Object.keys(apis) : [api];
      if (names.length === 0 || api !== undefined) assertKnown(api ?? "");
      const named = operation.trim();
      const loaded = await Promise.allSettled(names.map(describe));
      const readable = loaded.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      if (readable.length === 0) throw (loaded[0] as PromiseRejectedResult).reason;
      const found = readable.flatMap((entry) => {
        const match = entry.operations.find(
          ({ id, method, path }) =>
            id === named || `${method} ${path}` === named || id.toLowerCase() === named.toLowerCase(),
        );
        return match ? [{ entry, match }] : [];
      });
      if (found.length > 1) {
        throw new ToolError(
          "invalid_input",
          `Several APIs have the operation ${JSON.stringify(named)}: name one in api.`,
          {
            hint: `APIs: ${found.map(({ entry }) => entry.name).join(", ")}.`,
          },
        );
      }
      const only = found[0];
      if (only) return describeOperation(only.entry, only.match);
      if (readable.length === 1) throw unknownOperation(readable[0]!, named);
      throw unknownOperation(
        {
          name: readable.map(({ name }) => name).join('", "'),
          operations: readable.flatMap(({ operations }) => operations),
        },
        named,
      );
    },
    check(signal) {
      return Promise.all(Object.keys(apis).map((name) => checkApi(name, signal)));
    },
    async close() {
      const all = [...opened.values()];
      opened.clear();
      for (const api of all) await (await api.catch(() => undefined))?.exchange.close();
    },
  };

  async function checkApi(name: string, signal: AbortSignal): Promise<ApiCheck> {
    const result: ApiCheck = {
      name,
      kind: apis[name]!.openapi === undefined ? "plain" : "openapi",
      base_url: "",
      operations: 0,
    };
    try {
      const { description, exchange, responses } = await open(name);
      result.base_url = `${description.base.origin}${description.base.pathname}`;
      result.operations = description.operations.length;
      await responses.ready();
      await exchange.probe(signal);
      return result;
    } catch (error) {
      const failure = error instanceof ToolError ? error : signal.aborted ? abortError(signal) : undefined;
      if (!failure) throw error;
      return { ...result, error: failure.message, ...(failure.hint !== undefined && { hint: failure.hint }) };
    }
  }
}

/** A signal that also fires when the API's time is up: from now, waiting for its rate limit included. */
function deadlineOf(parent: AbortSignal, ms: number, api: string, method: string) {
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortError(parent));
  parent.addEventListener("abort", onAbort, { once: true });
  if (parent.aborted) onAbort();
  const safe = method === "GET" || method === "HEAD";
  const timer = setTimeout(() => {
    controller.abort(
      new ToolError("deadline_exceeded", `Request failed: API "${api}" did not answer in full within ${ms / 1000} s.`, {
        hint: safe
          ? `Ask for less, or raise apis.${api}.timeout in the configuration.`
          : "The API may have carried the call out; look before you repeat it.",
        retryable: safe,
      }),
    );
  }, ms);
  return {
    signal: controller.signal,
    endsAt: performance.now() + ms,
    stop() {
      clearTimeout(timer);
      parent.removeEventListener("abort", onAbort);
    },
  };
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

import type { LookupFunction } from "node:net";
import { abortError, ToolError } from "../../errors.ts";
import type { ApiDescription } from "../configured-api.ts";
import { reachOf } from "../network/address-guard.ts";
import { createExchange } from "../network/exchange.ts";
import { type OAuthClient, readEndpoint, requestToken, tooSlow } from "./request-token.ts";

/** Tokens of an API's clients by the client credentials grant (RFC 6749, 4.4), kept as long as they are good. */
export interface OAuthTokens {
  /**
   * The client's token. Callers that wait at the same time share one request.
   * @throws ToolError `upstream_error`, `upstream_unreachable`, `invalid_response`, `rate_limited`, `deadline_exceeded`,
   * `invalid_config`; the signal's reason once it fires
   */
  get(client: OAuthClient, signal: AbortSignal): Promise<string>;
  /**
   * Another token than the one that the API refused: one that was given meanwhile, else a fresh one. Undefined where there is
   * none, or where fresh ones are refused again and again. @throws as `get`
   */
  replace(client: OAuthClient, refused: string, signal: AbortSignal): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What is kept of one client. Times are milliseconds as `performance.now()` counts. */
interface ClientState {
  token?: { value: string; goodUntil: number } | undefined;
  asking?: Promise<string> | undefined;
  failures: number;
  failed?: { error: ToolError; until: number } | undefined;
  /** When tokens were asked for because the API had refused one. */
  replaced: number[];
  /** What ends the hiding of the tokens that were given, the oldest first. */
  hidden: (() => void)[];
}

/** A token is given up this much before its end, or a tenth of its life before. */
const MARGIN_MS = 30_000;
const MAX_BYTES = 256 * 1024;
const MAX_DEADLINE_MS = 30_000;
const MAX_BACKOFF_MS = 15_000;
/** Fresh tokens that may be asked for in a minute because the API refuses them. */
const MAX_REPLACED = 30;
const MINUTE_MS = 60_000;
/** Old tokens of a client that answers may still show. */
const KEPT_HIDDEN = 8;

/** @throws ToolError `invalid_config` for an endpoint that must not be sent a secret */
export function createOAuthTokens(
  api: ApiDescription,
  tokenUrl: string,
  lookup: LookupFunction | undefined,
): OAuthTokens {
  const endpoint = readEndpoint(api, tokenUrl);
  const { settings } = api;
  const states = new Map<string, ClientState>();
  const closing = new AbortController();
  const exchange = createExchange({
    api: api.name,
    base: endpoint,
    reach: reachOf(endpoint, true, settings.privateNetwork === true),
    connectTimeoutMs: Math.min(settings.connectTimeout, settings.timeout) * 1000,
    maxResponseBytes: MAX_BYTES,
    lookup,
  });

  function stateOf(client: OAuthClient): ClientState {
    const key = JSON.stringify([client.id, client.secret]);
    let state = states.get(key);
    if (!state) {
      state = { failures: 0, replaced: [], hidden: [] };
      states.set(key, state);
    }
    return state;
  }

  function ask(state: ClientState, client: OAuthClient): Promise<string> {
    if (state.failed && performance.now() < state.failed.until) return Promise.reject(state.failed.error);
    state.asking ??= request(state, client).finally(() => {
      state.asking = undefined;
    });
    return state.asking;
  }

  async function request(state: ClientState, client: OAuthClient): Promise<string> {
    const asked = performance.now();
    const limit = AbortSignal.timeout(Math.min(settings.timeout * 1000, MAX_DEADLINE_MS));
    try {
      const signal = AbortSignal.any([limit, closing.signal]);
      const { value, lifeMs } = await requestToken(api, endpoint, exchange, client, signal);
      state.hidden.push(api.secrets.add(value));
      if (state.hidden.length > KEPT_HIDDEN) state.hidden.shift()?.();
      state.token = { value, goodUntil: asked + lifeMs - Math.min(MARGIN_MS, lifeMs / 10) };
      state.failures = 0;
      state.failed = undefined;
      return value;
    } catch (thrown) {
      const error = limit.aborted ? tooSlow(api) : thrown;
      state.failures += 1;
      // One failure may pass at once; who fails again is not asked in every call.
      const backoff = state.failures < 2 ? 0 : Math.min(250 * 2 ** (state.failures - 1), MAX_BACKOFF_MS);
      const wait = error instanceof ToolError ? Math.min(error.retryAfterMs ?? 0, MINUTE_MS) : 0;
      if (error instanceof ToolError) state.failed = { error, until: performance.now() + Math.max(backoff, wait) };
      throw error;
    }
  }

  return {
    get(client, signal) {
      const state = stateOf(client);
      if (state.token && performance.now() < state.token.goodUntil) return Promise.resolve(state.token.value);
      return waitFor(api, ask(state, client), signal);
    },
    async replace(client, refused, signal) {
      const state = stateOf(client);
      const fresh = (token: string) => (token === refused ? undefined : token);
      if (state.asking) return fresh(await waitFor(api, state.asking, signal));
      if (state.token && state.token.value !== refused) return state.token.value;
      const now = performance.now();
      state.replaced = state.replaced.filter((at) => at > now - MINUTE_MS);
      if (state.replaced.length >= MAX_REPLACED) return undefined;
      state.replaced.push(now);
      state.token = undefined;
      return fresh(await waitFor(api, ask(state, client), signal));
    },
    async close() {
      closing.abort(new ToolError("aborted", "The server is closing."));
      states.clear();
      await exchange.close();
    },
  };
}

/** What a shared request gives, for one caller, who may go before it does. */
async function waitFor<T>(api: ApiDescription, promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = () => {};
  const gone = new Promise<never>((_resolve, reject) => {
    leave = () => {
      const error = abortError(signal);
      reject(error.code === "deadline_exceeded" ? tooSlow(api) : error);
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([promise, gone]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

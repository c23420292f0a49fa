import type { LookupFunction } from "node:net";
import type { ClientAuth } from "openid-client";
import { abortError, ToolError } from "../errors.ts";
import { hostOf, isAddressAllowed, reachOf } from "./address-guard.ts";
import type { ApiDescription } from "./configured-api.ts";
import { clientPair } from "./configured-secrets.ts";
import { createExchange, type Exchange, type HttpAnswer } from "./exchange.ts";
import { retryAfterMs } from "./retry-after.ts";

/** A client of a token endpoint. */
export interface OAuthClient {
  id: string;
  secret: string;
  scope: string | undefined;
  audience: string | undefined;
  clientAuth: "basic" | "post";
}

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
const MAX_TOKEN = 16 * 1024;
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

function readEndpoint({ name }: ApiDescription, tokenUrl: string): URL {
  const key = `apis.${name}.auth.tokenUrl`;
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new ToolError("invalid_config", `${key} is no http or https URL.`);
  if (url.username !== "" || url.password !== "") {
    throw new ToolError("invalid_config", `${key} holds a user or a password.`, {
      hint: `Write them as apis.${name}.auth.clientId and clientSecret.`,
    });
  }
  const reach = reachOf(url, true, false);
  if (url.protocol === "http:" && (reach === "public" || isAddressAllowed(hostOf(url), "public"))) {
    throw new ToolError("invalid_config", `${key} would send a secret over http to a public host.`, {
      hint: "Write https. Plain http is for this machine and for private networks.",
    });
  }
  url.hash = "";
  return url;
}

async function requestToken(
  api: ApiDescription,
  endpoint: URL,
  exchange: Exchange,
  client: OAuthClient,
  signal: AbortSignal,
): Promise<{ value: string; lifeMs: number }> {
  const oidc = await import("openid-client");
  const server = { issuer: endpoint.origin, token_endpoint: endpoint.href };
  const authentication = client.clientAuth === "post" ? oidc.ClientSecretPost(client.secret) : inHeader(client);
  const config = new oidc.Configuration(server, client.id, {}, authentication);
  if (endpoint.protocol === "http:") oidc.allowInsecureRequests(config);
  let answer: HttpAnswer | undefined;
  // What is thrown here comes out of the library as the cause of a cause.
  let failed: unknown;
  config[oidc.customFetch] = async (url, { headers, method, body }) => {
    try {
      answer = await exchange.send({ method, url: new URL(url), headers, body: String(body) }, signal);
      if (answer.status !== 200) throw refusal(api, answer);
    } catch (error) {
      failed = error;
      throw error;
    }
    return new Response(withoutIdToken(answer.bytes), { headers: { "content-type": "application/json" } });
  };
  const { scope, audience } = client;
  try {
    const given = await oidc.clientCredentialsGrant(config, { ...(scope && { scope }), ...(audience && { audience }) });
    if (given.token_type !== "bearer") throw unusable(api, `a token of type "${given.token_type}"`);
    if (!/^[\x21-\x7e]+$/.test(given.access_token) || given.access_token.length > MAX_TOKEN) {
      throw unusable(api, "a token that a header cannot carry");
    }
    const lifeMs = given.expires_in === undefined ? Number.POSITIVE_INFINITY : given.expires_in * 1000;
    return { value: given.access_token, lifeMs };
  } catch (error) {
    signal.throwIfAborted();
    const known = failed ?? error;
    if (known instanceof ToolError) throw ofEndpoint(api, known);
    const { token_type: type } = readJson(answer?.bytes);
    const isOther = typeof type === "string" && !/^(bearer|dpop)$/i.test(type);
    throw unusable(
      api,
      isOther ? `a token of type ${quote(api.secrets.inText(type))}` : "something else than a token",
      error,
    );
  }
}

/** The client's name and secret as Basic authentication (RFC 6749, 2.3.1). */
function inHeader({ id, secret }: OAuthClient): ClientAuth {
  return (_server, _client, _body, headers) => {
    headers.set("authorization", `Basic ${Buffer.from(clientPair(id, secret)).toString("base64")}`);
  };
}

/** Nobody asked for an id token, and nobody checks it. */
function withoutIdToken(bytes: Buffer): Uint8Array<ArrayBuffer> | string {
  const { id_token, ...rest } = readJson(bytes);
  return id_token === undefined ? new Uint8Array(bytes) : JSON.stringify(rest);
}

function readJson(bytes: Buffer | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(String(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The error of an answer without a token (RFC 6749, 5.2). */
function refusal(api: ApiDescription, answer: HttpAnswer): ToolError {
  const { status } = answer;
  const { error, error_description: description } = readJson(answer.bytes);
  const shown = (text: unknown) => (typeof text === "string" ? quote(api.secrets.inText(text)) : "");
  const code = shown(error);
  const reason = [String(status), code, shown(description)].filter(Boolean).join(" ");
  const passing = status === 408 || status === 429 || status >= 500;
  const auth = `apis.${api.name}.auth`;
  return new ToolError(
    status === 429 ? "rate_limited" : "upstream_error",
    `The token endpoint of API "${api.name}" gave no token: ${reason}.`,
    {
      hint: passing
        ? "The token endpoint has a problem of its own; try again later."
        : status >= 300 && status < 400
          ? `It redirects, which is not followed: write where it is as ${auth}.tokenUrl.`
          : status === 404 || status === 405
            ? `Check ${auth}.tokenUrl.`
            : code.includes("scope")
              ? `Check ${auth}.scope.`
              : `Check clientId and clientSecret of ${auth} or of the user's own entry, and ${auth}.clientAuth.`,
      retryable: passing,
      retryAfterMs: passing ? retryAfterMs(answer) : undefined,
    },
  );
}

function unusable(api: ApiDescription, what: string, cause?: unknown): ToolError {
  return new ToolError("invalid_response", `The token endpoint of API "${api.name}" answered with ${what}.`, {
    hint: `Bearer tokens (RFC 6750) can be used. Check apis.${api.name}.auth.tokenUrl.`,
    cause,
  });
}

function tooSlow(api: ApiDescription): ToolError {
  return new ToolError("deadline_exceeded", `The token endpoint of API "${api.name}" did not answer in time.`, {
    hint: `Check apis.${api.name}.auth.tokenUrl, or raise apis.${api.name}.timeout.`,
    retryable: true,
  });
}

/** A failure of the connection, which is worded for an API. */
function ofEndpoint(api: ApiDescription, error: ToolError): ToolError {
  if (error.message.startsWith("The token endpoint")) return error;
  const words = error.message.replace(/^Request failed: API "[^"]*" (at|leads)/, `$1`);
  return new ToolError(error.code, `Request failed: the token endpoint of API "${api.name}" ${words}`, {
    hint: `Check apis.${api.name}.auth.tokenUrl.`,
    retryable: error.retryable,
    cause: error,
  });
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

function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

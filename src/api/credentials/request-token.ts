import type { ClientAuth } from "openid-client";
import { ToolError } from "../../errors.ts";
import type { ApiDescription } from "../configured-api.ts";
import { hostOf, isAddressAllowed, reachOf } from "../network/address-guard.ts";
import type { Exchange, HttpAnswer } from "../network/exchange.ts";
import { retryAfterMs } from "../network/retry-after.ts";
import { quoted } from "../shorten.ts";
import { clientPair } from "./configured-secrets.ts";

/** A client of a token endpoint. */
export interface OAuthClient {
  id: string;
  secret: string;
  scope: string | undefined;
  audience: string | undefined;
  /** RFC 8707. */
  resource: string | undefined;
  clientAuth: "basic" | "post";
}

/** Characters. */
const MAX_TOKEN = 16 * 1024;
/** Characters of what the endpoint says. */
const MAX_QUOTED = 200;

/** @throws ToolError `invalid_config` for a URL that must not be sent a secret */
export function readEndpoint({ name, settings }: ApiDescription, tokenUrl: string): URL {
  const key = `apis.${name}.auth.tokenUrl`;
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new ToolError("invalid_config", `${key} is no http or https URL.`);
  if (url.username !== "" || url.password !== "") {
    throw new ToolError("invalid_config", `${key} holds a user or a password.`, {
      hint: `Write them as apis.${name}.auth.clientId and clientSecret.`,
    });
  }
  const reach = reachOf(url, true, settings.privateNetwork === true);
  if (url.protocol === "http:" && (reach === "public" || isAddressAllowed(hostOf(url), "public"))) {
    throw new ToolError("invalid_config", `${key} would send a secret over http to a public host.`, {
      hint: "Write https. Plain http is for this machine and for private networks.",
    });
  }
  url.hash = "";
  return url;
}

/**
 * A token by the client credentials grant (RFC 6749, 4.4), and how long it is good, in ms.
 * @throws ToolError as `OAuthTokens.get`; the signal's reason once it fires
 */
export async function requestToken(
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
  const { scope, audience, resource } = client;
  const wanted = { ...(scope && { scope }), ...(audience && { audience }), ...(resource && { resource }) };
  try {
    const given = await oidc.clientCredentialsGrant(config, wanted);
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
      isOther ? `a token of type ${quoted(api.secrets.inText(type), MAX_QUOTED)}` : "something else than a token",
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
  const shown = (text: unknown) => (typeof text === "string" ? quoted(api.secrets.inText(text), MAX_QUOTED) : "");
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

export function tooSlow(api: ApiDescription): ToolError {
  return new ToolError("deadline_exceeded", `The token endpoint of API "${api.name}" did not answer in time.`, {
    hint: `Check apis.${api.name}.auth.tokenUrl, or raise apis.${api.name}.timeout.`,
    retryable: true,
  });
}

/** A failure of the connection or of the answer's reading, which is worded for an API. */
function ofEndpoint(api: ApiDescription, error: ToolError): ToolError {
  if (error.message.startsWith("The token endpoint")) return error;
  const endpoint = `the token endpoint of API "${api.name}"`;
  const words = error.message
    .replace(/^Request failed: /, "")
    .replace(/^API "[^"]*" /, "")
    .replace(/^The answer of API "[^"]*" is /, "its answer is ");
  const isPlace = /^(at|leads) /.test(words);
  return new ToolError(error.code, `Request failed: ${endpoint}${isPlace ? "" : ":"} ${words}`, {
    hint: `Check apis.${api.name}.auth.tokenUrl.`,
    retryable: error.retryable,
    cause: error,
  });
}

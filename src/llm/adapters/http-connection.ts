import type { Agent } from "undici";
import type { Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import type { HttpAnswer } from "./read-failure.ts";

/** No completion is larger; more is a fault or an attack. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

/** Loads the HTTP client ahead of the first request, which would wait for it. */
export async function loadHttpClient(): Promise<void> {
  await import("undici");
}

/** One request below a provider's base URL. */
export interface HttpRequest {
  method: "GET" | "POST";
  /** Below the base URL, such as `/chat/completions`; may have a query. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Headers of this request alone. */
  headers?: Record<string, string>;
  signal: AbortSignal;
  /**
   * Is told of what comes of a successful answer that is a stream (`text/event-stream` or NDJSON), as text cut anywhere. The
   * body of the answer is then empty. Any other answer comes in one piece.
   */
  onText?: ((text: string) => void) | undefined;
}

/** The requests to one provider. One call is one HTTP request; an abort closes its socket. */
export interface HttpConnection {
  /** @throws ModelError; what the signal carries, if it fired. Limits of time belong to the signal. */
  send(request: HttpRequest): Promise<HttpAnswer & { streamed: boolean }>;
  /** What came by `onText`, before it goes into an error: providers quote the key that they refuse. */
  redact(text: string): string;
  close(): Promise<void>;
}

/** How a protocol says who asks. Default: `Authorization: Bearer KEY`. */
export type Authorize = (apiKey: string) => Record<string, string>;

export function createHttpConnection(
  provider: Provider,
  authorize: Authorize = (key) => ({ authorization: `Bearer ${key}` }),
): HttpConnection {
  const { address, authorization, secrets } = accessTo(provider, authorize);
  let loaded: Promise<{ request: typeof import("undici").request; agent: Agent }> | undefined;
  const load = () => {
    loaded ??= import("undici").then(({ Agent, request }) => ({
      request,
      agent: new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } }),
    }));
    return loaded;
  };

  return {
    async send({ method, path, body, headers, signal, onText }) {
      const { request, agent } = await load();
      signal.throwIfAborted();
      try {
        const response = await request(address(path), {
          method,
          dispatcher: agent,
          signal,
          headers: {
            accept: onText ? "text/event-stream, application/x-ndjson, application/json" : "application/json",
            "user-agent": "patchbay-mcp",
            ...provider.headers,
            ...authorization,
            ...headers,
            ...(body !== undefined && { "content-type": "application/json" }),
          },
          body: body === undefined ? null : JSON.stringify(body),
        });
        const { statusCode: status } = response;
        const type = String(response.headers["content-type"] ?? "");
        const isStream = /event-stream|ndjson|jsonl/i.test(type) && status >= 200 && status < 300;
        if (onText && isStream && response.headers["content-encoding"] === undefined) {
          await readStream(response.body, provider.name, onText);
          return { status, headers: response.headers, body: "", streamed: true };
        }
        const text = await readText(response.body, response.headers["content-encoding"], provider.name);
        return { status, headers: response.headers, body: withoutSecrets(text, secrets, status), streamed: false };
      } catch (error) {
        if (signal.aborted || error instanceof ModelError) throw error;
        throw networkFailure(provider, error);
      }
    },
    redact: (text) => withoutSecrets(text, secrets, 400),
    async close() {
      const current = loaded;
      loaded = undefined;
      // What could not be loaded needs no closing.
      await (await current?.catch(() => undefined))?.agent.destroy();
    },
  };
}

interface Access {
  /** The URL of a path, with or without a query, below the base URL, whose own query is kept. */
  address(path: string): URL;
  /** Headers that say who asks: by the key, or the user information of the base URL. */
  authorization: Record<string, string>;
  secrets: string[];
}

function accessTo(provider: Provider, authorize: Authorize): Access {
  const base = new URL(provider.baseUrl);
  const { username, password } = base;
  base.username = "";
  base.password = "";
  const plain = decoded(password);
  const basic = Buffer.from(`${decoded(username)}:${plain}`).toString("base64");
  const { apiKey } = provider;
  return {
    address(path) {
      const url = new URL(base);
      const [pathname = "", query] = path.split("?");
      url.pathname = url.pathname.replace(/\/+$/, "") + pathname;
      for (const [name, value] of new URLSearchParams(query)) url.searchParams.set(name, value);
      return url;
    },
    authorization:
      apiKey !== undefined ? authorize(apiKey) : username !== "" ? { authorization: `Basic ${basic}` } : {},
    secrets: [apiKey ?? "", plain, username !== "" ? basic : "", ...Object.values(provider.headers ?? {})],
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Hands on the body as it comes, up to the limit. */
async function readStream(
  body: AsyncIterable<Buffer>,
  provider: string,
  onText: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > MAX_RESPONSE_BYTES) throw tooLarge(provider);
    onText(decoder.decode(part, { stream: true }));
  }
  onText(decoder.decode());
}

/** The body as text: read up to the limit, decompressed up to the limit, without a byte order mark. */
async function readText(
  body: AsyncIterable<Buffer>,
  encoding: string | string[] | undefined,
  provider: string,
): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > MAX_RESPONSE_BYTES) throw tooLarge(provider);
    parts.push(part);
  }
  const bytes = await decompress(Buffer.concat(parts), String(encoding ?? ""), provider);
  return new TextDecoder().decode(bytes);
}

/** Undoes the content codings (RFC 9110, 8.4) that a server or a proxy applied although none was asked for. */
async function decompress(bytes: Buffer, encoding: string, provider: string): Promise<Buffer> {
  const codings = encoding
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  if (codings.length === 0 || bytes.length === 0) return bytes;
  const [zlib, { promisify }] = await Promise.all([import("node:zlib"), import("node:util")]);
  type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;
  const gunzip: Decode = promisify(zlib.gunzip);
  const decoders: Partial<Record<string, Decode>> = {
    gzip: gunzip,
    "x-gzip": gunzip,
    deflate: promisify(zlib.inflate),
    br: promisify(zlib.brotliDecompress),
    zstd: promisify(zlib.zstdDecompress),
  };
  let result = bytes;
  for (const coding of codings.reverse()) {
    const decode = decoders[coding];
    try {
      if (!decode) throw new Error("unknown coding");
      result = await decode(result, { maxOutputLength: MAX_RESPONSE_BYTES });
    } catch (error) {
      if ((error as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(provider);
      throw new ModelError("invalid", `Provider "${provider}" answered in an encoding that could not be read.`, {
        details: { content_encoding: encoding.slice(0, 50) },
      });
    }
  }
  return result;
}

function tooLarge(provider: string): ModelError {
  return new ModelError("rejected", `Provider "${provider}" answered more than ${MAX_RESPONSE_BYTES / 1_048_576} MiB.`);
}

/** Providers quote the key they refuse. Short keys are placeholders and appear in ordinary text. */
function withoutSecrets(text: string, secrets: readonly string[], status: number): string {
  const least = status >= 400 ? 4 : 8;
  return secrets.reduce((rest, secret) => (secret.length < least ? rest : rest.replaceAll(secret, "[redacted]")), text);
}

function networkFailure(provider: Provider, error: unknown): ModelError {
  const code = (error as { code?: unknown } | undefined)?.code;
  const reason =
    code === "ECONNREFUSED"
      ? "nothing listens there"
      : code === "ENOTFOUND" || code === "EAI_AGAIN"
        ? "the host name is not known"
        : code === "UND_ERR_CONNECT_TIMEOUT"
          ? "it did not accept the connection"
          : code === "ECONNRESET" || code === "UND_ERR_SOCKET"
            ? "it closed the connection"
            : `the connection failed (${typeof code === "string" ? code : "unknown reason"})`;
  return new ModelError(
    "unreachable",
    `Provider "${provider.name}" could not be reached at ${new URL(provider.baseUrl).host}: ${reason}.`,
    { hint: `Check that provider "${provider.name}" runs and that its base URL is right.`, cause: error },
  );
}

import type { Readable } from "node:stream";
import type { Agent } from "undici";
import { createRedactor, secretsOfHeaders } from "../../redact/redact.ts";
import type { Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import type { HttpAnswer } from "./read-failure.ts";

/** No completion is larger; more is a fault or an attack. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
/** Around a few characters of a stream stand hundreds of bytes. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;
/** Milliseconds that a stream is listened to after its answer has ended, for the tokens used and the end of the connection. */
const SILENCE_MS = { told: 300, final: 50 };
const MAX_AFTER_END_MS = 5000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Loads the HTTP client ahead of the first request, which would wait for it. */
export async function loadHttpClient(): Promise<void> {
  await import("undici");
}

/**
 * How far a streamed answer has ended: `by_close`, if the connection ends now; `told`, by the provider's word, after which
 * only numbers may follow; `final`, after which nothing follows.
 */
export type AnswerEnd = "none" | "by_close" | "told" | "final";

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
   * body of the answer is then empty. Any other answer comes in one piece. Says whether the answer has ended.
   */
  onText?: ((text: string) => AnswerEnd) | undefined;
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
  const redact = createRedactor(secrets);
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
      const all = { ...provider.headers, ...authorization, ...headers };
      checkHeaders(provider, all);
      try {
        const response = await request(address(path), {
          method,
          dispatcher: agent,
          signal,
          headers: {
            accept: onText ? "text/event-stream, application/x-ndjson, application/json" : "application/json",
            "user-agent": "patchbay-mcp",
            ...all,
            ...(body !== undefined && { "content-type": "application/json" }),
          },
          body: body === undefined ? null : JSON.stringify(body),
        });
        const { statusCode: status } = response;
        const type = String(response.headers["content-type"] ?? "");
        const isStream = /event-stream|ndjson|jsonl/i.test(type) && status >= 200 && status < 300;
        if (onText && isStream && response.headers["content-encoding"] === undefined) {
          await readStream(response.body, provider.name, onText, signal);
          return { status, headers: response.headers, body: "", streamed: true };
        }
        const text = await readText(response.body, response.headers["content-encoding"], provider.name);
        // An answer may well say the same as a header; the boundary of the program redacts it.
        return { status, headers: response.headers, body: status < 300 ? text : redact(text), streamed: false };
      } catch (error) {
        if (signal.aborted || error instanceof ModelError) throw error;
        throw networkFailure(provider, error);
      }
    },
    redact,
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
    secrets: [apiKey ?? "", plain, username !== "" ? basic : "", ...secretsOfHeaders(provider.headers ?? {})],
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Hands on the body as it comes, up to the limit, until it ends or its answer has ended and nothing more comes. */
async function readStream(
  body: Readable,
  provider: string,
  onText: (text: string) => AnswerEnd,
  signal: AbortSignal,
): Promise<void> {
  // A body that is given up says so, which nobody waits for.
  body.on("error", () => {});
  const decoder = new TextDecoder();
  const parts = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let size = 0;
  let end: AnswerEnd = "none";
  let endedAt: number | undefined;
  try {
    for (;;) {
      const next = parts.next();
      const part = end === "told" || end === "final" ? await unlessSilent(next, SILENCE_MS[end]) : await next;
      if (part === undefined) return;
      if (part.done) break;
      size += part.value.length;
      if (size > MAX_STREAM_BYTES) throw tooLarge(provider);
      end = onText(decoder.decode(part.value, { stream: true }));
      if (end === "told" || end === "final") endedAt ??= performance.now();
      if (endedAt !== undefined && performance.now() - endedAt > MAX_AFTER_END_MS) return;
    }
    onText(decoder.decode());
  } catch (error) {
    // How the connection ends does not matter once the answer is there.
    const isComplete = endedAt !== undefined && !signal.aborted && !(error instanceof ModelError);
    if (!isComplete) throw error;
  } finally {
    body.destroy();
  }
}

/** What a promise gives, or undefined where it takes longer. */
async function unlessSilent<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  promise.catch(() => {});
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
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

/** The error of an answer that is longer than any can be. */
export function tooLarge(provider: string): ModelError {
  return new ModelError(
    "rejected",
    `Provider "${provider}" answered more than ${MAX_RESPONSE_BYTES / 1_048_576} MiB.`,
    {
      hint: "Allow fewer tokens for the answer (max_tokens), or use another model.",
    },
  );
}

/** RFC 9110, 5.1 and 5.5, as far as Latin-1 goes. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws ModelError `rejected` where a header cannot be sent */
function checkHeaders(provider: Provider, headers: Readonly<Record<string, string>>): void {
  const wrong = Object.keys(headers).find((name) => !HEADER_NAME.test(name) || !HEADER_VALUE.test(headers[name]!));
  if (wrong === undefined) return;
  const own = Object.hasOwn(provider.headers ?? {}, wrong);
  const key = `providers.${provider.name}.${own ? "headers" : "apiKey"}`;
  throw new ModelError(
    "rejected",
    `The header ${JSON.stringify(wrong)} of provider "${provider.name}" cannot be sent.`,
    {
      hint: `Look for a line break, or a letter that is not of Latin-1, in ${key} or the variable that it comes from.`,
    },
  );
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

import type { Agent } from "undici";
import type { AdapterReply, AdapterRequest, ModelAdapter, Provider } from "./model-adapter.ts";
import { ModelError } from "./model-error.ts";
import type { HttpAnswer } from "./read-failure.ts";
import { readEmbeddings, readModelList, readReply } from "./read-reply.ts";

/** No completion is larger; more is a fault or an attack. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

/** Loads the HTTP client ahead of the first request, which would wait for it. */
export async function loadHttpClient(): Promise<void> {
  await import("undici");
}

/**
 * The adapter for servers that speak OpenAI's chat completions (OpenAI, Ollama, Open-WebUI, llama.cpp, vLLM, OpenRouter …).
 * One method call is one HTTP request; an abort closes its socket. Limits of time belong to the caller's signal.
 */
export function createOpenAiAdapter(provider: Provider): ModelAdapter {
  const { address, authorization, secrets } = accessTo(provider);
  let loaded: Promise<{ request: typeof import("undici").request; agent: Agent }> | undefined;
  const load = () => {
    loaded ??= import("undici").then(({ Agent, request }) => ({
      request,
      agent: new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS } }),
    }));
    return loaded;
  };

  async function send(method: "GET" | "POST", path: string, body: unknown, signal: AbortSignal): Promise<HttpAnswer> {
    const { request, agent } = await load();
    signal.throwIfAborted();
    try {
      const response = await request(address(path), {
        method,
        dispatcher: agent,
        signal,
        headers: {
          accept: "application/json",
          "user-agent": "patchbay-mcp",
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const { statusCode: status, headers } = response;
      const text = await readText(response.body, headers["content-encoding"], provider.name);
      return { status, headers, body: withoutSecrets(text, secrets, status) };
    } catch (error) {
      if (signal.aborted || error instanceof ModelError) throw error;
      throw networkFailure(provider, error);
    }
  }

  return {
    async complete(request: AdapterRequest, signal: AbortSignal): Promise<AdapterReply> {
      const body = {
        model: request.model,
        // Half a surrogate pair is no text, and strict servers refuse the whole request for it.
        messages: request.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
        [request.maxTokensParameter]: request.maxTokens,
        stream: false,
        ...(request.temperature !== undefined && { temperature: request.temperature }),
        ...(request.responseFormat && { response_format: responseFormatOf(request.responseFormat) }),
      };
      return readReply(provider.name, request.model, await send("POST", "/chat/completions", body, signal));
    },
    async listModels(signal) {
      return readModelList(provider.name, await send("GET", "/models", undefined, signal));
    },
    async embed(model, texts, signal) {
      const body = { model, input: texts.map((text) => text.toWellFormed()) };
      return readEmbeddings(provider.name, model, texts.length, await send("POST", "/embeddings", body, signal));
    },
    async close() {
      const current = loaded;
      loaded = undefined;
      // What could not be loaded needs no closing.
      await (await current?.catch(() => undefined))?.agent.destroy();
    },
  };
}

function responseFormatOf(format: NonNullable<AdapterRequest["responseFormat"]>): unknown {
  return format.type === "json_object"
    ? { type: "json_object" }
    : { type: "json_schema", json_schema: { name: "result", schema: format.schema } };
}

interface Access {
  /** The URL of a path below the base URL, whose own query is kept. */
  address(path: string): URL;
  /** Header value: the key, or the user information of the base URL. */
  authorization: string | undefined;
  secrets: string[];
}

function accessTo(provider: Provider): Access {
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
      url.pathname = url.pathname.replace(/\/+$/, "") + path;
      return url;
    },
    authorization: apiKey !== undefined ? `Bearer ${apiKey}` : username !== "" ? `Basic ${basic}` : undefined,
    secrets: [apiKey ?? "", plain, username !== "" ? basic : ""],
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
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

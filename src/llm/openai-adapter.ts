import type { Agent } from "undici";
import type { AdapterReply, AdapterRequest, ModelAdapter, Provider } from "./model-adapter.ts";
import { ModelError } from "./model-error.ts";
import { type HttpAnswer, readModelList, readReply } from "./read-reply.ts";

/** No completion is larger; more is a fault or an attack. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * The adapter for servers that speak OpenAI's chat completions (OpenAI, Ollama, Open-WebUI, llama.cpp, vLLM, OpenRouter …).
 * One method call is one HTTP request; an abort closes its socket. Limits of time belong to the caller's signal.
 */
export function createOpenAiAdapter(provider: Provider): ModelAdapter {
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
    const { url, authorization } = addressOf(provider, path);
    try {
      const response = await request(url, {
        method,
        dispatcher: agent,
        signal,
        headers: {
          accept: "application/json",
          ...(authorization !== undefined && { authorization }),
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await readText(response.body, provider.name);
      return {
        status: response.statusCode,
        headers: response.headers,
        body: withoutKey(text, provider.apiKey, response.statusCode),
      };
    } catch (error) {
      if (signal.aborted || error instanceof ModelError) throw error;
      throw networkFailure(provider, error);
    }
  }

  return {
    async complete(request: AdapterRequest, signal: AbortSignal): Promise<AdapterReply> {
      const body = {
        model: request.model,
        messages: request.messages,
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
    async close() {
      const current = loaded;
      loaded = undefined;
      await (await current)?.agent.destroy();
    },
  };
}

function responseFormatOf(format: NonNullable<AdapterRequest["responseFormat"]>): unknown {
  return format.type === "json_object"
    ? { type: "json_object" }
    : { type: "json_schema", json_schema: { name: "result", schema: format.schema } };
}

/** The URL of a path below the base URL, whose own query and user information are kept for what they mean. */
function addressOf(provider: Provider, path: string): { url: URL; authorization: string | undefined } {
  const url = new URL(provider.baseUrl);
  const { username, password } = url;
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  url.username = "";
  url.password = "";
  const basic = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization =
    provider.apiKey !== undefined
      ? `Bearer ${provider.apiKey}`
      : username !== ""
        ? `Basic ${Buffer.from(basic).toString("base64")}`
        : undefined;
  return { url, authorization };
}

async function readText(body: AsyncIterable<Buffer>, provider: string): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > MAX_RESPONSE_BYTES) {
      throw new ModelError(
        "rejected",
        `Provider "${provider}" answered more than ${MAX_RESPONSE_BYTES / 1_048_576} MiB.`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Providers quote the key they refuse. Short keys are placeholders and appear in ordinary text. */
function withoutKey(text: string, key: string | undefined, status: number): string {
  if (key === undefined || key.length < (status >= 400 ? 4 : 8)) return text;
  return text.replaceAll(key, "[redacted]");
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

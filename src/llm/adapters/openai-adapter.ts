import type { AdapterRequest, ModelAdapter, Provider } from "../model-adapter.ts";
import { askModel } from "./ask-model.ts";
import { createHttpConnection, type HttpConnection } from "./http-connection.ts";
import { openAiWire } from "./openai-stream.ts";
import { readEmbeddings, readModelList } from "./read-reply.ts";

/**
 * The adapter for servers that speak OpenAI's chat completions (OpenAI, Open-WebUI, llama.cpp, vLLM, OpenRouter, LiteLLM …).
 * One method call is one HTTP request; an abort closes its socket. Limits of time belong to the caller's signal.
 */
export function createOpenAiAdapter(provider: Provider): ModelAdapter {
  const http = withVersion(provider, createHttpConnection(provider));

  return {
    complete(request, signal, onDelta) {
      const question = { path: "/chat/completions", body: bodyOf(request), wire: openAiWire };
      return askModel(http, provider, request, question, signal, onDelta);
    },
    async listModels(signal) {
      return readModelList(provider.name, await http.send({ method: "GET", path: "/models", signal }));
    },
    async embed(model, texts, signal) {
      const body = { model, input: texts.map((text) => text.toWellFormed()) };
      const answer = await http.send({ method: "POST", path: "/embeddings", body, signal });
      return readEmbeddings(provider.name, model, texts.length, answer);
    },
    close: () => http.close(),
  };
}

/** A base URL without any path is tried as it is and, where nothing is there, with `/v1`: people leave it out. */
function withVersion(provider: Provider, http: HttpConnection): HttpConnection {
  if (new URL(provider.baseUrl).pathname !== "/") return http;
  let prefix: "" | "/v1" | undefined;
  return {
    ...http,
    async send(request) {
      const answer = await http.send({ ...request, path: (prefix ?? "") + request.path });
      const isAbsent = (answer.status === 404 || answer.status === 405) && !/\bmodel\b/i.test(answer.body);
      if (prefix !== undefined || !isAbsent) {
        if (answer.status < 300) prefix ??= "";
        return answer;
      }
      const second = await http.send({ ...request, path: `/v1${request.path}` });
      if (second.status === 404 || second.status === 405) return answer;
      prefix = "/v1";
      return second;
    },
  };
}

function bodyOf(request: AdapterRequest): object {
  return {
    model: request.model,
    // Half a surrogate pair is no text, and strict servers refuse the whole request for it.
    messages: request.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    [request.maxTokensParameter]: request.maxTokens,
    stream: request.stream,
    ...(request.stream && request.streamUsage !== false && { stream_options: { include_usage: true } }),
    ...(request.temperature !== undefined && { temperature: request.temperature }),
    ...(request.seed !== undefined && { seed: request.seed }),
    ...(request.responseFormat && { response_format: responseFormatOf(request.responseFormat) }),
  };
}

function responseFormatOf(format: NonNullable<AdapterRequest["responseFormat"]>): unknown {
  return format.type === "json_object"
    ? { type: "json_object" }
    : { type: "json_schema", json_schema: { name: "result", schema: format.schema } };
}

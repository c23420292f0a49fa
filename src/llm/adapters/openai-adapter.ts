import type { AdapterReply, AdapterRequest, ModelAdapter, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import { createHttpConnection } from "./http-connection.ts";
import { collectCompletion } from "./openai-stream.ts";
import { readEmbeddings, readModelList, readReply, replyOf } from "./read-reply.ts";

/**
 * The adapter for servers that speak OpenAI's chat completions (OpenAI, Open-WebUI, llama.cpp, vLLM, OpenRouter, LiteLLM …).
 * One method call is one HTTP request; an abort closes its socket. Limits of time belong to the caller's signal.
 */
export function createOpenAiAdapter(provider: Provider): ModelAdapter {
  const http = createHttpConnection(provider);

  return {
    async complete(request, signal, onDelta): Promise<AdapterReply> {
      const collector = request.stream ? collectCompletion(onDelta) : undefined;
      const answer = await http.send({
        method: "POST",
        path: "/chat/completions",
        body: bodyOf(request),
        signal,
        onText: collector && ((text) => collector.add(text)),
      });
      if (!answer.streamed || !collector) return readReply(provider.name, request.model, answer);
      const completion = collector.completion();
      if (completion.error !== undefined) {
        const told = { ...answer, body: http.redact(JSON.stringify(completion)) };
        return readReply(provider.name, request.model, told);
      }
      const reply = replyOf(provider.name, request.model, answer, completion);
      if (!collector.ended) {
        throw new ModelError("unreachable", `Provider "${provider.name}" broke off in the middle of the answer.`);
      }
      return reply;
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

function bodyOf(request: AdapterRequest): object {
  return {
    model: request.model,
    // Half a surrogate pair is no text, and strict servers refuse the whole request for it.
    messages: request.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    [request.maxTokensParameter]: request.maxTokens,
    stream: request.stream,
    ...(request.stream && { stream_options: { include_usage: true } }),
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

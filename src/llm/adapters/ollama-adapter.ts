import type { AdapterReply, AdapterRequest, Delta, ListedModel, ModelAdapter, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import { askModel } from "./ask-model.ts";
import { createHttpConnection } from "./http-connection.ts";
import { createContextSizes, factsOf, type ModelFacts } from "./ollama-context.ts";
import { ollamaWire } from "./ollama-stream.ts";
import { createOpenAiAdapter } from "./openai-adapter.ts";
import { isObject, type Json } from "./read-failure.ts";
import { readEmbeddings, readJson } from "./read-reply.ts";

/**
 * The adapter for Ollama's own API (https://docs.ollama.com/api), by which the size of the context can be chosen and a prompt
 * that is too long is refused instead of cut. A server that only has the paths of OpenAI's API is asked by those.
 */
export function createOllamaAdapter(provider: Provider): ModelAdapter {
  const baseUrl = provider.baseUrl.replace(/\/(?:v1|api)\/?$/, "");
  const http = createHttpConnection({ ...provider, baseUrl });
  const sizes = createContextSizes(provider.contextTokens);
  const facts = new Map<string, ModelFacts>();
  let openAi: ModelAdapter | undefined;

  /** By Ollama's own API, or from the first time on that it turns out not to be there, by OpenAI's. */
  async function asked<T>(own: () => Promise<T>, others: (adapter: ModelAdapter) => Promise<T>): Promise<T> {
    if (openAi) return others(openAi);
    try {
      return await own();
    } catch (error) {
      if (!isAbsent(error)) throw error;
      openAi ??= createOpenAiAdapter({ ...provider, baseUrl: `${baseUrl}/v1` });
      return others(openAi);
    }
  }

  /** What could not be found out is not known, and asked again with the next call. Nobody waits for another call's question. */
  async function factsFor(model: string, signal: AbortSignal): Promise<ModelFacts> {
    const known = facts.get(model);
    if (known) return known;
    const ask = async (method: "GET" | "POST", path: string, body?: object): Promise<Json | undefined> => {
      const answer = await http.send({ method, path, signal, ...(body && { body }) });
      return answer.status === 200 ? readJson(provider.name, answer, "what it knows of its models", model) : undefined;
    };
    const [shown, running] = await Promise.all([
      ask("POST", "/api/show", { model }).catch(() => undefined),
      ask("GET", "/api/ps").catch(() => undefined),
    ]);
    signal.throwIfAborted();
    const found = factsOf(model, shown, running);
    if (shown) facts.set(model, found);
    return found;
  }

  async function complete(
    request: AdapterRequest,
    signal: AbortSignal,
    onDelta: ((delta: Delta) => void) | undefined,
  ): Promise<AdapterReply> {
    const { model, maxTokens } = request;
    const known = await factsFor(model, signal);
    let needed = request.neededTokens ?? 0;
    for (;;) {
      const size = sizes.sizeFor(model, needed, known);
      const question = { path: "/api/chat", body: bodyOf(request, size, provider.keepAlive), wire: ollamaWire };
      try {
        return await askModel(http, provider, request, question, signal, onDelta);
      } catch (error) {
        if (!(error instanceof ModelError) || error.kind !== "overflow") throw error;
        // The estimate was too low, and there is a larger size.
        if (size >= sizes.limitOf(known)) throw withSize(error, size);
        needed = Math.max((error.overflow?.promptTokens ?? 0) + maxTokens, size + 1);
      }
    }
  }

  return {
    complete: (request, signal, onDelta) =>
      asked(
        () => complete(request, signal, onDelta),
        (adapter) => adapter.complete(request, signal, onDelta),
      ),
    listModels: (signal) =>
      asked(
        async () => {
          const answer = await http.send({ method: "GET", path: "/api/tags", signal });
          const json = readJson(provider.name, answer, "its list of models");
          if (Array.isArray(json.models)) return json.models.flatMap(listed).map(withContext);
          throw new ModelError("invalid", `Provider "${provider.name}" gave no list of models.`);
        },
        (adapter) => adapter.listModels(signal),
      ),
    embed: (model, texts, signal) =>
      asked(
        async () => {
          const keep = keepAliveOf(provider.keepAlive);
          const body = { model, input: texts.map((text) => text.toWellFormed()), ...keep };
          const answer = await http.send({ method: "POST", path: "/api/embed", body, signal });
          return readEmbeddings(provider.name, model, texts.length, answer, (json) =>
            Array.isArray(json.embeddings)
              ? { data: json.embeddings.map((embedding: unknown) => ({ embedding })) }
              : json,
          );
        },
        (adapter) => adapter.embed(model, texts, signal),
      ),
    async close() {
      await Promise.all([http.close(), openAi?.close()]);
    },
  };

  /** The most that the model will be given, as far as it is known by now. */
  function withContext(model: ListedModel): ListedModel {
    const known = facts.get(model.name) ?? { trained: undefined, preset: undefined };
    return { ...model, contextTokens: sizes.limitOf(known) };
  }
}

/** Whether an answer means that the server has no such path. A model that is missing is told as such. */
function isAbsent(error: unknown): boolean {
  if (!(error instanceof ModelError) || error.kind !== "rejected") return false;
  const status = error.details?.http_status;
  return status === 404 || status === 405 || /unexpected endpoint/i.test(error.message);
}

function withSize(error: ModelError, size: number): ModelError {
  if (error.overflow?.contextTokens !== undefined) return error;
  return new ModelError("overflow", error.message, {
    hint: error.hint,
    overflow: { ...error.overflow, contextTokens: size },
    details: { ...error.details, context_tokens: size },
    cause: error,
  });
}

function listed(entry: unknown): ListedModel[] {
  const name = isObject(entry) ? (entry.name ?? entry.model) : undefined;
  return typeof name === "string" && name !== "" ? [{ name }] : [];
}

function bodyOf(request: AdapterRequest, size: number, keepAlive: string | undefined): object {
  const { responseFormat: format } = request;
  return {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({ role, content: content.toWellFormed() })),
    stream: request.stream,
    // Otherwise a prompt that is too long loses its beginning, and an answer that is too long the prompt, without a word.
    truncate: false,
    shift: false,
    ...(format && { format: format.type === "json_schema" ? format.schema : "json" }),
    ...keepAliveOf(keepAlive),
    options: {
      num_ctx: size,
      num_predict: request.maxTokens,
      ...(request.temperature !== undefined && { temperature: request.temperature }),
      ...(request.seed !== undefined && { seed: request.seed }),
    },
  };
}

/** Seconds are a number to Ollama, and durations with a unit a string. */
function keepAliveOf(value: string | undefined): object {
  return value === undefined ? {} : { keep_alive: /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value };
}

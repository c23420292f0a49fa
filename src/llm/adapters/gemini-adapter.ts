import type { AdapterRequest, ListedModel, ModelAdapter, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import { askModel } from "./ask-model.ts";
import { geminiWire } from "./gemini-stream.ts";
import { createHttpConnection } from "./http-connection.ts";
import { mergeTurns } from "./merge-turns.ts";
import { isObject } from "./read-failure.ts";
import { readEmbeddings, readJson } from "./read-reply.ts";

const MAX_PAGES = 20;
const METHODS = ["generateContent", "embedContent", "batchEmbedContents"];

/** The adapter for Google's Gemini API (https://ai.google.dev/api). */
export function createGeminiAdapter(provider: Provider): ModelAdapter {
  const baseUrl = /\/v\d\w*\/?$/.test(provider.baseUrl) ? provider.baseUrl : `${provider.baseUrl}/v1beta`;
  const http = createHttpConnection({ ...provider, baseUrl }, (key) => ({ "x-goog-api-key": key }));

  return {
    complete(request, signal, onDelta) {
      const method = request.stream ? "streamGenerateContent?alt=sse" : "generateContent";
      const question = { path: `/${resource(request.model)}:${method}`, body: bodyOf(request), wire: geminiWire };
      return askModel(http, provider, request, question, signal, onDelta);
    },
    async listModels(signal) {
      const models: ListedModel[] = [];
      let token = "";
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const path = `/models?pageSize=1000${token && `&pageToken=${encodeURIComponent(token)}`}`;
        const answer = await http.send({ method: "GET", path, signal });
        const json = readJson(provider.name, answer, "its list of models");
        if (!Array.isArray(json.models)) {
          throw new ModelError("invalid", `Provider "${provider.name}" gave no list of models.`);
        }
        models.push(...json.models.flatMap(listed));
        if (typeof json.nextPageToken !== "string" || json.nextPageToken === "") break;
        token = json.nextPageToken;
      }
      return models;
    },
    async embed(model, texts, signal) {
      const name = resource(model);
      const requests = texts.map((text) => ({ model: name, content: { parts: [{ text: text.toWellFormed() }] } }));
      const path = `/${name}:batchEmbedContents`;
      const answer = await http.send({ method: "POST", path, body: { requests }, signal });
      return readEmbeddings(provider.name, model, texts.length, answer, (json) =>
        Array.isArray(json.embeddings)
          ? {
              data: json.embeddings.map((entry: unknown) => ({
                embedding: isObject(entry) ? entry.values : undefined,
              })),
            }
          : json,
      );
    },
    close: () => http.close(),
  };
}

/** `gemini-2.5-flash` → `models/gemini-2.5-flash`; names such as `tunedModels/mine` say their kind themselves. */
function resource(model: string): string {
  const path = model.includes("/") ? model : `models/${model}`;
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The models that can chat or embed, as the list has them; the prompt's limit counts as the context, since the answer has its own. */
function listed(entry: unknown): ListedModel[] {
  if (!isObject(entry) || typeof entry.name !== "string") return [];
  const methods: unknown = entry.supportedGenerationMethods;
  if (Array.isArray(methods) && !methods.some((method) => METHODS.includes(method))) return [];
  const { inputTokenLimit: limit } = entry;
  const size = typeof limit === "number" && limit > 0 ? { contextTokens: limit } : {};
  return [{ name: entry.name.replace(/^models\//, ""), ...size }];
}

function bodyOf(request: AdapterRequest): object {
  const { system, turns } = mergeTurns(request.messages);
  const { responseFormat: format } = request;
  return {
    ...(system !== "" && { systemInstruction: { parts: [{ text: system }] } }),
    contents: turns.map(({ role, content }) => ({
      role: role === "assistant" ? "model" : "user",
      parts: [{ text: content }],
    })),
    generationConfig: {
      maxOutputTokens: request.maxTokens,
      ...(request.temperature !== undefined && { temperature: request.temperature }),
      ...(request.seed !== undefined && { seed: request.seed }),
      ...(format && { responseMimeType: "application/json" }),
      ...(format?.type === "json_schema" && { responseJsonSchema: format.schema }),
    },
  };
}

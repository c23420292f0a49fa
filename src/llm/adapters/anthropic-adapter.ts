import type { AdapterRequest, ListedModel, ModelAdapter, Provider } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import { enforceable } from "./anthropic-schema.ts";
import { anthropicWire } from "./anthropic-stream.ts";
import { askModel } from "./ask-model.ts";
import { createHttpConnection } from "./http-connection.ts";
import { mergeTurns } from "./merge-turns.ts";
import { isObject } from "./read-failure.ts";
import { readJson, readModelList } from "./read-reply.ts";

const VERSION = "2023-06-01";
const MAX_PAGES = 20;
/** Characters from which a prefix is marked for the cache: shorter ones are below the least that is cached (1024 tokens or more). */
const WORTH_CACHING = 5000;
/** The tool whose input is the answer, for models that know schemas of tools only. */
const TOOL = "answer";

/** The adapter for Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), version 2023-06-01. */
export function createAnthropicAdapter(provider: Provider): ModelAdapter {
  const baseUrl = provider.baseUrl.replace(/\/v1\/?$/, "");
  const version = Object.keys(provider.headers ?? {}).some((name) => name.toLowerCase() === "anthropic-version")
    ? {}
    : { "anthropic-version": VERSION };
  const http = createHttpConnection({ ...provider, baseUrl, headers: { ...provider.headers, ...version } }, (key) => ({
    "x-api-key": key,
  }));

  return {
    complete(request, signal, onDelta) {
      const question = { path: "/v1/messages", body: bodyOf(request), wire: anthropicWire };
      return askModel(http, provider, request, question, signal, onDelta);
    },
    async listModels(signal) {
      const models: ListedModel[] = [];
      let after = "";
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const path = `/v1/models?limit=1000${after && `&after_id=${encodeURIComponent(after)}`}`;
        const answer = await http.send({ method: "GET", path, signal });
        models.push(...readModelList(provider.name, answer));
        const { has_more, last_id } = readJson(provider.name, answer, "its list of models");
        if (has_more !== true || typeof last_id !== "string" || last_id === after) break;
        after = last_id;
      }
      return models;
    },
    embed(model) {
      const message = `Provider "${provider.name}" has no embeddings, so "${model}" cannot give vectors.`;
      const hint = "Use a model of another provider for embeddings, such as one of Ollama's.";
      return Promise.reject(new ModelError("rejected", message, { hint }));
    },
    close: () => http.close(),
  };
}

function bodyOf(request: AdapterRequest): object {
  const { system, turns } = mergeTurns(request.messages);
  const last = turns.length - 1;
  // A prefill must not end in white space.
  if (turns[last]!.role === "assistant") turns[last]!.content = turns[last]!.content.trimEnd();
  // What comes before the last message is what other calls begin with too.
  const shared = system.length + turns.slice(0, last).reduce((sum, { content }) => sum + content.length, 0);
  return {
    model: request.model,
    max_tokens: request.maxTokens,
    stream: request.stream,
    ...(system !== "" && { system: [textBlock(system, system.length >= WORTH_CACHING)] }),
    messages: turns.map(({ role, content }, index) => ({
      role,
      content: [textBlock(content, index === last - 1 && shared >= WORTH_CACHING)],
    })),
    // 1 is the most here, 2 elsewhere.
    ...(request.temperature !== undefined && { temperature: Math.min(request.temperature, 1) }),
    ...formatOf(request),
  };
}

function textBlock(text: string, isCached: boolean): object {
  return { type: "text", text, ...(isCached && { cache_control: { type: "ephemeral" } }) };
}

function formatOf({ responseFormat, byTool }: AdapterRequest): object {
  if (responseFormat?.type !== "json_schema") return {};
  const { schema } = responseFormat;
  if (!byTool) return { output_config: { format: { type: "json_schema", schema: enforceable(schema) } } };
  const properties = isObject(schema.properties) ? {} : { properties: {} };
  const tool = {
    name: TOOL,
    description: "Gives the answer.",
    input_schema: { ...schema, ...properties, type: "object" },
  };
  return { tools: [tool], tool_choice: { type: "tool", name: TOOL } };
}

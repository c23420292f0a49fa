import type { AdapterReply, ListedModel, TokenUsage } from "../model-adapter.ts";
import { ModelError } from "../model-error.ts";
import type { Wire } from "./ask-model.ts";
import { readingPieces } from "./event-stream.ts";
import { type FinishReason, finishReasonOf } from "./finish-reason.ts";
import {
  baseUrlHint,
  contentText,
  failureOf,
  type HttpAnswer,
  isObject,
  type Json,
  messageOf,
  parseJson,
  shorten,
} from "./read-failure.ts";
import { readCost, readUsage } from "./read-usage.ts";

const OPENS_REASONING = /^<(think|thinking)>/;

/**
 * The reply inside an answer that came in one piece. Knows what providers really send: errors under status 200, web pages,
 * no choices, no content, reasoning without an answer, streams although none was asked for.
 * @throws ModelError of the kind that fits.
 */
export function readReply(provider: string, model: string, answer: HttpAnswer, wire: Wire): AdapterReply {
  const succeeded = answer.status >= 200 && answer.status < 300;
  if (!succeeded || !wire.isStream(answer.body)) {
    const json = wire.completionOf(readJson(provider, answer, "a completion", model));
    return replyOf(provider, model, answer, json);
  }
  const collector = wire.collect();
  const completion = readingPieces(provider, () => {
    collector.add(answer.body);
    return collector.completion();
  });
  return replyOf(provider, model, answer, completion);
}

/** The reply inside a completion that was read. @throws ModelError of the kind that fits. */
export function replyOf(provider: string, model: string, answer: HttpAnswer, json: Json): AdapterReply {
  if (json.error !== undefined && json.error !== null) throw failureOf(provider, model, answer, json);
  const choice = Array.isArray(json.choices) ? (json.choices as unknown[])[0] : undefined;
  if (!isObject(choice)) {
    // Some say what is wrong in the way they do under an error status.
    if (messageOf(json) !== undefined) throw failureOf(provider, model, answer, json);
    throw new ModelError("invalid", `Provider "${provider}" answered without a completion (no choices).`);
  }
  if (isObject(choice.error)) throw failureOf(provider, model, answer, choice);
  return replyFrom(model, choice, json.usage);
}

/** The models in an answer to /models. @throws ModelError */
export function readModelList(provider: string, answer: HttpAnswer): ListedModel[] {
  const json = readJson(provider, answer, "its list of models");
  const list = Array.isArray(json) ? json : (json.data ?? json.models ?? []);
  if (!Array.isArray(list) || json.error) {
    throw new ModelError("invalid", `Provider "${provider}" gave no list of models.`);
  }
  const models = new Map<string, ListedModel>();
  for (const entry of list as unknown[]) {
    const name = isObject(entry) ? (entry.id ?? entry.name) : entry;
    if (typeof name !== "string" || name === "" || models.has(name)) continue;
    const size = isObject(entry) ? contextOf(entry) : undefined;
    models.set(name, { name, ...(size !== undefined && { contextTokens: size }) });
  }
  return [...models.values()];
}

/** Tokens of prompt and answer, as llama.cpp, OpenRouter, vLLM, LM Studio, Groq and LiteLLM tell them: the size in use first. */
function contextOf(entry: Json): number | undefined {
  const meta = isObject(entry.meta) ? entry.meta : undefined;
  const top = isObject(entry.top_provider) ? entry.top_provider : undefined;
  const info = isObject(entry.model_info) ? entry.model_info : undefined;
  const sizes = [
    meta?.n_ctx,
    entry.loaded_context_length,
    top?.context_length,
    entry.context_length,
    entry.max_model_len,
    entry.max_context_length,
    entry.context_window,
    info?.max_input_tokens,
    entry.max_input_tokens,
  ];
  return sizes.find((size): size is number => typeof size === "number" && Number.isInteger(size) && size > 0);
}

/**
 * The vectors in an answer to /embeddings, one for each of `count` texts. `inOpenAiForm` turns another protocol's answer into
 * OpenAI's.
 * @throws ModelError
 */
export function readEmbeddings(
  provider: string,
  model: string,
  count: number,
  answer: HttpAnswer,
  inOpenAiForm: (json: Json) => Json = (json) => json,
): Float32Array[] {
  const json = inOpenAiForm(readJson(provider, answer, "embeddings", model));
  if (json.error !== undefined && json.error !== null) throw failureOf(provider, model, answer, json);
  const vectors: Float32Array[] = [];
  const data: unknown[] = Array.isArray(json.data) ? json.data : [];
  for (const [place, entry] of data.entries()) {
    if (!isObject(entry) || !Array.isArray(entry.embedding)) continue;
    const vector = Float32Array.from(entry.embedding as unknown[], Number);
    const index = typeof entry.index === "number" ? entry.index : place;
    if (vector.length > 0 && vector.every(Number.isFinite)) vectors[index] = vector;
  }
  const length = vectors[0]?.length;
  const complete = vectors.length === count && Array.from(vectors).every((vector) => vector?.length === length);
  if (complete) return vectors;
  if (data.length === 0 && messageOf(json) !== undefined) throw failureOf(provider, model, answer, json);
  throw new ModelError("invalid", `Provider "${provider}" did not give one vector for each of ${count} texts.`, {
    hint: `Check that "${model}" is a model for embeddings.`,
  });
}

/** The JSON of a successful answer. A list with one error, as Gemini has it, is that error. @throws ModelError for an error status, and where it is no JSON. */
export function readJson(provider: string, answer: HttpAnswer, wanted: string, model = ""): Json {
  let json = parseJson(answer.body);
  if (Array.isArray(json) && isObject(json[0]) && json[0].error !== undefined) json = json[0];
  if (answer.status < 200 || answer.status >= 300) {
    throw failureOf(provider, model, answer, isObject(json) ? json : undefined);
  }
  if (isObject(json) || Array.isArray(json)) return json as Json;
  const body = answer.body.trim();
  const what = body === "" ? "nothing" : body.startsWith("<") ? "a web page" : "something that is not JSON";
  throw new ModelError("invalid", `Provider "${provider}" answered ${what} instead of ${wanted}.`, {
    hint: baseUrlHint(provider),
    details: { http_status: answer.status },
  });
}

function replyFrom(model: string, choice: Json, usage: unknown): AdapterReply {
  const message = isObject(choice.message) ? choice.message : undefined;
  const { reason: finishReason, unknown } = finishReasonOf(choice.finish_reason);
  const text = withoutReasoning(contentText(message ? message.content : choice.text));
  const used = readUsage(usage);
  const costUsd = readCost(usage);
  if (text.trim() === "") {
    throw new ModelError("no_answer", emptyAnswer(model, message, finishReason, used), {
      usage: used,
      costUsd,
      hint:
        finishReason === "length"
          ? "Allow more tokens for reasoning and answer together (max_tokens; llm.maxTokens, or moa.maxTokens in mixtures)."
          : "Try again, or use another model.",
      details: { finish_reason: finishReason },
    });
  }
  const told =
    finishReason === "interrupted" || unknown !== undefined ? String(choice.finish_reason).slice(0, 60) : undefined;
  return {
    text,
    finishReason,
    ...(told !== undefined && { toldReason: told }),
    usage: used,
    ...(costUsd !== undefined && { costUsd }),
  };
}

function emptyAnswer(
  model: string,
  message: Json | undefined,
  finishReason: FinishReason,
  usage: TokenUsage | undefined,
): string {
  if (typeof message?.refusal === "string" && message.refusal !== "") {
    return `Model "${model}" refused: ${shorten(message.refusal)}`;
  }
  if (finishReason === "content_filter")
    return `The provider's content filter held back the answer of model "${model}".`;
  if (Array.isArray(message?.tool_calls) && message.tool_calls.length > 0) {
    return `Model "${model}" wanted to call a tool, although none was offered, and gave no answer.`;
  }
  const reasoning = message?.reasoning_content ?? message?.reasoning ?? message?.content;
  if ((typeof reasoning === "string" && reasoning.trim() !== "") || (usage?.reasoning_tokens ?? 0) > 0) {
    return `Model "${model}" only reasoned and gave no answer (finish reason: ${finishReason}).`;
  }
  return `Model "${model}" gave an empty answer (finish reason: ${finishReason}).`;
}

/**
 * The answer without the reasoning that some models put before it in the same text, also where more of it stands on lines of
 * its own after that; empty while it only reasons.
 */
export function withoutReasoning(text: string): string {
  let rest = text.trimStart();
  let tag = OPENS_REASONING.exec(rest)?.[1];
  if (tag === undefined) {
    // The opening tag may stand in the chat template, so that only the closing one arrives.
    const end = /^<\/think>[ \t]*$/m.exec(text);
    return end && !text.includes("<think>") ? text.slice(end.index + end[0].length).trimStart() : text;
  }
  for (; tag !== undefined; tag = OPENS_REASONING.exec(rest)?.[1]) {
    const close = `</${tag}>`;
    const end = rest.indexOf(close);
    if (end === -1) return "";
    rest = rest.slice(end + close.length).trimStart();
  }
  let answer = "";
  let done = 0;
  for (const open of rest.matchAll(/^<(think|thinking)>/gm)) {
    if (open.index < done) continue;
    const close = `</${open[1]}>`;
    const end = rest.indexOf(close, open.index);
    // Nor do the others close.
    if (end === -1) break;
    answer += rest.slice(done, open.index);
    done = end + close.length;
  }
  return answer + rest.slice(done);
}

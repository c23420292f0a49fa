import type { AdapterReply, TokenUsage } from "./model-adapter.ts";
import { ModelError, type Overflow } from "./model-error.ts";

/** An HTTP answer of a provider, fully read. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

type Json = Record<string, unknown>;

const MESSAGE_LENGTH = 300;

/**
 * The reply inside an answer to chat/completions. Knows what providers really send: errors under status 200, web pages,
 * no choices, no content, reasoning without an answer, event streams although none was asked for.
 * @throws ModelError of the kind that fits.
 */
export function readReply(provider: string, model: string, answer: HttpAnswer): AdapterReply {
  const contentType = headerOf(answer, "content-type");
  if (answer.status >= 200 && answer.status < 300 && contentType.includes("text/event-stream")) {
    return replyFrom(provider, model, joinStream(answer.body));
  }
  const json = readJson(provider, answer, model);
  if (json.error !== undefined && json.error !== null) throw failureOf(provider, model, answer, json);
  return replyFrom(provider, model, json);
}

/** The names in an answer to /models. @throws ModelError */
export function readModelList(provider: string, answer: HttpAnswer): string[] {
  const json = readJson(provider, answer);
  const list = Array.isArray(json) ? json : (json.data ?? json.models ?? []);
  if (!Array.isArray(list) || json.error) {
    throw new ModelError("invalid", `Provider "${provider}" gave no list of models.`);
  }
  return list
    .map((entry: unknown) => (isObject(entry) ? (entry.id ?? entry.name) : entry))
    .filter((id): id is string => typeof id === "string" && id !== "");
}

function readJson(provider: string, answer: HttpAnswer, model = ""): Json {
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    json = undefined;
  }
  if (answer.status < 200 || answer.status >= 300) {
    throw failureOf(provider, model, answer, isObject(json) ? json : undefined);
  }
  if (isObject(json) || Array.isArray(json)) return json as Json;
  const body = answer.body.trim();
  const what =
    body === ""
      ? "nothing"
      : headerOf(answer, "content-type").includes("html") || body.startsWith("<")
        ? "a web page"
        : "something that is not JSON";
  throw new ModelError("invalid", `Provider "${provider}" answered ${what} instead of a completion.`, {
    hint: `Check the base URL of provider "${provider}": it usually ends in /v1, or in /api for Open-WebUI.`,
    details: { http_status: answer.status },
  });
}

function replyFrom(provider: string, model: string, json: Json): AdapterReply {
  const choices = Array.isArray(json.choices) ? json.choices : [];
  const choice = choices[0] as Json | undefined;
  if (!isObject(choice)) {
    throw new ModelError("invalid", `Provider "${provider}" answered without a completion (no choices).`);
  }
  const message = isObject(choice.message) ? choice.message : undefined;
  const finishReason = typeof choice.finish_reason === "string" ? choice.finish_reason : "stop";
  const text = withoutReasoning(textOf(message ? message.content : choice.text));
  if (text.trim() === "") {
    throw new ModelError("no_answer", emptyAnswer(model, message, finishReason), {
      hint:
        finishReason === "length"
          ? "Allow more tokens for the answer (max_tokens)."
          : "Try again, or use another model.",
      details: { finish_reason: finishReason },
    });
  }
  return { text, finishReason, usage: usageOf(json.usage) };
}

function emptyAnswer(model: string, message: Json | undefined, finishReason: string): string {
  if (typeof message?.refusal === "string" && message.refusal !== "") {
    return `Model "${model}" refused: ${shorten(message.refusal)}`;
  }
  if (finishReason === "content_filter")
    return `The provider's content filter held back the answer of model "${model}".`;
  const reasoning = message?.reasoning_content ?? message?.reasoning ?? message?.content;
  if (typeof reasoning === "string" && reasoning.trim() !== "") {
    return `Model "${model}" only reasoned and gave no answer (finish reason: ${finishReason}).`;
  }
  return `Model "${model}" gave an empty answer (finish reason: ${finishReason}).`;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part) => (isObject(part) && typeof part.text === "string" ? part.text : "")).join("");
}

/** The answer without the reasoning that some models put before it in the same text. */
function withoutReasoning(text: string): string {
  const start = text.trimStart();
  if (!start.startsWith("<think>")) {
    const end = /^<\/think>[ \t]*$/m.exec(text);
    return end && !text.includes("<think>") ? text.slice(end.index + end[0].length).trimStart() : text;
  }
  const end = start.indexOf("</think>");
  return end === -1 ? "" : start.slice(end + "</think>".length).trimStart();
}

function usageOf(usage: unknown): TokenUsage | undefined {
  if (!isObject(usage)) return undefined;
  const count = (value: unknown) => (typeof value === "number" && value >= 0 ? Math.round(value) : 0);
  const prompt = count(usage.prompt_tokens);
  const completion = count(usage.completion_tokens);
  if (prompt + completion === 0) return undefined;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: count(usage.total_tokens) || prompt + completion,
  };
}

/** A whole reply from the chunks of an event stream. */
function joinStream(body: string): Json {
  let content = "";
  let finishReason: unknown;
  let usage: unknown;
  let seen = false;
  for (const line of body.split(/\r?\n/)) {
    if (!line.startsWith("data:")) continue;
    let chunk: unknown;
    try {
      chunk = JSON.parse(line.slice(5));
    } catch {
      continue;
    }
    if (!isObject(chunk)) continue;
    usage = chunk.usage ?? usage;
    const choice = Array.isArray(chunk.choices) ? (chunk.choices[0] as Json | undefined) : undefined;
    if (!choice) continue;
    seen = true;
    content += textOf(isObject(choice.delta) ? choice.delta.content : undefined);
    finishReason = choice.finish_reason ?? finishReason;
  }
  return { choices: seen ? [{ message: { content }, finish_reason: finishReason }] : [], usage };
}

/** The failure that an answer with an error status, or an error under status 200, stands for. */
function failureOf(provider: string, model: string, answer: HttpAnswer, json: Json | undefined): ModelError {
  const error = isObject(json?.error) ? json.error : undefined;
  const status =
    answer.status >= 400
      ? answer.status
      : typeof error?.code === "number" && error.code >= 400
        ? error.code
        : answer.status;
  const told = messageOf(json) ?? (json ? undefined : plainText(answer.body));
  const code = String(error?.code ?? error?.type ?? "");
  const name = `Provider "${provider}"`;
  const says = told === undefined ? "" : `: ${shorten(told)}`;
  const details = { http_status: answer.status };
  const retryAfterMs = retryAfterOf(answer);
  const about = told ?? "";

  const overflow = overflowOf(error, about, code, status);
  if (overflow) {
    return new ModelError("overflow", `The input is too long for model "${model}"${says}`, {
      hint: "Send less, or use a model with a larger context.",
      overflow,
      details: {
        ...details,
        ...(overflow.promptTokens !== undefined && { prompt_tokens: overflow.promptTokens }),
        ...(overflow.contextTokens !== undefined && { context_tokens: overflow.contextTokens }),
      },
    });
  }
  if (status === 401 || status === 403) {
    return new ModelError("auth", `${name} refused the request (HTTP ${status})${says}`, {
      hint: `Check the API key of provider "${provider}".`,
      details,
    });
  }
  if (status === 402 || /insufficient_quota|billing/i.test(code)) {
    return new ModelError("quota", `${name} has no credit left (HTTP ${status})${says}`, {
      hint: `Check the account of provider "${provider}".`,
      retryable: false,
      details,
    });
  }
  if (status === 429 || /rate_limit/i.test(code)) {
    return new ModelError("rate_limited", `${name} allows no more requests now (HTTP ${status})${says}`, {
      retryAfterMs,
      details,
    });
  }
  if (status < 500 && /max_completion_tokens/.test(about) && /max_tokens/.test(about)) {
    return new ModelError("max_tokens_refused", `${name} refused max_tokens${says}`, { details });
  }
  if (status !== 429 && /response_format|json_schema|json_object|structured output|grammar/i.test(about)) {
    return new ModelError("format_refused", `${name} refused the response format${says}`, { details });
  }
  if (status === 404 && model !== "" && (/model/i.test(about) || /model/i.test(code))) {
    return new ModelError("unknown_model", `${name} has no model "${model}"${says}`, { details });
  }
  if (status === 404 || (status >= 300 && status < 400)) {
    return new ModelError("rejected", `${name} has nothing at this address (HTTP ${status})${says}`, {
      hint: `Check the base URL of provider "${provider}": it usually ends in /v1, or in /api for Open-WebUI.`,
      details,
    });
  }
  if (status === 408 || status === 425 || status >= 500 || answer.status < 300) {
    return new ModelError("unavailable", `${name} failed (HTTP ${status})${says}`, { retryAfterMs, details });
  }
  return new ModelError("rejected", `${name} rejected the request (HTTP ${status})${says}`, { details });
}

function overflowOf(error: Json | undefined, message: string, code: string, status: number): Overflow | undefined {
  const isOverflow =
    /context_length_exceeded|exceed_context_size/i.test(`${code} ${String(error?.type ?? "")}`) ||
    (status !== 429 &&
      /context (length|size|window)|maximum context|prompt is too long|too many tokens|input is too long/i.test(
        message,
      ) &&
      /exceed|too long|maximum|reduce|larger|too many/i.test(message));
  if (!isOverflow) return undefined;
  const number = (value: unknown) => (typeof value === "number" && value > 0 ? value : undefined);
  const said = (pattern: RegExp) => number(Number(pattern.exec(message)?.[1]?.replaceAll(",", "")));
  const contextTokens =
    number(error?.n_ctx) ??
    said(/(?:context (?:length|size|window)|maximum)\D{0,40}?(\d[\d,]*)/i) ??
    said(/>\s*(\d[\d,]*)\s*maximum/i);
  const promptTokens =
    number(error?.n_prompt_tokens) ??
    said(/\((\d[\d,]*) in (?:the|your) (?:messages|prompt)/i) ??
    said(/(?:resulted in|requested|too long:|request \()\s*(?:about )?(\d[\d,]*)/i);
  return { ...(promptTokens && { promptTokens }), ...(contextTokens && { contextTokens }) };
}

/** The message of an error body: OpenAI's `error.message`, Open-WebUI's `detail`, and plain `message`. */
function messageOf(json: Json | undefined): string | undefined {
  if (!json) return undefined;
  const error = json.error;
  const message = isObject(error) ? error.message : (error ?? json.detail ?? json.message);
  if (typeof message === "string" && message !== "") return message;
  return message === undefined || message === null ? undefined : JSON.stringify(message);
}

function plainText(body: string): string | undefined {
  const text = body.trim();
  return text === "" || text.startsWith("<") ? undefined : text;
}

/** Milliseconds that the provider asks to wait: retry-after-ms, or Retry-After in seconds or as a date. */
function retryAfterOf(answer: HttpAnswer): number | undefined {
  const ms = Number(headerOf(answer, "retry-after-ms") || Number.NaN);
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const value = headerOf(answer, "retry-after");
  if (value === "") return undefined;
  const wait = Number.isFinite(Number(value)) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, Math.round(wait)) : undefined;
}

function headerOf(answer: HttpAnswer, name: string): string {
  const value = answer.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH)}…` : line;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

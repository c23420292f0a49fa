import { ModelError } from "../model-error.ts";
import { overflowOf } from "./read-overflow.ts";

/** An HTTP answer of a provider, fully read. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export type Json = Record<string, unknown>;

const MESSAGE_LENGTH = 300;
/** Characters of a provider's message that are looked at. */
const READ_LENGTH = 4000;

/** The failure that an answer with an error status, or an error under status 200, stands for. `json`: its body, if an object. */
export function failureOf(provider: string, model: string, answer: HttpAnswer, json: Json | undefined): ModelError {
  json = unwrapped(json);
  const error = isObject(json?.error) ? json.error : undefined;
  const status = statusOf(answer.status, error ?? json);
  const about = (messageOf(json) ?? (json ? undefined : plainText(answer.body)) ?? "").slice(0, READ_LENGTH);
  const reasons = detailsOf(error).map(({ reason }) => reason);
  const codes = [error?.code, error?.type, error?.status, json?.code, json?.type, ...reasons]
    .filter((code) => typeof code === "string" || typeof code === "number")
    .join(" ");
  const name = `Provider "${provider}"`;
  const says = about === "" ? "" : `: ${shorten(about)}`;
  const details = { http_status: answer.status };
  const retryAfterMs = retryAfterOf(answer) ?? retryDelayOf(error);

  const overflow = overflowOf({ status, codes, message: about, error });
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
  if (isAboutModel(status, codes, about)) {
    return new ModelError("unknown_model", `${name} has no model "${model}" (HTTP ${status})${says}`, {
      hint: "Check the name of the model, in the call or in the configuration.",
      details,
    });
  }
  if (status === 401 || status === 403 || /api_key_invalid/i.test(codes)) {
    return new ModelError("auth", `${name} refused the request (HTTP ${status})${says}`, {
      hint: `Check the API key of provider "${provider}".`,
      details,
    });
  }
  if (status === 402 || /insufficient_quota|billing/i.test(codes)) {
    return new ModelError("quota", `${name} has no credit left (HTTP ${status})${says}`, {
      hint: `Check the account of provider "${provider}".`,
      retryable: false,
      details,
    });
  }
  if (status === 429 || /rate_limit/i.test(codes)) {
    return new ModelError("rate_limited", `${name} allows no more requests now (HTTP ${status})${says}`, {
      retryAfterMs,
      details,
    });
  }
  if (status < 500 && /max_completion_tokens/.test(about) && /max_tokens/.test(about)) {
    return new ModelError("max_tokens_refused", `${name} refused max_tokens${says}`, { details });
  }
  if (status < 500 && /\btemperature\b|\bseed\b/i.test(about) && REFUSES.test(about)) {
    return new ModelError("temperature_refused", `${name} refused the temperature or seed${says}`, { details });
  }
  if (status < 500 && /stream_options/i.test(about) && (REFUSES.test(about) || status === 422)) {
    return new ModelError("stream_options_refused", `${name} refused stream_options${says}`, { details });
  }
  if (status < 500 && /\bstream(?:ing)?\b/i.test(about) && REFUSES.test(about)) {
    return new ModelError("stream_refused", `${name} does not stream${says}`, { details });
  }
  // This schema is at fault, not the model: others may be fine.
  if (/invalid_json_schema|invalid schema|grammar/i.test(`${codes} ${about}`)) {
    return new ModelError("schema_refused", `${name} cannot enforce the schema${says}`, { details });
  }
  if (/response_?format|json_?schema|json_object|structured output|output_config|tool_choice/i.test(about)) {
    return new ModelError("format_refused", `${name} refused the response format${says}`, { details });
  }
  if (status === 404 || status === 405 || (status >= 300 && status < 400) || /unexpected endpoint/i.test(about)) {
    return new ModelError("rejected", `${name} has nothing at this address (HTTP ${status})${says}`, {
      hint: baseUrlHint(provider),
      details,
    });
  }
  if (status === 503 && IS_LOADING.test(about) && !/\b(?:error|failed|unable)\b/i.test(about)) {
    return new ModelError("loading", `${name} is still loading the model (HTTP ${status})${says}`, {
      retryAfterMs,
      details,
    });
  }
  if (status === 408 || status === 425 || status >= 500 || answer.status < 300) {
    return new ModelError("unavailable", `${name} failed (HTTP ${status})${says}`, { retryAfterMs, details });
  }
  return new ModelError("rejected", `${name} rejected the request (HTTP ${status})${says}`, { details });
}

const IS_LOADING = /\bloading\b|\bis (?:still )?(?:starting|warming) up\b|not (?:yet )?(?:ready|loaded)/i;
const REFUSES =
  /(?:un|not )(?:supported|recognized|known|permitted|allowed|implemented)|extra inputs|(?:does|can)(?: not|n't)|deprecated/i;

/** What to do where a provider answers like something else than a provider. */
export function baseUrlHint(provider: string): string {
  return `Check the base URL of provider "${provider}": it usually ends in /v1, or in /api for Open-WebUI.`;
}

/**
 * The message of an error body: OpenAI's `error.message`, Open-WebUI's `detail`, plain `message`; behind OpenRouter's own
 * message, what the provider behind it said.
 */
export function messageOf(json: Json | undefined): string | undefined {
  if (!json) return undefined;
  const error = isObject(json.error) ? json.error : undefined;
  const message = error ? (error.message ?? error.detail ?? error.code) : (json.error ?? json.detail ?? json.message);
  if (message === undefined || message === null || message === "") return undefined;
  const text = typeof message === "string" ? message : JSON.stringify(message);
  const behind = isObject(error?.metadata) ? error.metadata.raw : undefined;
  return typeof behind === "string" ? `${text}: ${behind}` : text;
}

/** A text as part of a message: one line, at most 300 characters. */
export function shorten(text: string): string {
  const line = text.slice(0, READ_LENGTH).replace(/\s+/g, " ").trim();
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH)}…` : line;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What Anthropic calls its errors, which has no number where one comes in the middle of a stream. */
const STATUS_OF_TYPE: Partial<Record<string, number>> = {
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Levels of nesting. No answer has more, and what is nested without end cannot be written again. */
const MAX_DEPTH = 500;

/** The value of a JSON text; undefined where it is none, or is nested more than 500 levels deep. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looked at before it is parsed: what opens without end costs the parser seconds. Brackets within strings do not count. */
function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      do at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
      while (at < text.length && text.charCodeAt(at) !== QUOTE);
    } else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The status that counts: an error under status 200 carries the real one as its code, or as its type. */
function statusOf(status: number, error: Json | undefined): number {
  if (status >= 300) return status;
  const told = Number(error?.code);
  if (Number.isInteger(told) && told >= 400 && told < 600) return told;
  return STATUS_OF_TYPE[String(error?.type)] ?? status;
}

/** An error that wraps the one of the server behind it as JSON text, as Ollama's does. */
function unwrapped(json: Json | undefined): Json | undefined {
  if (typeof json?.error !== "string" || !json.error.startsWith("{")) return json;
  const inner = parseJson(json.error);
  return isObject(inner) && inner.error !== undefined ? inner : json;
}

/** What Google's errors say beside their message. */
function detailsOf(error: Json | undefined): Json[] {
  return Array.isArray(error?.details) ? error.details.filter(isObject) : [];
}

/** Milliseconds of Google's RetryInfo, such as `"36.5s"`. */
function retryDelayOf(error: Json | undefined): number | undefined {
  for (const { retryDelay } of detailsOf(error)) {
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(String(retryDelay))?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return undefined;
}

function isAboutModel(status: number, codes: string, about: string): boolean {
  if (status >= 500 || status === 401 || status === 402 || status === 429) return false;
  if (/model_not_found|invalid_model|model_not_available/i.test(codes)) return true;
  const says =
    /\bmodel\b.{0,120}(not found|does(?: not|n't) exist|not available)|(invalid|unknown|no such) model|not a valid model|not a chat model/i;
  return says.test(about) || (status === 404 && /\bmodels?\b/i.test(about));
}

function plainText(body: string): string | undefined {
  const text = body.trim();
  return text === "" || text.startsWith("<") ? undefined : text;
}

/** Milliseconds that the provider asks to wait: retry-after-ms, or Retry-After in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfterOf(answer: HttpAnswer): number | undefined {
  const header = (name: string) => {
    const value = answer.headers[name];
    return ((Array.isArray(value) ? value[0] : value) ?? "").trim();
  };
  const ms = Number(header("retry-after-ms") || Number.NaN);
  if (Number.isFinite(ms)) return Math.max(0, Math.round(ms));
  const value = header("retry-after");
  if (value === "") return undefined;
  const wait = Number.isFinite(Number(value)) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, Math.round(wait)) : undefined;
}

/** The text of a content, which is a string or a list of parts; parts of another kind than text are left out. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) => {
      if (typeof part === "string") return part;
      const isText = isObject(part) && (part.type === undefined || part.type === "text" || part.type === "output_text");
      return isText && typeof part.text === "string" ? part.text : "";
    })
    .join("");
}

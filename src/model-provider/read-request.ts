import { z } from "zod";
import type { ChatMessage } from "../llm/model-adapter.ts";
import { RequestError } from "./api-error.ts";

/** What a request for a completion asks, read and checked. */
export interface ChatRequest {
  model: string;
  /** System prompts of the chat, wherever they stood, as one. Empty: there is none. */
  system: string;
  /** The turns before the query. */
  turns: ChatMessage[];
  /** What the last message asks. */
  query: string;
  /** How many messages the request had. */
  messageCount: number;
  stream: boolean;
  includeUsage: boolean;
  maxTokens: number | undefined;
  temperature: number | undefined;
  seed: number | undefined;
  stop: string[];
  /** JSON Schema that the answer has to satisfy; undefined: any text will do. */
  schema: Record<string, unknown> | undefined;
}

const part = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.union([z.string(), z.array(part)], { error: "must be a text or a list of parts" }).nullish(),
  name: z.string().nullish(),
});
const tokens = z.int().min(1).max(10_000_000).nullish();
const stop = z.string().min(1).max(500);
const schema = z.record(z.string(), z.unknown());

/** Parameters of OpenAI's "Create chat completion" that mean something here; all others are taken and ignored. */
const body = z.looseObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.number().min(0).max(2).nullish(),
  seed: z.int().nullish(),
  n: z.literal(1, { error: "must be 1: one answer is given to a request" }).nullish(),
  stop: z
    .union([stop, z.array(stop).max(4)], { error: "must be a text of at most 500 characters, or up to four of them" })
    .nullish(),
  response_format: z
    .discriminatedUnion("type", [
      z.looseObject({ type: z.literal("text") }),
      z.looseObject({ type: z.literal("json_object") }),
      z.looseObject({ type: z.literal("json_schema"), json_schema: z.looseObject({ schema: schema.nullish() }) }),
    ])
    .nullish(),
});

/** Types of parts that are text. */
const TEXTS = new Set(["text", "input_text", "output_text", "refusal"]);
/** What stands for a part of an earlier turn that is no text. */
const UNSEEN = (type: string) => `[Here was a part of type ${type.slice(0, 40)}, which cannot be seen here.]`;
const GO_ON = "Go on with your last answer exactly where it ended, without repeating any of it.";

/** @throws RequestError for a body that is no request for a completion, or asks for what nobody here can do. */
export function readRequest(json: unknown): ChatRequest {
  const read = body.safeParse(json);
  if (!read.success) throw misfit(read.error, json);
  const { messages, stream, stream_options, response_format: format, stop, ...rest } = read.data;
  const last = messages.length - 1;
  const parts = messages.map((each, index) => ({ ...each, text: textOf(each, index, index === last) }));
  const { system, turns } = conversationOf(parts);
  const query = turns.pop()?.content ?? "";
  if (query.trim() === "") {
    throw new RequestError(400, "invalid_value", "The last message is empty.", `messages[${last}].content`);
  }
  return {
    model: rest.model,
    system,
    turns,
    query,
    messageCount: messages.length,
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
    maxTokens: rest.max_completion_tokens ?? rest.max_tokens ?? undefined,
    temperature: rest.temperature ?? undefined,
    seed: rest.seed ?? undefined,
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
    schema:
      format?.type === "json_schema"
        ? (format.json_schema.schema ?? {})
        : format?.type === "json_object"
          ? { type: "object" }
          : undefined,
  };
}

type Message = z.output<typeof message>;

function textOf({ content }: Message, index: number, isLast: boolean): string {
  if (typeof content === "string") return content;
  return (content ?? [])
    .map(({ type, text, refusal }, place) => {
      if (TEXTS.has(type)) return text ?? refusal ?? "";
      if (!isLast) return UNSEEN(type);
      throw new RequestError(
        400,
        "unsupported_value",
        `The models here take text alone, no part of type "${type.slice(0, 40)}".`,
        `messages[${index}].content[${place}].type`,
      );
    })
    .join("\n");
}

/** System prompts together, then the turns, of which the last one is the user's. Results of tools count as what a user says. */
function conversationOf(messages: readonly (Message & { text: string })[]): { system: string; turns: ChatMessage[] } {
  const prompts: string[] = [];
  const turns: ChatMessage[] = [];
  for (const { role, text } of messages) {
    if (role === "system" || role === "developer") prompts.push(text);
    else if (role === "user") turns.push({ role, content: text });
    else if (text.trim() === "") continue;
    else if (role === "assistant") turns.push({ role, content: text });
    else turns.push({ role: "user", content: `[Result of a tool]\n${text}` });
  }
  if (turns.length === 0) turns.push({ role: "user", content: prompts.pop() ?? "" });
  if (turns.at(-1)!.role === "assistant") turns.push({ role: "user", content: GO_ON });
  return { system: prompts.filter((text) => text.trim() !== "").join("\n\n"), turns };
}

function misfit({ issues }: z.ZodError, json: unknown): RequestError {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return new RequestError(400, "invalid_json", "The body has to be a JSON object.");
  }
  const { path, message: said } = issues[0]!;
  const param = path.reduce<string>(
    (all, key) => (typeof key === "number" ? `${all}[${key}]` : all === "" ? String(key) : `${all}.${String(key)}`),
    "",
  );
  const isMissing = path.length === 1 && !Object.hasOwn(json, String(path[0]));
  return isMissing
    ? new RequestError(400, "missing_required_parameter", `Missing required parameter: '${param}'.`, param)
    : new RequestError(400, "invalid_value", `Invalid value for '${param}': ${said}.`, param);
}

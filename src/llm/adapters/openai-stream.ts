import { createParser } from "eventsource-parser";
import type { Delta } from "../model-adapter.ts";
import { contentText, isObject, type Json } from "./read-failure.ts";

/** Puts the chunks of a streamed completion together into what would have come in one piece. */
export interface CompletionCollector {
  /** Takes in text of the event stream, cut anywhere. */
  add(text: string): void;
  /** The completion so far: `choices` is empty where none has begun, `error` set where the stream said so. */
  completion(): Json;
  /** Whether the provider said that it has ended. */
  readonly ended: boolean;
}

/** Larger events are no chunks of an answer. */
const MAX_EVENT = 8 * 1024 * 1024;

export function collectCompletion(onDelta: (delta: Delta) => void = () => {}): CompletionCollector {
  let content = "";
  let reasoning = "";
  let refusal = "";
  let finishReason: unknown;
  let usage: unknown;
  let error: unknown;
  let other: Json | undefined;
  let toolCalls: unknown[] | undefined;
  let seen = false;
  let done = false;

  const take = (data: string): void => {
    if (data.trim() === "[DONE]") {
      done = true;
      return;
    }
    const chunk = parse(data);
    if (!isObject(chunk)) return;
    if (chunk.error !== undefined && chunk.error !== null) error ??= chunk.error;
    usage = chunk.usage ?? usage;
    const choice: unknown = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
    if (!isObject(choice)) {
      if (!Array.isArray(chunk.choices)) other ??= chunk;
      return;
    }
    if (choice.error !== undefined && choice.error !== null) error ??= choice.error;
    seen = true;
    const part = isObject(choice.delta) ? choice.delta : isObject(choice.message) ? choice.message : undefined;
    const text = part ? contentText(part.content) : typeof choice.text === "string" ? choice.text : "";
    const thought = contentText(part?.reasoning_content ?? part?.reasoning);
    content += text;
    reasoning += thought;
    if (typeof part?.refusal === "string") refusal += part.refusal;
    if (Array.isArray(part?.tool_calls)) toolCalls = part.tool_calls;
    finishReason = choice.finish_reason ?? finishReason;
    if (text !== "" || thought !== "") onDelta({ text, reasoning: thought });
  };
  const parser = createParser({ onEvent: ({ data }) => take(data), maxBufferSize: MAX_EVENT });

  return {
    add: (text) => parser.feed(text),
    completion() {
      // The last event may lack the empty line that ends it.
      parser.reset({ consume: true });
      if (error !== undefined) return { error };
      if (!seen && other) return other;
      const message = {
        content,
        ...(reasoning !== "" && { reasoning_content: reasoning }),
        ...(refusal !== "" && { refusal }),
        ...(toolCalls && { tool_calls: toolCalls }),
      };
      return { choices: seen ? [{ message, finish_reason: finishReason }] : [], usage };
    },
    get ended() {
      return done || finishReason !== undefined;
    },
  };
}

/** A whole completion from the text of an event stream. */
export function joinStream(body: string): Json {
  const collector = collectCompletion();
  collector.add(body.trimStart());
  return collector.completion();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

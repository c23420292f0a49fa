import type { Wire } from "./ask-model.ts";
import { looksLikeEvents, readEvents } from "./event-stream.ts";
import { isObject, type Json } from "./read-failure.ts";

/**
 * Messages of Anthropic's API, whole or as server-sent events (https://platform.claude.com/docs/en/build-with-claude/streaming).
 * A call of a tool can only be that of the tool that stands for the format: its input is the answer.
 */
export const anthropicWire: Wire = {
  isStream: looksLikeEvents,
  completionOf(json) {
    if (!Array.isArray(json.content)) return json;
    const blocks = json.content.filter(isObject);
    const call = blocks.find(({ type }) => type === "tool_use");
    const text = joined(blocks, "text");
    return completion({
      text: call ? JSON.stringify(call.input) : text,
      reasoning: joined(blocks, "thinking"),
      stopReason: json.stop_reason,
      usage: json.usage,
      begun: blocks.length > 0 || json.stop_reason === "refusal",
    });
  },
  collect(onDelta = () => {}) {
    let text = "";
    let input: string | undefined;
    let whole: unknown;
    let reasoning = "";
    let stopReason: unknown;
    let error: unknown;
    let other: Json | undefined;
    let usage: Json = {};
    let begun = false;
    let stopped = false;

    const takeBlock = (block: unknown): void => {
      if (!isObject(block)) return;
      begun = true;
      if (block.type === "tool_use") {
        input ??= "";
        whole = block.input;
      }
      if (block.type === "text" && typeof block.text === "string" && block.text !== "") {
        text += block.text;
        onDelta({ text: block.text });
      }
    };
    const takeDelta = (delta: unknown): void => {
      if (!isObject(delta)) return;
      const { type } = delta;
      if (type === "text_delta" && typeof delta.text === "string") {
        text += delta.text;
        onDelta({ text: delta.text });
      } else if (type === "input_json_delta" && typeof delta.partial_json === "string") {
        input = (input ?? "") + delta.partial_json;
        if (delta.partial_json !== "") onDelta({ text: delta.partial_json });
      } else if (type === "thinking_delta" && typeof delta.thinking === "string") {
        reasoning += delta.thinking;
        onDelta({ reasoning: delta.thinking });
      }
    };
    const events = readEvents((event) => {
      const { type, message, delta } = event;
      if (isObject(message) && isObject(message.usage)) usage = { ...usage, ...message.usage };
      if (isObject(event.usage)) usage = { ...usage, ...event.usage };
      if (type === "error" || event.error !== undefined) error ??= event.error ?? event;
      else if (type === "content_block_start") takeBlock(event.content_block);
      else if (type === "content_block_delta") takeDelta(delta);
      else if (type === "message_delta" && isObject(delta)) {
        stopReason = delta.stop_reason ?? stopReason;
        if (stopReason === "refusal") begun = true;
      } else if (type === "message_stop") stopped = true;
      else if (type !== "message_start" && type !== "content_block_stop" && type !== "ping") other ??= event;
    });

    return {
      add: events.add,
      completion() {
        events.end();
        if (error !== undefined) return { error };
        if (!begun && other) {
          stopped = true;
          return anthropicWire.completionOf(other);
        }
        // Not every server that speaks it sends the input in pieces.
        const call = input === "" && isObject(whole) ? JSON.stringify(whole) : input;
        return completion({ text: call ?? text, reasoning, stopReason, usage, begun });
      },
      get end() {
        if (stopped || error !== undefined) return "final";
        return stopReason !== undefined && stopReason !== null ? "told" : "none";
      },
    };
  },
};

function joined(blocks: readonly Json[], type: "text" | "thinking"): string {
  return blocks.map((block) => (block.type === type && typeof block[type] === "string" ? block[type] : "")).join("");
}

function completion(answer: {
  text: string;
  reasoning: string;
  stopReason: unknown;
  usage: unknown;
  begun: boolean;
}): Json {
  const message = { content: answer.text, ...(answer.reasoning !== "" && { reasoning_content: answer.reasoning }) };
  return { choices: answer.begun ? [{ message, finish_reason: answer.stopReason }] : [], usage: usageOf(answer.usage) };
}

/** Anthropic counts what was read from the cache and written to it beside the rest of the prompt. */
function usageOf(usage: unknown): Json | undefined {
  if (!isObject(usage)) return undefined;
  const count = (value: unknown) => (typeof value === "number" ? value : 0);
  const cached = count(usage.cache_read_input_tokens);
  const prompt = count(usage.input_tokens) + cached + count(usage.cache_creation_input_tokens);
  return {
    prompt_tokens: prompt,
    completion_tokens: count(usage.output_tokens),
    ...(typeof usage.cache_read_input_tokens === "number" && { prompt_tokens_details: { cached_tokens: cached } }),
  };
}

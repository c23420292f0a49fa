import type { Wire } from "./ask-model.ts";
import { looksLikeEvents, readEvents } from "./event-stream.ts";
import { isObject, type Json } from "./read-failure.ts";

/** Answers of Gemini's API (https://ai.google.dev/api/generate-content), whole or in chunks, each of which is one. */
export const geminiWire: Wire = {
  isStream: looksLikeEvents,
  completionOf(json) {
    const parts = Array.isArray(json) ? (json as unknown[]).filter(isObject) : [json];
    const collector = collect();
    for (const part of parts) collector.take(part);
    return collector.completion();
  },
  collect(onDelta) {
    const collector = collect(onDelta);
    const events = readEvents((json) => collector.take(json));
    return {
      add: events.add,
      completion() {
        events.end();
        return collector.completion();
      },
      get end() {
        return collector.ended ? "told" : "none";
      },
    };
  },
};

function collect(onDelta: Parameters<Wire["collect"]>[0] = () => {}) {
  let text = "";
  let reasoning = "";
  let finishReason: string | undefined;
  let blockReason: string | undefined;
  let usage: Json | undefined;
  let error: unknown;
  let other: Json | undefined;
  let begun = false;

  return {
    take(json: Json): void {
      if (json.error !== undefined && json.error !== null) error ??= json.error;
      if (isObject(json.usageMetadata)) usage = json.usageMetadata;
      const { promptFeedback: feedback } = json;
      if (isObject(feedback) && typeof feedback.blockReason === "string") blockReason = feedback.blockReason;
      const candidate: unknown = Array.isArray(json.candidates) ? json.candidates[0] : undefined;
      if (!isObject(candidate)) {
        if (!Array.isArray(json.candidates) && !usage) other ??= json;
        return;
      }
      begun = true;
      if (typeof candidate.finishReason === "string") finishReason = candidate.finishReason;
      const parts =
        isObject(candidate.content) && Array.isArray(candidate.content.parts) ? candidate.content.parts : [];
      let came = "";
      let thought = "";
      for (const part of parts.filter(isObject)) {
        if (typeof part.text !== "string") continue;
        if (part.thought === true) thought += part.text;
        else came += part.text;
      }
      text += came;
      reasoning += thought;
      if (came !== "" || thought !== "") onDelta({ text: came, reasoning: thought });
    },
    completion(): Json {
      if (error !== undefined) return { error };
      if (!begun && blockReason !== undefined) {
        const message = { content: null, refusal: `the prompt was blocked (${blockReason})` };
        return { choices: [{ message, finish_reason: "content_filter" }], usage: usageOf(usage) };
      }
      if (!begun && other) return other;
      const message = { content: text, ...(reasoning !== "" && { reasoning_content: reasoning }) };
      return { choices: begun ? [{ message, finish_reason: finishReason }] : [], usage: usageOf(usage) };
    },
    get ended() {
      return finishReason !== undefined || error !== undefined || (!begun && blockReason !== undefined);
    },
  };
}

function usageOf(usage: Json | undefined): Json | undefined {
  if (!usage) return undefined;
  const count = (value: unknown) => (typeof value === "number" ? value : 0);
  const { thoughtsTokenCount: thoughts, cachedContentTokenCount: cached } = usage;
  return {
    prompt_tokens: count(usage.promptTokenCount) + count(usage.toolUsePromptTokenCount),
    completion_tokens: count(usage.candidatesTokenCount) + count(thoughts),
    ...(typeof cached === "number" && { prompt_tokens_details: { cached_tokens: cached } }),
    ...(typeof thoughts === "number" && { completion_tokens_details: { reasoning_tokens: thoughts } }),
  };
}

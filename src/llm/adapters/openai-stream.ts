import type { Wire } from "./ask-model.ts";
import { looksLikeEvents, readEvents } from "./event-stream.ts";
import { contentText, isObject, type Json } from "./read-failure.ts";

/** Chat completions of OpenAI, whole or as server-sent chunks. */
export const openAiWire: Wire = {
  isStream: looksLikeEvents,
  completionOf: (json) => json,
  collect(onDelta = () => {}) {
    let content = "";
    let reasoning = "";
    let refusal = "";
    let finishReason: unknown;
    let usage: unknown;
    let error: unknown;
    let other: Json | undefined;
    let toolCalls: unknown[] | undefined;
    let seen = false;
    /** Number of the answer that is read, where the server gives several. */
    let followed: unknown;
    let done = false;
    /** Whether nothing but the tokens used has come since the last piece. */
    let counted = false;

    const take = (chunk: Json): void => {
      if (done) return;
      if (chunk.error !== undefined && chunk.error !== null) error ??= chunk.error;
      usage = chunk.usage ?? (isObject(chunk.x_groq) ? chunk.x_groq.usage : undefined) ?? usage;
      const choices: unknown[] = Array.isArray(chunk.choices) ? chunk.choices : [];
      const choice = choices.filter(isObject).find((each) => (each.index ?? followed) === (followed ?? each.index));
      counted = !choice && seen && isObject(chunk.usage);
      if (!choice) {
        if (!Array.isArray(chunk.choices)) other ??= chunk;
        return;
      }
      if (choice.error !== undefined && choice.error !== null) error ??= choice.error;
      seen = true;
      followed ??= choice.index;
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
    const events = readEvents(take, () => {
      done = true;
    });

    return {
      add: events.add,
      completion() {
        events.end();
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
      get end() {
        if (done) return "final";
        if ((finishReason !== undefined && finishReason !== null) || error !== undefined) return "told";
        return counted ? "by_close" : "none";
      },
    };
  },
};

import type { Wire } from "./ask-model.ts";
import { isObject, type Json, parseJson } from "./read-failure.ts";

/** A line that is longer is no piece of an answer. */
const MAX_LINE = 8 * 1024 * 1024;

/** Answers of Ollama's `/api/chat`, whole or as lines of JSON, each a piece (https://docs.ollama.com/api/chat). */
export const ollamaWire: Wire = {
  isStream: (body) => /^\s*\{.*\}\s*\n\s*\{/.test(body),
  completionOf(json) {
    const collector = collect();
    collector.take(json);
    return collector.completion();
  },
  collect(onDelta) {
    const collector = collect(onDelta);
    let rest = "";
    const takeLine = (line: string): void => {
      // Gateways make an event stream of it.
      const json = parseJson(line.replace(/^data:/, ""));
      if (isObject(json)) collector.take(json);
    };
    return {
      add(text) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        if (rest.length > MAX_LINE) rest = "";
        for (const line of lines) takeLine(line);
      },
      completion() {
        takeLine(rest);
        rest = "";
        return collector.completion();
      },
      get ended() {
        return collector.ended;
      },
    };
  },
};

function collect(onDelta: Parameters<Wire["collect"]>[0] = () => {}) {
  let content = "";
  let reasoning = "";
  let last: Json | undefined;
  let error: unknown;
  let other: Json | undefined;
  let begun = false;
  return {
    take(json: Json): void {
      if (json.error !== undefined && json.error !== null) error ??= json.error;
      const { message } = json;
      if (json.done === true) last = json;
      if (!isObject(message)) {
        if (json.done === undefined) other ??= json;
        return;
      }
      begun = true;
      const text = typeof message.content === "string" ? message.content : "";
      const thought = typeof message.thinking === "string" ? message.thinking : "";
      content += text;
      reasoning += thought;
      if (text !== "" || thought !== "") onDelta({ text, reasoning: thought });
    },
    completion(): Json {
      if (error !== undefined) return { error };
      if (!begun && other) return other;
      const message = { content, ...(reasoning !== "" && { reasoning_content: reasoning }) };
      const usage = last && { prompt_tokens: last.prompt_eval_count, completion_tokens: last.eval_count };
      return { choices: begun ? [{ message, finish_reason: last?.done_reason }] : [], usage };
    },
    get ended() {
      return last !== undefined;
    },
  };
}

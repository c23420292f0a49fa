import type { Wire } from "./ask-model.ts";
import { DamagedPiece } from "./event-stream.ts";
import { isObject, type Json, parseJson } from "./read-failure.ts";

/** A line that is longer is no piece of an answer. Characters. */
const MAX_LINE = 8 * 1024 * 1024;

/** Answers of Ollama's `/api/chat`, whole or as lines of JSON, each a piece (https://docs.ollama.com/api/chat). */
export const ollamaWire: Wire = {
  isStream(body) {
    const text = body.trimStart();
    const end = text.indexOf("\n");
    return end !== -1 && text.slice(0, end).trimEnd().endsWith("}") && text.slice(end).trimStart().startsWith("{");
  },
  completionOf(json) {
    const collector = collect();
    collector.take(json);
    return collector.completion();
  },
  collect(onDelta) {
    const collector = collect(onDelta);
    /** Of the line that has not ended. */
    let rest: string[] = [];
    let length = 0;
    const takeLine = (line: string, isWhole: boolean): void => {
      // Gateways make an event stream of it.
      const text = line.replace(/^data:/, "").trim();
      if (collector.ended || text === "" || text === "[DONE]" || /^(?:event|id|retry)?:/.test(text)) return;
      const json = parseJson(text);
      if (json === undefined && isWhole) throw new DamagedPiece();
      if (isObject(json)) collector.take(json);
    };
    return {
      add(text) {
        let start = 0;
        for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
          const line = rest.join("") + text.slice(start, end);
          rest = [];
          length = 0;
          start = end + 1;
          takeLine(line, true);
        }
        rest.push(text.slice(start));
        length += text.length - start;
        if (length > MAX_LINE) throw new DamagedPiece();
      },
      completion() {
        takeLine(rest.join(""), false);
        rest = [];
        return collector.completion();
      },
      get end() {
        return collector.ended ? "final" : "none";
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
      return last !== undefined || error !== undefined;
    },
  };
}

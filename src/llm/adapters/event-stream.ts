import { createParser } from "eventsource-parser";
import { isObject, type Json, parseJson } from "./read-failure.ts";

/** Larger events are no pieces of an answer. */
const MAX_EVENT = 8 * 1024 * 1024;

export interface EventReader {
  /** Takes in text of the stream, cut anywhere. */
  add(text: string): void;
  /** Reads what is left: the last event may lack the empty line that ends it. */
  end(): void;
}

/** The JSON objects in the data of server-sent events. `onDone` is told of OpenAI's `[DONE]`. */
export function readEvents(onJson: (json: Json) => void, onDone: () => void = () => {}): EventReader {
  let plain: string | undefined = "";
  let waiting: string[] = [];
  const flush = (): void => {
    const events = waiting;
    waiting = [];
    for (const json of parseAll(events)) if (isObject(json)) onJson(json);
  };
  const take = (data: string): void => {
    if (data.trim() === "[DONE]") {
      flush();
      onDone();
    } else waiting.push(data);
  };
  const parser = createParser({ onEvent: ({ data }) => take(data), maxBufferSize: MAX_EVENT });
  return {
    add(text) {
      // Some servers call it an event stream although it is one JSON text.
      if (plain !== undefined) {
        plain += text;
        if (/^\s*[[{]/.test(plain) || plain.trim() === "") return;
        parser.feed(plain.trimStart());
        plain = undefined;
      } else parser.feed(text);
      flush();
    },
    end() {
      if (plain === undefined) {
        parser.reset({ consume: true });
        flush();
        return;
      }
      const json = parseJson(plain);
      for (const part of Array.isArray(json) ? (json as unknown[]) : [json]) if (isObject(part)) onJson(part);
      plain = undefined;
    },
  };
}

/** The values of JSON texts, undefined for one that is none. Many short ones are read faster as one. */
function parseAll(texts: readonly string[]): unknown[] {
  const all = texts.length > 1 ? parseJson(`[${texts.join(",")}]`) : undefined;
  return Array.isArray(all) && all.length === texts.length ? all : texts.map(parseJson);
}

/** Whether a body begins like server-sent events. */
export function looksLikeEvents(body: string): boolean {
  return /^\s*(?:data|event|id|retry)?:/.test(body);
}

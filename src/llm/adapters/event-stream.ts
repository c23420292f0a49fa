import { createParser } from "eventsource-parser";
import { ModelError } from "../model-error.ts";
import { isObject, type Json, parseJson } from "./read-failure.ts";

/** Larger events are no pieces of an answer. Characters. */
const MAX_EVENT = 8 * 1024 * 1024;

export interface EventReader {
  /** Takes in text of the stream, cut anywhere. @throws DamagedPiece at the first event that is no JSON */
  add(text: string): void;
  /** Reads what is left: the last event may lack the empty line that ends it. */
  end(): void;
}

/** A piece of a stream that cannot be read: text of the answer may be lost with it. */
export class DamagedPiece extends Error {}

/** What reading a stream gives. @throws ModelError `invalid` in place of DamagedPiece */
export function readingPieces<T>(provider: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamagedPiece)) throw error;
    throw new ModelError("invalid", `Provider "${provider}" sent a damaged answer: a piece of it is not JSON.`, {
      hint: "Try again; if it stays, look for a proxy that changes answers, or set `stream: false` for the provider.",
    });
  }
}

/** The JSON objects in the data of server-sent events. `onDone` is told of OpenAI's `[DONE]`, after which nothing counts. */
export function readEvents(onJson: (json: Json) => void, onDone: () => void = () => {}): EventReader {
  /** Some servers call it an event stream although it is one JSON text. */
  let form: "unknown" | "json" | "events" = "unknown";
  let pieces: string[] = [];
  let waiting: string[] = [];
  let done = false;
  const flush = (): void => {
    const events = waiting;
    waiting = [];
    takeAll(events, onJson);
  };
  const parser = createParser({
    onEvent({ data }) {
      const text = data.trim();
      if (done || text === "") return;
      if (text !== "[DONE]") {
        waiting.push(text);
        return;
      }
      done = true;
    },
    maxBufferSize: MAX_EVENT,
  });
  const feed = (text: string): void => {
    try {
      parser.feed(text);
    } catch {
      throw new DamagedPiece();
    }
    const wasDone = done;
    flush();
    if (wasDone) onDone();
  };
  return {
    add(text) {
      if (done) return;
      if (form === "unknown") {
        const begun = text.trimStart();
        if (begun === "") return;
        form = begun.startsWith("{") || begun.startsWith("[") ? "json" : "events";
        if (form === "events") return feed(begun);
      }
      if (form === "json") pieces.push(text);
      else feed(text);
    },
    end() {
      if (form === "events" && !done) {
        parser.reset({ consume: true });
        // Half an event is none: the stream broke off.
        waiting = waiting.filter((text) => parseJson(text) !== undefined);
        flush();
        if (done) onDone();
      }
      if (form !== "json") return;
      const text = pieces.join("");
      pieces = [];
      if (text === "") return;
      const json = parseJson(text);
      if (json === undefined) throw new DamagedPiece();
      for (const part of Array.isArray(json) ? (json as unknown[]) : [json]) if (isObject(part)) onJson(part);
    },
  };
}

/** Many short JSON texts are read faster as one. */
function takeAll(texts: readonly string[], onJson: (json: Json) => void): void {
  const all = texts.length > 1 ? parseJson(`[${texts.join(",")}]`) : undefined;
  const isWhole = Array.isArray(all) && all.length === texts.length;
  for (const [index, text] of texts.entries()) {
    const json = isWhole ? (all[index] as unknown) : parseJson(text);
    if (json === undefined) throw new DamagedPiece();
    if (isObject(json)) onJson(json);
  }
}

/** Whether a body begins like server-sent events. */
export function looksLikeEvents(body: string): boolean {
  return /^\s*(?:data|event|id|retry)?:/.test(body);
}

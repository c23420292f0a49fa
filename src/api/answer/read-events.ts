import { createParser } from "eventsource-parser";
import { parseJson } from "./read-json.ts";

/** An event of a stream; `data` as JSON where it is that. */
export interface StreamEvent {
  event?: string;
  id?: string;
  data: unknown;
}

/** The events of a `text/event-stream` answer (HTML, 9.2.6), also of one that ended amid an event. */
export function readEvents(text: string): { events: StreamEvent[]; warnings: string[] } {
  const events: StreamEvent[] = [];
  const warnings = new Set<string>();
  const parser = createParser({
    onEvent({ event, id, data }) {
      let value: unknown = data;
      try {
        const parsed = parseJson(data);
        value = parsed.value;
        for (const warning of parsed.warnings) warnings.add(warning);
      } catch {
        // A text, then.
      }
      events.push({ ...(event !== undefined && { event }), ...(id !== undefined && { id }), data: value });
    },
  });
  parser.feed(text);
  // What the last blank line would have ended.
  parser.feed("\n\n");
  return { events, warnings: [...warnings] };
}

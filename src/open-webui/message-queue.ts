import type { StatusEvent } from "../status/status-event.ts";
import { type ChatEvent, lineOf, toastOf } from "./chat-event.ts";

/** What became of a post: `failed` may go well another time, `refused` will not. */
export type PostOutcome = "taken" | "failed" | "refused";

export interface MessageQueueOptions {
  /** Posts one event. Never throws. */
  post: (event: ChatEvent) => Promise<PostOutcome>;
  /** Called when nothing is to be posted and no call is under way. */
  onIdle: () => void;
}

/** What is known of a call over all of its events; the caller keeps it. */
export interface ShownCall {
  /** What its line says. */
  description?: string;
  /** Whether Open-WebUI has refused an event of its message. */
  refused?: true;
}

/** The events of one chat message, of all calls that it makes. */
export interface MessageQueue {
  /** Takes an event of a call; `call` is the same object for all of its events. */
  show(call: ShownCall, event: StatusEvent): void;
  /** What is being posted; undefined where nothing is. */
  readonly running: Promise<void> | undefined;
}

interface Waiting {
  call: ShownCall;
  event: ChatEvent;
  /** Whether it has to arrive: a last line or a toast. */
  lasting: boolean;
}

/** Milliseconds before what has to arrive is posted again. */
const RETRY_MS = [250, 1_000];
/** What waits at most. A chat message makes a handful of calls. */
const MAX_WAITING = 100;

/**
 * Posts one event at a time, for Open-WebUI stores parallel ones in any order. While a post takes its time, the latest line of a
 * call replaces the earlier ones that still wait; last lines and toasts are never replaced. When a call has ended while others
 * of the message are under way, the line of one of those is shown again, so that the chat does not look finished.
 */
export function createMessageQueue({ post, onIdle }: MessageQueueOptions): MessageQueue {
  const waiting: Waiting[] = [];
  /** What the calls under way said last, the latest at the end. */
  const underWay = new Map<ShownCall, ChatEvent>();
  let running: Promise<void> | undefined;

  function show(call: ShownCall, event: StatusEvent): void {
    const line = lineOf(event);
    const { description, done: ended } = line.data;
    // A heartbeat says again what is shown already.
    if (call.refused || (!event.data.done && description === call.description)) return;
    call.description = description;
    underWay.delete(call);
    if (!ended) underWay.set(call, line);
    dropLineOf(call);
    put({ call, event: line, lasting: ended });
    const toast = toastOf(event);
    if (toast) put({ call, event: toast, lasting: true });
    const other = ended ? [...underWay].at(-1) : undefined;
    if (other) {
      dropLineOf(other[0]);
      put({ call: other[0], event: other[1], lasting: false });
    }
    running ??= work();
  }

  function put(next: Waiting): void {
    waiting.push(next);
    if (waiting.length <= MAX_WAITING) return;
    const dispensable = waiting.findIndex(({ lasting }) => !lasting);
    waiting.splice(Math.max(dispensable, 0), 1);
  }

  function dropLineOf(call: ShownCall): void {
    const index = waiting.findIndex((each) => each.call === call && !each.lasting);
    if (index >= 0) waiting.splice(index, 1);
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await postOften(next);
      if (outcome !== "refused") continue;
      for (const call of [next.call, ...waiting.map((each) => each.call), ...underWay.keys()]) call.refused = true;
      waiting.length = 0;
      underWay.clear();
    }
    running = undefined;
    if (underWay.size === 0) onIdle();
  }

  async function postOften({ event, lasting }: Waiting): Promise<PostOutcome> {
    let outcome = await post(event);
    for (const ms of lasting ? RETRY_MS : []) {
      if (outcome !== "failed") break;
      await new Promise((resolve) => setTimeout(resolve, ms).unref());
      outcome = await post(event);
    }
    return outcome;
  }

  return {
    show,
    get running() {
      return running;
    },
  };
}

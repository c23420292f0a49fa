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

/** The events of one chat message, of all calls that it makes. */
export interface MessageQueue {
  /** Takes an event of a call; `call` is the same object for all of its events. */
  show(call: object, event: StatusEvent): void;
  /** What is being posted; undefined where nothing is. */
  readonly running: Promise<void> | undefined;
}

interface Waiting {
  call: object;
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
  const underWay = new Map<object, ChatEvent>();
  let running: Promise<void> | undefined;
  let refused = false;

  function show(call: object, event: StatusEvent): void {
    if (refused) return;
    const line = lineOf(event);
    const ended = line.type === "status" && line.data.done;
    // A heartbeat says again what is shown already.
    if (!ended && sameLine(underWay.get(call), line)) return;
    underWay.delete(call);
    if (!ended) underWay.set(call, line);
    dropLineOf(call);
    put({ call, event: line, lasting: event.data.done });
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

  function dropLineOf(call: object): void {
    const index = waiting.findIndex((each) => each.call === call && !each.lasting);
    if (index >= 0) waiting.splice(index, 1);
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await postOften(next);
      if (outcome !== "refused") continue;
      refused = true;
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

function sameLine(shown: ChatEvent | undefined, line: ChatEvent): boolean {
  return shown?.type === "status" && line.type === "status" && shown.data.description === line.data.description;
}

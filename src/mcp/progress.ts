import type { StatusEvent, StatusSink } from "../status/status-event.ts";

/** One `notifications/progress` (MCP 2025-11-25 and 2026-07-28, "Progress"). */
export interface ProgressNotification {
  method: "notifications/progress";
  params: {
    progressToken: string | number;
    progress: number;
    total: number;
    message: string;
    _meta: Record<string, unknown>;
  };
}

/** Where the event itself stands in a notification, and the last one of a call in its result. */
export const STATUS_META_KEY = "patchbay/status";

const TOTAL = 100;

/** A sink as `progressSink`, and the last event that went through it. */
export function progressOf(
  progressToken: string | number,
  notify: (notification: ProgressNotification) => Promise<void>,
): { sink: StatusSink; last: () => StatusEvent | undefined } {
  const sink = progressSink(progressToken, notify);
  let last: StatusEvent | undefined;
  return {
    sink(event) {
      last = event;
      return sink(event);
    },
    last: () => last,
  };
}

/**
 * A sink that turns status events into progress notifications: `progress` strictly increases up to `total` 100, `message`
 * is the description, the whole event travels under `_meta["patchbay/status"]`. Events without a percentage, and those
 * that would go back, move a part of what is left, so that the bar never lies about being finished. Two decimals suffice for
 * some 5,000 such events of a call; later ones have more, because standing still is not allowed.
 */
export function progressSink(
  progressToken: string | number,
  notify: (notification: ProgressNotification) => Promise<void>,
): StatusSink {
  let last = 0;
  let sent = 0;
  return (event: StatusEvent) => {
    const { progress: percent, done, description } = event.data;
    const wanted = done ? TOTAL : round(Math.min(percent ?? 0, 99), 2);
    const progress = wanted > last ? wanted : next(last, sent);
    sent += 1;
    last = progress;
    return notify({
      method: "notifications/progress",
      params: { progressToken, progress, total: TOTAL, message: description, _meta: { [STATUS_META_KEY]: event } },
    });
  };
}

/** The number after `last`, below the total. The part shrinks with every event: a fixed one would soon reach the end. */
function next(last: number, sent: number): number {
  const part = (TOTAL - last) / (50 + 5 * sent);
  const rounded = round(last + Math.max(part, 0.01), 2);
  return rounded < TOTAL ? rounded : round(last + part, Math.ceil(-Math.log10(part)));
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

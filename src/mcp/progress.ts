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

/**
 * A sink that turns status events into progress notifications: `progress` strictly increases up to `total` 100, `message`
 * is the description, the whole event travels under `_meta["patchbay/status"]`. Events without a percentage, and those
 * that would go back, move a fiftieth of what is left, so that the bar never lies about being finished.
 */
export function progressSink(
  progressToken: string | number,
  notify: (notification: ProgressNotification) => Promise<void>,
): StatusSink {
  let last = 0;
  return (event: StatusEvent) => {
    const { progress: percent, done, description } = event.data;
    const wanted = done ? 100 : Math.min(percent ?? 0, 99);
    const progress = wanted > last ? wanted : last + (100 - last) / 50;
    if (progress <= last) return;
    last = progress;
    return notify({
      method: "notifications/progress",
      params: { progressToken, progress, total: 100, message: description, _meta: { "patchbay/status": event } },
    });
  };
}

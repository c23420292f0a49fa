import type { StatusEmitter } from "../status/status-event.ts";

/** What the status line says of calls that run side by side. */
export interface Announcement {
  line: string;
  layer: number;
  /** Percent when the calls begin and when all have ended. */
  from: number;
  to: number;
  models: readonly string[];
}

/** Milliseconds that a line stands before the next one, as status events are limited to two a second. */
const STANDS_MS = 500;

/**
 * Says that calls have begun, then one model after the other that is being asked, and after each end one that still is, so
 * that the line is true however long a straggler takes. Every event has `layer` and `active_model`.
 */
export function announceCalls(
  status: StatusEmitter | undefined,
  { line, layer, from, to, models }: Announcement,
): { ended(index: number): void; stop(): void } {
  if (!status) return { ended() {}, stop() {} };
  const startedAt = performance.now();
  const running = new Map(models.entries());
  const percent = () => Math.round(to - ((to - from) * running.size) / models.length);
  const querying = (model: string) => status.progress(`Querying ${model}`, percent(), { active_model: model, layer });

  status.progress(line, from, { active_model: [...new Set(models)].join(", "), layer });
  const timers = models.map((model, index) =>
    setTimeout(() => running.has(index) && querying(model), (index + 1) * STANDS_MS),
  );
  return {
    ended(index) {
      clearTimeout(timers[index]);
      if (!running.delete(index)) return;
      const next = running.values().next().value;
      if (next !== undefined && performance.now() - startedAt >= STANDS_MS) querying(next);
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

import type { StatusEmitter, StatusEvent, StatusKind, StatusSink } from "./status-event.ts";

export interface RunningStatus extends StatusEmitter {
  /** Whether the final event has been sent. */
  readonly done: boolean;
  /** Drops what waits for its interval and resolves when every sink has taken what was sent. */
  close(): Promise<void>;
}

export interface StatusOptions {
  sinks: readonly StatusSink[];
  /** Milliseconds between two events of a call; the final one is exempt. Default 500. */
  intervalMs?: number;
  /** Milliseconds of silence after which the last event is sent again, so that clients do not give up. 0: never. */
  heartbeatMs?: number;
}

/**
 * An emitter for one call. At most one event per interval, except the final one, which always goes out and goes out once;
 * the latest event dropped meanwhile is delivered when the interval ends, so that the last line shown is never stale.
 */
export function createStatusEmitter(options: StatusOptions): RunningStatus {
  const intervalMs = options.intervalMs ?? 500;
  const heartbeatMs = options.heartbeatMs ?? 0;
  const pending = new Set<Promise<void>>();
  let lastSentAt = Number.NEGATIVE_INFINITY;
  let lastSent: StatusEvent | undefined;
  let waiting: StatusEvent | undefined;
  let timer: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let done = false;

  const send = (event: StatusEvent): void => {
    lastSentAt = performance.now();
    lastSent = event;
    waiting = undefined;
    for (const sink of options.sinks) {
      const taken = sink(event);
      if (taken) {
        const settled = taken.catch(() => {}).finally(() => pending.delete(settled));
        pending.add(settled);
      }
    }
    scheduleHeartbeat();
  };
  const scheduleHeartbeat = (): void => {
    if (heartbeatMs <= 0) return;
    clearTimeout(heartbeat);
    if (done) return;
    heartbeat = setTimeout(() => {
      if (lastSent && !done) send({ type: "status", data: { ...lastSent.data, timestamp: Date.now() / 1000 } });
    }, heartbeatMs);
    heartbeat.unref();
  };
  const stopTimers = (): void => {
    clearTimeout(timer);
    clearTimeout(heartbeat);
    timer = undefined;
  };

  function emit(
    description: string,
    status: StatusKind = "in_progress",
    final = false,
    extra?: Record<string, unknown>,
  ) {
    if (done) return;
    const event: StatusEvent = {
      type: "status",
      data: { ...extra, status, description, done: final, timestamp: Date.now() / 1000 },
    };
    if (final) {
      done = true;
      stopTimers();
      send(event);
      return;
    }
    const wait = lastSentAt + intervalMs - performance.now();
    if (wait <= 0) {
      clearTimeout(timer);
      timer = undefined;
      send(event);
      return;
    }
    waiting = event;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (waiting && !done) send(waiting);
    }, wait).unref();
  }

  return {
    get done() {
      return done;
    },
    emit,
    progress: (description, percent, extra) =>
      emit(description, "in_progress", false, percent === undefined ? extra : { ...extra, progress: percent }),
    success: (description, extra) => emit(description, "success", true, { progress: 100, ...extra }),
    error: (description, extra) => emit(description, "error", true, extra),
    async close() {
      stopTimers();
      waiting = undefined;
      await Promise.all(pending);
    },
  };
}

import type { StatusEmitter, StatusEvent, StatusKind, StatusSink } from "./status-event.ts";

export interface RunningStatus extends StatusEmitter {
  /** Whether the final event has been sent. */
  readonly done: boolean;
  /**
   * Ends the line: sends what still waits for its interval, where no final event has replaced it, and resolves when every
   * sink has taken what was sent; undefined where nothing is under way.
   */
  close(): Promise<unknown> | undefined;
}

export interface StatusOptions {
  sinks: readonly StatusSink[];
  /** Milliseconds between two events of a call; the final one is exempt. Default 500. */
  intervalMs?: number;
  /** Milliseconds of silence after which the last event is sent again, so that clients do not give up. Default 0: never. */
  heartbeatMs?: number;
  /** What a heartbeat says before the first event. */
  heartbeatDescription?: string;
}

/** The data of an event; its time is that of its sending. */
interface Unsent {
  status: StatusKind;
  description: string;
  done: boolean;
  [extra: string]: unknown;
}

/**
 * An emitter for one call. At most one event per interval, except the final one, which always goes out and goes out once;
 * the latest event dropped meanwhile is delivered when the interval ends, so that the last line shown is never stale.
 */
export function createStatusEmitter(options: StatusOptions): RunningStatus {
  const { sinks, intervalMs = 500, heartbeatMs = 0, heartbeatDescription = "Working" } = options;
  let pending: Set<Promise<void>> | undefined;
  let lastSentAt = Number.NEGATIVE_INFINITY;
  let lastSent: Unsent | undefined;
  let waiting: Unsent | undefined;
  let timer: NodeJS.Timeout | undefined;
  let heartbeat: NodeJS.Timeout | undefined;
  let done = false;
  let closed = false;

  const send = (data: Unsent): void => {
    const event: StatusEvent = { type: "status", data: { ...data, timestamp: Date.now() / 1000 } };
    lastSentAt = performance.now();
    lastSent = data;
    waiting = undefined;
    clearTimeout(timer);
    timer = undefined;
    for (const sink of sinks) {
      const taken = sink(event);
      if (taken) {
        const settled = taken.catch(() => {}).finally(() => pending?.delete(settled));
        pending ??= new Set();
        pending.add(settled);
      }
    }
    scheduleHeartbeat();
  };
  const scheduleHeartbeat = (): void => {
    clearTimeout(heartbeat);
    if (heartbeatMs <= 0 || sinks.length === 0 || done || closed) return;
    heartbeat = setTimeout(() => {
      send(waiting ?? lastSent ?? { status: "in_progress", description: heartbeatDescription, done: false });
    }, heartbeatMs).unref();
  };

  function emit(
    description: string,
    status: StatusKind = "in_progress",
    final = false,
    extra?: Record<string, unknown>,
  ): void {
    if (done || closed) return;
    done = final;
    if (sinks.length === 0) return;
    const data = { ...extra, status, description, done: final };
    const wait = lastSentAt + intervalMs - performance.now();
    if (final || wait <= 0) {
      send(data);
      return;
    }
    waiting = data;
    timer ??= setTimeout(() => waiting && send(waiting), wait).unref();
  }

  scheduleHeartbeat();
  return {
    get done() {
      return done;
    },
    emit,
    progress: (description, percent, extra) =>
      emit(
        description,
        "in_progress",
        false,
        percent === undefined ? extra : { ...extra, progress: Math.round(percent * 100) / 100 },
      ),
    success: (description, extra) => emit(description, "success", true, { progress: 100, ...extra }),
    error: (description, extra) => emit(description, "error", true, extra),
    close() {
      if (waiting) send(waiting);
      closed = true;
      clearTimeout(heartbeat);
      return pending && pending.size > 0 ? Promise.all(pending) : undefined;
    },
  };
}

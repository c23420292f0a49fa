/** What a status event says of the work: running, ended well, ended as a whole, or failed. */
export type StatusKind = "in_progress" | "success" | "complete" | "error";

/** One status event, in the shape that Open-WebUI's event emitters use. */
export interface StatusEvent {
  type: "status";
  data: {
    status: StatusKind;
    description: string;
    done: boolean;
    /** Seconds since 1970, with fractions. */
    timestamp: number;
    /** Percent, 0–100. */
    progress?: number;
    /** Nothing goes on until the user answers; that may be in another round of the call, or never. */
    waiting?: boolean;
    /** Such as `active_model`, `layer`. */
    [extra: string]: unknown;
  };
}

/** Where events go. Must not throw; a returned promise is awaited when the call ends. */
export type StatusSink = (event: StatusEvent) => void | Promise<void>;

/** What a tool uses to say what it is doing. */
export interface StatusEmitter {
  /** Work goes on. `percent` is 0–100; `extra` are further fields such as `active_model`. */
  progress(description: string, percent?: number, extra?: Record<string, unknown>): void;
  /** Ended well. Final: later events are ignored. */
  success(description: string, extra?: Record<string, unknown>): void;
  /** Failed. Final: later events are ignored. */
  error(description: string, extra?: Record<string, unknown>): void;
  /** The general form; `done` makes it the final event. */
  emit(description: string, status?: StatusKind, done?: boolean, extra?: Record<string, unknown>): void;
}

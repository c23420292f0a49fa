import type { Logger } from "pino";

type Level = "debug" | "info" | "warn" | "error" | "fatal";

/** Writes a line. `err` of the fields is written with its stack. */
type Write = (fields: Record<string, unknown>, message: string) => void;

export interface Log extends Record<Level, Write> {
  /** Whether lines of this level are written. */
  has(level: Level): boolean;
  /** Resolves when every line has been written. */
  flush(): Promise<void>;
}

const LEVELS: readonly Level[] = ["debug", "info", "warn", "error", "fatal"];

/**
 * JSON lines on stderr, for stdout belongs to the protocol. Every line passes `redact`. The library is loaded with the first
 * line: most servers that start never write one.
 */
export function createLog(level: Level, redact: (text: string) => string): Log {
  let logger: Promise<Logger> | undefined;
  let written = Promise.resolve();
  const load = async (): Promise<Logger> => {
    const { destination, pino } = await import("pino");
    return pino(
      { level, base: null, timestamp: false, hooks: { streamWrite: redact } },
      destination({ fd: 2, sync: true }),
    );
  };
  const has = (wanted: Level): boolean => LEVELS.indexOf(wanted) >= LEVELS.indexOf(level);
  const writer = (wanted: Level): Write => {
    if (!has(wanted)) return () => {};
    return (fields, message) => {
      logger ??= load();
      const line = { ...fields, time: Date.now() };
      written = logger.then((loaded) => loaded[wanted](line, message));
    };
  };
  return {
    has,
    flush: () => written,
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    fatal: writer("fatal"),
  };
}

import { destination, type Logger, pino } from "pino";

export type Log = Logger;

/** JSON lines on stderr, for stdout belongs to the protocol. Every line passes `redact`. */
export function createLog(level: string, redact: (text: string) => string): Log {
  return pino(
    { name: "patchbay-mcp", level, base: null, hooks: { streamWrite: redact } },
    destination({ fd: 2, sync: true }),
  );
}

import type { Log } from "../log.ts";

/** Resolves at the next signal that asks this process to stop. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const stop = (): void => {
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}

/** A promise that fails unnoticed is a bug of one call, and no reason to end those of everybody else. */
export function surviveRejections(log: Log): void {
  process.on("unhandledRejection", (error) => log.error({ err: error }, "a promise failed unnoticed"));
}

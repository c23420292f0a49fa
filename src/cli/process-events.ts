import { constants } from "node:os";
import type { Log } from "../log.ts";

/** Resolves at the next signal that asks this process to stop; one after that ends it at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const stop = (received: NodeJS.Signals): void => {
      for (const signal of signals) process.off(signal, stop);
      resolve(received);
    };
    for (const signal of signals) process.on(signal, stop);
  });
}

/** A promise that fails unnoticed is a bug of one call, and no reason to end those of everybody else. */
export function surviveRejections(log: Log): void {
  process.on("unhandledRejection", (error) => log.error({ err: error }, "a promise failed unnoticed"));
}

/** The exit code of a program that a signal ended, as shells give it. */
export function signalCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

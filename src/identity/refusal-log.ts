import type { IdentityLog } from "./identity-options.ts";

/** Milliseconds in which one reason is told once. */
const WINDOW_MS = 10_000;

/**
 * Tells an operator of refused attempts: each reason once in a while, with how many there were, so that nobody fills the log.
 */
export function createRefusalLog(
  log: IdentityLog | undefined,
): (level: keyof IdentityLog, reason: string, peer: string | undefined) => void {
  const told = new Map<string, { at: number; untold: number }>();
  return (level, reason, peer) => {
    const last = told.get(reason);
    const now = performance.now();
    if (last && now - last.at < WINDOW_MS) {
      last.untold += 1;
      return;
    }
    told.set(reason, { at: now, untold: 0 });
    log?.[level]({ reason, peer, ...(last && last.untold > 0 && { more: last.untold }) }, "a request was refused");
  };
}

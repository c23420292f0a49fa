import { ToolError } from "../errors.ts";
import type { ImportVerdict } from "./import-outcome.ts";
import { limitReached, sizeReached } from "./memory-errors.ts";
import type { MemoryLimits } from "./store.ts";

/** What a user may store, counted in the same way by every store. */

export const DEFAULT_MAX_TOTAL_SIZE = 2 ** 30;

/** What a user has stored: memories, and bytes of UTF-8 of their contents. */
export interface Stored {
  n: number;
  bytes: number;
}

/** Of a user of whom nothing is known yet. */
export const NOTHING: Stored = { n: 0, bytes: 0 };

/** Bytes of UTF-8. */
export function sizeOf(content: string): number {
  return Buffer.byteLength(content);
}

/** @throws ToolError `limit_reached` */
export function checkLimits(stored: Stored, fresh: readonly { content: string }[], limits: MemoryLimits): void {
  if (fresh.length === 0) return;
  if (stored.n + fresh.length > limits.maxMemories) throw limitReached(limits.maxMemories, stored.n, fresh.length);
  const bytes = fresh.reduce((sum, { content }) => sum + sizeOf(content), 0);
  checkSize(stored.bytes, bytes, limits);
}

/** @throws ToolError `limit_reached` where `more` bytes do not fit beside those that are stored */
export function checkSize(stored: number, more: number, limits: MemoryLimits): void {
  const limit = limits.maxTotalSize ?? DEFAULT_MAX_TOTAL_SIZE;
  if (more > 0 && stored + more > limit) throw sizeReached(limit, stored, more);
}

/** Says of those of an import that would be too many, or too large together with the ones before, that they are refused. */
export function refuseBeyondLimits(
  { n, bytes }: Stored,
  memories: readonly { memory: { content: string } }[],
  verdicts: ImportVerdict[],
  limits: MemoryLimits,
): void {
  const stored = { n, bytes };
  memories.forEach(({ memory }, index) => {
    if (verdicts[index] !== true) return;
    try {
      checkLimits(stored, [memory], limits);
      stored.n++;
      stored.bytes += sizeOf(memory.content);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      verdicts[index] = error.message;
    }
  });
}

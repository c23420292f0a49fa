import { ToolError } from "../errors.ts";
import type { Run } from "./run.ts";
import { runSlot, type Slot, type SlotOutcome, type SlotState } from "./run-slot.ts";

/** Milliseconds that stragglers get at least, once most have answered. */
const LEAST_GRACE_MS = 3000;
const DEFAULT_GRACE = 0.5;
/** So much of what a model usually takes it gets in any case: the slower of two good models is not always cut. */
const USUAL_SHARE = 1.25;

/**
 * Fills the places of a layer at once and gives their outcomes in the order of the places. It ends when all are filled or given
 * up; once a quorum has answered (of those that still can), each of the others gets the grace, as a share of what the quorum
 * took, or as long as it usually takes if that is longer, and is then cut: one hanging agent must not hold the run. `onEnd` is
 * told the index of each place that is done. Never throws.
 */
export async function runLayer(
  run: Run,
  slots: readonly Slot[],
  onEnd: (index: number) => void = () => {},
): Promise<SlotOutcome[]> {
  const { signal } = run.context;
  const startedAt = performance.now();
  const cuts = slots.map(() => new AbortController());
  const states = slots.map(({ asked }): SlotState => ({ model: asked.model, begunAt: undefined, isSpare: false }));
  const timers = new Map<number, NodeJS.Timeout>();
  const pending = new Set(slots.keys());
  let answered = 0;
  let failed = 0;

  /** Cuts the place when its time is over, which can become later: by a call that begins only now. */
  const cutAt = (index: number, graceEndsAt: number): void => {
    const { model, begunAt = performance.now() } = states[index]!;
    const usual = run.client.latency(model, 0.5) ?? 0;
    const waitMs = Math.max(graceEndsAt, begunAt + USUAL_SHARE * usual) - performance.now();
    if (waitMs <= 0) cuts[index]!.abort(new ToolError("aborted", "Left behind: most agents had answered."));
    else timers.set(index, setTimeout(cutAt, Math.ceil(waitMs), index, graceEndsAt));
  };
  const fill = async (slot: Slot, index: number): Promise<SlotOutcome> => {
    const outcome = await runSlot(run, slot, AbortSignal.any([signal, cuts[index]!.signal]), states[index]);
    pending.delete(index);
    clearTimeout(timers.get(index));
    onEnd(index);
    if (outcome.best) answered += 1;
    else failed += 1;
    if (timers.size === 0 && answered >= quorum(run.options.quorum, slots.length - failed)) {
      const now = performance.now();
      const grace = Math.max(LEAST_GRACE_MS, (now - startedAt) * (run.options.grace ?? DEFAULT_GRACE));
      for (const other of pending) {
        states[other]!.isSpare = true;
        cutAt(other, now + grace);
      }
    }
    return outcome;
  };
  try {
    return await Promise.all(slots.map(fill));
  } finally {
    for (const timer of timers.values()) clearTimeout(timer);
  }
}

/** So many answers are enough. Unless somebody says so, a majority, but never all: with two, one is enough. */
export function quorum(wanted: number | undefined, alive: number): number {
  return Math.max(1, Math.min(wanted ?? Math.floor(alive / 2) + 1, wanted === undefined ? alive - 1 : alive));
}

import { ToolError } from "../errors.ts";
import type { Run } from "./run.ts";
import { isPairLoser } from "./run-call.ts";
import type { LayerRecord } from "./run-record.ts";
import { runSlot, type Slot, type SlotOutcome, type SlotState } from "./run-slot.ts";

/** What a call says that was cut because enough of its layer had answered. */
export const LEFT_BEHIND = "Left behind: most agents had answered.";

/** What a call says that had not begun when another one to its model failed. */
const GAVE_WAY = "It gave way to other models, for its own had just failed.";

/** Milliseconds that stragglers get at least, once most have answered. */
const LEAST_GRACE_MS = 3000;
const DEFAULT_GRACE = 0.5;
/** So much of what a model usually takes it gets in any case: the slower of two good models is not always cut. */
const USUAL_SHARE = 1.25;

/** The outcomes in the order of the places, and when enough had answered and the last one was cut. */
export interface LayerOutcome extends Pick<LayerRecord, "quorum_ms" | "cut_ms"> {
  outcomes: SlotOutcome[];
}

/**
 * Fills the places of a layer at once, those of the same model one after the other where they have to wait. It ends when all are filled or given
 * up; once a quorum has answered (of those that still can), each of the others gets the grace, as a share of what the quorum
 * took, or as long as it usually takes if that is longer, and is then cut: one hanging agent must not hold the run. `onEnd` is
 * told the index of each place that is done. Never throws.
 */
export async function runLayer(
  run: Run,
  slots: readonly Slot[],
  onEnd: (index: number) => void = () => {},
): Promise<LayerOutcome> {
  const { signal } = run.context;
  const startedAt = performance.now();
  const cuts = slots.map(() => new AbortController());
  const ways = slots.map(() => new AbortController());
  const states = slots.map(({ asked }): SlotState => ({ model: asked.model, begunAt: undefined, isSpare: false }));
  const timers = new Map<number, NodeJS.Timeout>();
  const pending = new Set(slots.keys());
  const times: Pick<LayerRecord, "quorum_ms" | "cut_ms"> = {};
  const sinceStart = () => Math.round(performance.now() - run.startedAt);
  let answered = 0;
  let failed = 0;

  /** Cuts the place when its time is over, which can become later: by a call that begins only now. */
  const cutAt = (index: number, graceEndsAt: number): void => {
    const { model, begunAt = performance.now() } = states[index]!;
    const usual = run.client.latency(model, 0.5) ?? 0;
    const waitMs = Math.max(graceEndsAt, begunAt + USUAL_SHARE * usual) - performance.now();
    if (waitMs <= 0) {
      cuts[index]!.abort(new ToolError("aborted", LEFT_BEHIND));
      times.cut_ms = sinceStart();
    } else timers.set(index, setTimeout(cutAt, Math.ceil(waitMs), index, graceEndsAt));
  };
  /** Places of a model that failed go behind those of the others: where a provider has one place, they would hold it. */
  const giveWay = ({ calls }: SlotOutcome): void => {
    for (const { entry, began, completion, failure } of calls) {
      if (isForGood(failure)) run.gone.add(entry.model);
      if (completion || !began || isPairLoser(entry) || signal.aborted) continue;
      for (const other of pending) {
        const { model, begunAt } = states[other]!;
        if (model === entry.model && begunAt === undefined) ways[other]!.abort(new ToolError("aborted", GAVE_WAY));
      }
    }
  };
  /** A place that gave way before its request was sent has its turn behind the others, if its model still can answer. */
  const takeTurn = async (slot: Slot, index: number): Promise<SlotOutcome> => {
    const endsAt = performance.now() + slot.giveUpMs;
    const cut = AbortSignal.any([signal, cuts[index]!.signal]);
    const way = ways[index]!.signal;
    const outcome = await runSlot(run, slot, AbortSignal.any([cut, way]), states[index]);
    const gaveWay = way.aborted && !cut.aborted && !outcome.best && !run.gone.has(slot.asked.model);
    const giveUpMs = Math.floor(endsAt - performance.now());
    return gaveWay && giveUpMs > 0 ? runSlot(run, { ...slot, giveUpMs }, cut, states[index]) : outcome;
  };
  const fill = async (slot: Slot, index: number): Promise<SlotOutcome> => {
    const outcome = await takeTurn(slot, index);
    giveWay(outcome);
    pending.delete(index);
    clearTimeout(timers.get(index));
    onEnd(index);
    if (outcome.best) answered += 1;
    else failed += 1;
    if (timers.size === 0 && answered >= quorum(run.options.quorum, slots.length - failed)) {
      const now = performance.now();
      times.quorum_ms = sinceStart();
      const grace = Math.max(LEAST_GRACE_MS, (now - startedAt) * (run.options.grace ?? DEFAULT_GRACE));
      for (const other of pending) {
        states[other]!.isSpare = true;
        cutAt(other, now + grace);
      }
    }
    return outcome;
  };
  try {
    const filled = await Promise.all(
      byModel(slots).map(async ([slot, index]) => [await fill(slot, index), index] as const),
    );
    const outcomes = filled.sort(([, a], [, b]) => a - b).map(([outcome]) => outcome);
    return { outcomes, ...times };
  } finally {
    for (const timer of timers.values()) clearTimeout(timer);
  }
}

const FOR_GOOD: readonly unknown[] = ["unknown_model", "auth", "quota", "not_configured"];

/** Whether a model that failed so fails whenever it is asked. */
export function isForGood(failure: unknown): boolean {
  if (!(failure instanceof ToolError)) return false;
  return (
    FOR_GOOD.includes("kind" in failure ? failure.kind : failure.code) ||
    [401, 402, 403].includes(Number(failure.details?.http_status))
  );
}

/** Places of the same model next to each other: a server that holds one model at a time then loads each of them once. */
function byModel(slots: readonly Slot[]): [slot: Slot, index: number][] {
  const groups = Map.groupBy(
    slots.map((slot, index): [Slot, number] => [slot, index]),
    ([slot]) => slot.asked.model,
  );
  return [...groups.values()].flat();
}

/** So many answers are enough. Unless somebody says so, a majority, but never all: with two, one is enough. */
export function quorum(wanted: number | undefined, alive: number): number {
  return Math.max(1, Math.min(wanted ?? Math.floor(alive / 2) + 1, wanted === undefined ? alive - 1 : alive));
}

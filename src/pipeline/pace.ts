import { setImmediate as nextTurn } from "node:timers/promises";
import { abortError } from "../errors.ts";

/** To be awaited between pieces of work: lets other work run when this one has had its time, and throws once the call has ended. */
export interface Pace {
  (): Promise<void>;
  /** Whether this work has had its time, or its call has ended. Cheap enough to ask for every row. */
  due(): boolean;
}

/**
 * Gives way to the event loop about every 12 ms of work.
 * @throws ToolError `aborted` or `deadline_exceeded`, from the pace itself, once the signal has fired.
 */
export function createPace(signal: AbortSignal): Pace {
  let since = performance.now();
  const due = (): boolean => performance.now() - since >= 12 || signal.aborted;
  const pace = async (): Promise<void> => {
    if (due()) {
      await nextTurn();
      since = performance.now();
    }
    if (signal.aborted) throw abortError(signal);
  };
  return Object.assign(pace, { due });
}

/**
 * Runs `work` on every item in order, in batches between which the event loop gets its turn; a batch ends early when its time is over.
 * `onBatch` hears how many items are done.
 */
export async function eachPaced<Item>(
  items: readonly Item[],
  pace: Pace,
  work: (item: Item, index: number) => void,
  onBatch?: (done: number) => void,
): Promise<void> {
  let index = 0;
  while (index < items.length) {
    const end = Math.min(index + 256, items.length);
    do work(items[index] as Item, index++);
    while (index < end && !pace.due());
    onBatch?.(index);
    await pace();
  }
}

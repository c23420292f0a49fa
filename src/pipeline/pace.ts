import { setImmediate as nextTurn } from "node:timers/promises";
import { abortError } from "../errors.ts";

/** To be awaited between pieces of work: lets other work run when this one has had its time, and throws once the call has ended. */
export type Pace = () => Promise<void>;

/**
 * Gives way to the event loop about every 12 ms of work.
 * @throws ToolError `aborted` or `deadline_exceeded`, from the pace itself, once the signal has fired.
 */
export function createPace(signal: AbortSignal): Pace {
  let since = performance.now();
  return async () => {
    if (performance.now() - since >= 12) {
      await nextTurn();
      since = performance.now();
    }
    if (signal.aborted) throw abortError(signal);
  };
}

/**
 * Runs `work` on every item in order, in batches between which the event loop gets its turn.
 * `onBatch` hears how many items are done.
 */
export async function eachPaced<Item>(
  items: readonly Item[],
  pace: Pace,
  work: (item: Item, index: number) => void,
  onBatch?: (done: number) => void,
): Promise<void> {
  for (let start = 0; start < items.length; start += 256) {
    const end = Math.min(start + 256, items.length);
    for (let index = start; index < end; index++) work(items[index] as Item, index);
    onBatch?.(end);
    await pace();
  }
}

import type { TermForm } from "../search/query.ts";

/** A memory whose terms are read as they are, not from the index. */
export interface PlainMemory {
  number: number;
  /** With a space before and after each. */
  terms: string;
}

/**
 * What gives the numbers of those of the memories that have a form, in their order. All terms are searched as one text, which
 * is faster than those of each memory.
 */
export function createFinder(memories: readonly PlainMemory[]): (forms: readonly TermForm[]) => number[] {
  const ends: number[] = [];
  let all = "";
  for (const { terms } of memories) {
    all += terms;
    ends.push(all.length);
  }
  return (forms) => {
    const found = new Set<number>();
    for (const { text, prefix } of forms) {
      // What is before it is compared last, since a space is everywhere.
      const wanted = prefix ? text : `${text} `;
      let memory = 0;
      for (let at = all.indexOf(wanted); at > 0; ) {
        const isWhole = all[at - 1] === " ";
        while ((ends[memory] as number) <= at) memory++;
        if (isWhole) found.add(memory);
        at = all.indexOf(wanted, isWhole ? ends[memory] : at + 1);
      }
    }
    return [...found].sort((a, b) => a - b).map((index) => (memories[index] as PlainMemory).number);
  };
}

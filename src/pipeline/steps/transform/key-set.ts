import { createDigestSet, type DigestSet } from "../../spool/digest-set.ts";
import { ownValue } from "../../spool/own-value.ts";

/** Keys that are kept as they are. */
const FEW = 16;

/** Keys of one of many groups, of which most have few. */
export interface KeySet {
  few: string[];
  many: DigestSet | undefined;
}

export function createKeySet(): KeySet {
  return { few: [], many: undefined };
}

/** Whether the key is new. @throws ToolError `too_large` for one key too many */
export function addKey(set: KeySet, key: string): boolean {
  if (set.many) return set.many.add(key);
  if (set.few.includes(key)) return false;
  set.few.push(ownValue(key) as string);
  if (set.few.length <= FEW) return true;
  set.many = createDigestSet();
  for (const one of set.few) set.many.add(one);
  set.few = [];
  return true;
}

export function sizeOfKeys({ few, many }: KeySet): number {
  return many ? many.size : few.length;
}

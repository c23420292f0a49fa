import type { AnyResource } from "./define-resource.ts";
import memory from "./memory.ts";
import memoryList from "./memory-list.ts";

/** Every resource, in the order of `resources/list` and `resources/templates/list`. */
export const resources: readonly AnyResource[] = [memoryList, memory];

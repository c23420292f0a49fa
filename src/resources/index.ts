import apiAnswer from "./api-answer.ts";
import type { AnyResource } from "./define-resource.ts";
import memory from "./memory.ts";
import memoryList from "./memory-list.ts";
import run from "./run.ts";
import runTimeline from "./run-timeline.ts";

/** Every resource, in the order of `resources/list` (which has few runs and answers, and many memories) and `resources/templates/list`. */
export const resources: readonly AnyResource[] = [memoryList, runTimeline, run, apiAnswer, memory];

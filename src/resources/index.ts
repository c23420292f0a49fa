import apiAnswer from "./api-answer.ts";
import type { AnyResource } from "./define-resource.ts";
import displayResultApp from "./display-result-app.ts";
import memory from "./memory.ts";
import memoryList from "./memory-list.ts";
import pipelineDefinitions from "./pipeline-definitions.ts";
import pipelineReference from "./pipeline-reference.ts";
import { pipelineData, pipelineQuarantine, pipelineReport } from "./pipeline-result.ts";
import run from "./run.ts";
import runTimeline from "./run-timeline.ts";

/** Every resource, in the order of `resources/list` (which has few runs, answers and results, and many memories) and `resources/templates/list`. */
export const resources: readonly AnyResource[] = [
  memoryList,
  runTimeline,
  run,
  apiAnswer,
  pipelineDefinitions,
  pipelineReference,
  pipelineData,
  pipelineQuarantine,
  pipelineReport,
  memory,
  displayResultApp,
];

// Written by `npm run gen` from the files of this folder.
import apiDescribe from "./api-describe.ts";
import apiSearch from "./api-search.ts";
import callApi from "./call-api.ts";
import collectInput from "./collect-input.ts";
import confirmAction from "./confirm-action.ts";
import type { AnyTool } from "./define-tool.ts";
import displayResult from "./display-result.ts";
import llmProcessor from "./llm-processor.ts";
import memoryAdd from "./memory-add.ts";
import memoryDelete from "./memory-delete.ts";
import memoryList from "./memory-list.ts";
import memorySearch from "./memory-search.ts";
import memoryUpdate from "./memory-update.ts";
import mixtureOfAgents from "./mixture-of-agents.ts";
import runPipeline from "./run-pipeline.ts";

/** Every tool, in the order of `tools/list`. */
export const tools: readonly AnyTool[] = [
  memoryAdd,
  memoryList,
  memorySearch,
  memoryUpdate,
  memoryDelete,
  llmProcessor,
  mixtureOfAgents,
  apiSearch,
  apiDescribe,
  callApi,
  runPipeline,
  collectInput,
  confirmAction,
  displayResult,
];

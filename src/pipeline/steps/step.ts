import type { ErrorCode } from "../../errors.ts";
import type { StatusEmitter } from "../../status/status-event.ts";
import type { TextBudget } from "../expression/functions.ts";
import type { OutputOptions } from "../formats/write-output.ts";
import type { Options } from "../options.ts";
import type { Pace } from "../pace.ts";
import type { Reasons, Row } from "../rows.ts";

export const STEP_NAMES = ["validate", "transform", "enrich", "format"] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** Who calls, as the enrichers want it. */
export interface PipelineUser {
  id: string;
}

/** What a call of another service is given. Its status has no final event, for the run goes on after it. */
export interface EnrichContext {
  signal: AbortSignal;
  status: StatusEmitter;
  /** The run that the call belongs to: the same object for all its calls, and another one for other runs'. */
  run: object;
}

/** A call of a configured API for one row. */
export interface ApiRequest {
  api: string;
  operation?: string;
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  header?: Record<string, unknown>;
  body?: Record<string, unknown>;
}

/** A task for the LLM processor for one row. */
export interface LlmRequest {
  input: string;
  task?: string;
  model?: string;
  systemPrompt?: string;
  maxTokens?: number;
  outputSchema?: Record<string, unknown>;
}

/** The other services as functions, so that this room knows none of them. */
export interface Enrichers {
  /** The user's memories, best first: a list, or an object with the list as `results`. */
  searchMemory(user: PipelineUser, query: string, limit: number): Promise<unknown>;
  /** The API's answer, or an object with the answer as `data`. */
  callApi(user: PipelineUser, request: ApiRequest, context: EnrichContext): Promise<unknown>;
  /** An object with the model's answer as `data`. */
  processInput(user: PipelineUser, request: LlmRequest, context: EnrichContext): Promise<unknown>;
}

/** What a step runs in. */
export interface StepContext {
  user: PipelineUser;
  enrichers: Enrichers;
  /** Stands for the run, see EnrichContext. */
  run: object;
  signal: AbortSignal;
  status: StatusEmitter;
  pace: Pace;
  textBudget: TextBudget;
  /** Whether the rows came from a format whose cells are all text. */
  textCells: boolean;
  /** Whether calls of other services are left out. */
  dryRun: boolean;
  /** How much of the step is done. */
  report(done: number, total: number): void;
}

/** What a step did. */
export interface StepOutcome {
  rows: readonly Row[];
  /** Further fields of the step's record. */
  record: Record<string, unknown>;
  /** Rows with reasons; listed in the record. */
  reasons?: Reasons;
  /** What is probably not meant, such as a field that no row has. */
  warnings?: readonly string[];
  /** Set where the run ends here: the message of its error. */
  failed?: string;
  /** The code of that error, `validation_failed` where it is left out. */
  code?: ErrorCode;
  hint?: string | undefined;
  /** How the result is to be written; set by format only. */
  output?: OutputOptions;
}

/** A checked step, ready to run. */
export interface Step {
  name: StepName;
  enabled: boolean;
  /** As it was written; part of the run's id. */
  options: Options;
  run(rows: readonly Row[], context: StepContext): Promise<StepOutcome>;
}

import type { ErrorCode } from "../../errors.ts";
import type { Batch } from "../batch.ts";
import type { Order } from "../column-order.ts";
import type { OutputOptions } from "../formats/output-options.ts";
import type { Options } from "../options.ts";
import type { Reasons, Row } from "../rows.ts";
import type { Workspace } from "../spool/workspace.ts";

export const STEP_NAMES = ["validate", "transform", "enrich", "format"] as const;
export type StepName = (typeof STEP_NAMES)[number];

/** Rows as they come. Whoever takes them may change them. */
export type Batches = AsyncIterable<Batch>;

/** A call of a configured API. */
export interface ApiRequest {
  api: string;
  operation?: string;
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  header?: Record<string, unknown>;
  body?: unknown;
  /** Pages of a list that are read as one; 1 where it is left out. */
  maxPages?: number;
  /** Besides the API's own limit. */
  timeoutMs?: number;
}

/** A task for the LLM processor. */
export interface LlmRequest {
  input: string;
  task?: string;
  model?: string;
  systemPrompt?: string;
  maxTokens?: number;
  outputSchema?: Record<string, unknown>;
  timeoutMs?: number;
}

/** What a run may ask of the server around it, for the user who called. Requests and answers are plain JSON. */
export interface Host {
  /** The user's memories, best first: a list, or an object with the list as `results`. */
  searchMemory(query: string, limit: number): Promise<unknown>;
  /** The API's whole answer, or an object with the answer as `data`. @throws ToolError */
  callApi(request: ApiRequest): Promise<unknown>;
  /** An object with the model's answer as `data`. @throws ToolError */
  processInput(request: LlmRequest): Promise<unknown>;
  /** What the run is doing, for the human. */
  progress(description: string, percent?: number): void;
}

/** Why a run ends at a step. */
export interface StepFailure {
  message: string;
  /** `validation_failed` where it is left out. */
  code?: ErrorCode;
  hint?: string | undefined;
}

/** What a step of one run works with, and where it says what it did. */
export interface StepContext {
  host: Host;
  /** Where rows go that do not fit into memory. */
  workspace: Workspace;
  /** Whether calls of other services are left out. */
  dryRun: boolean;
  /** Whether the rows came from a format whose cells are all text. */
  textCells: boolean;
  /** Rows that failed; listed in the step's record. */
  reasons: Reasons;
  /** Further fields of the step's record; complete once the step's rows have ended. */
  record: Record<string, unknown>;
  /** Says what is probably not meant, such as a field that no row has. */
  warn(text: string): void;
  /**
   * Ends the run at this step, whose rows reach no later step from now on. The step goes on taking rows, to count all that fail.
   * The first failure of the first step that has one becomes the run's error.
   */
  fail(failure: StepFailure): void;
  /**
   * Whether the input, this step or one before it has ended the run. Final once the step's own input has ended: nothing outside
   * the run may be called before then, nor where it is true.
   */
  ended(): boolean;
  /** Takes rows out of the run into its quarantine, each with its reasons. */
  quarantine(row: Row, number: number, reasons: readonly unknown[]): void;
  /** Says before the first row leaves what becomes of the order of the fields; without it they stay, and new ones come last. */
  order(change: (order: Order) => Order): void;
  /** How much of the step is done, where it works after its input has ended. */
  report(done: number, total: number, what: string): void;
}

/** A checked step. */
export interface Step {
  name: StepName;
  enabled: boolean;
  /** As it was written; part of the run's id. */
  options: Options;
  /** How the result is to be written; format only. */
  output?: OutputOptions;
  /** Takes rows through the step, for one run. */
  run(rows: Batches, context: StepContext): Batches;
}

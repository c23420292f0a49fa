import type { ToolErrorOptions } from "../../errors.ts";
import type { EngineResult } from "../engine/engine-order.ts";
import type { ApiRequest, LlmRequest } from "../steps/step.ts";

/** What a run asks of the server around it. */
export type HostRequest =
  | { kind: "memory"; query: string; limit: number }
  | { kind: "api"; request: ApiRequest }
  | { kind: "llm"; request: LlmRequest };

/** From the process of a run. */
export type FromRun =
  | { type: "progress"; description: string; percent?: number | undefined }
  | { type: "call"; id: number; request: HostRequest };

/** To the process of a run: the answer to a call, as JSON, or why there is none. */
export type ToRun = { id: number; json: string } | { id: number; error: PlainError };

/** A ToolError as plain data. */
export interface PlainError extends Omit<ToolErrorOptions, "cause"> {
  code: string;
  message: string;
  /** Of a bug: what was thrown, for the log. */
  stack?: string | undefined;
}

/** What a run in a process ends with. */
export type RunReply = { result: EngineResult } | { error: PlainError };

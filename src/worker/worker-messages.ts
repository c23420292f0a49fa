import type { MessagePort } from "node:worker_threads";
import type { JsonataTask } from "./jsonata-task.ts";

/** What a thread is given to do. */
export interface TaskOrder {
  task: TaskName;
  input: unknown;
  /** Characters that the result may have as JSON. */
  maxResultLength: number;
}

/** What it gives back: the result as JSON, for that is copied fastest; undefined is given as null. */
export type TaskReply = { json: string } | { failure: TaskFault };

/** Why a task has no result. `input`: what it was given is wrong; the others are limits. */
export interface TaskFault {
  kind: "input" | "result_too_large" | "memory";
  message: string;
  /** Characters of the input before the place that is wrong, where it is known. */
  position?: number;
  hint?: string;
}

/** The tasks that there are, and what each takes. */
export interface TaskInputs {
  jmespath: { json: string; expression: string };
  jsonata: JsonataTask;
  /** `order` is an EngineOrder of src/pipeline; `port` carries what the run asks of the server around it. */
  pipeline: { order: unknown; port: MessagePort };
}

export type TaskName = keyof TaskInputs;

/** The tasks of one kind of thread, each loaded when it is first wanted. */
export type TaskTable<Names extends TaskName> = {
  [Name in Names]: () => Promise<(input: TaskInputs[Name]) => unknown>;
};

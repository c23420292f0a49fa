import type { JsonataTask } from "./jsonata-task.ts";

/** What a process is given to do. */
export interface TaskOrder {
  task: TaskName;
  input: unknown;
  /** Characters that the result may have as JSON. */
  maxResultLength: number;
}

/** What it gives back: the result as JSON, for that is copied fastest; undefined is given as null. */
export type TaskReply = { json: string } | { failure: TaskFault };

/** To a process: its next task, what is said to the one under way, or to watch by itself whether the one that made it is gone. */
export type ToProcess = { order: TaskOrder } | { said: unknown } | { watch: true };

/** From a process: the end of its task, or what that says while it runs. */
export type FromProcess = { reply: TaskReply } | { said: unknown };

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
  /** An EngineOrder of src/pipeline. */
  pipeline: { order: unknown };
}

export type TaskName = keyof TaskInputs;

/** How a task talks with whoever gave it, while it runs. */
export interface TaskTalk {
  say(message: unknown): void;
  /** Gives the one listener of the task. */
  hear(listener: (message: unknown) => void): void;
}

/** The tasks of one kind of process, each loaded when it is first wanted. */
export type TaskTable<Names extends TaskName> = {
  [Name in Names]: () => Promise<(input: TaskInputs[Name], talk: TaskTalk) => unknown>;
};

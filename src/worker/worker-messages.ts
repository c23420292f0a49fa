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
}

export type TaskName = keyof TaskInputs;

import type { TaskFault, TaskInputs, TaskName, TaskOrder, TaskReply } from "./task-messages.ts";
import { type Hear, ProcessEnded, type ProcessKind, startProcess, type TaskProcess } from "./task-process.ts";

export interface TaskLimits {
  signal?: AbortSignal;
  /** Milliseconds from when the task begins; waiting for a process does not count. */
  timeoutMs: number;
  /** Characters that the result may have as JSON. */
  maxResultLength: number;
  /** Whose task it is, see TaskRunnerOptions. Left out: nobody's. */
  owner?: string;
}

/** Runs tasks in processes of their own, where whatever they do can be ended, and nothing they need ends more than them. */
export interface TaskRunner {
  /**
   * The task's result, plain JSON; `hear` gets what the task says while it runs.
   * @throws TaskFailure; the signal's reason once it fires
   */
  run<Name extends TaskName>(task: Name, input: TaskInputs[Name], limits: TaskLimits, hear?: Hear): Promise<unknown>;
  /** Ends all processes and the tasks in them. */
  close(): Promise<void>;
}

/** Why a task has no result: its own fault, its time, or the many of its owner that wait. */
export type TaskEnd = TaskFault | { kind: "time" | "queue"; message: string };

/** A task that was ended by a limit, or that says what is wrong with its input. */
export class TaskFailure extends Error {
  readonly fault: TaskEnd;

  constructor(fault: TaskEnd) {
    super(fault.message);
    this.fault = fault;
    this.name = "TaskFailure";
  }
}

interface Waiting {
  order: TaskOrder;
  hear: Hear | undefined;
  limits: TaskLimits;
  done(reply: TaskReply): void;
  fail(error: unknown): void;
}

export interface TaskRunnerOptions {
  /** Which tasks the processes can do. */
  kind?: ProcessKind;
  /** Processes at most, and so tasks at once. */
  maxProcesses?: number;
  /** Tasks at once of one owner. Default: all. */
  maxOwnTasks?: number;
  /** Tasks at once beyond which an owner who has one under way gets no further one, so that others find processes left. */
  maxShared?: number;
  /** Tasks of one owner that may wait. Default: any number. */
  maxOwnWaiting?: number;
  /** Megabytes of a process's heap. */
  maxHeapMb?: number;
  /** Milliseconds after which a process without work is ended. */
  idleMs?: number;
}

/**
 * No process is made before the first task; one that has done its task takes the next, one that was ended is replaced. Processes
 * without work do not keep this one alive.
 */
export function createTaskRunner({
  kind = "expressions",
  maxProcesses = 2,
  maxOwnTasks = maxProcesses,
  maxShared = maxProcesses,
  maxOwnWaiting = Number.POSITIVE_INFINITY,
  maxHeapMb = 256,
  idleMs = 60_000,
}: TaskRunnerOptions = {}): TaskRunner {
  const waiting: Waiting[] = [];
  const idle: { made: TaskProcess; timer: NodeJS.Timeout }[] = [];
  const all = new Set<TaskProcess>();
  const owned = new Map<string, number>();
  let closed = false;

  function start(): TaskProcess {
    const made = startProcess(kind, maxHeapMb);
    all.add(made);
    void made.gone.then(() => {
      all.delete(made);
      forget(made);
      next();
    });
    return made;
  }

  /** Takes a process out of those without work. */
  function forget(made: TaskProcess): void {
    const place = idle.findIndex((entry) => entry.made === made);
    if (place < 0) return;
    clearTimeout(idle[place]?.timer);
    idle.splice(place, 1);
  }

  function rest(made: TaskProcess): void {
    if (closed) {
      void made.end();
      return;
    }
    made.hold(false);
    const timer = setTimeout(() => {
      forget(made);
      void made.end();
    }, idleMs);
    timer.unref();
    idle.push({ made, timer });
  }

  function mayStart({ limits: { owner } }: Waiting): boolean {
    const own = owner === undefined ? 0 : (owned.get(owner) ?? 0);
    return own === 0 || (own < maxOwnTasks && all.size - idle.length < maxShared);
  }

  /** Counts the tasks of an owner that are under way. */
  function count(owner: string | undefined, change: 1 | -1): void {
    if (owner === undefined) return;
    const running = (owned.get(owner) ?? 0) + change;
    if (running > 0) owned.set(owner, running);
    else owned.delete(owner);
  }

  function next(): void {
    const place = waiting.findIndex(mayStart);
    if (place < 0) return;
    const free = idle.pop();
    if (!free && all.size >= maxProcesses) return;
    clearTimeout(free?.timer);
    const [task] = waiting.splice(place, 1) as [Waiting];
    let made: TaskProcess;
    try {
      made = free?.made ?? start();
    } catch (error) {
      task.fail(error);
      return;
    }
    made.hold(true);
    perform(made, task);
  }

  function perform(made: TaskProcess, { order, hear, limits, done, fail }: Waiting): void {
    const { signal, timeoutMs, owner } = limits;
    count(owner, 1);
    let ended = false;
    const end = async (settle: () => void, keep = false) => {
      if (ended) return;
      ended = true;
      count(owner, -1);
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (keep) rest(made);
      else await made.end();
      settle();
      next();
    };
    const onAbort = () => void end(() => fail(signal?.reason));
    const timer = setTimeout(() => {
      void end(() => fail(new TaskFailure({ kind: "time", message: `it took longer than ${timeoutMs / 1000} s` })));
    }, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    made
      .perform(order, (message, answer) => {
        if (!ended) hear?.(message, answer);
      })
      .then(
        (reply) => end(() => done(reply), true),
        (error: unknown) => {
          const message = `it needs more memory than ${maxHeapMb} MB`;
          return end(() => fail(error instanceof ProcessEnded ? new TaskFailure({ kind: "memory", message }) : error));
        },
      );
  }

  return {
    async run(task, input, limits, hear) {
      const { signal, maxResultLength } = limits;
      signal?.throwIfAborted();
      if (closed) throw new Error("The processes were ended.");
      const { owner } = limits;
      const own = owner === undefined ? 0 : waiting.filter((other) => other.limits.owner === owner).length;
      if (own >= maxOwnWaiting) {
        throw new TaskFailure({ kind: "queue", message: `${own} others wait already` });
      }
      const reply = await new Promise<TaskReply>((resolve, reject) => {
        const entry: Waiting = {
          order: { task, input, maxResultLength },
          hear,
          limits,
          done: (given) => settled(() => resolve(given)),
          fail: (error) => settled(() => reject(error)),
        };
        const leave = () => {
          const place = waiting.indexOf(entry);
          // One that has begun is ended where it runs.
          if (place < 0) return;
          waiting.splice(place, 1);
          reject(signal?.reason);
        };
        const settled = (settle: () => void) => {
          signal?.removeEventListener("abort", leave);
          settle();
        };
        signal?.addEventListener("abort", leave, { once: true });
        waiting.push(entry);
        next();
      });
      if ("failure" in reply) throw new TaskFailure(reply.failure);
      return JSON.parse(reply.json);
    },
    async close() {
      closed = true;
      for (const task of waiting.splice(0)) task.fail(new Error("The processes were ended."));
      for (const { timer } of idle.splice(0)) clearTimeout(timer);
      await Promise.all([...all].map((made) => made.end()));
    },
  };
}

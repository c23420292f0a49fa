import { type Transferable, Worker } from "node:worker_threads";
import type { TaskFault, TaskInputs, TaskName, TaskOrder, TaskReply } from "./worker-messages.ts";

export interface TaskLimits {
  signal: AbortSignal;
  /** Milliseconds from when the task begins; waiting for a thread does not count. */
  timeoutMs: number;
  /** Characters that the result may have as JSON. */
  maxResultLength: number;
  /** Whose task it is: tasks of one owner get no more than `maxOwnThreads` at once. Left out: nobody's. */
  owner?: string;
}

/** Runs tasks in threads, where whatever they do can be ended. */
export interface TaskRunner {
  /**
   * The task's result, plain JSON.
   * @throws TaskFailure; the signal's reason once it fires
   */
  run<Name extends TaskName>(
    task: Name,
    input: TaskInputs[Name],
    limits: TaskLimits,
    transfer?: readonly Transferable[],
  ): Promise<unknown>;
  /** Ends all threads and the tasks in them. */
  close(): Promise<void>;
}

/** A task that was ended by a limit, or that says what is wrong with its input. */
export class TaskFailure extends Error {
  readonly fault: TaskFault | { kind: "time"; message: string };

  constructor(fault: TaskFault | { kind: "time"; message: string }) {
    super(fault.message);
    this.fault = fault;
    this.name = "TaskFailure";
  }
}

interface Waiting {
  order: TaskOrder;
  transfer: readonly Transferable[];
  limits: TaskLimits;
  done(reply: TaskReply): void;
  fail(error: unknown): void;
}

export interface TaskRunnerOptions {
  /** Which tasks the threads can do. */
  threads?: keyof typeof THREADS;
  /** Threads at most, and so tasks at once. */
  maxThreads?: number;
  /** Tasks at once of one owner, so that the others have threads left. Default: all. */
  maxOwnThreads?: number;
  /** Megabytes of a thread's heap. */
  maxHeapMb?: number;
  /** Milliseconds after which a thread without work is ended. */
  idleMs?: number;
}

/**
 * No thread is made before the first task; one that has done its task takes the next, one that was ended is replaced. Threads
 * without work do not keep the process alive.
 */
export function createTaskRunner({
  threads = "expressions",
  maxThreads = 2,
  maxOwnThreads = maxThreads,
  maxHeapMb = 256,
  idleMs = 60_000,
}: TaskRunnerOptions = {}): TaskRunner {
  const waiting: Waiting[] = [];
  const idle: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  const all = new Set<Worker>();
  const owned = new Map<string, number>();
  let closed = false;

  function start(): Worker {
    const worker = new Worker(threadFile(threads, import.meta.url), {
      // Not what this process was started with, such as a test runner's hooks.
      execArgv: [],
      env: {},
      // The process's own output may carry a protocol.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb, maxYoungGenerationSizeMb: 32 },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    all.add(worker);
    worker.once("exit", () => {
      all.delete(worker);
      next();
    });
    // Each task listens for itself; between two tasks an error has nobody to go to.
    worker.on("error", () => {});
    return worker;
  }

  function rest(worker: Worker): void {
    if (closed) {
      void worker.terminate();
      return;
    }
    worker.unref();
    const entry = {
      worker,
      timer: setTimeout(() => {
        idle.splice(idle.indexOf(entry), 1);
        void worker.terminate();
      }, idleMs),
    };
    entry.timer.unref();
    idle.push(entry);
  }

  function mayStart({ limits: { owner } }: Waiting): boolean {
    return owner === undefined || (owned.get(owner) ?? 0) < maxOwnThreads;
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
    if (!free && all.size >= maxThreads) return;
    clearTimeout(free?.timer);
    const [task] = waiting.splice(place, 1) as [Waiting];
    let worker: Worker;
    try {
      worker = free?.worker ?? start();
    } catch (error) {
      task.fail(error);
      return;
    }
    worker.ref();
    perform(worker, task);
  }

  function perform(worker: Worker, { order, transfer, limits, done, fail }: Waiting): void {
    const { signal, timeoutMs, owner } = limits;
    count(owner, 1);
    const end = async (settle: () => void, keep = false) => {
      count(owner, -1);
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      if (keep) rest(worker);
      else await worker.terminate();
      settle();
      next();
    };
    const onMessage = (reply: TaskReply) => void end(() => done(reply), true);
    const onError = (error: Error & { code?: string }) => {
      const memory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      const message = `it needs more memory than ${maxHeapMb} MB`;
      void end(() => fail(memory ? new TaskFailure({ kind: "memory", message }) : error));
    };
    const onExit = () => void end(() => fail(new Error("The thread ended before its task.")));
    const onAbort = () => void end(() => fail(signal.reason));
    const timer = setTimeout(() => {
      void end(() => fail(new TaskFailure({ kind: "time", message: `it took longer than ${timeoutMs / 1000} s` })));
    }, timeoutMs);
    signal.addEventListener("abort", onAbort, { once: true });
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(order, transfer);
  }

  return {
    async run(task, input, limits, transfer = []) {
      const { signal, maxResultLength } = limits;
      signal.throwIfAborted();
      if (closed) throw new Error("The threads were ended.");
      const reply = await new Promise<TaskReply>((resolve, reject) => {
        const entry: Waiting = {
          order: { task, input, maxResultLength },
          transfer,
          limits,
          done: (given) => settled(() => resolve(given)),
          fail: (error) => settled(() => reject(error)),
        };
        const leave = () => {
          const place = waiting.indexOf(entry);
          // One that has begun is ended where it runs.
          if (place < 0) return;
          waiting.splice(place, 1);
          reject(signal.reason);
        };
        const settled = (settle: () => void) => {
          signal.removeEventListener("abort", leave);
          settle();
        };
        signal.addEventListener("abort", leave, { once: true });
        waiting.push(entry);
        next();
      });
      if ("failure" in reply) throw new TaskFailure(reply.failure);
      return JSON.parse(reply.json);
    },
    async close() {
      closed = true;
      for (const task of waiting.splice(0)) task.fail(new Error("The threads were ended."));
      for (const { timer } of idle.splice(0)) clearTimeout(timer);
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

/** The files that threads begin with: among the sources as TypeScript, which Node reads, and where the bundle has its chunks (scripts/build.ts). */
const THREADS = {
  expressions: { source: "./worker-main.ts", bundle: "./worker.js" },
  pipelines: { source: "../pipeline/thread/thread-main.ts", bundle: "./pipeline-thread.js" },
};

function threadFile(threads: keyof typeof THREADS, here: string): URL {
  const { source, bundle } = THREADS[threads];
  return new URL(here.endsWith(".ts") ? source : bundle, here);
}

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { TaskFailure } from "./task-runner.ts";
import type { TaskInputs, TaskOrder, TaskReply } from "./worker-messages.ts";

/** Tasks that run in a process of their own. */
type ProcessTask = "jsonata";

/** Runs one task after the other in a process, where whatever they do can be ended, and no allocation ends more than it. */
export interface TaskProcess {
  /**
   * The task's result, plain JSON. One at a time.
   * @throws TaskFailure
   */
  run<Name extends ProcessTask>(
    task: Name,
    input: TaskInputs[Name],
    limits: { timeoutMs: number; maxResultLength: number },
  ): Promise<unknown>;
  /** Ends the process. */
  close(): void;
}

/** No process is made before the first task; one that was ended is replaced. It also ends with the thread that made it. */
export function createTaskProcess({ maxHeapMb }: { maxHeapMb: number }): TaskProcess {
  let child: ChildProcess | undefined;

  function start(): ChildProcess {
    const made = spawn(process.execPath, [`--max-old-space-size=${maxHeapMb}`, processFile(import.meta.url)], {
      stdio: ["pipe", "pipe", "ignore"],
      // Times without an offset mean the same on every machine.
      env: { TZ: "UTC" },
      windowsHide: true,
    });
    // An order that comes as the process ends; that it ended is told by its exit.
    made.stdin?.on("error", () => {});
    made.stdout?.setEncoding("utf8");
    return made;
  }

  return {
    async run(task, input, { timeoutMs, maxResultLength }) {
      child ??= start();
      const running = child;
      const reply = await new Promise<TaskReply>((resolve, reject) => {
        const parts: string[] = [];
        const settle = (end: () => void) => {
          clearTimeout(timer);
          running.stdout?.off("data", onData);
          running.off("exit", onExit).off("error", onError);
          end();
        };
        const onData = (text: string) => {
          parts.push(text);
          if (text.endsWith("\n")) settle(() => resolve(JSON.parse(parts.join("")) as TaskReply));
        };
        const drop = (error: Error) => {
          child = undefined;
          running.kill("SIGKILL");
          settle(() => reject(error));
        };
        const onExit = () =>
          drop(new TaskFailure({ kind: "memory", message: `it needs more memory than ${maxHeapMb} MB` }));
        const onError = (error: Error) => drop(error);
        const timer = setTimeout(() => {
          drop(new TaskFailure({ kind: "time", message: `it took longer than ${timeoutMs / 1000} s` }));
        }, timeoutMs);
        running.stdout?.on("data", onData);
        running.on("exit", onExit).on("error", onError);
        const order: TaskOrder = { task, input, maxResultLength };
        running.stdin?.write(`${JSON.stringify(order)}\n`);
      });
      if ("failure" in reply) throw new TaskFailure(reply.failure);
      return JSON.parse(reply.json);
    },
    close() {
      child?.kill("SIGKILL");
      child = undefined;
    },
  };
}

/** Among the sources as TypeScript, which Node reads, and where the bundle has its chunks (scripts/build.ts). */
function processFile(here: string): string {
  return fileURLToPath(new URL(here.endsWith(".ts") ? "./process-main.ts" : "./task-process.js", here));
}

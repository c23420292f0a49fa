import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromProcess, TaskOrder, TaskReply, ToProcess } from "./task-messages.ts";

/** The files that processes begin with: among the sources as TypeScript, which Node reads, and where the bundle has its chunks (scripts/build.ts). */
const FILES = {
  expressions: { source: "./expressions-main.ts", bundle: "./expressions-process.js" },
  pipelines: { source: "../pipeline/process/process-main.ts", bundle: "./pipelines-process.js" },
};

/** Which tasks a process can do. */
export type ProcessKind = keyof typeof FILES;

/** A process that performs tasks one after the other. V8 ends all of a process where one allocation is too large for its heap. */
export interface TaskProcess {
  /**
   * Performs a task; `hear` gets what it says meanwhile, and can answer.
   * @throws the fault of the process where it cannot be made, or ended before its task, for which it is of no use any more
   */
  perform(order: TaskOrder, hear?: Hear): Promise<TaskReply>;
  /** Whether it keeps the process that made it from ending. */
  hold(held: boolean): void;
  /** Ends it, whatever it does. Comes back when it is gone. */
  end(): Promise<void>;
  /** Comes when it is gone. */
  gone: Promise<void>;
}

export type Hear = (message: unknown, answer: (message: unknown) => void) => void;

/** Thrown where a process ended by itself, as V8 does without memory. */
export class ProcessEnded extends Error {
  override name = "ProcessEnded";
}

/**
 * Megabytes for objects that were just made, of which V8 has up to three. By itself it takes more for a larger heap: twice the
 * memory for no more speed, where rows come and go.
 */
const YOUNG_MB = 16;

/** Starts a process with `maxHeapMb` megabytes of heap. It ends with the process that made it. @throws where none can be made */
export function startProcess(kind: ProcessKind, maxHeapMb: number): TaskProcess {
  const { source, bundle } = FILES[kind];
  const file = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? source : bundle, import.meta.url));
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${maxHeapMb}`, `--max-semi-space-size=${YOUNG_MB}`, file],
    {
      // stdin tells it that this process is gone; the output of this process may carry a protocol.
      stdio: ["pipe", "ignore", "ignore", "ipc"],
      serialization: "advanced",
      env: environment(),
      windowsHide: true,
    },
  );
  child.stdin?.on("error", () => {});
  if (!guard(child) && child.connected) child.send({ watch: true } satisfies ToProcess, () => {});
  let failure: Error | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    // Each task listens for itself; between two tasks an error has nobody to go to.
    child.on("error", (error) => {
      failure ??= error;
      if (child.pid === undefined) resolve();
    });
  });

  return {
    gone,
    hold(held) {
      for (const part of [child, child.channel, child.stdin as unknown as Held]) {
        if (held) part?.ref();
        else part?.unref();
      }
    },
    perform: (order, hear) =>
      new Promise((resolve, reject) => {
        const send = (message: ToProcess): void => {
          if (child.connected) child.send(message, () => {});
        };
        const settle = (end: () => void): void => {
          child.off("message", onMessage).off("exit", onEnd).off("error", onEnd);
          end();
        };
        const onMessage = (message: FromProcess): void => {
          if ("reply" in message) settle(() => resolve(message.reply));
          else hear?.(message.said, (said) => send({ said }));
        };
        const onEnd = (): void =>
          settle(() => reject(failure ?? new ProcessEnded("The process ended before its task.")));
        if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
          onEnd();
          return;
        }
        child.on("message", onMessage).once("exit", onEnd).once("error", onEnd);
        send({ order });
      }),
    async end() {
      // Whoever waits for it is still there when it is gone.
      child.ref();
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/**
 * Ends the process once this one is gone, however it ended: a shell waits for it, which costs a twentieth of what a thread in the
 * process does. False where there is no shell, and the process has to watch by itself.
 */
function guard(child: ChildProcess): boolean {
  if (process.platform === "win32" || child.pid === undefined) return false;
  const script = 'read -r nothing; kill -9 "$0"';
  const shell = spawn("/bin/sh", ["-c", script, String(child.pid)], { stdio: ["pipe", "ignore", "ignore"], env: {} });
  shell.on("error", () => {});
  shell.stdin?.on("error", () => {});
  if (shell.pid === undefined) return false;
  shell.unref();
  (shell.stdin as unknown as Held)?.unref();
  // Before its number can be another process's.
  child.once("exit", () => shell.kill("SIGKILL"));
  return true;
}

type Held = Pick<NonNullable<ChildProcess["channel"]>, "ref" | "unref"> | null;

/** As little as a process needs: the system's folders. Times without an offset mean the same on every machine. */
function environment(): NodeJS.ProcessEnv {
  const names = ["SystemRoot", "TMPDIR", "TEMP", "TMP"];
  const kept = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return { ...Object.fromEntries(kept), TZ: "UTC" };
}

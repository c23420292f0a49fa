import { createReadStream } from "node:fs";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { performTask } from "./serve-tasks.ts";
import type { TaskOrder } from "./worker-messages.ts";

// What runs in a process of its own: V8 ends all of a process where one allocation of a thread is too large for its heap.
const TASKS = {
  jsonata: async () => (await import("./jsonata-task.ts")).runJsonata,
};

if (isMainThread) {
  const reader = new Worker(new URL(import.meta.url), { execArgv: [] });
  reader.on("message", async (line: string) => {
    const reply = await performTask(TASKS, JSON.parse(line) as TaskOrder);
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  });
} else await readOrders();

/** Reads orders, one a line, beside the tasks: whoever gives them may go while a task runs, and then all of the process ends. */
async function readOrders(): Promise<void> {
  let begun: string[] = [];
  for await (const chunk of createReadStream("", { fd: 0, autoClose: false, encoding: "utf8" })) {
    const lines = String(chunk).split("\n");
    for (const line of lines.slice(0, -1)) {
      parentPort?.postMessage(begun.join("") + line);
      begun = [];
    }
    begun.push(lines.at(-1) as string);
  }
  process.kill(process.pid, "SIGKILL");
}

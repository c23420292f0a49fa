import module from "node:module";
import { Worker } from "node:worker_threads";
import type { FromProcess, TaskName, TaskOrder, TaskReply, TaskTable, TaskTalk, ToProcess } from "./task-messages.ts";

/** What the server takes of an answer of an API, too. */
const MAX_DEPTH = 200;

/** Ends this process when the one that made it is gone: nothing is ever written to stdin, it only ends. Tasks may be busy then. */
const WATCH = `
  const { readSync } = require("node:fs");
  const byte = Buffer.alloc(1);
  for (;;) {
    try {
      if (readSync(0, byte) === 0) break;
    } catch (error) {
      if (error.code !== "EAGAIN") break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  process.kill(process.pid, "SIGKILL");
`;

/** Performs the tasks of the table that this process is given, one after the other, for as long as its parent lives. */
export function serveTasks<Names extends TaskName>(tasks: TaskTable<Names>): void {
  // As the program itself does (src/main.ts).
  module.enableCompileCache?.();
  // Tasks read and set properties by name: of data they may reach only what is in it.
  Reflect.deleteProperty(Object.prototype, "__proto__");
  let listener = (_message: unknown): void => {};
  const send = (message: FromProcess): void => void process.send?.(message);
  const talk: TaskTalk = {
    say: (said) => send({ said }),
    hear(given) {
      listener = given;
    },
  };
  process.on("message", async (message: ToProcess) => {
    if ("watch" in message) {
      new Worker(WATCH, { eval: true, execArgv: [] }).unref();
      return;
    }
    if ("said" in message) {
      listener(message.said);
      return;
    }
    send({ reply: await performTask(tasks, message.order, talk) });
    // It ends by being killed, which keeps nothing; free of cost where nothing was compiled since.
    module.flushCompileCache?.();
  });
  process.on("disconnect", () => process.exit());
}

/** The result of a task, or why it has none; never throws. */
async function performTask<Names extends TaskName>(
  tasks: TaskTable<Names>,
  { task, input, maxResultLength }: TaskOrder,
  talk: TaskTalk,
): Promise<TaskReply> {
  let result: unknown;
  try {
    const run = (await tasks[task as Names]()) as (input: unknown, talk: TaskTalk) => unknown;
    result = await run(input, talk);
    const size = sizeOf(result, maxResultLength);
    if (size > maxResultLength) return tooLarge(maxResultLength);
    const json = JSON.stringify(result) ?? "null";
    if (json.length > maxResultLength) return tooLarge(maxResultLength);
    return { json };
  } catch (error) {
    if (error instanceof RangeError) {
      return /string length|array length|allocation/i.test(error.message)
        ? tooLarge(maxResultLength)
        : { failure: { kind: "input", message: "it is nested too deeply" } };
    }
    const { message, position, hint } = error as Error & { position?: number; hint?: string };
    const more = { ...(position !== undefined && { position }), ...(hint !== undefined && { hint }) };
    return { failure: { kind: "input", message: String(message).slice(0, 500), ...more } };
  }
}

function tooLarge(limit: number): TaskReply {
  return { failure: { kind: "result_too_large", message: `the result is larger than ${limit} characters` } };
}

/**
 * How many values there are in a value, of which each takes a character of JSON or more; not counted further than the limit,
 * for expressions put the same list into a list many times over. @throws RangeError where it is nested too deeply
 */
function sizeOf(value: unknown, limit: number): number {
  let count = 0;
  const visit = (part: unknown, depth: number): void => {
    if (++count > limit || typeof part !== "object" || part === null) return;
    if (depth > MAX_DEPTH) throw new RangeError("nested too deeply");
    for (const item of Array.isArray(part) ? part : Object.values(part)) {
      visit(item, depth + 1);
      if (count > limit) return;
    }
  };
  visit(value, 0);
  return count;
}

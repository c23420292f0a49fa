import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { createTaskRunner, type TaskLimits } from "./task-runner.ts";

const runner = createTaskRunner({ maxProcesses: 2, maxHeapMb: 128 });
afterAll(() => runner.close());

const never = new AbortController().signal;

function select(expression: string, data: unknown, limits: Partial<TaskLimits> = {}): Promise<unknown> {
  const input = { json: JSON.stringify(data), expression };
  return runner.run("jmespath", input, { signal: never, timeoutMs: 15_000, maxResultLength: 1_000_000, ...limits });
}

const people = {
  people: [
    { name: "Ana", age: 30 },
    { name: "Ben", age: 20 },
  ],
};

describe("an expression", () => {
  it.each([
    ["people[*].name", ["Ana", "Ben"]],
    ["people[?age > `25`] | [0].name", "Ana"],
    ["sort_by(people, &age)[].{n: name}", [{ n: "Ben" }, { n: "Ana" }]],
    ["length(people)", 2],
    ["nothing", null],
    ["people[].constructor", [null, null]],
    ["people[].__proto__", []],
    ["__proto__", null],
  ])("%s gives what it means", async (expression, result) => {
    expect(await select(expression, people)).toEqual(result);
  });

  it("reaches what data has under names that every object inherits", async () => {
    const input = { json: '{"__proto__":{"a":1},"constructor":2}', expression: '["__proto__".a, constructor]' };
    expect(await runner.run("jmespath", input, { signal: never, timeoutMs: 5000, maxResultLength: 100 })).toEqual([
      1, 2,
    ]);
  });

  it.each([
    ["people[", 7],
    ["people..name", 7],
    ["a b", 2],
    ["people[*].{", 11],
    ["people # name", 7],
    ["", 0],
    ["people[].foo(@)", 9],
  ])("%j that is none is told with the place that is wrong", async (expression, position) => {
    await expect(select(expression, people)).rejects.toMatchObject({ fault: { kind: "input", position } });
  });

  it("that uses a function wrongly is told why", async () => {
    await expect(select("sum(people)", people)).rejects.toThrow(/sum\(\) expected argument 1/);
    await expect(select("people[].foo(@)", people)).rejects.toMatchObject({
      fault: { hint: expect.stringContaining("sort_by") },
    });
  });
});

/** Takes far longer than any limit here, of a list of some thousand entries. */
const SLOW = "map(&map(&map(&length(to_string(@)), $), $), @)";

/** Each doubles the text that a variable or a field holds. */
const doubled = (times: number) => `${"join('', [@, @]) | ".repeat(times)}length(@)`;

describe("a hostile expression", () => {
  it.each([
    ["nests deeply", `${"[".repeat(50_000)}@${"]".repeat(50_000)}`],
    ["gives what nests deeply", `${"[".repeat(300)}@${"]".repeat(300)}`],
    ["grows a text without end", doubled(60)],
    ["pads a text to a gigabyte", "pad_left('x', `1000000000`)"],
    ["doubles a list until memory ends", `${"[@, @] | ".repeat(40)}@`],
    ["doubles a list and flattens it", `${"[@, @][] | ".repeat(40)}@`],
  ])("that %s is ended, and the next one works", async (_what, expression) => {
    const error = await select(expression, "x").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "TaskFailure", message: expect.stringMatching(/^(it|the result|Syntax)/) });
    expect(await select("length(people)", people)).toBe(2);
  });

  it("that needs long is ended at its time limit", async () => {
    const list = Array.from({ length: 3000 }, (_, n) => n);
    const before = performance.now();
    const slow = select(SLOW, list, { timeoutMs: 300 });
    await expect(slow).rejects.toMatchObject({ fault: { kind: "time", message: "it took longer than 0.3 s" } });
    expect(performance.now() - before).toBeLessThan(5000);
    expect(await select("length(people)", people)).toBe(2);
  });

  it("over ten million items is ended or answered", async () => {
    const input = { json: `[${"1,".repeat(9_999_999)}1]`, expression: "[?@ > `1`]" };
    const result = await runner
      .run("jmespath", input, { signal: never, timeoutMs: 15_000, maxResultLength: 1000 })
      .catch((thrown: Error) => thrown.message);
    expect([[], "it needs more memory than 128 MB", "it took longer than 15 s"]).toContainEqual(result);
    expect(await select("length(people)", people)).toBe(2);
  });

  it("whose result is too large gives nothing", async () => {
    await expect(select("[@, @, @]", "x".repeat(100), { maxResultLength: 300 })).rejects.toMatchObject({
      fault: { kind: "result_too_large" },
    });
  });
});

describe("a caller that goes", () => {
  const forever = (signal: AbortSignal) =>
    select(
      SLOW,
      Array.from({ length: 3000 }, (_, n) => n),
      { signal },
    );

  it("ends its own task and no other, also one that waits", async () => {
    const reason = new Error("gone");
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const running = [forever(first.signal), forever(second.signal), forever(third.signal)];
    const ends = running.map((task) => task.catch((error: unknown) => error));
    const last = select("length(people)", people);
    await sleep(100);
    third.abort(reason);
    expect(await ends[2]).toBe(reason);
    first.abort(reason);
    expect(await ends[0]).toBe(reason);
    expect(await last).toBe(2);
    second.abort(reason);
    expect(await ends[1]).toBe(reason);
    await expect(forever(second.signal)).rejects.toBe(reason);
  });
});

it("a process without work ends, and a task that comes at that moment has another one", async () => {
  const own = createTaskRunner({ maxProcesses: 1, idleMs: 30 });
  const limits = { signal: never, timeoutMs: 10_000, maxResultLength: 100 };
  for (const pause of [0, 28, 29, 30, 31, 32, 33, 35, 100]) {
    expect(await own.run("jmespath", { json: "1", expression: "@" }, limits)).toBe(1);
    await sleep(pause);
  }
  await own.close();
});

it("a runner that was closed has no processes and takes no tasks", async () => {
  const own = createTaskRunner();
  const input = { json: "1", expression: "@" };
  const limits = { signal: never, timeoutMs: 5000, maxResultLength: 100 };
  expect(await own.run("jmespath", input, limits)).toBe(1);
  await own.close();
  await expect(own.run("jmespath", input, limits)).rejects.toThrow("ended");
});

it("tasks of one owner leave processes to others", async () => {
  const own = createTaskRunner({ maxProcesses: 2, maxOwnTasks: 1 });
  const limits = { timeoutMs: 20_000, maxResultLength: 1000 };
  const stop = new AbortController();
  const slow = { json: JSON.stringify([...Array(2000).keys()]), expression: SLOW };
  const ended = own.run("jmespath", slow, { ...limits, owner: "ana", signal: stop.signal }).catch(() => "stopped");
  const quick = { json: "1", expression: "@" };
  const later = own.run("jmespath", quick, { ...limits, owner: "ana" });
  expect(await own.run("jmespath", quick, { ...limits, owner: "ben" })).toBe(1);
  expect(await Promise.race([later, sleep(200, "waits")])).toBe("waits");
  stop.abort();
  expect(await ended).toBe("stopped");
  expect(await later).toBe(1);
  await own.close();
});

it("tasks of an owner beyond those that may wait are refused", async () => {
  const own = createTaskRunner({ maxProcesses: 1, maxOwnWaiting: 1 });
  const stop = new AbortController();
  const slow = { json: JSON.stringify([...Array(2000).keys()]), expression: SLOW };
  const limits = { timeoutMs: 20_000, maxResultLength: 1000, signal: stop.signal, owner: "ana" };
  const ends = [own.run("jmespath", slow, limits), own.run("jmespath", slow, limits)].map((run) =>
    run.catch(() => "stopped"),
  );
  await expect(own.run("jmespath", slow, limits)).rejects.toMatchObject({ fault: { kind: "queue" } });
  const other = own.run("jmespath", { json: "1", expression: "@" }, { ...limits, owner: "ben" }).catch(() => "stopped");
  stop.abort();
  expect(await Promise.all([...ends, other])).toEqual(["stopped", "stopped", "stopped"]);
  await own.close();
});

it("one allocation that no heap survives ends its process and nothing else", async () => {
  const growing = select("pad_left('x', `400000000`) | upper(@)", null);
  await expect(growing).rejects.toMatchObject({
    fault: { message: expect.stringMatching(/needs more memory than 128 MB|larger than/) },
  });
  expect(await select("length(people)", people)).toBe(2);
});

it("a process ends with the one that made it, also in the middle of a task", async () => {
  const script = `
    const { startProcess } = await import(${JSON.stringify(new URL("./task-process.ts", import.meta.url).href)});
    const made = startProcess("expressions", 128);
    const json = JSON.stringify([...Array(2000).keys()]);
    const input = { json, expression: ${JSON.stringify(SLOW)} };
    await made.perform({ task: "jmespath", input: { json: "1", expression: "@" }, maxResultLength: 9 });
    void made.perform({ task: "jmespath", input, maxResultLength: 9 });
    const { readdirSync, readFileSync } = await import("node:fs");
    setTimeout(() => console.log(readFileSync(\`/proc/self/task/\${process.pid}/children\`, "utf8")), 300);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const started = await new Promise<number[]>((resolve) =>
    parent.stdout.once("data", (text) => resolve(String(text).trim().split(" ").map(Number))),
  );
  // The process, and the shell that waits for the end of its parent.
  expect(started.map(isAlive)).toEqual([true, true]);
  parent.kill("SIGKILL");
  await expect.poll(() => started.some(isAlive), { timeout: 5000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // One whose end nobody has taken note of yet is gone all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

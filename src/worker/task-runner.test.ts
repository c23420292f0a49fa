import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { createTaskRunner, type TaskLimits } from "./task-runner.ts";

const runner = createTaskRunner({ maxThreads: 2, maxHeapMb: 128 });
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
    const slow = select("map(&map(&map(&length(to_string(@)), $), $), @)", list, { timeoutMs: 300 });
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
      "map(&map(&map(&length(to_string(@)), $), $), @)",
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

it("a thread without work ends, and a task that comes at that moment has another one", async () => {
  const own = createTaskRunner({ maxThreads: 1, idleMs: 30 });
  const limits = { signal: never, timeoutMs: 10_000, maxResultLength: 100 };
  for (const pause of [0, 28, 29, 30, 31, 32, 33, 35, 100]) {
    expect(await own.run("jmespath", { json: "1", expression: "@" }, limits)).toBe(1);
    await sleep(pause);
  }
  await own.close();
});

it("a runner that was closed has no threads and takes no tasks", async () => {
  const own = createTaskRunner();
  const input = { json: "1", expression: "@" };
  const limits = { signal: never, timeoutMs: 5000, maxResultLength: 100 };
  expect(await own.run("jmespath", input, limits)).toBe(1);
  await own.close();
  await expect(own.run("jmespath", input, limits)).rejects.toThrow("ended");
});

it("tasks of one owner leave threads to others", async () => {
  const own = createTaskRunner({ maxThreads: 2, maxOwnThreads: 1 });
  const limits = { signal: never, timeoutMs: 5000, maxResultLength: 1000 };
  const input = { json: "1", expression: "@" };
  const order: string[] = [];
  const run = async (owner: string, name: string) => {
    await own.run("jmespath", input, { ...limits, owner });
    order.push(name);
  };
  await Promise.all([run("ana", "ana 1"), run("ana", "ana 2"), run("ana", "ana 3"), run("ben", "ben 1")]);
  expect(order.indexOf("ben 1")).toBeLessThan(2);
  expect(order.filter((name) => name.startsWith("ana"))).toEqual(["ana 1", "ana 2", "ana 3"]);
  await own.close();
});

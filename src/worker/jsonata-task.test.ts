import { afterAll, describe, expect, it } from "vitest";
import { createTaskRunner } from "./task-runner.ts";

const apart = createTaskRunner({ maxProcesses: 1, maxHeapMb: 128 });
afterAll(() => apart.close());

function evaluate(expression: string, row: unknown = {}, { timeoutMs = 15_000, maxResultLength = 100_000 } = {}) {
  const input = { expression, each: true, parameters: {}, json: JSON.stringify([row]) };
  return apart.run("jsonata", input, { timeoutMs, maxResultLength });
}

describe("a process for tasks", () => {
  it("gives the results of one task after the other", async () => {
    expect(await evaluate("a + 1", { a: 1 })).toEqual({ results: [[2]], failures: [] });
    const text = "é\n".repeat(300_000);
    expect(await evaluate("$length(a)", { a: text })).toEqual({ results: [[600_000]], failures: [] });
  });

  it.each<[string, string, object]>([
    ["its time", "($f := function($n) { $f($n + 1) }; $f(0))", { kind: "time", message: "it took longer than 0.5 s" }],
    // One allocation that no heap of a process survives.
    [
      "its memory",
      "$length($uppercase($reduce([1..23], function($a, $b) { $a & $a }, 'xxxxxxxxxxxxxxxxxxxxxxxxx')))",
      { kind: "memory", message: "it needs more memory than 128 MB" },
    ],
  ])("that was ended for %s is replaced", async (_, expression, fault) => {
    await evaluate("1");
    const limits = { timeoutMs: "time" === (fault as { kind: string }).kind ? 500 : 15_000 };
    await expect(evaluate(expression, {}, limits)).rejects.toMatchObject({ name: "TaskFailure", fault });
    expect(await evaluate("1")).toEqual({ results: [[1]], failures: [] });
  });

  it("says why there is no result, and goes on", async () => {
    await expect(evaluate("a +")).rejects.toMatchObject({ fault: { kind: "input", position: 3 } });
    await expect(evaluate("[1..1000]", {}, { maxResultLength: 500 })).rejects.toMatchObject({
      fault: { kind: "result_too_large" },
    });
    expect(await evaluate("1")).toEqual({ results: [[1]], failures: [] });
  });
});

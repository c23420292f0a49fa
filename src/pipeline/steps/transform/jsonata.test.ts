import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../../batch.ts";
import { createReasons, newRow, type Row } from "../../rows.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import type { Batches, StepContext, StepFailure } from "../step.ts";
import { compileTransform } from "./transform.ts";

const root = mkdtempSync(join(tmpdir(), "jsonata-"));
afterAll(() => rmSync(root, { recursive: true }));

async function* batchesOf(data: readonly object[], size: number): Batches {
  for (let from = 0; from < data.length; from += size) {
    const rows = data.slice(from, from + size).map((row) => newRow(row as Row));
    yield { rows, numbers: rows.map((_, index) => from + index + 1) };
  }
}

async function run(options: object, data: readonly object[], { size = 1000, parameters = {} } = {}) {
  const workspace = createWorkspace(join(root, "work"), 10_000_000);
  const reasons = createReasons();
  const failures: StepFailure[] = [];
  const context = {
    workspace,
    reasons,
    record: {},
    order() {},
    fail: (failure: StepFailure) => failures.push(failure),
  } as unknown as StepContext;
  const step = compileTransform(options as Record<string, unknown>, "Step 1 (transform)", parameters);
  const made: Batch[] = [];
  for await (const batch of step(batchesOf(data, size), context)) made.push(batch);
  workspace.close();
  return {
    rows: JSON.parse(JSON.stringify(made.flatMap(({ rows }) => rows))) as unknown[],
    numbers: made.flatMap(({ numbers }) => numbers),
    reasons: reasons.listed,
    failures,
  };
}

const people = [
  { name: "Ana", tags: ["x", "y"], age: 30 },
  { name: "Ben", tags: [], age: 20 },
];

describe("a JSONata expression", () => {
  it.each<[string, unknown[], number[]]>([
    [
      "{ 'who': $uppercase(name), 'n': $count(tags) }",
      [
        { who: "ANA", n: 2 },
        { who: "BEN", n: 0 },
      ],
      [1, 2],
    ],
    [
      "tags.{ 'who': %.name, 'tag': $ }",
      [
        { who: "Ana", tag: "x" },
        { who: "Ana", tag: "y" },
      ],
      [1, 1],
    ],
    ["age > 25 ? $", [people[0]], [1]],
    ["name", [{ value: "Ana" }, { value: "Ben" }], [1, 2]],
    [
      "$merge([$, { 'age': age + 1 }])",
      [
        { ...people[0], age: 31 },
        { ...people[1], age: 21 },
      ],
      [1, 2],
    ],
    ["nothing.at.all", [], []],
    ["name = 'Ana' ? { 'ms': $toMillis('2026-07-01T00:00:00') }", [{ ms: Date.UTC(2026, 6, 1) }], [1]],
    [
      "{ 'a': $replace(name, /(.)n(.?)/i, '$2$1'), 'b': $split(name, /n/), 'c': $match(name, /^(A)|B/).groups }",
      [
        { a: "aA", b: ["A", "a"], c: ["A"] },
        { a: "Be", b: ["Be", ""], c: [null] },
      ],
      [1, 2],
    ],
  ])("%s makes rows of each row", async (jsonata, rows, numbers) => {
    for (const size of [1, 1000]) expect(await run({ jsonata }, people, { size })).toMatchObject({ rows, numbers });
  });

  it("has all rows as a list with scope rows", async () => {
    const jsonata = "$.{ 'name': name, 'share': age / $sum($$.age) }";
    expect(await run({ jsonata, scope: "rows" }, people, { size: 1 })).toMatchObject({
      rows: [
        { name: "Ana", share: 0.6 },
        { name: "Ben", share: 0.4 },
      ],
    });
    expect((await run({ jsonata: "{ 'n': $count($) }", scope: "rows" }, [])).rows).toEqual([{ n: 0 }]);
  });

  it("has parameters as variables", async () => {
    const parameters = { least: 25, names: { Ana: "Anna" } };
    const jsonata = "age > $least ? { 'name': $lookup($names, name) }";
    expect((await run({ jsonata }, people, { parameters })).rows).toEqual([{ name: "Anna" }]);
  });

  it.each<[string, string, unknown[]]>([
    ["null", "leaves", [{ who: "ANA" }]],
    ["keep", "stays", [{ who: "ANA" }, { name: 5 }]],
  ])("that fails for a row has it recorded; with on_error %s the row %s", async (on_error, _, rows) => {
    const done = await run({ jsonata: "{ 'who': $uppercase(name) }", on_error }, [{ name: "Ana" }, { name: 5 }], {
      size: 1,
    });
    expect(done).toMatchObject({ rows, failures: [] });
    expect(done.reasons).toMatchObject([
      {
        row: 2,
        field: null,
        rule: "jsonata",
        message: expect.stringMatching(/Argument 1 of function "uppercase".*near character 20 of/),
      },
    ]);
  });

  it("that fails for rows ends the run otherwise, and gives no further rows", async () => {
    const data = [{ a: 1 }, { a: "x" }, { a: 2 }, { a: "y" }];
    const { rows, failures, reasons } = await run({ jsonata: "{ 'b': a * 2 }" }, data, { size: 1 });
    expect(rows).toEqual([{ b: 2 }]);
    expect(failures).toMatchObject([{ message: "Step 1 (transform), jsonata: failed in 2 rows" }]);
    expect(reasons.map(({ row }) => row)).toEqual([2, 4]);
  });

  it.each<[string, RegExp]>([
    ["{ 'a': name", /^Step 1 \(transform\), jsonata: The expression "{ 'a': name" is wrong at character 12: /],
    ["name ! age", /is wrong at character 6: /],
    ["$sum(", /is wrong at character 6: /],
    ["", /"jsonata" must be a text/],
    ["$match(name, /(?=x)y/)", /at character 14: the pattern .* is not understood: .*patterns are RE2/],
    ["(".repeat(5_000), /is wrong: it is nested too deeply/],
  ])("%j is refused before any row comes", async (jsonata, message) => {
    const rows = (async function* (): Batches {
      yield* [];
      throw new Error("a row was taken");
    })();
    await expect(async () => {
      for await (const _ of compileTransform({ jsonata }, "Step 1 (transform)")(rows, {} as StepContext));
    }).rejects.toMatchObject({ code: "invalid_input", message: expect.stringMatching(message) });
  });

  it.each<[object, RegExp]>([
    [{ jsonata: "$", operations: [] }, /has "operations" and "jsonata"/],
    [{ jsonata: "$", scope: "all" }, /"scope" must be one of row, rows/],
    [{ jsonata: "$", timeout: 0 }, /whole number from 1/],
    [{ jsonata: "$", when: "a" }, /unknown key "when"/],
    [{ jsonata: "$".repeat(20_001) }, /20001 characters/],
  ])("refuses options as %.60j", (options, message) => {
    expect(() => compileTransform(options as Record<string, unknown>, "Step 1 (transform)")).toThrow(message);
  });
});

describe("a JSONata expression that gives another result each time", () => {
  it.each([
    "$now()",
    "$millis()",
    "$random()",
    "$shuffle([1, 2])",
    "$eval('1')",
    "[1].$random()",
    "$map([1], $random)",
  ])("fails: %s", async (jsonata) => {
    const { rows, reasons } = await run({ jsonata, on_error: "null" }, [{}]);
    expect(rows).toEqual([]);
    expect(reasons).toMatchObject([{ message: expect.stringMatching(/^\$\w+ is not available: /) }]);
  });
});

describe("a hostile JSONata expression", () => {
  it.each([
    ["$constructor", []],
    ["constructor", []],
    ["__proto__", []],
    ["$sum.constructor", []],
    ["$string.implementation", []],
    ["$lookup($, 'constructor')", []],
    ["(function($x) { $x }).environment", []],
    ["$keys($sum)", []],
    ["$match('a', /a/).next.constructor", []],
    ["$each({ 'a': 1 }, function($v, $k, $o) { $o.constructor })", []],
  ])("reaches nothing but the row: %s", async (jsonata, rows) => {
    const done = await run({ jsonata, on_error: "null" }, [{ a: 1 }]);
    expect(done.rows).toEqual(rows);
  });

  it("has fields with the names that objects inherit as plain ones, and pollutes nothing", async () => {
    const row = JSON.parse('{"__proto__":{"x":1},"constructor":"c"}') as object;
    const jsonata = "{ 'p': `__proto__`.x, 'c': constructor, '__proto__': { 'polluted': true } }";
    const { rows } = await run({ jsonata }, [row, { a: 1 }]);
    expect(JSON.stringify(rows)).toBe(
      '[{"p":1,"c":"c","__proto__":{"polluted":true}},{"__proto__":{"polluted":true}}]',
    );
    expect((await run({ jsonata: "{ 'x': polluted }" }, [{}])).rows).toEqual([{}]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each<[string, RegExp]>([
    ["($f := function($n) { $f($n + 1) + 1 }; $f(0))", /Stack overflow|too often/],
    ["[1..20000000]", /must not exceed|maximum sequence/],
    ["$pad('x', 1000000000)", /too often, or makes too long a text|Invalid/],
    ["($g := function($n) { $n = 0 ? 1 : { 'a': $g($n - 1) } }; $g(70))", /Stack overflow|nested more than 64/],
    ["$sum", /the result has a function/],
    ["$number('1e999')", /Unable to cast|Number out of range|no JSON number/],
  ])("fails for its row, and the next row works: %s", async (expression, message) => {
    const jsonata = `a = 1 ? ${expression} : { 'fine': true }`;
    const { rows, reasons } = await run({ jsonata, on_error: "null" }, [{ a: 1 }, { a: 2 }]);
    expect(rows).toEqual([{ fine: true }]);
    expect(reasons).toMatchObject([{ row: 1, rule: "jsonata", message: expect.stringMatching(message) }]);
  });

  it.each([
    ["a loop without end", "($f := function($n) { $f($n + 1) }; $f(0))"],
    ["nested loops", "$sum($map([1..10000], function($i) { $sum($map([1..10000], function($j) { $j })) }))"],
    ["a date picture that is a slow pattern", `$toMillis('${"a".repeat(60)}1', '${"[MNn]".repeat(30)}')`],
    ["a date picture with endless padding", "$length($fromMillis(0, '[Y,400000000-400000000]'))"],
    ["a number picture that is a slow one", `$formatNumber(1, '${"#,".repeat(9000)}0')`],
    ["a list of every part again and again", "$reduce([1..40], function($a, $b) { $append($a, $a) }, [1, 2])"],
    [
      "a text that doubles and is changed",
      "($t := $reduce([1..23], function($a, $b) { $a & $a }, 'xxxxxxxxxxxxxxxxxxxxxxxxx'); $length($uppercase($t)))",
    ],
    ["a gigantic text", "$uppercase($pad('x', 400000000)) = 'y' ? 1 : 2"],
    [
      "a text that doubles for ever",
      "$reduce([1..60], function($a, $b) { $a & $a }, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",
    ],
  ])("ends by its time or memory: %s", async (_, jsonata) => {
    const before = performance.now();
    const done = await run({ jsonata, timeout: 1, on_error: "null" }, [{ a: 1 }]).catch((error: unknown) => error);
    // A process that is made and the deadline with what is allowed after it, on a loaded machine.
    expect(performance.now() - before).toBeLessThan(4000);
    if (done instanceof Error) expect((done as { code?: string }).code).toMatch(/deadline_exceeded|too_large/);
    else expect(done).toMatchObject({ rows: [], reasons: [{ row: 1 }] });
  });

  it.each([
    ["$replace(a, /(a+)+$/, 'x')", "a".repeat(50_000)],
    ["$match(a, /(a|a)*b/)", "a".repeat(50_000)],
    ["$contains(a, /^(([a-z])+.)+[A-Z]([a-z])+$/)", "a".repeat(50_000)],
  ])("cannot keep a process busy by a pattern: %s", async (jsonata, a) => {
    const { failures } = await run({ jsonata: `{ 'x': ${jsonata} }`, timeout: 5 }, [{ a: `${a}!` }]);
    expect(failures).toEqual([]);
  });

  it("says how much time it had, for which rows, and what to do", async () => {
    const data = Array.from({ length: 3 }, (_, a) => ({ a }));
    const jsonata = "a = 1 ? ($f := function($n) { $f($n + 1) }; $f(0)) : a";
    await expect(run({ jsonata, timeout: 1 }, data)).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: "Step 1 (transform), jsonata: it took longer than 1 s for rows 1 to 3.",
      hint: expect.stringContaining('"timeout"'),
    });
  });
});

it("ends with the process of the run", async () => {
  const script = `
    const { compileTransform } = await import(${JSON.stringify(new URL("./transform.ts", import.meta.url).href)});
    const endless = { jsonata: "($f := function($n) { $f($n + 1) }; $f(0))", timeout: 600 };
    async function* rows() {
      console.log("begins");
      yield { rows: [{ a: 1 }], numbers: [1] };
    }
    for await (const _ of compileTransform(endless, "here")(rows(), { order() {} })) continue;`;
  const run = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => run.stdout.once("data", resolve));
  await expect.poll(() => evaluatingFor(run.pid), { timeout: 5000, interval: 20 }).toHaveLength(1);
  const [evaluating] = evaluatingFor(run.pid);
  run.kill("SIGKILL");
  await expect.poll(() => processes().has(evaluating), { timeout: 5000, interval: 20 }).toBe(false);
}, 20_000);

/** The processes that evaluate expressions for another one. */
function evaluatingFor(parent: number | undefined): (number | undefined)[] {
  return [...processes()].flatMap(([pid, { of, args }]) =>
    of === parent && args.includes("expressions-main") ? [pid] : [],
  );
}

/** All processes that have not ended, by number. */
function processes(): Map<number | undefined, { of: number; args: string }> {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).trim().split("\n");
  const living = lines.map((line) => line.trim().split(/\s+/)).filter(([, , state]) => !state?.startsWith("Z"));
  return new Map(living.map(([pid, of, , ...args]) => [Number(pid), { of: Number(of), args: args.join(" ") }]));
}

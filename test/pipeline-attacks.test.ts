import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "./fixtures/clients.ts";
import { type ProbedServer, startProbedServer } from "./fixtures/probed-server.ts";

const DEADLINE_MS = 3000;
/** For the way through the client, and other work of the machine. */
const GRACE_MS = 250 + 1000;
/** Milliseconds of work that the main loop may do without a turn for others. */
const MAX_STALL_MS = 50;

let probed: ProbedServer;
beforeAll(async () => {
  probed = await startProbedServer({ timeout: DEADLINE_MS / 1000, maxMemory: 128, maxDiskBytes: 100_000_000 });
  // The first call of a server loads what it needs.
  await run({ data: [{ a: 1 }], steps: ["validate", "transform", "format"] });
  await probed.client.call("run_pipeline", {
    text: "a\n1",
    steps: [transform({ op: "filter", expression: "a == 1" })],
  });
  await probed.stall();
});

type Args = Record<string, unknown>;
const run = (args: Args) => probed.client.call("run_pipeline", args);
const transform = (...operations: object[]) => ({ name: "transform", operations });
const compute = (expression: string, field = "b") => transform({ op: "compute", field, expression });
const file = (name: string, content: string | Uint8Array): Args => {
  writeFileSync(join(probed.folder, name), content);
  return { source: `in/${name}` };
};

/** Runs an attack: it ends in time, leaves the main loop alone and nothing behind, and the next run works. */
async function attack(args: Args): Promise<Answer> {
  await probed.stall();
  const startedAt = performance.now();
  const answer = await run(args);
  const ms = performance.now() - startedAt;
  const stalled = await probed.stall();
  expect(ms).toBeLessThan(DEADLINE_MS + GRACE_MS);
  expect(stalled).toBeLessThanOrEqual(MAX_STALL_MS);
  expect(await run({ data: [{ a: 1 }], steps: [compute("a + 1")] })).toMatchObject({
    json: { final_data: [{ a: 1, b: 2 }] },
  });
  await expect.poll(probed.work).toEqual([]);
  if (answer.isError) {
    expect(answer.json.code).not.toBe("internal");
    expect(JSON.stringify(answer.json)).not.toContain(process.cwd());
    expect(answer.json.message).toEqual(expect.any(String));
  }
  return answer;
}

const ok = { isError: false };
const failed = (code: string) => ({ isError: true, json: { code } });

describe("patterns that take others for ever", () => {
  const evil = `${"a".repeat(50_000)}!`;
  it.each([["^(a+)+$"], ["(a|a)*$"], ["(.*)*x"], ["^(([a-z])+.)+[A-Z]([a-z])+$"], ["(a|aa)+$"], ["(.*a){12}"]])(
    "%s takes linear time in a schema, a rule and an expression",
    async (pattern) => {
      const data = [{ a: evil }, { a: evil }];
      const schema = { properties: { a: { pattern } } };
      await attack({ data, steps: [{ name: "validate", mode: "drop", schema }] });
      await attack({ data, steps: [{ name: "validate", mode: "drop", fields: { a: { pattern } } }] });
      const { isError } = await attack({ data, steps: [compute(`matches(a, "${pattern}")`)] });
      expect(isError).toBe(false);
    },
  );

  it("with too many parts are refused, and back-references are none", async () => {
    for (const pattern of [
      "(a{1000}){1000}",
      "((a{100}){100}){100}",
      "(a)\\1",
      "(?=a)a",
      "[".repeat(1000),
      "(".repeat(5000),
    ]) {
      const schema = { properties: { a: { pattern } } };
      expect(await attack({ data: [{ a: "a" }], steps: [{ name: "validate", schema }] })).toMatchObject(
        failed("invalid_input"),
      );
    }
  });
});

describe("expressions that grow", () => {
  it("to long texts end with an error that names the row", async () => {
    const doubling = Array.from({ length: 60 }, () => ({ op: "compute", field: "a", expression: "concat(a, a)" }));
    expect(await attack({ data: [{ a: "xx" }], steps: [transform(...doubling)] })).toMatchObject({
      isError: true,
      json: { message: expect.stringMatching(/\brow|Row|operation/) },
    });
    const replacing = Array.from({ length: 40 }, () => ({
      op: "compute",
      field: "a",
      expression: 'replace(a, "x", "xxxxxxxxxx")',
    }));
    expect(await attack({ data: [{ a: "x" }], steps: [transform(...replacing)] })).toMatchObject({ isError: true });
  });

  it("in length or nesting are refused", async () => {
    for (const expression of [
      `${"(".repeat(900)}1${")".repeat(900)}`,
      `${"not ".repeat(400)}a`,
      Array.from({ length: 600 }, () => "a").join("+"),
      `a${".b".repeat(5000)}`,
      "a ? ".repeat(300),
      `"${"x".repeat(1_000_000)}"`,
    ]) {
      const { isError, json } = await attack({ data: [{ a: 1 }], steps: [compute(expression)] });
      expect(isError).toBe(true);
      expect(["invalid_input", "too_large"]).toContain(json.code);
    }
  });

  it("reach nothing but the row", async () => {
    for (const expression of [
      "constructor",
      "a.constructor.constructor",
      "__proto__.polluted",
      "toString",
      "a.length",
    ]) {
      const { json } = await attack({ data: [{ a: "x" }], steps: [compute(`is_null(${expression})`)] });
      expect(json, expression).toMatchObject({ final_data: [{ b: true }] });
    }
    for (const expression of ["process.exit()", "a => a", "import('fs')", "this", "a; b", "new Date()", "`a`()"]) {
      const { isError, json } = await attack({ data: [{ a: "x" }], steps: [compute(expression)] });
      if (!isError) expect(json, expression).toMatchObject({ final_data: [{ b: null }] });
    }
  });
});

describe("documents that grow", () => {
  it("by aliases of YAML are refused", async () => {
    const laughs = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
    for (let n = 1; n < 12; n++) laughs.push(`a${n}: &a${n} [${`*a${n - 1},`.repeat(9)}]`);
    expect(await attack({ text: laughs.join("\n"), input_format: "yaml", steps: [] })).toMatchObject({ isError: true });
    const merges = ["m0: &m0 {a: 1}"];
    for (let n = 1; n < 2000; n++) merges.push(`m${n}: &m${n} {<<: *m${n - 1}, k${n}: 1}`);
    await attack({ text: merges.join("\n"), input_format: "yaml", steps: [] });
    const cycle = "a: &a [*a]";
    expect(await attack({ text: cycle, input_format: "yaml", steps: [] })).toMatchObject({ isError: true });
    expect(await attack({ text: `${"[".repeat(50_000)}`, input_format: "yaml", steps: [] })).toMatchObject({
      isError: true,
    });
    expect(await attack({ text: `a: ${"{a: ".repeat(20_000)}`, input_format: "yaml", steps: [] })).toMatchObject({
      isError: true,
    });
  });

  it("by entities of XML are refused, and outer ones are not read", async () => {
    const laughs = Array.from({ length: 10 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`);
    const bomb = `<!DOCTYPE r [<!ENTITY e0 "lol">${laughs.join("")}]><r><row><a>&e10;</a></row></r>`;
    expect(await attack({ text: bomb, input_format: "xml", steps: [] })).toMatchObject({ isError: true });
    const outer = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><row><a>&x;</a></row></r>';
    const read = await attack({ text: outer, input_format: "xml", steps: [] });
    expect(JSON.stringify(read.json)).not.toContain("root:");
    const deep = `<r>${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}</r>`;
    expect(await attack({ text: deep, input_format: "xml", steps: [] })).toMatchObject({ isError: true });
    const wide = `<r><row ${Array.from({ length: 50_000 }, (_, n) => `a${n}="1"`).join(" ")}/></r>`;
    await attack({ text: wide, input_format: "xml", steps: [] });
  });

  it("by nesting of JSON are refused", async () => {
    for (const text of ["[".repeat(1_000_000), '{"a":'.repeat(200_000), `[${"[".repeat(5000)}${"]".repeat(5000)}]`]) {
      for (const input_format of ["json", "ndjson"]) {
        expect(await attack({ text, input_format, steps: [] })).toMatchObject({ isError: true });
      }
    }
  });
});

describe("rows with odd names and cells", () => {
  it("of prototypes are plain fields and change nothing", async () => {
    const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"];
    const csv = `${names.join(",")}\n${names.map((_, n) => n).join(",")}\n`;
    const read = await attack({
      text: csv,
      input_format: "csv",
      output_format: "csv",
      steps: ["validate", "transform"],
    });
    expect(read.json.final_data).toBe(csv.replaceAll("\n", "\r\n"));
    const json = `[${JSON.stringify(Object.fromEntries(names.map((name) => [name, { polluted: true }]))).replace("{", '{"__proto__":{"polluted":true},')}]`;
    const steps = [
      transform({ op: "flatten" }, { op: "nest" }, { op: "rename", fields: { constructor: "__proto__" } }),
      { name: "enrich", lookup: { field: "toString", table: { __proto__: { polluted: 1 } }, into: "__proto__" } },
      transform({ op: "group", by: ["valueOf"], aggregates: { __proto__: "count" } }),
    ];
    await attack({ text: json, input_format: "json", steps });
    expect(await run({ data: [{ a: 1 }], steps: [compute("is_null(polluted)")] })).toMatchObject({
      json: { final_data: [{ a: 1, b: true }] },
    });
  });

  it.each([
    ["ragged", "a,b\n1\n1,2,3\n1,2\n"],
    ["with a quote that never ends", `a,b\n"${"x".repeat(1_000_000)}\n1,2\n`],
    ["with quotes inside of cells", 'a,b\nx"y,2\n"x"y,3\n'],
    ["with the same name twice", "a,a,a\n1,2,3\n"],
    ["with NUL", "a,b\n\0,2\n"],
    ["of quotes only", '"'.repeat(1_000_001)],
    ["with 20,000 columns", `${Array.from({ length: 20_000 }, (_, n) => `c${n}`).join(",")}\n`],
    ["of commas only", ",".repeat(2_000_000)],
    ["of empty lines only", "\n".repeat(2_000_000)],
  ])("csv %s ends with a clear error or rows", async (_what, text) => {
    const { isError, json } = await attack({ text, input_format: "csv", steps: [] });
    if (isError) expect(json.message).toMatch(/line|row|column|quote|name|header|empty|csv/i);
  });

  it("of any line end, with a byte order mark and with a cell of 1 MB are read", async () => {
    const long = "x".repeat(1_000_000);
    const { json } = await attack({
      ...file("marked.csv", `\uFEFFa,b\r\n1,2\n3,4\r5,"6\r\n7"\n8,${long}`),
      output_format: "csv",
      steps: [transform({ op: "omit", fields: ["b"] })],
    });
    expect(json.final_data).toBe("a\r\n1\r\n3\r\n5\r\n8\r\n");
    expect(
      await attack({
        text: `a\n${long}\n`,
        input_format: "csv",
        steps: [{ name: "validate", fields: { a: { max_length: 5 } } }],
      }),
    ).toMatchObject(failed("validation_failed"));
  });

  it("of bytes that are no UTF-8 are clear errors of their rows, or of the file", async () => {
    const bytes = Buffer.concat([Buffer.from("a,b\n1,"), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from("\n2,x\n")]);
    const { isError, json } = await attack({
      ...file("bad.csv", bytes),
      input_options: { encoding: "utf-8" },
      steps: [],
    });
    expect(isError).toBe(true);
    expect(JSON.stringify(json)).toMatch(/UTF-8|utf-8/);
    await attack({
      ...file("noise.csv", Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7919) % 256))),
      steps: [],
    });
    await attack({ ...file("zeros.csv", Buffer.alloc(3_000_000)), steps: [] });
  });

  it("of numbers that JSON has not are errors of their rows", async () => {
    for (const text of ['[{"a":NaN}]', '[{"a":Infinity}]', '[{"a":1e999}]', '[{"a":-1e999}]']) {
      const { isError, json } = await attack({ text, input_format: "json", steps: [] });
      if (!isError) expect(JSON.stringify(json.final_data)).not.toMatch(/null|NaN|Infinity/);
      else expect(json.message).toMatch(/row 1|line 1|JSON|number/i);
    }
  });
});

describe("rows that grow", () => {
  const rows = Array.from({ length: 2000 }, (_, n) => ({ id: n, a: "x".repeat(200) }));

  it("by lists of lists end with an error, or are written", async () => {
    const steps = [
      transform({ op: "compute", field: "list", expression: 'replace(a, "x", "x,")' }),
      transform({ op: "split", field: "list", separator: "," }),
      ...Array.from({ length: 3 }, () =>
        transform(
          { op: "explode", field: "list" },
          { op: "compute", field: "list", expression: 'replace(a, "x", "x,")' },
          { op: "split", field: "list", separator: "," },
        ),
      ),
    ];
    await attack({ data: rows, output_format: "csv", steps });
  });

  it("into one group, column or list end with an error or a result", async () => {
    await attack({
      data: rows,
      steps: [transform({ op: "group", aggregates: { all: { fn: "list", field: "a" } } })],
    });
    await attack({
      data: rows,
      steps: [transform({ op: "pivot", index: ["x"], column: "id", value: "a", aggregate: "first" })],
    });
    const wide = [Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`c${n}`, n]))];
    // From a file: reading a call of so many names takes the main loop itself some 40 ms.
    const source = file("wide.json", JSON.stringify(wide));
    await attack({ ...source, steps: [transform({ op: "unpivot", fields: Object.keys(wide[0] ?? {}).slice(0, 10) })] });
    await attack({ ...source, output_format: "markdown", steps: [] });
  });

  it("beyond the disk end with an error, and the disk is free again", async () => {
    const lines = Array.from({ length: 300_000 }, (_, n) => `${n},${"x".repeat(400)}`);
    const { isError, json } = await attack({
      ...file("large.csv", `id,text\n${lines.join("\n")}\n`),
      steps: [transform({ op: "sort", by: "text" })],
    });
    expect(isError).toBe(true);
    expect(["too_large", "deadline_exceeded"]).toContain(json.code);
  });

  it("are sorted by several fields where they fit", async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `${n},${(n * 7919) % 1000},${(n * 104_729) % 60_013}`);
    const { isError, json } = await attack({
      ...file("sorted.csv", `id,a,b\n${lines.join("\n")}\n`),
      steps: [
        transform(
          { op: "cast", fields: { a: "integer", b: "integer" } },
          { op: "sort", by: ["a", { field: "b", descending: true }] },
          { op: "limit", count: 2 },
        ),
      ],
    });
    if (isError) expect(json.code).toBe("deadline_exceeded");
    else expect(json.final_data).toMatchObject([{ a: 0 }, { a: 0 }]);
  });
});

describe("schemas that are large", () => {
  it.each<[string, () => object]>([
    [
      "with 10,000 properties",
      () => ({
        properties: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`p${n}`, { type: "string" }])),
      }),
    ],
    ["nested 80 deep", () => JSON.parse(`${'{"not":'.repeat(80)}{}${"}".repeat(80)}`)],
    ["of 20,000 choices", () => ({ anyOf: Array.from({ length: 20_000 }, (_, n) => ({ const: n })) })],
    ["that contains itself", () => ({ $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" })],
    [
      "that branches without end",
      () => ({
        $defs: {
          a: { anyOf: [{ properties: { x: { $ref: "#/$defs/a" } } }, { $ref: "#/$defs/b" }] },
          b: { anyOf: [{ $ref: "#/$defs/a" }, { type: "null" }] },
        },
        $ref: "#/$defs/a",
      }),
    ],
    ["of 260,000 characters", () => ({ enum: Array.from({ length: 26_000 }, (_, n) => String(1_000_000 + n)) })],
  ])("%s end with an error or are checked", async (_what, schema) => {
    const { isError, json } = await attack({ data: [{ p1: "x" }], steps: [{ name: "validate", schema: schema() }] });
    if (isError) expect(["invalid_input", "too_large", "validation_failed", "deadline_exceeded"]).toContain(json.code);
  });
});

describe("JSONata", () => {
  const jsonata = (expression: string) => ({
    data: [{ a: "a".repeat(30) }],
    steps: [{ name: "transform", jsonata: expression }],
  });

  it.each([
    ["recursion", "($f := function($x) { 1 + $f($x + 1) }; $f(1))"],
    ["recursion in the tail", "($f := function($x) { $f($x + 1) }; $f(1))"],
    ["a loop over a long range", "$sum($map([1..9999999], function($x) { $x * 2 }))"],
    ["ranges in ranges", "[1..9000].[1..9000].[1..9000]"],
    ["a pattern", '$match(a & "!", /^(a+)+$/)'],
    ["a picture of a date", '$toMillis("2026-01-01" & $join([1..99999].("9")), "[Y0001]-[M01]-[D01]")'],
    ["a text that doubles", "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f(a, 60))"],
    ["a way out", 'a.constructor.constructor("return process")()'],
    ["evaluation", '$eval("($f := function() { $f() }; $f())")'],
  ])("that attacks by %s ends in time", async (_what, expression) => {
    const { isError, json } = await attack(jsonata(expression));
    if (!isError) expect(JSON.stringify(json.final_data ?? null)).not.toMatch(/function|process/);
  });
});

it.each(["markdown", "xml", "yaml", "csv", "tsv", "ndjson"])(
  "odd values are written as %s and end in time",
  async (format) => {
    const odd = [
      "=1+1",
      "@SUM(A1)",
      "]]>",
      "<script>",
      "|",
      "\\",
      "`",
      "---",
      "\u2028",
      "\0",
      "\ud800",
      "'",
      '"',
      "x".repeat(100_000),
    ];
    const data = odd.map((text, n) => ({ id: n, text, "a b<c>": text, [`n${n}`]: { deep: [text] } }));
    const { isError, json } = await attack({ data, output_format: format, steps: [] });
    if (isError) expect(json.message).toMatch(/row|field|name|column/i);
  },
);

it("attacks were ended, and the server is well", async () => {
  const before = probed.helpers();
  expect(await run({ data: [{ a: 1 }], steps: [] })).toMatchObject({ ...ok, json: { final_data: [{ a: 1 }] } });
  expect(probed.helpers()).toBeLessThanOrEqual(before + 2);
});

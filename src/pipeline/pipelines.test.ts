import { describe, expect, it } from "vitest";
import { failure, recordStatus, run, startPipelines, user } from "../../test/fixtures/pipelines.ts";
import type { RunRequest } from "./run-request.ts";

describe("a run without steps", () => {
  it("goes through validate, transform, enrich and format and leaves the rows as they are", async () => {
    const data = [{ a: 1, b: { c: [1, null] } }, { a: "x" }];
    const result = await run({ data });
    expect(result.original).toEqual(data);
    expect(result.final_data).toEqual(data);
    expect(result.steps.map(({ name, status }) => [name, status])).toEqual([
      ["validate", "success"],
      ["transform", "success"],
      ["enrich", "success"],
      ["format", "success"],
    ]);
    expect(result.steps[0]).toMatchObject({ valid: true, rows_in: 2, rows_out: 2 });
  });

  it("takes no rows at all", async () => {
    expect((await run({ data: [] })).final_data).toEqual([]);
  });

  it("makes one row of an object and rows of scalars", async () => {
    expect((await run({ text: '{"a":1}' })).final_data).toEqual([{ a: 1 }]);
    expect((await run({ text: '[1, "x", null]' })).final_data).toEqual([{ value: 1 }, { value: "x" }, { value: null }]);
  });

  it("says how many rows it has read, with a percentage that never falls", async () => {
    const status = recordStatus();
    await run({ data: Array.from({ length: 50_000 }, (_, a) => ({ a })) }, {}, status);
    expect(status.lines.join("\n")).toMatch(/Reading, \d+ of 50000 rows/);
    expect(status.percents).toEqual([...status.percents].sort((a, b) => a - b));
  });
});

describe("the same request", () => {
  it("gives the same bytes", async () => {
    const request: RunRequest = {
      text: "name,amount\nAna,3\nBen,1\nCid,2",
      inputFormat: "csv",
      outputFormat: "yaml",
      steps: [{ name: "transform", operations: [{ op: "sort", by: ["amount"] }] }, "format"],
    };
    const withoutTimes = async (asked: RunRequest) =>
      JSON.stringify(await run(asked), (key, value: unknown) => (key === "ms" ? undefined : value));
    expect(await withoutTimes(request)).toBe(await withoutTimes(structuredClone(request)));
  });

  it("has another id for other data, steps or formats", async () => {
    const base: RunRequest = { data: [{ a: 1 }], steps: ["validate"] };
    const ids = await Promise.all(
      [base, { ...base, data: [{ a: 2 }] }, { ...base, steps: ["format"] }, { ...base, outputFormat: "csv" }].map(
        async (request) => (await run(request)).run_id,
      ),
    );
    expect(new Set(ids).size).toBe(4);
  });

  it("is not changed by running", async () => {
    const data = [{ a: " x ", nested: { b: 1 } }];
    const result = await run({
      data,
      steps: [{ name: "transform", operations: [{ op: "trim" }, { op: "flatten" }] }],
    });
    expect(result.final_data).toEqual([{ a: "x", "nested.b": 1 }]);
    expect(result.original).toEqual([{ a: " x ", nested: { b: 1 } }]);
    expect(data).toEqual([{ a: " x ", nested: { b: 1 } }]);
  });
});

describe("steps", () => {
  const double = { name: "transform", operations: [{ op: "compute", field: "a", expression: "a * 2" }] };
  const small = { name: "validate", schema: { properties: { a: { maximum: 3 } } } };

  it("run in the order given", async () => {
    expect((await run({ data: [{ a: 2 }], steps: [small, double] })).final_data).toEqual([{ a: 4 }]);
    expect((await failure(run({ data: [{ a: 2 }], steps: [double, small] }))).message).toBe("Validation failed");
  });

  it("may repeat", async () => {
    expect((await run({ data: [{ a: 1 }], steps: [double, double, double] })).final_data).toEqual([{ a: 8 }]);
  });

  it("can be switched off one by one", async () => {
    const result = await run({ data: [{ a: 2 }], steps: [{ ...double, enabled: false }, small] });
    expect(result.final_data).toEqual([{ a: 2 }]);
    expect(result.steps).toMatchObject([
      { name: "transform", status: "skipped", reason: "disabled" },
      { name: "validate", status: "success" },
    ]);
  });

  it("may be none", async () => {
    expect(await run({ data: [{ a: 2 }], steps: [] })).toMatchObject({ steps: [], final_data: [{ a: 2 }] });
  });

  it("may be written as a name, with a name, or under their name", async () => {
    const options = { schema: { required: ["b"] } };
    for (const step of [{ name: "validate", ...options }, { validate: options }]) {
      expect((await failure(run({ data: [{ a: 1 }], steps: ["transform", step] }))).code).toBe("validation_failed");
    }
  });

  it.each<[string, unknown, RegExp, RegExp]>([
    ["an unknown step", "bogus", /Step 1: unknown step "bogus"/, /validate, transform, enrich, format/],
    [
      "an unknown key",
      { name: "validate", shema: {} },
      /Step 1 \(validate\): unknown key "shema"/,
      /Did you mean "schema"\?/,
    ],
    ["an unknown mode", { name: "validate", schema: {}, mode: "x" }, /"mode" must be one of stop, drop, flag/, /^$/],
    ["a broken schema", { name: "validate", schema: { type: 5 } }, /Step 1 \(validate\): The schema is no valid/, /^$/],
    [
      "an unknown operation",
      { name: "transform", operations: [{ op: "nope" }] },
      /operation 1: unknown operation "nope"/,
      /pick, omit/,
    ],
    ["operations that are no list", { name: "transform", operations: { op: "trim" } }, /must be a list/, /^$/],
    [
      "an unknown key of an operation",
      { name: "transform", operations: [{ op: "trim", field: "a" }] },
      /operation 1 \(trim\): unknown key "field"/,
      /op, fields/,
    ],
    ["a text where a step belongs", 5, /Step 1: must be an object, not 5/, /^$/],
    ["a step without a name", { schema: {}, mode: "x" }, /must have a "name"/, /./],
    ["enabled that is no boolean", { name: "format", enabled: "no" }, /"enabled" must be true or false/, /^$/],
    ["an unknown format", { name: "format", format: "xls" }, /"format" must be one of json, csv/, /^$/],
  ])("are refused with the place and what is allowed: %s", async (_, step, message, hint) => {
    const error = await failure(run({ data: [], steps: [step] }));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toMatch(message);
    expect(error.hint ?? "").toMatch(hint);
  });
});

describe("a request", () => {
  it.each<[string, RunRequest, RegExp]>([
    ["without input", {}, /no input/],
    ["with two inputs", { data: [], text: "[]" }, /either "data" \(rows\), "text" or "source", not data and text/],
    ["with rows called csv", { data: [], inputFormat: "csv" }, /belongs in "text"/],
    [
      "with an unknown input format",
      { text: "x", inputFormat: "xlsx" },
      /"input_format" must be one of auto, json, csv/,
    ],
    ["with an unknown output format", { data: [], outputFormat: "xlsx" }, /"output_format" must be one of json, csv/],
    ["with an empty text", { text: "  \n" }, /The json input is empty/],
  ])("%s is refused", async (_, request, message) => {
    const error = await failure(run(request));
    expect(error.code).toBe("invalid_input");
    expect(error.message).toMatch(message);
  });

  it("takes empty texts for what is left out", async () => {
    const blank = { pipeline: "", inputFormat: "", outputFormat: "" };
    const request = { ...blank, data: [{ a: 1 }], text: "", steps: ["format"] };
    expect((await run(request)).final_data).toEqual([{ a: 1 }]);
    expect((await run({ ...blank, text: '[{"a":1}]' })).final_data).toEqual([{ a: 1 }]);
    expect((await failure(run({ ...blank, text: "" }))).message).toMatch(/input is empty/);
  });

  it("may have any number of rows, and values of megabytes", async () => {
    expect((await run({ data: new Array(200_001).fill({}) })).rows).toBe(200_001);
    expect((await run({ text: `["${"x".repeat(8_400_000)}"]` })).rows).toBe(1);
  });

  it("beyond the limit of nesting is refused", async () => {
    expect((await failure(run({ text: "[".repeat(100_000) + "]".repeat(100_000) }))).code).toBe("too_large");
  });

  it("with steps or schemas that are too large together is refused", async () => {
    const fill = { name: "transform", operations: [{ op: "fill", values: { b: "x".repeat(600_000) } }] };
    expect((await failure(run({ data: [{}], steps: [fill, fill] }))).message).toMatch(/steps together/);
    const properties = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`p${n}`, { type: "string" }]));
    const validate = { name: "validate", schema: { properties } };
    const refused = await failure(run({ data: [{}], steps: new Array(5).fill(validate) }));
    expect(refused).toMatchObject({ code: "too_large", message: expect.stringMatching(/schemas together/) });
    const table = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [n, n]));
    const enrich = { name: "enrich", lookup: { field: "a", table, into: "b" } };
    expect((await run({ data: [{ a: 7 }], steps: [enrich] })).final_data).toEqual([{ a: 7, b: 7 }]);
  });

  it("ends soon after it is cancelled", async () => {
    const abort = new AbortController();
    const data = Array.from({ length: 100_000 }, (_, id) => ({ id }));
    const operations = Array.from({ length: 200 }, () => ({ op: "compute", field: "x", expression: "id + 1" }));
    const pipelines = startPipelines();
    const request = { data, steps: [{ name: "transform", operations }] };
    const running = pipelines.run(user, request, { signal: abort.signal, status: recordStatus() });
    setTimeout(() => abort.abort(), 50);
    expect((await failure(running)).code).toBe("aborted");
  });
});

describe("the output format", () => {
  const data = [
    { id: 1, name: "Ana" },
    { id: 2, name: "=cmd()" },
  ];

  it("is json rows unless said otherwise", async () => {
    expect((await run({ data })).final_data).toEqual(data);
  });

  it.each([
    ["csv", "id,name\r\n1,Ana\r\n2,'=cmd()\r\n"],
    ["ndjson", '{"id":1,"name":"Ana"}\n{"id":2,"name":"=cmd()"}\n'],
    ["yaml", '- id: 1\n  name: Ana\n- id: 2\n  name: "=cmd()"\n'],
    ["markdown", "| id | name |\n| --- | --- |\n| 1 | Ana |\n| 2 | =cmd() |\n"],
  ])("%s gives text", async (outputFormat, text) => {
    expect((await run({ data, outputFormat })).final_data).toBe(text);
    expect((await run({ data, outputFormat, steps: ["transform"] })).final_data).toBe(text);
    expect((await run({ data, steps: [{ name: "format", format: outputFormat }] })).final_data).toBe(text);
  });

  it("is json rows when the format step is switched off", async () => {
    const steps = [{ name: "format", enabled: false }];
    expect((await run({ data, outputFormat: "csv", steps })).final_data).toEqual(data);
  });

  it("chosen by a step holds for the rows of later steps too", async () => {
    const steps = [
      { name: "format", format: "csv", columns: ["name"], header: false, escape_formulas: false },
      { name: "transform", operations: [{ op: "limit", count: 1, offset: 1 }] },
    ];
    expect((await run({ data, steps })).final_data).toBe("=cmd()\r\n");
  });
});

describe("a dry run", () => {
  it("takes the first 20 rows, shows rows after each step and calls no service", async () => {
    const steps = [
      { name: "transform", operations: [{ op: "compute", field: "double", expression: "id * 2" }] },
      { name: "enrich", llm: { into: "answer" } },
    ];
    const data = Array.from({ length: 50 }, (_, id) => ({ id }));
    const result = await run({ data, steps, dryRun: true });
    expect(result.dry_run).toBe(true);
    expect(result.final_data).toHaveLength(20);
    expect(result.steps[0]?.sample).toEqual([
      { id: 0, double: 0 },
      { id: 1, double: 2 },
      { id: 2, double: 4 },
    ]);
    expect(result.steps[1]).toMatchObject({ llm: { calls: 0 } });
    expect(result.run_id).not.toBe((await run({ data, steps: steps.slice(0, 1) })).run_id);
  });
});

describe("fields with names of the language's own", () => {
  it("are plain data through every step and never reach a prototype", async () => {
    const text =
      '[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"a":{"__proto__":{"polluted":3}}}]';
    const steps = [
      { name: "validate", schema: { required: ["__proto__", "constructor"], properties: { a: { type: "object" } } } },
      {
        name: "transform",
        operations: [
          { op: "flatten", fields: ["a"] },
          { op: "rename", fields: { constructor: "prototype" } },
          { op: "compute", field: "toString", expression: "constructor.constructor" },
          { op: "dedupe" },
        ],
      },
      { name: "enrich", lookup: { field: "x", table: JSON.parse('{"__proto__":{"y":1}}'), default: { y: 2 } } },
    ];
    const result = await run({ text, steps, outputFormat: "ndjson" });
    expect(JSON.parse(result.final_data as string)).toEqual(
      JSON.parse(
        '{"__proto__":{"polluted":1},"prototype":{"prototype":{"polluted":2}},"a.__proto__.polluted":3,"toString":null,"y":2}',
      ),
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.prototype.toString.call([])).toBe("[object Array]");
  });

  it("are not found where a row does not have them", async () => {
    const steps = [{ name: "validate", schema: { required: ["constructor"] } }];
    expect((await failure(run({ data: [{}], steps }))).issues).toMatchObject([{ field: "constructor" }]);
  });
});

import { describe, expect, it } from "vitest";
import { runStep } from "../../../../test/fixtures/run-step.ts";
import { compileTransform } from "./transform.ts";

const attempt = (operation: unknown, data: unknown[]) =>
  runStep(compileTransform({ operations: [operation] }, "Step 1 (transform)"), data);

async function transform(operation: unknown, data: unknown[]): Promise<unknown> {
  const { rows, failure } = await attempt(operation, data);
  expect(failure).toBeUndefined();
  // As text, so that the order of fields counts.
  return rows.map((row) => JSON.stringify(row));
}

describe("an operation on single rows", () => {
  it.each<[string, object, unknown[], unknown[]]>([
    ["puts fields first", { op: "reorder", fields: ["c", "z", "a"] }, [{ a: 1, b: 2, c: 3 }], [{ c: 3, a: 1, b: 2 }]],
    ["puts fields last", { op: "reorder", fields: "a", at: "end" }, [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
    [
      "writes names in snake case",
      { op: "rename", case: "snake" },
      [{ "Customer Name": 1, orderID: 2, "Größe (cm)": 3, "%": 4, customer_name: 5, XMLHttpRequest2: 6 }],
      [{ customer_name: 1, order_id: 2, größe_cm: 3, "%": 4, customer_name_2: 5, xml_http_request2: 6 }],
    ],
    [
      "writes names in camel case but those that are given",
      { op: "rename", case: "camel", fields: { "E-Mail": "mail" } },
      [{ "E-Mail": 1, "First name": 2 }, { "Last-Name": 3 }],
      [{ mail: 1, firstName: 2 }, { lastName: 3 }],
    ],
    [
      "renames rows that have different fields",
      { op: "rename", fields: { a: "x" } },
      [{ a: 1, b: 2 }, { b: 3 }, { b: 4, a: 5, c: 6 }, { a: 7, b: 8 }],
      [{ x: 1, b: 2 }, { b: 3 }, { b: 4, x: 5, c: 6 }, { x: 7, b: 8 }],
    ],
    [
      "computes fields one after the other",
      { op: "compute", fields: { net: "price * qty", gross: "round(net * 1.19, 2)" } },
      [{ price: 2, qty: 3 }],
      [{ price: 2, qty: 3, net: 6, gross: 7.14 }],
    ],
    [
      "makes texts as a person would type them",
      { op: "normalize" },
      [{ a: "\u200b a\u00a0\u00a0b\r\nc\u0007 ", b: "e\u0301", c: 1, d: "ﬁ" }],
      [{ a: "a b c", b: "é", c: 1, d: "ﬁ" }],
    ],
    [
      "makes plain signs of special ones",
      { op: "normalize", fields: ["a"], form: "NFKC", accents: "remove" },
      [{ a: "Ｃａｆé ﬁ Øre ß Łódź", b: " x " }],
      [{ a: "Cafe fi Ore ss Lodz", b: " x " }],
    ],
    [
      "replaces a text",
      { op: "replace", fields: "a", search: "$.", with: "$1" },
      [{ a: "$.$.", b: "$." }],
      [{ a: "$1$1", b: "$." }],
    ],
    [
      "replaces a pattern in all texts",
      { op: "replace", pattern: "(\\d+)-(\\d+)", with: "$2:$1" },
      [{ a: "1-2, 3-4", b: 5, c: "x" }],
      [{ a: "2:1, 4:3", b: 5, c: "x" }],
    ],
    [
      "takes a pattern out",
      { op: "replace", fields: ["a"], pattern: "[^0-9]" },
      [{ a: "+49 (0)30" }],
      [{ a: "49030" }],
    ],
    [
      "makes null of what stands for no value",
      { op: "nullify" },
      [{ a: " N/A ", b: "", c: "none", d: "nonesuch", e: 0, f: "-" }],
      [{ a: null, b: null, c: null, d: "nonesuch", e: 0, f: null }],
    ],
    [
      "makes null of given texts",
      { op: "nullify", fields: "a", values: ["TBD"] },
      [{ a: "tbd", b: "tbd" }, { a: "" }],
      [{ a: null, b: "tbd" }, { a: "" }],
    ],
    ["fills fields alike", { op: "fill", fields: ["a", "b"], value: 0 }, [{ a: "" }], [{ a: 0, b: 0 }]],
    [
      "casts fields alike",
      { op: "cast", fields: ["a", "b"], type: "number" },
      [{ a: "1", b: " 2.5" }],
      [{ a: 1, b: 2.5 }],
    ],
    [
      "casts dates by their own formats",
      { op: "cast", fields: { a: "date", b: "datetime" }, date_format: "DD.MM.YYYY", formats: { b: ["X", "ISO"] } },
      [{ a: "1.2.2026", b: "0" }],
      [{ a: "2026-02-01", b: "1970-01-01T00:00:00.000Z" }],
    ],
    [
      "fills from the row before, over batches",
      { op: "fill", fields: ["a", "b"], from: "previous" },
      [{ a: null }, { a: "x", b: 1 }, { a: "", b: null }, { b: 2 }, { a: "y" }],
      [{ a: null }, { a: "x", b: 1 }, { a: "x", b: 1 }, { b: 2, a: "x" }, { a: "y", b: 2 }],
    ],
    [
      "sets constants",
      { op: "set", values: { source: "shop", n: 1 } },
      [{ n: 5 }, {}],
      [
        { n: 1, source: "shop" },
        { source: "shop", n: 1 },
      ],
    ],
    [
      "maps values whatever their case",
      { op: "map_values", field: "a", values: { Yes: true, NO: false }, ignore_case: true },
      [{ a: "yes " }, { a: "no" }, { a: "x" }],
      [{ a: true }, { a: false }, { a: "x" }],
    ],
    [
      "rounds",
      { op: "round", fields: ["a", "b"], digits: 2 },
      [{ a: 1.005, b: "1.005" }, { a: -0.001 }],
      [{ a: 1.01, b: "1.005" }, { a: 0 }],
    ],
    [
      "splits and trims",
      { op: "split", field: "a", separator: ",", trim: true },
      [{ a: "x , y" }, { a: "" }],
      [{ a: ["x", "y"] }, { a: [] }],
    ],
    [
      "splits to fields, empty ones among them",
      { op: "split", field: "a", separator: "--", into: ["b", "c", "d"] },
      [{ a: "x----y--z" }, { a: "" }],
      [
        { a: "x----y--z", b: "x", c: "", d: "y--z" },
        { a: "", b: "", c: null, d: null },
      ],
    ],
    [
      "extracts groups",
      { op: "extract", field: "a", pattern: "^(\\w+)-(\\d+)?", into: ["k", "n"] },
      [{ a: "AB-17x" }, { a: "AB-" }, { a: "x" }, { b: 1 }],
      [{ a: "AB-17x", k: "AB", n: "17" }, { a: "AB-", k: "AB", n: null }, { a: "x", k: null, n: null }, { b: 1 }],
    ],
    [
      "extracts a match",
      { op: "extract", field: "a", pattern: "\\d+", into: "n" },
      [{ a: "x17" }],
      [{ a: "x17", n: "17" }],
    ],
    [
      "nests what was flattened",
      { op: "nest" },
      [{ "a.b.c": 1, x: 2, "a.d": 3, "e.": 4, a: { f: 5 } }],
      [{ a: { b: { c: 1 }, d: 3, f: 5 }, x: 2, "e.": 4 }],
    ],
    [
      "nests fields into one",
      { op: "nest", fields: ["street", "city"], into: "address" },
      [{ id: 1, city: "Rome", n: 2, street: "Via" }, { id: 2 }],
      [
        { id: 1, address: { street: "Via", city: "Rome" }, n: 2 },
        { id: 2, address: {} },
      ],
    ],
    ["numbers rows", { op: "row_number", into: "n", start: 0 }, [{}, {}, {}], [{ n: 0 }, { n: 1 }, { n: 2 }]],
    [
      "masks all but the end",
      { op: "mask", fields: "card", keep_end: 4 },
      [{ card: "4111 1111 1111 1234" }, { card: "123" }, { card: null }, { card: 123456 }],
      [{ card: "***************1234" }, { card: "***" }, { card: null }, { card: "**3456" }],
    ],
    ["masks by a word", { op: "mask", fields: "a", with: "[hidden]" }, [{ a: "secret" }, {}], [{ a: "[hidden]" }, {}]],
    [
      "takes names of prototypes as fields",
      { op: "nest" },
      [{ "__proto__.x": 1, "constructor.y": 2 }],
      [JSON.parse('{"__proto__":{"x":1},"constructor":{"y":2}}')],
    ],
  ])("%s", async (_, operation, data, rows) => {
    expect(await transform(operation, data)).toEqual(rows.map((row) => JSON.stringify(row)));
  });

  it("may be written by its name where it needs no options", async () => {
    const { rows } = await runStep(compileTransform({ operations: ["trim", "lowercase"] }, "Step 1"), [{ a: " X" }]);
    expect(rows).toEqual([{ a: "x" }]);
    expect(() => compileTransform({ operations: ["tirm"] }, "Step 1")).toThrow('unknown operation "tirm"');
    expect(() => compileTransform({ operations: [{ cast: {} }] }, "Step 1")).toThrow(
      expect.objectContaining({
        message: 'Step 1, operation 1: "op" is missing.',
        hint: 'Write { "op": "cast", … }.',
      }),
    );
  });

  it("numbers rows by their place in the input", async () => {
    const operations = [
      { op: "filter", expression: "a > 1" },
      { op: "row_number", into: "n", of: "input" },
    ];
    const { rows } = await runStep(compileTransform({ operations }, "Step 1"), [{ a: 1 }, { a: 2 }, { a: 3 }]);
    expect(rows).toMatchObject([{ n: 2 }, { n: 3 }]);
  });

  it("does not put a field into what is no object", async () => {
    const data = [{ a: 1, "a.b": 2 }, { "a.b": 2, a: 1 }, { "a.b": 3 }];
    expect(await attempt({ op: "nest" }, data)).toMatchObject({
      failure: { message: "Step 1 (transform), operation 1 (nest) failed in 2 rows" },
      reasons: [
        { row: 1, field: "a.b", rule: "nest", message: '"a.b": "a" is there already and is no object' },
        { row: 2, field: "a", rule: "nest" },
      ],
    });
    expect(await transform({ op: "nest", on_error: "keep" }, data)).toEqual([
      '{"a":1,"a.b":2}',
      '{"a.b":2,"a":1}',
      '{"a":{"b":3}}',
    ]);
  });

  it("puts fields into the object of a later field, unless that has them, too", async () => {
    const data = [
      { "a.b": 1, "a.c": 2, a: { d: 3 }, "a.e": 4 },
      { "a.b": 1, a: { b: 2 } },
    ];
    const { failure, reasons } = await attempt({ op: "nest" }, data);
    expect(failure?.message).toBe("Step 1 (transform), operation 1 (nest) failed in 1 row");
    expect(reasons).toMatchObject([{ row: 2, field: "a", message: '"a": "a.b" is there already' }]);
    expect(await transform({ op: "nest", on_error: "keep" }, data)).toEqual([
      '{"a":{"b":1,"c":2,"d":3,"e":4}}',
      '{"a.b":1,"a":{"b":2}}',
    ]);
  });

  it("renames long runs of rows with the same fields as it does single ones", async () => {
    const alike = (id: number) => ({ id, "__proto__.x": `"${id}"`, gone: true, constructor: null, last: [id] });
    const renamed = (id: number) => ({ id, "constructor.y": `"${id}"`, constructor: null, last: [id] });
    const operations = [
      { op: "rename", fields: { "__proto__.x": "constructor.y" } },
      { op: "omit", fields: ["gone"] },
    ];
    const ids = Array.from({ length: 700 }, (_, id) => id);
    const data = [...ids.map(alike), { last: 1, id: 2 }, ...ids.map(alike)];
    const { rows } = await runStep(compileTransform({ operations }, "Step 1"), data);
    const expected = [...ids.map(renamed), { last: 1, id: 2 }, ...ids.map(renamed)];
    expect(rows.map((row) => JSON.stringify(row))).toEqual(expected.map((row) => JSON.stringify(row)));
    expect(new Set(rows).size).toBe(rows.length);
  });

  it("leaves objects that rows share as they were", async () => {
    const operations = [{ op: "set", values: { a: { x: 1 } } }, { op: "rename", fields: { n: "a.n" } }, { op: "nest" }];
    const { rows } = await runStep(compileTransform({ operations }, "Step 1"), [{ n: 1 }, { n: 2 }]);
    expect(rows).toEqual([{ a: { x: 1, n: 1 } }, { a: { x: 1, n: 2 } }]);
  });

  it.each<[object, RegExp]>([
    [{ op: "extract", field: "a", pattern: "(a)(b)", into: ["x"] }, /"into" has 1 name, but the pattern 2 groups/],
    [
      { op: "extract", field: "a", pattern: "(a", into: ["x"] },
      /operation 1 \(extract\): The pattern "\(a" is not understood/,
    ],
    [{ op: "replace", search: "a", pattern: "a" }, /either "search", a text, or "pattern"/],
    [
      { op: "compute", field: "a", expression: "1", fields: { b: "2" } },
      /either "field" and "expression", or "fields"/,
    ],
    [{ op: "compute", fields: { a: "b", c: "1 +" } }, /"fields": The expression "1 \+" is wrong at character 4/],
    [{ op: "fill", fields: ["a"] }, /"from" must be one of previous/],
    [{ op: "nest", into: "a" }, /"fields" must be a list of field names/],
    [{ op: "round", fields: ["a"], digits: 99 }, /whole number from -15 to 15/],
    [{ op: "mask", fields: ["a"], with: 1 }, /"with" must be a text/],
    [
      { op: "cast", fields: { a: "number" }, formats: { a: "DD.MM.YYYY" } },
      /"a" is no field that "fields" casts to date/,
    ],
  ])("refuses %j", (operation, message) => {
    expect(() => compileTransform({ operations: [operation] }, "Step 1 (transform)")).toThrow(message);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runStep } from "../../../../test/fixtures/run-step.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import { compileTransform } from "./transform.ts";

const folder = mkdtempSync(join(tmpdir(), "transform-"));
const workspace = createWorkspace(folder, 10_000_000);
afterAll(() => {
  workspace.close();
  rmSync(folder, { recursive: true });
});

const attempt = (operations: unknown[], data: unknown[]) =>
  runStep(compileTransform({ operations }, "Step 1 (transform)"), data, { workspace });

describe("transform", () => {
  it.each<[unknown, string]>([
    [{ op: "filter", expression: "idd > 0" }, "idd"],
    [{ op: "compute", field: "x", expression: "id * lower(idd)" }, "idd"],
    [{ op: "pick", fields: ["id", "idd"] }, "idd"],
    [{ op: "omit", fields: "idd" }, "idd"],
    [{ op: "rename", fields: { idd: "x" } }, "idd"],
    [{ op: "cast", fields: { idd: "number" } }, "idd"],
    [{ op: "trim", fields: ["idd"] }, "idd"],
    [{ op: "uppercase", fields: ["idd"] }, "idd"],
    [{ op: "map_values", field: "idd", values: {} }, "idd"],
    [{ op: "split", field: "idd", separator: "," }, "idd"],
    [{ op: "join", fields: ["id", "idd"], into: "x" }, "idd"],
    [{ op: "dedupe", fields: ["idd"] }, "idd"],
    [{ op: "sort", by: [{ field: "idd" }] }, "idd"],
    [{ op: "group", by: "idd", aggregates: { n: "count" } }, "idd"],
    [{ op: "group", aggregates: { n: { fn: "sum", field: "idd" } } }, "idd"],
    [{ op: "flatten", fields: ["idd"] }, "idd"],
  ])("warns of a field that no row has: %j", async (operation, field) => {
    const op = (operation as { op: string }).op;
    const { warnings } = await attempt([{ op: "limit", count: 5 }, operation], [{ id: 1 }, { id: 2, name: "Ana" }]);
    expect(warnings).toEqual([
      `operation 2 (${op}): no row has a field "${field}". Did you mean "id"? Fields: id, name.`,
    ]);
  });

  it.each<[unknown, unknown[]]>([
    [{ op: "filter", expression: "note == null or id > 1" }, [{ id: 1 }, { id: 2, note: null }]],
    [{ op: "filter", expression: 'coalesce(x, lower(y), "z") == "z" and is_null(w)' }, [{ id: 1 }]],
    [{ op: "fill", values: { x: 1 } }, [{ id: 1 }]],
    [{ op: "compute", field: "x", expression: "id" }, [{ id: 1 }]],
    [{ op: "filter", expression: "a.b.c == 1 or tags.0 == 1" }, [{ a: { b: null }, tags: [] }]],
    [{ op: "compute", field: "x", expression: "`a.b` + a.c" }, [{ "a.b": 1, a: { c: 1 } }]],
    [{ op: "sort", by: "x" }, []],
  ])("has no warning where a field may well be missing: %j", async (operation, data) => {
    expect((await attempt([operation], data)).warnings).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["customer_name", { "Customer Name": 1 }, 'Did you mean "Customer Name"? Fields: "Customer Name".'],
    [
      "address.cty",
      { address: { city: 1, zip: 2 } },
      'Did you mean "address.city"? Fields: address.city, address.zip.',
    ],
    ["True", { a: 1 }, 'Did you mean "true"? Fields: a.'],
    ["c", { a: 1, b: 2 }, "Fields: a, b."],
    ["c", {}, "The rows have no fields."],
  ])("names what %s could have meant", async (field, row, help) => {
    const operation = { op: "compute", field: "x", expression: `\`${field}\`` };
    expect((await attempt([operation], [row])).warnings).toEqual([
      `operation 1 (compute): no row has a field "${field}". ${help}`,
    ]);
  });

  it("says how to reach a field inside an object, where only fields of the row are taken", async () => {
    const { warnings } = await attempt([{ op: "trim", fields: ["data.a"] }], [{ data: { a: " x" } }]);
    expect(warnings).toEqual([
      'operation 1 (trim): no row has a field "data.a". It is inside "data": put { "op": "flatten" }, or { "op": "lift", "field": "data" }, before it.',
    ]);
  });

  it("lists some of many fields", async () => {
    const row = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`column_${index}`, index]));
    const [warning] = (await attempt([{ op: "sort", by: "xyz" }], [row])).warnings;
    expect(warning).toMatch(/column_19, … \(300 in all\)\.$/);
    expect(warning?.length).toBeLessThan(400);
  });
});

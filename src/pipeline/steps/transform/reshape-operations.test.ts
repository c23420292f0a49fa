import { describe, expect, it } from "vitest";
import { newWorkspace, run } from "../../../../test/fixtures/run-operation.ts";
import type { Batch } from "../../batch.ts";
import { createReasons, newRow } from "../../rows.ts";
import { explode, unpivot } from "./reshape-operations.ts";

describe("unpivot", () => {
  const wide = [
    { id: 1, a: 5, b: null },
    { id: 2, a: 7 },
  ];

  it.each<[object, unknown[]]>([
    [
      { fields: ["a", "b"] },
      [
        { id: 1, name: "a", value: 5 },
        { id: 1, name: "b", value: null },
        { id: 2, name: "a", value: 7 },
        { id: 2, name: "b", value: null },
      ],
    ],
    [
      { index: "id", name: "key", value: "n", drop_null: true },
      [
        { id: 1, key: "a", n: 5 },
        { id: 2, key: "a", n: 7 },
      ],
    ],
    [
      { index: "id", fields: "b" },
      [
        { id: 1, name: "b", value: null },
        { id: 2, name: "b", value: null },
      ],
    ],
  ])("%j makes rows of columns", (options, rows) => {
    expect(run(unpivot, options, wide, 1).rows).toEqual(rows);
  });

  it("gives many rows of one in small batches", () => {
    const row = Object.fromEntries(Array.from({ length: 3500 }, (_, index) => [`c${index}`, index]));
    const workspace = newWorkspace(0);
    const operation = unpivot({ fields: Object.keys(row) }, "here").start({ workspace, reasons: createReasons() });
    const batches = [...(operation.push({ rows: [newRow(row)], numbers: [7] }) as Iterable<Batch>)];
    expect(batches.map(({ rows }) => rows.length)).toEqual([1000, 1000, 1000, 500]);
    expect(new Set(batches.flatMap(({ numbers }) => numbers))).toEqual(new Set([7]));
  });
});

describe("explode", () => {
  const data = [{ id: 1, tags: ["x", "y"] }, { id: 2, tags: [] }, { id: 3, tags: "z" }, { id: 4 }];

  it("gives a row for each entry", () => {
    const { rows, numbers } = run(explode, { field: "tags", position: "at" }, data);
    expect(rows).toEqual([
      { id: 1, tags: "x", at: 0 },
      { id: 1, tags: "y", at: 1 },
      { id: 2, tags: null, at: null },
      { id: 3, tags: "z", at: 0 },
      { id: 4, tags: null, at: null },
    ]);
    expect(numbers).toEqual([1, 1, 2, 3, 4]);
  });

  it("leaves out rows without an entry when told so, and keeps the list beside its entries", () => {
    const { rows } = run(explode, { field: "tags", into: "tag", keep_empty: false }, data);
    expect(rows).toEqual([
      { id: 1, tags: ["x", "y"], tag: "x" },
      { id: 1, tags: ["x", "y"], tag: "y" },
      { id: 3, tags: "z", tag: "z" },
    ]);
  });
});

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import type { Batch } from "../batch.ts";
import { newRow, type Row } from "../rows.ts";
import { createRowSorter, type SortKey } from "./sort-rows.ts";
import { createWorkspace } from "./workspace.ts";

const root = mkdtempSync(join(tmpdir(), "sort-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

const byField = (field: string, sign = 1): SortKey => ({
  valueOf: (row) => row[field],
  compare: (a, b) => (Number(a) - Number(b)) * sign,
});
const keys = [byField("a"), byField("b", -1)];

function* chunked(rows: readonly Row[], sizes: readonly number[]): Generator<Batch> {
  for (let from = 0, turn = 0; from < rows.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    const some = rows.slice(from, from + size);
    yield { rows: some, numbers: some.map((_, index) => from + index + 1) };
    from += size;
  }
}

it("any rows in any batches are sorted as Array.prototype.sort does it, in memory and over files of any size", () => {
  const row = fc.record({ a: fc.integer({ min: 0, max: 4 }), b: fc.integer({ min: 0, max: 2 }) });
  const rows = fc.oneof(fc.array(row, { maxLength: 40 }), fc.array(row, { minLength: 250, maxLength: 600 }));
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(rows, sizes, fc.constantFrom(0, 200, 2000, 1_000_000), (list, chunks, memory) => {
      const folder = join(root, `${++folders}`);
      const workspace = createWorkspace(folder, 10_000_000);
      const sorter = createRowSorter(workspace, keys, memory);
      for (const batch of chunked(
        list.map((one) => newRow(one)),
        chunks,
      ))
        sorter.add(batch);
      const made = [...sorter.sorted()];
      const expected = list
        .map((one, index) => ({ ...one, number: index + 1 }))
        .sort((x, y) => x.a - y.a || y.b - x.b || x.number - y.number);
      expect(made.flatMap(({ numbers }) => numbers)).toEqual(expected.map(({ number }) => number));
      expect(made.flatMap((batch) => batch.rows)).toEqual(expected.map(({ a, b }) => newRow({ a, b })));
      if (memory === 0 && list.length > 0) expect(readdirSync(folder)).toEqual([]);
      workspace.close();
    }),
    { numRuns: 60 },
  );
});

it("large rows come in small batches", () => {
  const workspace = createWorkspace(join(root, `${++folders}`), 100_000_000);
  const sorter = createRowSorter(workspace, [byField("a")], 3_000_000);
  const rows = Array.from({ length: 10 }, (_, index) => newRow({ a: 1 - index, cell: "x".repeat(1_000_000) }));
  for (const batch of chunked(rows, [10])) sorter.add(batch);
  const made = [...sorter.sorted()];
  expect(made.flatMap(({ rows: some }) => some.map(({ a }) => a))).toEqual([-8, -7, -6, -5, -4, -3, -2, -1, 0, 1]);
  expect(Math.max(...made.map(({ rows: some }) => some.length))).toBe(1);
  workspace.close();
});

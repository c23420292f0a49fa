import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Batch } from "../batch.ts";
import { newRow, type Row } from "../rows.ts";
import { weightOf } from "./row-lines.ts";
import { createSpool } from "./spool.ts";
import { createWorkspace } from "./workspace.ts";

const root = mkdtempSync(join(tmpdir(), "spool-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const space = (maxBytes = 1_000_000) => createWorkspace(join(root, `${++folders}`), maxBytes);

const batch = (rows: Row[], first = 1): Batch => ({ rows, numbers: rows.map((_, index) => first + index) });
const read = (batches: Iterable<Batch>) =>
  [...batches].flatMap(({ rows, numbers }) => rows.map((row, index) => [numbers[index], row] as const));

const anyRow = fc
  .dictionary(
    fc.oneof(fc.constantFrom("__proto__", "constructor", "a"), fc.string({ unit: "binary" })),
    fc.jsonValue(),
    {
      noNullPrototype: true,
    },
  )
  .map((source) => newRow(JSON.parse(JSON.stringify(source)) as Row));

describe("a spool", () => {
  it("gives back exactly what it took, from memory and from disk, as often as it is read", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyRow, { maxLength: 5 })), fc.constantFrom(0, 200, 1_000_000), (lists, memory) => {
        const workspace = space();
        const spool = createSpool(workspace, memory);
        let number = 7;
        const expected: (readonly [number, string])[] = [];
        for (const rows of lists) {
          for (const [index, row] of rows.entries()) expected.push([number + index, JSON.stringify(row)]);
          spool.add(batch(rows, number));
          number += rows.length * 2;
          if (number % 3 === 0) read(spool.batches());
        }
        const write = () => read(spool.batches()).map(([at, row]) => [at, JSON.stringify(row)]);
        expect(write()).toEqual(expected);
        expect(write()).toEqual(expected);
        expect(spool.rows).toBe(expected.length);
        workspace.close();
      }),
    );
  });

  it.each([0, 1_000_000])(
    "has fields with the names that objects inherit as plain ones (memory for %d bytes)",
    (memory) => {
      const spool = createSpool(space(), memory);
      spool.add(batch([newRow(JSON.parse('{"__proto__":{"polluted":1},"a":2}'))]));
      const [[, row] = []] = read(spool.batches());
      expect(Object.keys(row as Row)).toEqual(["__proto__", "a"]);
      expect((row as { toString?: unknown }).toString).toBeUndefined();
      expect((row as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  it.each([0, 1_000_000])("gives rows that may be changed (memory for %d bytes)", (memory) => {
    const spool = createSpool(space(), memory);
    spool.add(batch([newRow({ a: 1 })]));
    for (const { rows, numbers } of spool.batches()) {
      (rows[0] as Row).a = 2;
      numbers[0] = 9;
    }
    expect(read(spool.batches())).toEqual([[1, newRow({ a: 1 })]]);
  });

  it("keeps cells of a megabyte, and gives each in a batch of its own", () => {
    const spool = createSpool(space(50_000_000), 0);
    const rows = Array.from({ length: 5 }, (_, index) => newRow({ cell: "é\n".repeat(500_000) + index }));
    spool.add(batch(rows));
    const batches = [...spool.batches()];
    expect(batches.map((one) => one.rows.length)).toEqual([1, 1, 1, 1, 1]);
    expect(batches.flatMap((one) => one.rows)).toEqual(rows);
  });

  it("leaves no file behind once cleared, and none at all while small", () => {
    const workspace = space(1000);
    const small = createSpool(workspace, 10_000);
    small.add(batch([newRow({ a: 1 })]));
    for (let round = 0; round < 5; round++) {
      const spool = createSpool(workspace, 0);
      spool.add(batch([newRow({ a: "x".repeat(900) })]));
      expect(read(spool.batches())).toHaveLength(1);
      expect(readdirSync(join(root, `${folders}`))).toHaveLength(1);
      spool.clear();
      expect(read(spool.batches())).toEqual([]);
    }
    expect(readdirSync(join(root, `${folders}`))).toEqual([]);
  });

  it("that needs more disk than the run may have is an error that says what to do", () => {
    const spool = createSpool(space(100_000), 0);
    const fill = () => {
      for (let round = 0; round < 1000; round++) spool.add(batch([newRow({ a: "x".repeat(1000) })]));
    };
    expect(fill).toThrow(expect.objectContaining({ code: "too_large", hint: expect.stringContaining("Filter") }));
  });
});

it("a row weighs about what it takes in memory", () => {
  const row = newRow({ a: "x".repeat(1000), b: 1, c: [{ d: "y".repeat(1000) }], e: null });
  expect(weightOf(row)).toBeGreaterThan(2000);
  expect(weightOf(row)).toBeLessThan(2500);
});

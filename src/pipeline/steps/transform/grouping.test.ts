import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { newRow, type Row } from "../../rows.ts";
import { createWorkspace } from "../../spool/workspace.ts";
import { createGrouping, type GroupRules } from "./grouping.ts";

const root = mkdtempSync(join(tmpdir(), "grouping-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

interface Group {
  key: unknown;
  list: [number, unknown][];
}

const rules: GroupRules<Group> = {
  by: ["k"],
  fields: ["k", "v"],
  begin: (row) => ({ group: { key: row.k, list: [] }, weight: 0 }),
  take({ list }, row, number) {
    list.push([number, row.v]);
    return 10;
  },
};

it("has the same groups in the same order, however few of them fit into memory", () => {
  const row = fc.record({ k: fc.nat(30), v: fc.nat(), other: fc.string() });
  fc.assert(
    fc.property(
      fc.array(row),
      fc.constantFrom(0, 1000, 5000, 1e9),
      fc.integer({ min: 1, max: 20 }),
      (data, memory, size) => {
        const workspace = createWorkspace(join(root, `${++folders}`), 10_000_000);
        const grouping = createGrouping(rules, workspace, memory);
        for (let from = 0; from < data.length; from += size) {
          const rows: Row[] = data.slice(from, from + size).map((one) => newRow(one));
          grouping.add({ rows, numbers: rows.map((_, index) => from + index + 1) });
        }
        const numbered = data.map((one, index) => ({ ...one, number: index + 1 }));
        const expected = [...Map.groupBy(numbered, ({ k }) => k)].map(([key, list]) => ({
          key,
          list: list.map(({ number, v }) => [number, v]),
        }));
        expect([...grouping.groups()]).toEqual(expected);
        workspace.close();
      },
    ),
  );
});

it("values without end in one group are an error that says what to do", () => {
  const heavy: GroupRules<object> = { ...rules, begin: () => ({ group: {}, weight: 0 }), take: () => 1_000_000 };
  const grouping = createGrouping(heavy, createWorkspace(join(root, "none"), 0));
  const add = () => {
    for (let number = 1; number < 200; number++) grouping.add({ rows: [newRow({ k: 1 })], numbers: [number] });
  };
  expect(add).toThrow(expect.objectContaining({ code: "too_large", hint: expect.stringContaining("Filter") }));
});

import { describe, expect, it } from "vitest";
import { people, run } from "../../../../test/fixtures/run-operation.ts";
import { running } from "./running-operation.ts";

describe("running", () => {
  it.each<[string, object, unknown[], unknown[]]>([
    ["row_number", {}, ["a", "b"], [1, 2]],
    ["sum", { field: "v" }, [1, null, 2.5], [1, 1, 3.5]],
    ["min", { field: "v" }, [null, 3, 1, 2], [null, 3, 1, 1]],
    ["max", { field: "v" }, ["a", "c", "b"], ["a", "c", "c"]],
    ["previous", { field: "v" }, [1, null, 2], [null, 1, null]],
    ["rank", { field: "v" }, [5, 5, 3, 3, 1], [1, 1, 3, 3, 5]],
    ["dense_rank", { field: "v" }, [null, null, 3, 3, 1], [1, 1, 2, 2, 3]],
    ["rank", { field: "v" }, ["a2", "a10", "B", "c"], [1, 2, 3, 4]],
    ["rank", { field: "v" }, ["1.9", "1.10", "1.10", "-2"], [1, 2, 2, 4]],
  ])("%s follows the rows in order", (fn, options, values, made) => {
    const data = values.map((v) => ({ v }));
    expect(run(running, { fn, into: "x", ...options }, data, 2).rows.map(({ x }) => x)).toEqual(made);
  });

  it.each([
    [[5, 1, 5], { row: 3, value: 5, message: '"v": rank needs sorted rows, but 5 comes after 1' }],
    [[1, 2, 2, 1], { row: 4, value: 1 }],
    [["2026-01-02", "2026-03-01", "2026-02-01"], { row: 3 }],
  ])("gives no place to rows that are out of order: %j", (values, reason) => {
    const rows = values.map((v) => ({ v, x: "before" }));
    const { reasons, rows: made } = run(running, { fn: "rank", field: "v", into: "x", on_error: "null" }, rows, 2);
    expect(reasons).toMatchObject([reason]);
    expect(made[reason.row - 1]).toMatchObject({ x: null });
  });

  it("ranks each group by itself", () => {
    const rows = [
      { g: 1, v: 3 },
      { g: 2, v: 9 },
      { g: 1, v: 4 },
      { g: 2, v: 1 },
    ];
    const made = run(running, { fn: "rank", field: "v", by: "g", into: "x" }, rows, 2).rows;
    expect(made.map(({ x }) => x)).toEqual([1, 1, 2, 2]);
  });

  it("begins anew in each group", () => {
    const { rows } = run(running, { fn: "sum", field: "points", by: "team", into: "total" }, people, 3);
    expect(rows.map(({ total }) => total)).toEqual([3, 5, 3, 7]);
  });

  it("records a value that it cannot take, and goes on", () => {
    const options = { fn: "sum", field: "v", into: "x", on_error: "null" };
    const { rows, reasons } = run(running, options, [{ v: 1 }, { v: "2" }, { v: 3 }]);
    expect(rows.map(({ x }) => x)).toEqual([1, null, 4]);
    expect(reasons).toMatchObject([{ row: 2, field: "v", rule: "running", value: "2" }]);
  });
});

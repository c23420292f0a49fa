import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { people, run } from "../../../../test/fixtures/run-operation.ts";
import { sort } from "./sort-operation.ts";

describe("sort", () => {
  it.each<[string, object, unknown[], unknown[]]>([
    [
      "numbers, texts, booleans, lists, nothing",
      {},
      [null, [2], "b", true, 10, "B", 9, undefined, false, [1]],
      [9, 10, "B", "b", false, true, [1], [2], null, null],
    ],
    ["descending", { descending: true }, [1, null, "a", 2], ["a", 2, 1, null]],
    ["null first", { nulls: "first" }, [2, null, 1], [null, 1, 2]],
    ["null first and descending", { nulls: "first", descending: true }, [2, null, 3], [null, 3, 2]],
    ["texts that are numbers by number", { numeric: true }, ["10", "9", 9.5, "-3", "x"], ["-3", "9", 9.5, "10", "x"]],
    [
      "numbers inside texts by number",
      { numeric: true },
      ["v10.2", "v9.10", "v9.9", "v", "v010.1"],
      ["v", "v9.9", "v9.10", "v010.1", "v10.2"],
    ],
    ["texts whatever their case", { ignore_case: true }, ["b", "A", "a", "B"], ["A", "a", "b", "B"]],
    ["texts by code unit", {}, ["é", "z", "Z", "10", "9"], ["10", "9", "Z", "z", "é"]],
  ])("has %s", (_, options, from, to) => {
    const data = from.map((a) => (a === undefined ? {} : { a }));
    expect(run(sort, { by: "a", ...options }, data).rows.map(({ a }) => a ?? null)).toEqual(to);
  });

  it("takes several fields, each with options of its own", () => {
    const by = [
      { field: "team", descending: true },
      { field: "points", nulls: "first" },
    ];
    expect(run(sort, { by }, people).rows.map(({ name }) => name)).toEqual(["Cyd", "Ana", "Dan", "Ben"]);
  });

  it("keeps the order of equal rows and their numbers", () => {
    expect(run(sort, { by: "team", descending: true }, people, 2).numbers).toEqual([1, 3, 4, 2]);
  });

  it("has an order that does not contradict itself, whatever the values", () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.stringMatching(/^[a0]{0,2}[0-9]{0,3}[b.]?[0-9]{0,2}$/),
      fc.integer({ min: -12, max: 12 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), fc.boolean(), fc.boolean(), (values, numeric, descending) => {
        const options = { by: "a", numeric, descending };
        const once = run(
          sort,
          options,
          values.map((a) => ({ a })),
        ).rows;
        expect(run(sort, options, once).numbers).toEqual(once.map((_, index) => index + 1));
        // Any rotation sorts to rows that are equal step by step, but for what counts as the same.
        const turned = run(
          sort,
          options,
          [...values.slice(3), ...values.slice(0, 3)].map((a) => ({ a })),
        ).rows;
        const together = once.map((row, index) => run(sort, options, [turned[index] as object, row]).numbers);
        const reversed = once.map((row, index) => run(sort, options, [row, turned[index] as object]).numbers);
        expect(together).toEqual(once.map(() => [1, 2]));
        expect(reversed).toEqual(once.map(() => [1, 2]));
      }),
      { numRuns: 200 },
    );
  });
});

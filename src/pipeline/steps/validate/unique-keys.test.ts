import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { validate, wrong } from "../../../../test/fixtures/run-validate.ts";

describe("unique", () => {
  it("tells of fields together, and of several keys", async () => {
    const rows = [
      { a: 1, b: 1 },
      { a: 1, b: 2 },
      { a: 1, b: 1 },
      { a: null, b: null },
      { a: null, b: null },
    ];
    const run = await validate({ unique: ["a", "b"] }, rows);
    expect(run.reasons).toEqual([
      {
        row: 3,
        field: "a, b",
        rule: "unique",
        message: 'a, b ("a" and "b" together) must be unique, but row 1 has the same',
        value: [1, 1],
        path: [],
      },
    ]);
    expect(wrong(await validate({ unique: [["a", "b"], ["b"]] }, rows))).toEqual(["3 a, b unique", "3 b unique"]);
  });

  it("tells numbers from texts, and objects by what they hold", async () => {
    const rows = [{ a: 1 }, { a: "1" }, { a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }];
    expect(wrong(await validate({ unique: "a" }, rows))).toEqual(["4 a unique"]);
  });

  it("leaves the value to the next row where the first one goes away", async () => {
    const rows = [
      { id: 1, mail: "x" },
      { id: 1, mail: "a@b.de" },
      { id: 1, mail: "c@d.de" },
    ];
    const fields = { id: { unique: true }, mail: { format: "email" } };
    expect((await validate({ fields, mode: "drop" }, rows)).rows).toEqual([rows[1]]);
    expect(wrong(await validate({ fields, mode: "flag" }, rows))).toEqual([
      "1 mail format",
      "2 id unique",
      "3 id unique",
    ]);
  });

  it("finds what a set finds", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: fc.integer({ max: 5, min: 0 }), b: fc.constantFrom("x", "y", "") })),
        async (rows) => {
          const run = await validate({ unique: ["a", "b"], mode: "drop" }, rows);
          const expected = [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()];
          expect(run.rows).toHaveLength(expected.length);
          expect(new Set(run.rows.map((row) => JSON.stringify(row))).size).toBe(expected.length);
        },
      ),
      { numRuns: 50 },
    );
  });
});

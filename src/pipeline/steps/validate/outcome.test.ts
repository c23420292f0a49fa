import { describe, expect, it } from "vitest";
import { text, validate } from "../../../../test/fixtures/run-validate.ts";

describe("modes", () => {
  const rows = [{ id: 1 }, { id: "x" }, { id: 3 }];
  const fields = { id: "integer" };

  it("end the run, drop, flag or put aside the rows that fail, which keep their numbers", async () => {
    expect(await validate({ fields }, rows)).toMatchObject({
      failure: { message: "Validation failed" },
      record: { valid: false, mode: "stop", rows_invalid: 1 },
    });
    expect(await validate({ fields, mode: "drop" }, rows)).toMatchObject({
      rows: [{ id: 1 }, { id: 3 }],
      numbers: [1, 3],
    });
    const aside = await validate({ fields, mode: "quarantine" }, rows);
    expect(aside).toMatchObject({ rows: [{ id: 1 }, { id: 3 }], numbers: [1, 3] });
    expect(aside.quarantine).toEqual([
      {
        row: { id: "x" },
        number: 2,
        reasons: [{ field: "id", rule: "type", message: "must be a whole number", value: "x" }],
      },
    ]);
  });

  it("put rows aside as they came", async () => {
    const both = { id: "integer", n: "number" };
    const run = await validate({ fields: both, mode: "quarantine" }, [{ id: "1", n: "x" }], text);
    expect(run.quarantine[0]?.row).toEqual({ id: "1", n: "x" });
  });

  it("add the reasons of a further flag to those that are there", async () => {
    const twice = (
      await validate({ fields: { a: { min: 0 } }, mode: "flag" }, [
        { a: -1, b: -1 },
        { a: 1, b: -1 },
        { a: -1, b: 1 },
      ])
    ).rows;
    const run = await validate({ fields: { a: {}, b: { min: 0 } }, extra_fields: "forbid", mode: "flag" }, twice);
    const reason = (field: string) => ({ field, rule: "min", message: "must be at least 0" });
    expect(run.rows).toEqual([
      { a: -1, b: -1, _issues: [reason("a"), reason("b")] },
      { a: 1, b: -1, _issues: [reason("b")] },
      { a: -1, b: 1, _issues: [reason("a")] },
    ]);
    expect(run.warnings).toEqual([]);
  });

  it("warn where a flag replaces a value of the data", async () => {
    const run = await validate({ fields, mode: "flag", flag_field: "note" }, [
      { id: "x", note: "call back" },
      { id: "y", note: null },
      { id: "z", note: "paid" },
      { id: 1, note: "stays" },
    ]);
    expect(run.rows).toMatchObject([{ note: [{ rule: "type" }] }, { note: [{}] }, { note: [{}] }, { note: "stays" }]);
    expect(run.warnings).toEqual([
      'the reasons replaced what was in "note" of 2 rows. Name another field in "flag_field".',
    ]);
  });

  it("do not repeat a row that is put aside among its reasons", async () => {
    const run = await validate({ schema: { minProperties: 2 }, mode: "quarantine" }, [{ id: 1 }]);
    expect(run.quarantine).toEqual([
      {
        row: { id: 1 },
        number: 1,
        reasons: [{ field: null, rule: "minProperties", message: "must have at least 2 fields" }],
      },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { validate, wrong } from "../../../../test/fixtures/run-validate.ts";

describe("checks", () => {
  it("compare fields of a row", async () => {
    const checks = [
      "end >= start",
      { expression: "total == net + tax", name: "sum", field: "total", message: "must be net + tax" },
    ];
    const run = await validate({ checks }, [
      { start: 1, end: 2, total: 3, net: 1, tax: 2 },
      { start: 3, end: 2, total: 4, net: 1, tax: 2 },
      { start: "x", end: 2, total: 3, net: 1, tax: 2 },
    ]);
    expect(run.reasons).toMatchObject([
      { row: 2, field: null, rule: "check", message: "the row must satisfy end >= start" },
      { row: 2, field: "total", rule: "sum", message: '"total" must be net + tax', value: 4 },
      { row: 3, rule: "check", message: expect.stringMatching(/must satisfy end >= start: .*compares/) },
    ]);
  });

  it("show of the row the fields that they read", async () => {
    const checks = ["end >= start", "address.city != 'x'"];
    const row = { id: 7, start: 3, end: 2, note: "long", address: { city: "x", zip: 1 } };
    const run = await validate({ checks, mode: "quarantine" }, [row]);
    expect(run.reasons.map(({ value }) => value)).toEqual([{ end: 2, start: 3 }, { "address.city": "x" }]);
    expect(run.quarantine[0]?.reasons).toMatchObject([
      { value: { end: 2, start: 3 } },
      { value: { "address.city": "x" } },
    ]);
  });

  it("tell of numbers and booleans that expressions take for texts", async () => {
    const run = await validate({ checks: ["a == 10"], when: "b", mode: "drop" }, [{ a: "10", b: "no" }]);
    expect(run.warnings).toEqual([
      'the text "10" is never equal to the number 10: cast "a" to number first.',
      'the text "no" of "b" counts as true: cast "b" to boolean first.',
    ]);
  });
});

describe("conditions", () => {
  it("pass rows for which `when` is not true", async () => {
    const options = { fields: { vat: { required: true } }, when: 'country == "DE"' };
    const run = await validate(options, [
      { country: "DE", vat: "" },
      { country: "FR", vat: "" },
      { country: null, vat: "" },
    ]);
    expect(wrong(run)).toEqual(["1 vat required"]);
    expect(run.record).toMatchObject({ rows_checked: 1, rows_invalid: 1 });
  });

  it("fail rows for which `when` cannot be told", async () => {
    const run = await validate({ fields: { id: "integer" }, when: "id > 5" }, [{ id: 1 }, { id: "x" }, { id: 3 }]);
    expect(run.reasons).toMatchObject([
      { row: 2, field: null, rule: "when", message: expect.stringMatching(/"when" fails/) },
    ]);
  });
});

import { describe, expect, it } from "vitest";
import { type Rules, text, validate, wrong } from "../../../../test/fixtures/run-validate.ts";

describe("options that convert", () => {
  it("apply a schema to what the fields have converted", async () => {
    const schema = { properties: { id: { type: "integer" } } };
    expect(
      (await validate({ schema, fields: { id: "integer" }, mode: "drop" }, [{ id: "5" }, { id: "x" }], text)).rows,
    ).toEqual([{ id: 5 }]);
  });

  it("convert text to the types of a schema where they are told to", async () => {
    const schema = {
      properties: { n: { type: "number", minimum: 0 }, i: { type: ["integer", "null"] }, ok: { type: "boolean" } },
    };
    const rows = [
      { n: "5", i: "7", ok: "yes", zip: "01" },
      { n: "1.5", i: "", ok: "0", zip: "02" },
      { n: "x", i: "1", ok: "true" },
      { n: "-1", i: "1", ok: "true" },
      { n: "", i: "1.5", ok: "true" },
    ];
    const run = await validate({ schema, coerce: true, mode: "quarantine" }, rows, text);
    expect(run.rows).toEqual([
      { n: 5, i: 7, ok: true, zip: "01" },
      { n: 1.5, i: null, ok: false, zip: "02" },
    ]);
    expect(run.quarantine.map(({ row }) => row)).toEqual(rows.slice(2));
    expect(wrong(run)).toEqual(["3 n type", "4 n minimum", "5 n type", "5 i type"]);
    const whole = await validate({ schema: { type: "array", items: schema }, coerce: true }, rows.slice(0, 1));
    expect(whole.rows).toEqual(run.rows.slice(0, 1));
  });

  it("leave text to a schema where they are not told to convert it, and say how to", async () => {
    const run = await validate({ schema: { properties: { n: { type: "number" } } } }, [{ n: "5" }], text);
    expect(wrong(run)).toEqual(["1 n type"]);
    expect(run.failure?.hint).toMatch(/set "coerce": true/);
  });

  it.each<Rules>([{ checks: ["a == 1"] }, { schema: { required: ["a"] } }, { fields: { a: { required: true } } }])(
    "warn where nothing says what coerce is to convert to: %j",
    async (options) => {
      expect((await validate({ ...options, coerce: true }, [{ a: 1 }])).warnings).toEqual([
        expect.stringMatching(/"coerce" converts nothing here/),
      ]);
    },
  );
});

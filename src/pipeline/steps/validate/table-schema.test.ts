import { describe, expect, it } from "vitest";
import { text, validate, wrong } from "../../../../test/fixtures/run-validate.ts";

describe("a Table Schema", () => {
  const fields = [
    { name: "id", type: "integer", constraints: { required: true, unique: true, minimum: 1 } },
    { name: "day", type: "date", format: "%d.%m.%Y" },
    { name: "price", type: "number", decimalChar: ",", groupChar: "." },
    { name: "code", type: "string", constraints: { pattern: "[A-Z]{2}", maxLength: 2 } },
    { name: "ok", type: "boolean", trueValues: ["ja"], falseValues: ["nein"] },
    { name: "country", title: "Country" },
  ];
  const rows = [
    { id: "1", day: "31.01.2026", price: "1.234,5", code: "AB", ok: "ja", country: "DE" },
    { id: "0", day: "2026-01-31", price: "x", code: "ABC", ok: "yes", country: "XX" },
  ];
  const foreignKeys = [{ fields: "country", reference: { resource: "countries", fields: "code" } }];
  const tables = { countries: [{ code: "DE" }, { code: "FR" }] };
  const found = [
    "2 id minimum",
    "2 day type",
    "2 price type",
    "2 code maxLength",
    "2 code pattern",
    "2 ok type",
    "2 country foreign",
  ];

  it("is taken with its own names", async () => {
    const run = await validate({ fields, foreignKeys, tables, mode: "drop" }, rows, text);
    expect(run.rows).toEqual([{ id: 1, day: "2026-01-31", price: 1234.5, code: "AB", ok: true, country: "DE" }]);
    expect(wrong(run)).toEqual(found);
  });

  it("is known where it was given as the schema", async () => {
    const schema = { fields, foreignKeys, primaryKey: "id", missingValues: [""] };
    expect(wrong(await validate({ schema, tables }, rows, text))).toEqual(found);
    const twice = await validate({ schema: { fields: fields.slice(0, 1), primaryKey: ["id"] } }, [
      { id: 1 },
      { id: 1 },
    ]);
    expect(wrong(twice)).toEqual(["2 id unique", "2 id primary_key"]);
  });
});

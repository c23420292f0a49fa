import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runStep } from "../../../test/fixtures/run-step.ts";
import { toRow } from "../rows.ts";
import { compileTransform } from "../steps/transform/transform.ts";
import { compileValidate } from "../steps/validate/validate.ts";
import { createSuggestion } from "./suggest.ts";

type Fields = Record<string, unknown>;

interface Result {
  rows: number;
  columns: ({ name: string; type: string; remarks?: string[] } & Fields)[];
  fields: Record<string, Fields>;
  schema: { properties: Record<string, Fields>; required?: string[] };
  steps: ({ name: string } & Fields)[];
  remarks: string[];
}

function suggest(data: readonly Fields[]): Result {
  const suggestion = createSuggestion();
  for (const [index, row] of data.entries()) {
    suggestion.see({ rows: [toRow(row, index + 1)], numbers: [index + 1] });
  }
  return JSON.parse(JSON.stringify(suggestion.result()));
}

/** A column of text as csv has it. */
const column = (name: string, values: readonly unknown[]): Fields[] => values.map((value) => ({ [name]: value }));

/** Takes the data through the suggested steps. The rows that come out, after both ways of rules have found nothing wrong. */
async function apply(data: readonly Fields[], textCells: boolean): Promise<Fields[]> {
  const { steps, schema, fields } = suggest(data);
  let rows: unknown[] = [...data];
  for (const { name, ...options } of steps) {
    const run =
      name === "transform"
        ? compileTransform(options, "Step")
        : compileValidate({ ...options, ...(Object.keys(fields).length > 0 && { extra_fields: "forbid" }) }, "Step");
    const step = await runStep(run, rows, { textCells, size: 1000 });
    expect({ failure: step.failure, reasons: step.reasons, steps }).toEqual({ failure: undefined, reasons: [], steps });
    rows = step.rows;
  }
  const bySchema = await runStep(compileValidate({ schema }, "Schema"), rows, { textCells, size: 1000 });
  expect({ reasons: bySchema.reasons, schema }).toEqual({ reasons: [], schema });
  return rows as Fields[];
}

describe("a suggestion", () => {
  it("makes clean data of a messy table", async () => {
    const data = Array.from({ length: 30 }, (_, index) => ({
      "Order ID": ` ${index + 1} `,
      customer: index % 3 === 0 ? "Müller GmbH " : "Jones",
      zip: `0${1000 + index}`,
      amount: index % 7 === 0 ? "N/A" : `1.${100 + index},50`,
      ordered: index % 2 === 0 ? "31.01.2026" : "2026-02-01",
      paid: index % 2 === 0 ? "ja" : "nein",
      status: ["open", "shipped", "returned"][index % 3],
      email: `user${index}@example.com`,
      phone: `+49 30 ${100000 + index}`,
      code: `AB-${1000 + index}`,
      note: index === 3 ? "x" : "",
    }));
    const result = suggest([...data, data[0] as Fields]);
    expect(result.fields).toEqual({
      "Order ID": { type: "integer", required: true, unique: true },
      customer: { type: "string", required: true, enum: ["Jones", "Müller GmbH"] },
      zip: { type: "string", required: true, pattern: "^[0-9]{5}$" },
      amount: { type: "number", min: 0 },
      ordered: { type: "date", required: true },
      paid: { type: "boolean", required: true },
      status: { type: "string", required: true, enum: ["open", "returned", "shipped"] },
      email: { type: "string", required: true, unique: true, format: "email" },
      phone: { type: "string", required: true },
      code: { type: "string", required: true, unique: true, pattern: "^[A-Z]{2}-[0-9]{4}$" },
      note: { type: "string" },
    });
    expect(result.remarks).toEqual([
      "1 row repeats an earlier one",
      'a transform step at the end with { "op": "rename", "case": "snake" } would name them { "Order ID": "order_id" }',
    ]);
    const rows = await apply([...data, data[0] as Fields], true);
    expect(rows).toHaveLength(30);
    expect(rows[1]).toEqual({
      "Order ID": 2,
      customer: "Jones",
      zip: "01001",
      amount: 1101.5,
      ordered: "2026-02-01",
      paid: false,
      status: "shipped",
      email: "user1@example.com",
      phone: "+49 30 100001",
      code: "AB-1001",
      // As in other columns, empty text is no value.
      note: null,
    });
    expect(rows[0]).toMatchObject({ amount: null, ordered: "2026-01-31", paid: true });
  });

  it.each<[string, string, unknown[], Fields]>([
    ["whole numbers", "n", ["1", "-20", "300"], { type: "integer", min: -20, max: 300 }],
    ["decimals", "n", ["1.5", "2"], { type: "number", min: 1.5, max: 2 }],
    ["German numbers", "n", ["1.234,56", "7,5"], { type: "number", max: 1234.56 }],
    ["US numbers", "n", ["1,234.56", "7.5"], { type: "number", max: 1234.56 }],
    ["Swiss numbers", "n", ["1'234.50", "2'000"], { type: "number", max: 2000 }],
    ["amounts with a currency", "n", ["€ 12,50", "1.000,00 €"], { type: "number", max: 1000 }],
    ["percents", "n", ["12.5%", "50 %"], { type: "number", max: 0.5 }],
    ["leading zeros", "n", ["007", "123"], { type: "string" }],
    ["phone numbers", "n", ["+4930123456", "+4940123456"], { type: "string" }],
    ["zip codes by their name", "zip_code", ["10115", "80331"], { type: "string" }],
    ["long digits", "n", ["12345678901234567"], { type: "string" }],
    ["codes with an E", "n", ["12E5", "1E3"], { type: "string" }],
    ["yes and no", "n", ["yes", "No", "YES"], { type: "boolean" }],
    ["y and n", "n", ["y", "n"], { type: "boolean" }],
    ["a single letter", "n", ["n", "n"], { type: "string" }],
    ["oui and non", "n", ["oui", "non"], { type: "boolean" }],
    ["truth values beside empty text", "n", [true, "", false], { type: "boolean", empty: 1 }],
    ["0 and 1", "n", ["0", "1"], { type: "integer" }],
    ["ISO dates", "n", ["2026-01-31"], { type: "date", min: "2026-01-31" }],
    ["German dates", "n", ["31.01.2026", "1.2.2026"], { type: "date", date_format: ["DD.MM.YYYY"], max: "2026-02-01" }],
    ["US dates", "n", ["01/31/2026", "2/1/2026"], { type: "date", date_format: ["MM/DD/YYYY"] }],
    ["British dates", "n", ["31/01/2026", "01/02/2026"], { type: "date", date_format: ["DD/MM/YYYY"] }],
    ["dates that nobody can tell", "n", ["01/02/2026", "03/04/2026"], { type: "string" }],
    ["dates that contradict", "n", ["31/01/2026", "01/31/2026"], { type: "string" }],
    ["dates with times", "n", ["2026-01-31 10:00:00", "2026-02-01T10:00:00Z"], { type: "datetime" }],
    ["dates, some with times", "n", ["31.01.2026", "01.02.2026 10:00"], { type: "datetime" }],
    ["names of months", "n", ["Jan 31, 2026", "Feb 1, 2026"], { type: "date" }],
    ["digits of dates", "n", ["20260131", "20260201", "20251231"], { type: "date", date_format: ["YYYYMMDD"] }],
    ["mixed values", "n", ["1", "x", "2"], { type: "string", types: { integer: 2, text: 1 } }],
    ["mixed types", "n", [1, "x", true], { type: "string" }],
    ["numbers in text and not", "n", [1, "2.5"], { type: "number" }],
    ["words for nothing", "n", ["1", "N/A", "-", "NA", "", null], { type: "integer", empty: 4 }],
    ["Namibia", "country", ["NA", "DE", "FR"], { type: "string", empty: 0 }],
    ["objects", "n", [{ a: 1 }, { a: 2 }], { type: "object" }],
    ["lists and numbers", "n", [[1], 2], { type: "any" }],
    ["nothing", "n", [null, null], { type: "any", empty: 2 }],
    ["addresses", "n", ["https://a.de/x", "https://b.de"], { type: "string", format: "uri" }],
  ])("knows %s", async (_, name, values, expected) => {
    const data = column(name, values);
    expect(suggest(data).columns[0]).toMatchObject(expected);
    await apply(data, true);
    await apply(data, false);
  });

  it("says what it does not guess", () => {
    const remarks = (values: string[]) => suggest(column("n", values)).columns[0]?.remarks?.join();
    expect(remarks(["01/02/2026"])).toMatch(/may be DD\/MM\/YYYY or MM\/DD\/YYYY, and no value tells/);
    expect(remarks(["1,234", "5,678"])).toMatch(/commas may part thousands or decimals/);
    expect(remarks(["1.234", "5.678"])).toMatch(/points may part thousands/);
    expect(remarks(["1", "2", "3", "4", "x"])).toMatch(/4 of 5 values look like integer, others such as "x" do not/);
    expect(remarks(["Berlin", "berlin"])).toMatch(/"Berlin" and "berlin"/);
  });

  it("names the date format that most values have, and those that have not, without a rule that such faults keep", async () => {
    const data = column("due", ["01.10.2026", "04.10.2026", "15.10.2026", "32.10.2026", "31.10.2026", "24.12.2026"]);
    const [due] = suggest(data).columns;
    expect(due).toMatchObject({ type: "string" });
    expect(due?.remarks).toEqual([
      '5 of 6 values look like date, others such as "32.10.2026" do not: mend these or name them in null_values, then cast it to date with "date_format": "DD.MM.YYYY"; on_error "null" would lose them',
    ]);
    expect(suggest(data).fields).toEqual({ due: { type: "string", required: true } });
    const two = column("due", ["Saldo", "01.10.2026", "04.10.26", "15.10.2026"]);
    expect(suggest(two).columns[0]?.remarks?.[0]).toMatch(
      /3 of 4 .* "Saldo" .*"date_format": \["DD.MM.YYYY","DD.MM.YY"\];/,
    );
    const slashed = column("due", ["01/02/2026", "03/02/2026", "05/02/2026", "x"]);
    expect(suggest(slashed).columns[0]?.remarks?.[0]).toMatch(/"date_format": "DD\/MM\/YYYY", if the day comes first/);
    await apply(data, true);
  });

  it("takes blanks off the names of columns", async () => {
    const data = [
      { " a ": "1", "b\u00a0": "x", c: "", " c": "y", " ": "z" },
      { " a ": "2", "b\u00a0": "w", c: "", " c": "y", " ": "z" },
    ];
    const result = suggest(data);
    expect(Object.keys(result.fields)).toEqual(["a", "b", "c", " c", " "]);
    expect(result.columns[0]).toMatchObject({ name: " a ", type: "integer" });
    expect(result.remarks[0]).toBe("2 names had blanks around, which the steps take off");
    expect((await apply(data, true))[0]).toEqual({ a: 1, b: "x", c: "", " c": "y", " ": "z" });
  });

  it("says where what should be a key repeats, but not of keys of other tables", () => {
    const data = ["3", "4", "3"].map((id, index) => ({ id, customer_id: id, n: index }));
    const [id, customer] = suggest(data).columns;
    expect(id?.remarks).toEqual(['going by its name it is a key, but "3" comes more than once']);
    expect(customer?.remarks).toBeUndefined();
  });

  it("says nothing of the case of words that become truth values", () => {
    const [active] = suggest(column("active", ["Yes", "yes", "Y", "no"])).columns;
    expect(active).toMatchObject({ type: "boolean" });
    expect(active?.remarks).toBeUndefined();
  });

  it("keeps versions as text, and tells of numbers that may be some", () => {
    expect(suggest(column("Version", ["1.9", "1.10"])).columns[0]).toMatchObject({ type: "string" });
    expect(suggest(column("v", ["1.9", "1.10"])).columns[0]?.remarks).toEqual([
      '"1.10" becomes 1.1: keep it as text if these are versions or numbered headings',
    ]);
    expect(suggest(column("price", ["1.90", "1.10"])).columns[0]?.remarks).toBeUndefined();
    expect(suggest(column("price", ["1.900,5", "1.100,50"])).columns[0]?.remarks).toBeUndefined();
  });

  it("takes from other columns how numbers and dates are written", async () => {
    const data = [
      { price: "1.234", tax: "0,5", from: "01/02/2026", to: "31/03/2026" },
      { price: "2.000", tax: "1,25", from: "03/04/2026", to: "30/04/2026" },
    ];
    expect(suggest(data).columns.map(({ type }) => type)).toEqual(["integer", "number", "date", "date"]);
    expect((await apply(data, true))[0]).toEqual({ price: 1234, tax: 0.5, from: "2026-02-01", to: "2026-03-31" });
  });

  it("counts different values up to 1000, and shortens examples", () => {
    const data = Array.from({ length: 1500 }, (_, index) => ({ a: `value ${index}`, b: "x".repeat(10_000) }));
    const [a, b] = suggest(data).columns;
    expect(a?.distinct).toBe("1000+");
    expect(b).toMatchObject({ distinct: 1, max_length: 10_000, examples: [`${"x".repeat(80)}…`] });
  });

  it("takes names of objects for plain fields", async () => {
    const data = Array.from({ length: 3 }, (_, n) =>
      JSON.parse(`{"__proto__":"${n}","constructor":"x","toString":${n}}`),
    );
    expect(Object.keys(suggest(data).fields)).toEqual(["__proto__", "constructor", "toString"]);
    await apply(data, false);
    expect(Object.hasOwn(Object.prototype, "x")).toBe(false);
  });

  it("says nothing of no rows", () => {
    expect(suggest([])).toMatchObject({ rows: 0, columns: [], fields: {}, steps: [{ name: "validate", fields: {} }] });
  });

  const two = fc.integer({ min: 1, max: 28 }).map((n) => String(n).padStart(2, "0"));
  const month = fc.integer({ min: 1, max: 12 }).map(String);
  const cell = {
    integer: fc.integer().map(String),
    decimal: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
    german: fc
      .tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 100, max: 999 }))
      .map(([a, b]) => `${a}.${b},${b % 100}`),
    american: fc
      .tuple(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 100, max: 999 }))
      .map(([a, b]) => `${a},${b}`),
    money: fc.integer({ min: 0, max: 99_999 }).map((n) => `$${n / 100}`),
    dotted: fc.tuple(two, month).map(([day, m]) => `${day}.${m}.2026`),
    slashed: fc.tuple(two, two).map(([a, b]) => `${a}/${b}/2026`),
    iso: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    day: fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    word: fc.constantFrom("yes", "no", "Yes", "y", "n", "ja", "nein", "on", "off"),
    status: fc.constantFrom("open", "Closed", "NA", "none"),
    zip: fc.integer({ min: 0, max: 99_999 }).map((n) => String(n).padStart(5, "0")),
    email: fc.emailAddress(),
    uuid: fc.uuid(),
    text: fc.string(),
    json: fc.jsonValue(),
    number: fc.double({ noNaN: true, noDefaultInfinity: true }),
    boolean: fc.boolean(),
    missing: fc.constantFrom("", " ", "N/A", "n/a", "-", "NA", "null", null),
  };
  const kinds = Object.keys(cell) as (keyof typeof cell)[];
  const table = fc
    .record({
      columns: fc.array(
        fc.record({
          name: fc.oneof(
            fc.constantFrom("id", "zip", "amount", "constructor", "__proto__", "a b"),
            fc.string({ minLength: 1 }),
          ),
          kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 2 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      rows: fc.integer({ min: 0, max: 40 }),
      often: fc.constantFrom(1, 4),
    })
    .chain(({ columns, rows, often }) =>
      fc
        .array(
          fc.tuple(
            ...columns.map(({ kinds: own }) =>
              fc.oneof(
                { weight: often, arbitrary: cell[own[0] as "text"] },
                ...own.map((kind) => cell[kind] as fc.Arbitrary<unknown>),
              ),
            ),
            fc.constantFrom("", " ", "drop"),
          ),
          { minLength: rows, maxLength: rows },
        )
        .map((values) =>
          values.map((cells) => {
            const row = Object.create(null) as Fields;
            const pad = cells.at(-1) as string;
            for (const [index, { name }] of columns.entries()) {
              const value = cells[index];
              if (pad === "drop" && index === 0) continue;
              row[name] = typeof value === "string" && pad !== "drop" ? pad + value : value;
            }
            return row;
          }),
        ),
    );

  it("suggests steps after which the same data keep its rules, whatever the data", async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.boolean(), async (data, textCells) => {
        await apply(data, textCells);
      }),
      { numRuns: 300 },
    );
  });
});

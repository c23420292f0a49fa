import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { enrich, type Options } from "../../../../test/fixtures/enrich-rows.ts";
import { compileEnrich } from "./enrich.ts";

describe("enrich by lookup", () => {
  const countries = { DE: { name: "Germany", eu: true }, US: { name: "USA", eu: false } };

  it("puts an entry under a field, or its fields into the row", async () => {
    const rows = [{ c: "DE" }];
    expect((await enrich({ lookup: { field: "c", table: countries, into: "country" } }, rows)).rows).toEqual([
      { c: "DE", country: { name: "Germany", eu: true } },
    ]);
    const lookup = { field: "c", table: countries, prefix: "c_", fields: ["name"] };
    expect((await enrich({ lookup }, rows)).rows).toEqual([{ c: "DE", c_name: "Germany" }]);
  });

  it("takes a list with a key, and numbers as keys", async () => {
    const table = [
      { id: 1, name: "one" },
      { id: 2, name: "two" },
    ];
    expect((await enrich({ lookup: { field: "n", table, key: "id" } }, [{ n: 2 }, { n: "1" }])).rows).toEqual([
      { n: 2, name: "two" },
      { n: "1", name: "one" },
    ]);
  });

  it("takes several fields as one key", async () => {
    const table = [
      { land: "DE", city: "Berlin", zone: 1 },
      { land: "US", city: "Berlin", zone: 2 },
    ];
    const lookup = { field: ["country", "city"], key: ["land", "city"], table };
    const rows = [
      { country: "US", city: "Berlin" },
      { country: "DE", city: "Berlin" },
      { country: "FR", city: "Nice" },
    ];
    const outcome = await enrich({ lookup }, rows);
    expect(outcome.rows.map(({ zone }) => zone)).toEqual([2, 1, null]);
    expect(outcome.issues).toMatchObject([
      { row: 3, field: "country", value: ["FR", "Nice"], message: 'lookup: the table has no entry for ["FR","Nice"]' },
    ]);
    expect((await enrich({ lookup }, [{ country: "FR", city: null }])).issues).toMatchObject([
      { field: "city", message: 'lookup: the row has no "city" to look up' },
    ]);
  });

  it("compares keys without case and blanks around them where that is wanted", async () => {
    const lookup = { field: "c", table: { de: "Germany", " fr ": "France" }, into: "n" };
    const rows = [{ c: " DE" }, { c: "FR" }];
    expect((await enrich({ lookup }, rows)).rows.map(({ n }) => n)).toEqual([null, null]);
    expect(
      (await enrich({ lookup: { ...lookup, ignore_case: true, trim: true } }, rows)).rows.map(({ n }) => n),
    ).toEqual(["Germany", "France"]);
    expect(() =>
      compileEnrich(
        { lookup: { field: "c", table: { DE: 1, de: 2 }, into: "n", ignore_case: true } },
        "Step 1 (enrich)",
      ),
    ).toThrow(/"c" "de" is there twice/);
  });

  it.each<[string, string, string | undefined]>([
    ["csv", "code,name\nDE,Germany\nUS,USA\n", undefined],
    ["json", '[{"code":"DE","name":"Germany"},{"code":"US","name":"USA"}]', undefined],
    ["json by key", '{"DE":{"name":"Germany"},"US":{"name":"USA"}}', undefined],
    ["yaml", "- code: DE\n  name: Germany\n- code: US\n  name: USA\n", "yaml"],
  ])("takes a table as text in %s", async (_, table, table_format) => {
    const lookup = { field: "c", key: "code", table, ...(table_format && { table_format }) };
    expect((await enrich({ lookup }, [{ c: "US" }, { c: "DE" }])).rows).toEqual([
      { c: "US", name: "USA" },
      { c: "DE", name: "Germany" },
    ]);
  });

  it("gives the same whatever the order of the table and of the rows", async () => {
    const entry = fc.record({ k: fc.string(), a: fc.jsonValue({ maxDepth: 1 }), b: fc.integer() });
    const tables = fc.uniqueArray(entry, { selector: ({ k }) => k, maxLength: 12 });
    const shuffled = tables.chain((table) =>
      fc.tuple(fc.constant(table), fc.shuffledSubarray(table, { minLength: table.length })),
    );
    const property = fc.asyncProperty(shuffled, fc.array(fc.string()), async ([table, other], extra) => {
      const rows = [...table.map(({ k }) => ({ key: k })), ...extra.map((key) => ({ key }))];
      const lookup = { field: "key", key: "k", default: { a: null, b: 0 } };
      const one = await enrich({ lookup: { ...lookup, table } }, rows);
      const two = await enrich({ lookup: { ...lookup, table: other } }, [...rows].reverse());
      expect(JSON.stringify([...two.rows].reverse())).toBe(JSON.stringify(one.rows));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("records rows without an entry, and keeps, drops, puts aside or refuses them, or takes a default", async () => {
    const rows = [{ c: "DE" }, { c: "constructor" }];
    const lookup = { field: "c", table: { DE: 1 }, into: "x" };
    const kept = await enrich({ lookup }, rows);
    expect(kept.rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: null },
    ]);
    expect(kept.issues).toMatchObject([{ row: 2, field: "c", rule: "lookup", value: "constructor" }]);
    expect((await enrich({ lookup, on_error: "drop" }, rows)).rows).toEqual([{ c: "DE", x: 1 }]);
    expect((await enrich({ lookup, on_error: "fail" }, rows)).failure?.message).toMatch(/lookup failed in 1 row/);
    expect(await enrich({ lookup, on_error: "quarantine" }, rows)).toMatchObject({
      rows: [{ c: "DE", x: 1 }],
      quarantine: [{ row: { c: "constructor" }, number: 2, reasons: [{ rule: "lookup", field: "c" }] }],
    });
    expect((await enrich({ lookup: { ...lookup, default: 0 } }, rows)).rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: 0 },
    ]);
  });

  it("leaves no value of before where it finds nothing, but the key", async () => {
    const rows = [
      { code: "DE", currency: "EUR" },
      { code: "FR", currency: "mine" },
    ];
    const table = [{ code: "DE", currency: "EUR" }];
    const missed = await enrich({ lookup: { field: "code", key: "code", table } }, rows);
    expect(missed.rows).toEqual([
      { code: "DE", currency: "EUR" },
      { code: "FR", currency: null },
    ]);
    expect(missed.warnings).toEqual([expect.stringMatching(/^lookup: "currency" of the table took the place/)]);
    const names = { field: "code", key: "code", table: [{ code: "DE", name: "Germany" }], fields: { code: "name" } };
    expect((await enrich({ lookup: names }, rows)).rows).toMatchObject([{ code: "Germany" }, { code: "FR" }]);
  });

  it("gives each row an entry of its own", async () => {
    const lookup = { field: "c", table: { DE: { list: [1] } }, into: "x" };
    const [one, two] = (await enrich({ lookup }, [{ c: "DE" }, { c: "DE" }])).rows as { x: { list: number[] } }[];
    one?.x.list.push(2);
    expect(two?.x.list).toEqual([1]);
  });

  it("keeps only rows with an entry where the join is inner, without a reason for the others", async () => {
    const lookup = { field: "c", table: [{ c: "DE", n: 1 }], how: "inner" };
    const outcome = await enrich({ lookup, on_error: "fail" }, [{ c: "FR" }, { c: "DE" }, { c: null }]);
    expect(outcome).toMatchObject({ rows: [{ c: "DE", n: 1 }], numbers: [2], issues: [], failure: undefined });
    expect(outcome.record).toMatchObject({ status: "success", lookup: { found: 1, missing: 2 } });
    const chosen = await enrich({ lookup, when: 'c != "FR"' }, [{ c: "FR" }, { c: "IT" }]);
    expect(chosen.rows).toEqual([{ c: "FR" }]);
  });

  it("makes a row of each entry where a key may have many, none of which shares a value with another", async () => {
    const table = [
      { id: 1, item: "pen", tags: ["a"] },
      { id: 2, item: "ink", tags: [] },
      { id: 1, item: "cap", tags: [] },
    ];
    const lookup = { field: "order", key: "id", table, many: true };
    const outcome = await enrich({ lookup }, [{ order: 1, at: { x: 1 } }, { order: 2 }, { order: 3 }]);
    expect(outcome.rows).toEqual([
      { order: 1, at: { x: 1 }, item: "pen", tags: ["a"] },
      { order: 1, at: { x: 1 }, item: "cap", tags: [] },
      { order: 2, item: "ink", tags: [] },
      { order: 3, item: null, tags: null },
    ]);
    expect(outcome.numbers).toEqual([1, 1, 2, 3]);
    expect(outcome.rows[0]?.at).not.toBe(outcome.rows[1]?.at);
    const wide = Array.from({ length: 2500 }, (_, n) => ({ id: 1, n }));
    const all = await enrich({ lookup: { ...lookup, table: wide } }, [{ order: 1 }, { order: 1 }]);
    expect(all.rows.map(({ n }) => n)).toEqual([...wide, ...wide].map(({ n }) => n));
  });

  it("takes fields under other names, the key among them", async () => {
    const table = [{ code: "DE", name: "Germany", eu: true }];
    const lookup = { field: "c", key: "code", table, ignore_case: true, fields: { land: "name", iso: "code" } };
    expect((await enrich({ lookup }, [{ c: "de" }])).rows).toEqual([{ c: "de", land: "Germany", iso: "DE" }]);
  });

  it("warns where a value of the rows was replaced unasked", async () => {
    const lookup = { field: "c", table: { DE: { name: "Germany", note: "x", same: 1 } } };
    const rows = [
      { c: "DE", name: "Ana", note: "", same: 1 },
      { c: "FR", name: "Ben" },
    ];
    expect((await enrich({ lookup }, rows)).warnings).toEqual([
      expect.stringMatching(/^lookup: "name" of the table took/),
    ]);
    for (const more of [{ into: "name" }, { prefix: "c_" }, { fields: ["name"] }]) {
      expect((await enrich({ lookup: { ...lookup, ...more } }, rows)).warnings).toEqual([]);
    }
  });

  it.each<[string, string, string]>([
    ["de", "DE", '; it has "DE", which "ignore_case": true would match'],
    ["DE ", "DE", '; it has "DE", which "trim": true would match'],
    ["cafe\u0301", "caf\u00e9", '; it has "caf\u00e9", which "ignore_case": true would match'],
    ["New\u00a0 York", "New York", '; it has "New York", which "normalize": true would match'],
    ["new\u00a0york", "New York", '; it has "New York", which "ignore_case": true and "normalize": true would match'],
    ["de ", "DE", '; it has "DE", which "ignore_case": true and "trim": true would match'],
    ["FR", "DE", ""],
  ])("says of %j that the table has %j", async (value, key, advice) => {
    const lookup = { field: "c", table: { [key]: 1 }, into: "n" };
    const [issue] = (await enrich({ lookup }, [{ c: value }])).issues;
    expect(issue?.message).toBe(`lookup: the table has no entry for ${JSON.stringify(value)}${advice}`);
    const options = Object.fromEntries([...advice.matchAll(/"(\w+)": true/g)].map(([, name]) => [name, true]));
    if (advice) expect((await enrich({ lookup: { ...lookup, ...options } }, [{ c: value }])).rows[0]?.n).toBe(1);
  });

  it("ignores the case of letters whose capitals are written otherwise", async () => {
    const lookup = { field: "c", table: { straße: 1, ΣΟΦΌΣ: 2 }, into: "n", ignore_case: true };
    const rows = [{ c: "STRASSE" }, { c: "Strasse" }, { c: "σοφός" }];
    expect((await enrich({ lookup }, rows)).rows.map(({ n }) => n)).toEqual([1, 1, 2]);
  });

  it.each(["exports/countries.csv", "pipeline://runs/0123456789abcdef/data", "code,name\n", "code,name"])(
    "refuses the table %j, which has no rows",
    (table) => {
      const isSource = /[/]/.test(table);
      expect(() => compileEnrich({ lookup: { field: "code", table } }, "Step 1 (enrich)")).toThrow(
        expect.objectContaining({
          code: "invalid_input",
          message: expect.stringContaining("has no rows"),
          hint: expect.stringContaining(isSource ? `"source": "${table}"` : "first line with the names"),
        }),
      );
    },
  );

  it.each<[Options, RegExp]>([
    [{ table: { a: 1 }, into: "n", how: "outer" }, /"how" must be one of left, inner, not "outer"/],
    [{ table: { a: 1 }, into: "n", how: "inner", default: 0 }, /"default"/],
    [{ table: [{ c: 1 }, { c: 1 }] }, /is there twice/],
    [{ table: [{ code: 1 }] }, /has no "c"/],
    [{ table: [{ c: 1 }], right_on: "code" }, /unknown key "right_on"/],
    [{ table: { a: 1 }, into: "n", input_options: {} }, /"input_options" is for a "source"/],
  ])("refuses %j", (lookup, message) => {
    expect(() => compileEnrich({ lookup: { field: "c", ...lookup } }, "Step 1 (enrich)")).toThrow(message);
  });

  it.each([
    ["right_on", "key"],
    ["left_on", "field"],
    ["file", "source"],
    ["join_type", "how"],
  ])("tells whoever writes %s to write %s", (key, meant) => {
    expect(() => compileEnrich({ lookup: { [key]: "c" } }, "Step 1 (enrich)")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`Did you mean "${meant}"?`) }),
    );
  });
});

import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toCsv } from "./display-result/csv.ts";
import { linear, ticks, timeOf, timeTicks } from "./display-result/scales.ts";

const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 });

describe("the marks of an axis", () => {
  it.each([
    [0, 2600, 5, [0, 1000, 2000, 3000]],
    [-5, 12, 5, [-5, 0, 5, 10, 15]],
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.1, 0.35, 5, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]],
    [7, 7, 5, [3, 4, 5, 6, 7, 8, 9, 10, 11].filter((value) => value % 2 === 0)],
    [0, 0, 4, [-0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6]],
  ])("from %d to %d, about %d of them, are round", (low, high, count, expected) => {
    const found = ticks(low, high, count);
    if (low === high) {
      expect(found[0]).toBeLessThan(low);
      expect(found.at(-1)).toBeGreaterThan(high);
    } else expect(found).toEqual(expected);
  });

  it("hold all values between them, evenly, and are few", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(high - low > Math.abs(high) * 1e-9 && high - low > 1e-12);
        const found = ticks(low, high, 5);
        const slack = (high - low) * 1e-6;
        expect(found[0]).toBeLessThanOrEqual(low + slack);
        expect(found.at(-1)).toBeGreaterThanOrEqual(high - slack);
        expect(found.length).toBeGreaterThanOrEqual(2);
        expect(found.length).toBeLessThanOrEqual(13);
        expect([...new Set(found)]).toEqual(found);
      }),
    );
  });

  it("of times are days, months or years, and few", () => {
    const at = (from: string, to: string) => {
      const { at: times, unit } = timeTicks(Date.parse(from), Date.parse(to), 6);
      return [unit, ...times.map((time) => new Date(time).toISOString().slice(0, 16))];
    };
    expect(at("2026-03-01", "2026-03-02")).toEqual([
      "time",
      ...["2026-03-01T00:00", "2026-03-01T06:00", "2026-03-01T12:00", "2026-03-01T18:00", "2026-03-02T00:00"],
    ]);
    expect(at("2026-01-01", "2026-06-01")).toEqual([
      "month",
      ...["2026-01-01T00:00", "2026-02-01T00:00", "2026-03-01T00:00"],
      ...["2026-04-01T00:00", "2026-05-01T00:00", "2026-06-01T00:00"],
    ]);
    expect(at("1990-05-01", "2026-01-01").slice(0, 3)).toEqual(["year", "2000-01-01T00:00", "2010-01-01T00:00"]);
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date("1900-01-01"), max: new Date("2200-01-01") }),
        fc.integer({ min: 1, max: 4e12 }),
        (date, span) => {
          const { at: times } = timeTicks(date.getTime(), date.getTime() + span, 6);
          expect(times.length).toBeGreaterThanOrEqual(1);
          expect(times.length).toBeLessThanOrEqual(13);
        },
      ),
    );
  });
});

it.each([
  ["2026-03-01", Date.UTC(2026, 2, 1)],
  ["2026-03", Date.UTC(2026, 2, 1)],
  ["2026-03-01 14:30", Date.UTC(2026, 2, 1, 14, 30)],
  ["2026-03-01T14:30:00+02:00", Date.UTC(2026, 2, 1, 12, 30)],
  ["2026-03-01T14:30:00Z", Date.UTC(2026, 2, 1, 14, 30)],
  ["2026-13-01", undefined],
  ["2026", undefined],
  ["1 March 2026", undefined],
  [20_260_301, undefined],
])("%j is the time %j", (cell, time) => {
  expect(timeOf(cell)).toBe(time);
});

it("a scale maps its ends, also where they are the same", () => {
  expect(linear([0, 10], [100, 0])(5)).toBe(50);
  expect(linear([3, 3], [0, 100])(3)).toBe(0);
});

describe("CSV", () => {
  it("gives every text back to a reader, with an apostrophe before what a spreadsheet would run", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 2, maxLength: 4 }), (cells) => {
        const [row = []] = parse(toCsv(cells, []), { relax_column_count: true }) as string[][];
        expect(row).toHaveLength(cells.length);
        for (const [place, cell] of cells.entries()) {
          expect([cell, `'${cell}`]).toContain(row[place]);
          if (/^[=@]/.test(cell)) expect(row[place]).toBe(`'${cell}`);
        }
      }),
    );
  });

  it.each([
    [-5, "-5"],
    ["-5.5", "-5.5"],
    ["-x", "'-x"],
    ["+49 30", "'+49 30"],
    ["\t=1", '"\'\t=1"'.replace("\"'", "\"'")],
    [null, ""],
    [{ a: [1] }, '"{""a"":[1]}"'],
    [true, "true"],
  ])("of %j is %j", (cell, csv) => {
    expect(toCsv([], [[cell]]).trimStart()).toBe(csv.startsWith("\"'\t") ? csv.slice(1, -1) : csv);
  });
});

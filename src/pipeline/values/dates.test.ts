import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDateReader, compileDateWriter } from "./date-format.ts";
import {
  addTo,
  DATE_UNITS,
  type DateUnit,
  dayToMs,
  readIso,
  startOf,
  unitsBetween,
  weekOf,
  writeDay,
  writeMoment,
} from "./dates.ts";

const moments = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9998-12-31T23:59:59.999Z"), noInvalidDate: true })
  .map((date) => date.getTime());
const iso = (ms: number): string => new Date(ms).toISOString();

describe("days", () => {
  it("are those of the calendar", () => {
    fc.assert(
      fc.property(moments, (ms) => {
        const date = new Date(ms);
        const day = dayToMs(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
        expect(day).toBe(Math.floor(ms / 86_400_000) * 86_400_000);
      }),
    );
    expect([dayToMs(2023, 2, 29), dayToMs(2024, 2, 30), dayToMs(1900, 2, 29), dayToMs(2024, 0, 1)]).toEqual(
      Array(4).fill(undefined),
    );
    expect(dayToMs(2000, 2, 29)).toBe(Date.UTC(2000, 1, 29));
  });

  it("in ISO 8601 are read as they are written", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: -14 * 60, max: 14 * 60 }), (ms, offset) => {
        expect(readIso(iso(ms))).toEqual({ ms, timed: true, offset: 0 });
        expect(readIso(iso(ms).slice(0, -1))).toEqual({ ms, timed: true });
        const size = Math.abs(offset);
        const two = (number: number): string => String(number).padStart(2, "0");
        const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        const local = iso(ms).slice(0, -1);
        expect(readIso(local + zone)?.ms).toBe(ms - offset * 60_000);
        const read = readIso(local + zone);
        expect(read && writeDay(read)).toBe(iso(ms).slice(0, 10));
      }),
    );
  });
});

describe("adding to a moment", () => {
  it("and counting the units between are each other's opposite", () => {
    const count = fc.integer({ min: -500, max: 500 });
    fc.assert(
      fc.property(moments, count, fc.constantFrom(...DATE_UNITS), (ms, number, unit) => {
        const moved = addTo({ ms, timed: true }, number, unit);
        if (!moved) return;
        // Going back from a day that the month does not have loses it, so that a part of a unit may be missing.
        const between = unitsBetween(ms, moved.ms, unit);
        if (new Date(ms).getUTCDate() <= 28) expect(between).toBe(number);
        else expect(Math.abs(between - number)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it.each<[string, number, DateUnit, string | undefined]>([
    ["2024-01-31", 1, "month", "2024-02-29"],
    ["2024-02-29", 1, "year", "2025-02-28"],
    ["2024-03-31", -1, "month", "2024-02-29"],
    ["2024-01-31", 1, "quarter", "2024-04-30"],
    ["2024-02-28", 2, "day", "2024-03-01"],
    ["2024-02-28", 1.5, "day", "2024-02-29T12:00:00.000Z"],
    ["2024-02-28", 1.5, "month", undefined],
    ["9999-12-31", 1, "day", undefined],
    ["0000-01-01", -1, "month", undefined],
  ])("%s + %d %s", (text, count, unit, expected) => {
    const moved = addTo(readIso(text) as { ms: number; timed: boolean }, count, unit);
    expect(moved && writeMoment(moved)).toBe(expected);
  });

  it("the beginning of a unit is at or before the moment, and the next one after it", () => {
    fc.assert(
      fc.property(moments, fc.constantFrom(...DATE_UNITS), (ms, unit) => {
        const start = startOf(ms, unit);
        expect(start).toBeLessThanOrEqual(ms);
        expect(startOf(start, unit)).toBe(start);
        expect(addTo({ ms: start, timed: true }, 1, unit)?.ms).toBeGreaterThan(ms);
      }),
    );
  });

  it.each([
    ["2021-01-03", 53],
    ["2021-01-04", 1],
    ["2024-12-30", 1],
    ["2026-12-31", 53],
    ["2027-01-01", 53],
    ["1969-12-29", 1],
  ])("%s is in week %d", (text, week) => {
    expect(weekOf(readIso(text)?.ms as number)).toBe(week);
  });
});

describe("a date format", () => {
  it.each([
    "YYYY-MM-DD HH:mm:ss.SSS",
    "D.M.YYYY H:m:s.SSS",
    "dddd, MMMM D, YYYY hh:mm:ss.SSS A",
    "ddd MMM DD YYYY h:mm:ss.SSS a Z",
    "YYYYMMDD[T]HHmmss.SSS",
    "x",
  ])("%s reads what it writes", (format) => {
    const read = compileDateReader(format.replaceAll(":m:s", ":mm:ss"));
    const write = compileDateWriter(format.replaceAll(":m:s", ":mm:ss"));
    fc.assert(
      fc.property(moments, (ms) => {
        expect(read?.(write?.({ ms, timed: true }) as string)).toMatchObject({ ms, timed: true });
      }),
    );
  });

  it.each([
    "YYYY",
    "YYYY-MM-MM",
    "YYYY-MM-DD hh:mm",
    "YYYY-MM-DD HH:mm A",
    "X YYYY",
    "",
    "YYYY-MM-DD".padEnd(200, "-"),
  ])("%j cannot read", (format) => {
    expect(compileDateReader(format)).toBeUndefined();
  });

  it("reads any text in time, or does not", () => {
    const formats = ["YYYY-MM-DD HH:mm", "D MMM YY", "DD.MM.YYYY h:mm A Z", "X", "ISO"].map(compileDateReader);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const read of formats) {
          const moment = read?.(text);
          if (moment) expect(writeMoment(moment)).toMatch(/^\d{4}-\d{2}-\d{2}/);
        }
      }),
    );
  });
});

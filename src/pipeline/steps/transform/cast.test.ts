import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RowFailure } from "../../rows.ts";
import { compileDateReader } from "../../values/date-format.ts";
import { createTimeZone } from "../../values/time-zone.ts";
import { CAST_TYPES, type CastOptions, type CastType, compileCast } from "./cast.ts";

function cast(value: unknown, type: CastType, options: CastOptions = {}): unknown {
  const made = compileCast(type, options)(value);
  return made instanceof RowFailure ? `failed: ${made.message}` : made;
}

function castDate(text: unknown, ...formats: string[]): unknown {
  return castBy(formats, text, formats.some((format) => /[Hhx]|^X|ISO/.test(format)) ? "datetime" : "date");
}

function castBy(formats: readonly string[], text: unknown, type: CastType, options: CastOptions = {}): unknown {
  const dateReaders = formats.map((format) => {
    const reader = compileDateReader(format);
    if (!reader) throw new Error(`no format: ${format}`);
    return reader;
  });
  return cast(text, type, { ...options, dateReaders });
}

describe("cast", () => {
  it.each<[string, string, unknown]>([
    ["DD.MM.YYYY", "1.2.2026", "2026-02-01"],
    ["DD.MM.YY", "01.02.26", "2026-02-01"],
    ["DD.MM.YY", "01.02.69", "1969-02-01"],
    ["MMM D, YYYY", "Sept. 3, 2026", "2026-09-03"],
    ["D MMMM YYYY", "3 february 2026", "2026-02-03"],
    ["dddd D MMM YYYY", "Saturday 31 Jan 2026", "2026-01-31"],
    ["YYYYMMDD", "20260131", "2026-01-31"],
    ["YYYYMMDDHHmmss", "20260131102030", "2026-01-31T10:20:30.000Z"],
    ["MM/DD/YYYY h:mm A", "1/31/2026 12:05 am", "2026-01-31T00:05:00.000Z"],
    ["MM/DD/YYYY hh:mm:ss A", "01/31/2026 12:05:06 P.M.", "2026-01-31T12:05:06.000Z"],
    ["DD/MMM/YYYY:HH:mm:ss Z", "31/Jan/2026:10:00:00 +0200", "2026-01-31T08:00:00.000Z"],
    ["YYYY-MM-DD[T]HH:mm:ss.SSSZ", "2026-01-31T10:00:00.5Z", "2026-01-31T10:00:00.500Z"],
    ["HH[h]mm YYYY-MM-DD", "10h30 2026-01-31", "2026-01-31T10:30:00.000Z"],
    ["X", "1769817600.5", "2026-01-31T00:00:00.500Z"],
    ["x", "1769817600000", "2026-01-31T00:00:00.000Z"],
    ["ISO", "2026-01-31 10:00Z", "2026-01-31T10:00:00.000Z"],
  ])("reads by %s: %s", (format, text, date) => {
    expect(castDate(text, format)).toBe(date);
  });

  it.each([
    ["DD.MM.YYYY", "31.02.2026"],
    ["DD.MM.YYYY", "1.2.26"],
    ["DD.MM.YYYY", "1.2.2026 "],
    ["DD.MM.YYYY", "1.2.2026 10:00"],
    ["dddd D MMM YYYY", "Monday 31 Jan 2026"],
    ["D MMM YYYY", "31 Foo 2026"],
    ["YYYYMMDD", "2026131"],
    ["MM/DD/YYYY h:mm A", "1/31/2026 13:05 pm"],
    ["YYYY-MM-DD HH:mm", "2026-01-31 24:00"],
    ["X", "99999999999999"],
  ])("does not read by %s: %s", (format, text) => {
    const value = text.endsWith(" ") ? `${text}x` : text;
    expect(castDate(value, format)).toBe(`failed: ${JSON.stringify(value)} is not a date in that format`);
  });

  it("tries formats in order", () => {
    const formats = ["DD.MM.YYYY", "MM/DD/YYYY", "ISO"];
    expect(["31.1.2026", "1/31/2026", "2026-01-31"].map((text) => castBy(formats, text, "date"))).toEqual(
      Array(3).fill("2026-01-31"),
    );
    expect(castBy(formats, "2026", "date")).toBe('failed: "2026" is not a date in one of these formats');
    expect(castDate(1769817600, "X")).toBe("2026-01-31T00:00:00.000Z");
  });

  it.each([
    ["ISO", "2026-01-02T23:00:00-05:00", "2026-01-02"],
    ["ISO", "2026-01-02 01:00+05:30", "2026-01-02"],
    ["ISO", "2026-01-02 10:15:00", "2026-01-02"],
    ["DD.MM.YYYY HH:mm", "02.01.2026 23:59", "2026-01-02"],
    ["DD.MM.YYYY HH:mm Z", "02.01.2026 23:59 -0500", "2026-01-02"],
    ["X", "1769817600.5", "2026-01-31"],
  ])("gives the day that is written for date, by %s: %s", (format, text, day) => {
    expect(castBy([format], text, "date")).toBe(day);
  });

  it("reads times without an offset where they were written", () => {
    const options = { timeZone: createTimeZone("Europe/Berlin") };
    expect(cast("2026-07-31T10:00", "datetime", options)).toBe("2026-07-31T08:00:00.000Z");
    expect(cast("2026-01-31", "datetime", options)).toBe("2026-01-30T23:00:00.000Z");
    expect(cast("2026-07-31T10:00Z", "datetime", options)).toBe("2026-07-31T10:00:00.000Z");
    expect(cast("2026-07-31T10:00-05:00", "datetime", options)).toBe("2026-07-31T15:00:00.000Z");
    expect(castBy(["DD.MM.YYYY HH:mm"], "31.07.2026 10:00", "datetime", options)).toBe("2026-07-31T08:00:00.000Z");
    expect(castBy(["X"], "0", "datetime", options)).toBe("1970-01-01T00:00:00.000Z");
    expect(cast("0000-01-01T00:00", "datetime", options)).toContain("failed");
  });

  it.each([
    ["9007199254740993", "number"],
    ["12345678901234567890", "number"],
    ["-9007199254740993.0", "number"],
    ["9007199254740993", "integer"],
  ] as const)("does not change the digits of %s to make it a %s", (text, type) => {
    expect(cast(text, type)).toContain("it is beyond 9007199254740991, so keep it as a string");
    expect(cast("9.007.199.254.740.993", type, { decimal: "," })).toContain("keep it as a string");
  });

  it.each([
    ["9007199254740992", 9007199254740992],
    ["100000000000000000000000", 1e23],
    ["00000000000000000000012", 12],
    ["1e300", 1e300],
    ["3.14159265358979323846", Math.PI],
    ["0.1000000000000000055511", 0.1],
  ])("reads %s as a number", (text, number) => {
    expect(cast(text, "number")).toBe(number);
  });

  it("gives an instant for datetime, whatever is written", () => {
    expect(cast("2026-01-31", "datetime")).toBe("2026-01-31T00:00:00.000Z");
    expect(cast("2026-01-31T10:00:00+02:00", "datetime")).toBe("2026-01-31T08:00:00.000Z");
    expect(cast("2026-01-31T10:00:00.123456789-0130", "datetime")).toBe("2026-01-31T11:30:00.123Z");
  });

  it.each([
    "2026-02-29",
    "2026-13-01",
    "2026-1-1",
    "2026-01-31T25:00",
    "2026-01-31T10",
    "2026-01-31T10:00:60Z",
    "20260131",
  ])("takes %s for no date", (text) =>
    expect(cast(text, "date")).toBe(`failed: "${text}" is not a date such as 2026-01-31`),
  );

  it.each<[string, CastOptions, number]>([
    ["€ 1.234,50", { currency: true, decimal: "," }, 1234.5],
    ["1.234,50 EUR", { currency: true, decimal: "," }, 1234.5],
    ["-$5", { currency: true }, -5],
    ["$-5", { currency: true }, -5],
    ["(1,234.50)", { currency: true, decimal: "." }, -1234.5],
    ["US$ 12", { currency: true }, 12],
    ["12.5 %", { percent: true }, 0.125],
    ["-0,7%", { percent: true, decimal: "," }, -0.007],
    ["12.5", { percent: true }, 12.5],
  ])("reads %s", (text, options, number) => {
    expect(cast(text, "number", options)).toBe(number);
  });

  it.each<[string, CastType, CastOptions, string]>([
    ["$5", "number", {}, '"$5" is not a number; "currency": true reads amounts with their currency'],
    ["5%", "number", {}, '"5%" is not a number; "percent": true reads it as a hundredth'],
    ["((5))", "number", { currency: true }, '"((5))" is not a number'],
    ["EUR", "number", { currency: true }, '"EUR" is not a number'],
    ["12345678901234567890", "integer", {}, "is beyond 9007199254740991, so keep it as a string"],
    ["oui", "boolean", { trueValues: ["si"], falseValues: ["no"] }, '"oui" is not one of "no", "si"'],
    ["0b1", "number", {}, '"0b1" is not a number'],
    ["1_000", "number", {}, '"1_000" is not a number'],
  ])("says why %s cannot be cast", (text, type, options, message) => {
    expect(cast(text, type, options)).toContain(message);
  });

  it("takes other words for true, false and null", () => {
    const options = { trueValues: ["Oui"], falseValues: ["non"], nullValues: ["?", "N/A"] };
    expect(["OUI", " non", "?", "n/a", ""].map((text) => cast(text, "boolean", options))).toEqual([
      true,
      false,
      null,
      null,
      null,
    ]);
    expect(cast("N/A", "string", options)).toBeNull();
  });

  it("gives back numbers, dates and booleans that were written as JSON has them", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(cast(JSON.stringify(number), "number")).toBe(number === 0 ? 0 : number);
        expect(cast(number, "number")).toBe(number);
      }),
    );
    const date = fc.date({
      min: new Date("0000-01-01"),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (moment) => {
        const iso = moment.toISOString();
        expect(cast(iso, "datetime")).toBe(iso);
        expect(cast(iso.slice(0, 10), "date")).toBe(iso.slice(0, 10));
        expect(castDate(iso, "YYYY-MM-DDTHH:mm:ss.SSSZ")).toBe(iso);
        expect(castDate(String(moment.getTime()), "x")).toBe(iso);
      }),
    );
  });

  it("reads a number with its thousands in groups as what it is", () => {
    const amount = fc.integer({ min: -1e12, max: 1e12 }).map((cents) => cents / 100);
    fc.assert(
      fc.property(amount, (number) => {
        const german = number.toLocaleString("de-DE", { minimumFractionDigits: 2 });
        const english = number.toLocaleString("en-US", { minimumFractionDigits: 2 });
        expect(cast(german, "number", { decimal: "," })).toBe(number === 0 ? 0 : number);
        expect(cast(english, "number", { decimal: "." })).toBe(number === 0 ? 0 : number);
      }),
    );
  });

  it("gives a value of the type, null or a failure for anything", () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string(),
      fc.constantFrom("0x1", "Infinity", "NaN", "1e999", "٣", "2026-01-31T"),
    );
    const options = fc.record({
      decimal: fc.constantFrom(undefined, "." as const, "," as const),
      currency: fc.boolean(),
      percent: fc.boolean(),
    });
    fc.assert(
      fc.property(value, fc.constantFrom(...CAST_TYPES), options, (given, type, how) => {
        const made = compileCast(type, how)(given);
        if (made === null || made instanceof RowFailure) return;
        if (type === "number" || type === "integer") {
          expect(Number.isFinite(made)).toBe(true);
          if (type === "integer") expect(Number.isSafeInteger(made)).toBe(true);
        } else if (type === "boolean") expect(made).toBeTypeOf("boolean");
        else expect(made).toBeTypeOf("string");
      }),
      { numRuns: 3000 },
    );
  });
});

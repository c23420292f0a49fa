import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTimeZone } from "./time-zone.ts";

const toUtc = (zone: string, local: string): string => {
  const ms = createTimeZone(zone)?.toUtc(Date.parse(`${local}Z`));
  return ms === undefined ? "none" : new Date(ms).toISOString();
};

describe("a time zone", () => {
  it.each([
    ["Europe/Berlin", "2026-01-31T10:00", "2026-01-31T09:00:00.000Z"],
    ["Europe/Berlin", "2026-07-31T10:00", "2026-07-31T08:00:00.000Z"],
    ["Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00.000Z"],
    ["Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00.000Z"],
    ["America/New_York", "2026-01-02T23:00", "2026-01-03T04:00:00.000Z"],
    ["Asia/Kolkata", "2026-01-02T00:00", "2026-01-01T18:30:00.000Z"],
    ["Australia/Lord_Howe", "2026-01-02T00:00", "2026-01-01T13:00:00.000Z"],
    ["Europe/Berlin", "1890-01-01T00:00", "1889-12-31T23:06:32.000Z"],
    ["UTC", "0000-01-01T00:00", "0000-01-01T00:00:00.000Z"],
    ["+02:00", "2026-01-31T10:00", "2026-01-31T08:00:00.000Z"],
  ])("%s: %s is %s", (zone, local, utc) => {
    expect(toUtc(zone, local)).toBe(utc);
  });

  it("moves a time that clocks skip on, and takes the first of two", () => {
    expect(toUtc("Europe/Berlin", "2026-03-29T02:30")).toBe("2026-03-29T01:30:00.000Z");
    expect(toUtc("Europe/Berlin", "2026-10-25T02:30")).toBe("2026-10-25T00:30:00.000Z");
    expect(toUtc("America/New_York", "2026-11-01T01:30")).toBe("2026-11-01T05:30:00.000Z");
    expect(toUtc("America/New_York", "2026-03-08T02:30")).toBe("2026-03-08T07:30:00.000Z");
  });

  it("is unknown by another name", () => {
    expect(createTimeZone("Europe/Berlinn")).toBeUndefined();
  });

  it("gives what its clocks show at that instant", () => {
    const zones = fc.constantFrom("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu");
    const moments = fc.date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(zones, moments, (name, date) => {
        const ms = Math.floor(date.getTime() / 1000) * 1000;
        const shown = new Date(ms).toLocaleString("sv-SE", { timeZone: name });
        const back = createTimeZone(name)?.toUtc(Date.parse(`${shown.replace(" ", "T")}Z`)) as number;
        expect(new Date(back).toLocaleString("sv-SE", { timeZone: name })).toBe(shown);
        expect(back).toBeLessThanOrEqual(ms);
      }),
    );
  });
});

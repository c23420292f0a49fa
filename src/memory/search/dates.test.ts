import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchTimes, readAskedTimes } from "./dates.ts";

const NOW = Date.UTC(2026, 6, 15, 12);

describe("times that a query names", () => {
  it.each([
    ["What did Ana do on 8 May, 2023?", "2023-05-08", 2],
    ["What did Ana do on 8 May, 2023?", "2023-05-09", 2],
    ["What did Ana do on 8 May, 2023?", "2023-05-20", 1],
    ["What did Ana do on 8 May, 2023?", "2022-05-08", 0],
    ["the trip of May 8th", "2021-05-08", 2],
    ["what happened in March", "2021-03-30", 1],
    ["what happened in March", "2021-04-30", 0],
    ["December 2023 plans", "2023-12-24", 1],
    ["notes of 2026-03-01", "2026-03-01", 2],
    ["notes of 2026-03", "2026-03-31", 1],
    ["2026年3月1日", "2026-03-01", 2],
    ["what did I plan in 2024", "2024-11-11", 1],
    ["what did I do yesterday", "2026-07-14", 2],
    ["what did I do last week", "2026-07-07", 1],
    ["what did I do today", "2026-05-14", 0],
  ])("%j and %s: %s", (query, day, match) => {
    expect(matchTimes(readAskedTimes(query, NOW), Date.parse(day))).toBe(match);
  });

  it.each(["may I march on", "Mar kept 2024 stamps", "a decision", "version 2.2024.1", "Will May come?", "8 tea 99"])(
    "finds none in %j",
    (query) => {
      expect(readAskedTimes(query, NOW)).toEqual([]);
    },
  );

  it("takes any text and any time", () => {
    const part = fc.oneof(
      fc.constantFrom("May", "8", "2023", "-", "99", "年", "月", " ", "last week", "st"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part), fc.integer(), (parts, time) => {
        for (const text of [parts.join(""), parts.join(" ")]) {
          expect([0, 1, 2]).toContain(matchTimes(readAskedTimes(text, NOW), time));
        }
      }),
    );
  });
});

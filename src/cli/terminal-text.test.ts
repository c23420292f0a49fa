import { expect, it } from "vitest";
import { costText, duration, fitted, money, printableText } from "./terminal-text.ts";

it("a model's text keeps its lines and tabs, and loses what a terminal would obey", () => {
  expect(printableText("one\n\ttwo\r\n\u001b[31mred\u0007 \u202eback")).toBe(
    "one\n\ttwo\n\\u001b[31mred\\u0007 \\u202eback",
  );
  const long = "word ".repeat(1000);
  expect(printableText(long)).toBe(long);
});

it("sums of money keep the digits that say something", () => {
  expect([0, 0.000012, 0.00347, 0.2, 12.346].map(money)).toEqual(["$0", "$0.000012", "$0.0035", "$0.20", "$12.35"]);
});

it("an unknown cost is said as unknown, and what of it is", () => {
  expect(costText({ cost_usd: null })).toBe("cost unknown");
  expect(costText({ cost_usd: 0.5, unpriced_models: ["p/a"] })).toBe("$0.50 and an unknown cost of p/a");
});

it("times and lines fit where they stand", () => {
  expect([1234, 12_345, 125_000].map(duration)).toEqual(["1.23 s", "12.3 s", "2 min 5 s"]);
  expect([fitted("12345", 5), fitted("123456", 5)]).toEqual(["12345", "1234…"]);
});

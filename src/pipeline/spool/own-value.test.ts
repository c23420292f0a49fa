import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { newRow } from "../rows.ts";
import { ownRow, ownValue } from "./own-value.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("rows that are kept do not keep the texts that their values were cut from", () => {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 1000 }, (_, index) => {
    const line = `${String(index).padStart(9, "0")}${"x".repeat(100_000)}`.toUpperCase();
    const row = newRow({ text: line.slice(0, 30), list: [line.slice(3, 40)] });
    ownRow(row);
    return row;
  });
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  expect(kept[7]?.text).toBe("000000007XXXXXXXXXXXXXXXXXXXXX");
});

it.each([
  ["\ud800 lone surrogates \udfff"],
  [{ __proto__: null, a: ["long enough to be a view"] }],
  [12],
  [null],
  [true],
])("%j stays what it is", (value) => {
  expect(JSON.stringify(ownValue(value))).toBe(JSON.stringify(value));
});

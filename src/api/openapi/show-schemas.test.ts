import { describe, expect, it } from "vitest";
import type { JsonObject } from "../operation.ts";
import { createSchemaDisplay, DETAILS, type Detail } from "./show-schemas.ts";

const MOST = DETAILS[0] as Detail;
const LEAST = DETAILS.at(-1) as Detail;

function show(schema: JsonObject, detail = MOST): { shown: JsonObject; leftOut: boolean } {
  const display = createSchemaDisplay({}, detail, 12_000);
  return { shown: display.show(schema, "/query/q"), leftOut: display.leftOut() };
}

describe("what a shown schema allows", () => {
  it("is written out where there is room", () => {
    const schema = {
      type: "string",
      enum: Array.from({ length: 300 }, (_, n) => `value-${n}`),
      pattern: "^v",
      const: 1,
    };
    expect(show(schema)).toEqual({ shown: schema, leftOut: false });
  });

  it("is some values where all of them are many or long", () => {
    const choices = Array.from({ length: 9 }, (_, n) => (n === 1 ? "short" : `${n}${"v".repeat(20_000)}`));
    expect(show({ enum: choices })).toEqual({
      shown: { examples: ["short"], left_out: "/query/q; 9 allowed values" },
      leftOut: true,
    });
    expect(show({ enum: Array(9).fill("v".repeat(20_000)) }).shown).toEqual({ left_out: "/query/q; 9 allowed values" });
    const many = Array.from({ length: 11 }, (_, n) => n);
    expect(show({ enum: many }, LEAST).shown).toEqual({ examples: [0, 1, 2], left_out: expect.any(String) });
  });

  it("is named where it is long", () => {
    const long = "a".repeat(50_000);
    const { shown } = show({ type: "string", pattern: long, default: long, examples: [long], format: "x" });
    expect(shown).toEqual({ type: "string", format: "x", left_out: "/query/q; a long pattern" });
    expect(show({ const: [long] }).shown).toEqual({ left_out: "/query/q; a long const" });
  });

  it("is seen to be long without being written out", () => {
    let bomb: unknown = ["x"];
    for (let level = 0; level < 40; level++) bomb = Array(9).fill(bomb);
    const { shown } = show({ enum: bomb as unknown[], const: bomb, default: bomb, examples: [bomb] });
    expect(shown).toEqual({ left_out: "/query/q; 9 allowed values; a long const" });
  });
});

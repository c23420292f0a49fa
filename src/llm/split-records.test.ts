import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitInput } from "./split-records.ts";

const length = (text: string) => text.length;

describe("splitInput", () => {
  it("leaves alone what fits", () => {
    expect(splitInput('{"a": 1}', 100, length)).toEqual({ parts: ['{"a": 1}'], isRecords: false });
  });

  it("cuts a JSON list between its entries", () => {
    const { parts, isRecords } = splitInput('[{"a": "x, y]"}, {"a": 2},{"b": [3]}]', 26, length);
    expect(parts).toEqual(['[{"a": "x, y]"}]', '[ {"a": 2},{"b": [3]}]']);
    expect(isRecords).toBe(true);
  });

  it("keeps the keys around a list that is too long", () => {
    const { parts } = splitInput('{"n": 1, "all": [1, 2, 3, 4, 5, 6, 7, 8, 9]}', 28, length);
    expect(parts).toEqual(['{"n": 1}', '{ "all": [1, 2, 3, 4]}', '{ "all": [ 5, 6, 7, 8]}', '{ "all": [ 9]}']);
  });

  it("repeats the header of a table, and cuts no row in two", () => {
    const { parts, isRecords } = splitInput('id,name\n1,"Ana\nMaria"\n2,Ben\n3,Cleo\n', 34, length);
    expect(isRecords).toBe(true);
    expect(parts).toEqual(['id,name\n1,"Ana\nMaria"\n2,Ben\n', "id,name\n3,Cleo\n"]);
    const markdown = `| id | name |\n|---|---|\n${"| 1 | Ana |\n".repeat(20)}`;
    for (const part of splitInput(markdown, 110, length).parts)
      expect(part).toMatch(/^\| id \| name \|\n\|---\|---\|\n\| 1/);
  });

  it("takes no prose for a table", () => {
    const prose = "Hello, you.\nI came, I saw.\nIt rained, a lot.\n".repeat(5);
    const { parts, isRecords } = splitInput(prose, 60, length);
    expect(isRecords).toBe(false);
    expect(parts.join("")).toBe(prose);
  });

  it("gives parts of JSON that are JSON, lose nothing, and fit as far as they can", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 })), fc.integer({ min: 60, max: 200 }), (list, budget) => {
        const text = JSON.stringify(list);
        const { parts } = splitInput(text, budget, length);
        const read = parts.map((part) => JSON.parse(part) as unknown[]);
        if (list.every((entry) => JSON.stringify(entry).length < 50)) {
          expect(read.flat()).toEqual(JSON.parse(text));
          for (const part of parts) expect(part.length).toBeLessThanOrEqual(budget);
        }
      }),
    );
  });

  it("gives texts back whole", () => {
    const unit = fc.constantFrom("a", "b ", "\n", "\n\n", "# ", ". ", "😀", "語", "\t", "{", "[", '"');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (text, budget) => {
        const { parts, isRecords } = splitInput(text, budget, length);
        if (!isRecords) expect(parts.join("")).toBe(text);
      }),
    );
  });
});

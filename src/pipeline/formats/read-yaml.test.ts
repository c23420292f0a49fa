import { describe, expect, it } from "vitest";
import { cut, plain, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { readYaml } from "./read-yaml.ts";
import type { InputOptions } from "./row-reader.ts";

const yaml = (text: string | readonly string[], options?: InputOptions) => readText(readYaml, text, options);

describe("yaml", () => {
  it.each<[string, unknown[]]>([
    ["- a: 1\n- b: x\n  c: [1, {d: null}]\n", [{ a: 1 }, { b: "x", c: [1, { d: null }] }]],
    ["- a: 1\r\n- b: 2\r\n", [{ a: 1 }, { b: 2 }]],
    ["a: 1\nb: 2", [{ a: 1, b: 2 }]],
    ["data:\n- a: 1\n- a: 2\n", [{ data: [{ a: 1 }, { a: 2 }] }]],
    ["a: 1\n---\nb: 2\n---\n---\n# c\n- c: 3\n- 4\n...\n", [{ a: 1 }, { b: 2 }, { c: 3 }, { value: 4 }]],
    ["%YAML 1.2\n---\n- a: 1\n", [{ a: 1 }]],
    ["--- [1, 2]\n", [{ value: 1 }, { value: 2 }]],
    [
      "- a\n-\n- - 1\n  - 2\n- b: |\n    - x\n    ---\n",
      [{ value: "a" }, { value: null }, { value: [1, 2] }, { b: "- x\n---\n" }],
    ],
    ["# nothing\n", []],
    ["[]", []],
    ["- __proto__: {x: 1}\n  constructor: 2", [JSON.parse('{"__proto__":{"x":1},"constructor":2}')]],
    // YAML 1.2: no yes, no dates.
    [
      "- {a: 0x1f, b: 0o17, c: -0, d: yes, e: 2026-01-01, f: ~, g: 1e3, h: .5, i: -1.50, j: 0.10}",
      [{ a: 31, b: 15, c: 0, d: "yes", e: "2026-01-01", f: null, g: 1000, h: 0.5, i: -1.5, j: 0.1 }],
    ],
    // Codes, which YAML 1.1 would take for octal and 1.2 for decimal numbers.
    [
      "- {zip: 01234, phone: +491234567, list: [007, -010, +1.50, 00.5, 0], tagged: !!int 010, 08: 1}",
      [{ zip: "01234", phone: "+491234567", list: ["007", "-010", "+1.50", "00.5", 0], tagged: 10, "08": 1 }],
    ],
    // Anchors and merge keys, also from one entry to another.
    [
      "- &base {a: 1, b: 2}\n- <<: *base\n  b: 3\n- *base\n",
      [
        { a: 1, b: 2 },
        { a: 1, b: 3 },
        { a: 1, b: 2 },
      ],
    ],
    ['- "<<": 1\n', [{ "<<": 1 }]],
    [
      "- a: !!js/function x\n- a: !!binary aGk=\n- !point {x: !!timestamp 2026-01-01}\n",
      [{ a: "x" }, { a: "aGk=" }, { x: "2026-01-01" }],
    ],
  ])("%j is read in pieces of any size", (text, rows) => {
    for (const size of [1, 2, 7, 1000]) {
      const read = yaml(cut(text, new Array(text.length).fill(size)));
      expect(plain(read)).toEqual(rows);
      expect(read.numbers).toEqual(rows.map((_, index) => index + 1));
      expect(read.bad).toEqual([]);
    }
  });

  it("tells where it first took digits as text because they look like a code, and where zeros at an end are lost", () => {
    const read = yaml("- zip: 1234\n  ver: 1.10\n- zip: 01234\n  ver: 1.20\n- zip: 02345\n");
    expect(plain(read)).toEqual([{ zip: 1234, ver: 1.1 }, { zip: "01234", ver: 1.2 }, { zip: "02345" }]);
    expect(read.notes).toEqual({
      codes:
        'Row 2, field "zip": 01234 is taken as text, for a number would lose what it begins with. Cast such fields to have numbers.',
      shortened_numbers: 'Row 1, field "ver": 1.10 is read as the number 1.1. In quotes it is text.',
    });
    expect(read.warned).toEqual(["codes"]);
    expect(yaml("rows: [{a: {b: +49}}]", { rowPath: "rows" }).notes.codes).toMatch(/^Row 1, field "a": \+49 is/);
    expect(yaml('- zip: "01234"\n  price: 1.5\n  ten: 10\n  tagged: !!int 007\n').notes).toEqual({});
  });

  it("has its rows where row_path says", () => {
    expect(yaml("x:\n  y:\n  - a: 1\n  - a: 2\n", { rowPath: "x.y" }).rows).toEqual([{ a: 1 }, { a: 2 }]);
    expect(yaml("- x: {y: [1]}\n- x: {y: [{a: 2}, 3]}\n- x: {y: []}\n", { rowPath: "x.y" }).rows).toEqual([
      { value: 1 },
      { a: 2 },
      { value: 3 },
    ]);
    expect(refusalOf(() => yaml("- y: [1]\n- z: 2", { rowPath: "y" })).message).toMatch(/no rows at "y"/);
    expect(yaml("x:\n  y:\n  - a: 1\n")).toMatchObject({
      notes: { row_path: expect.stringMatching(/^One document was taken as one row.*"x.y" \(1\)/) },
      warned: ["row_path"],
    });
    expect(refusalOf(() => yaml("x: 1\nz: 2", { rowPath: "y" }))).toMatchObject({
      message: 'The yaml input has no rows at "y".',
      hint: expect.stringContaining('Keys there: "x", "z".'),
    });
  });

  it("goes on after entries of a list that cannot be read", () => {
    const { rows, numbers, bad } = yaml("# c\n\n- a: 'x\n- b: 2\n- c: 1\n  c: 2\n- d: {e: [.nan]}\n- f: 6\n");
    expect(rows).toEqual([{ b: 2 }, { f: 6 }]);
    expect(numbers).toEqual([2, 5]);
    expect(bad).toMatchObject([
      { row: 1, rule: "yaml", message: expect.stringMatching(/^row 1 is broken at line \d: /) },
      { row: 3, rule: "yaml", message: "row 3 is broken at line 6: duplicated mapping key" },
      { row: 4, rule: "number", field: "d" },
    ]);
  });

  it("goes on after a document that cannot be read", () => {
    const { rows, numbers, bad } = yaml("a: 1\n---\na: [\n---\nb: 1");
    expect(rows).toEqual([{ a: 1 }, { b: 1 }]);
    expect(numbers).toEqual([1, 3]);
    expect(bad).toMatchObject([
      { row: 2, message: expect.stringMatching(/^row 2 \(document 2\) is broken at line 4/) },
    ]);
  });

  it.each([
    ["a: 1\nb: 2\na: 3\n", /broken at line 3: duplicated mapping key/],
    ["x: 'y\n", /broken at line \d: /],
    ["a: b: c", /broken at line 1/],
    ["- &x 1\n- *y", /broken at line 2: unidentified alias "y"/],
    ["? [1, 2]\n: 3", /broken at line 1: .*complex keys/],
  ])("%j is refused with its line", (text, message) => {
    expect(refusalOf(() => yaml(text))).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(message),
    });
  });

  it("reads a long list a few entries at a time", () => {
    let given = 0;
    const chunks = (function* () {
      for (; given < 100; given++) yield `- id: ${given}\n  note: ${"x ".repeat(5000)}\n`;
    })();
    const context = { options: {}, bad() {}, note() {} };
    const longest = `- a: 1\n`.repeat(1000);
    const [first] = readYaml([longest, ...chunks], context);
    expect(first?.rows).toHaveLength(1000);
    expect(yaml(`- a: ${"x".repeat(100_000)}\n`.repeat(100)).rows).toHaveLength(100);
  });

  it("refuses aliases that multiply, deep nesting, and values that hold themselves", () => {
    const levels = "bcdefghi".split("").map((name, level) => {
      return `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[level]}`).join(", ")}]`;
    });
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]", ...levels].join("\n");
    const entries = bomb.replaceAll(/^/gm, "- ");
    const merges = `- &m {${Array.from({ length: 5000 }, (_, n) => `k${n}: 1`).join(", ")}}\n${"- <<: *m\n".repeat(5000)}`;
    for (const text of [bomb, entries, merges, "[".repeat(200_000), "a: &a [*a]", "- &a [*a]"]) {
      expect(refusalOf(() => yaml(text)).code).toBe("too_large");
    }
    expect(yaml(`- ${"[".repeat(80)}${"]".repeat(80)}\n- 1\n`)).toMatchObject({
      numbers: [2],
      bad: [{ row: 1, rule: "depth" }],
    });
  });

  it("that has to be held as a whole may have 8,388,608 characters", () => {
    expect(refusalOf(() => yaml(`a: ${"x".repeat(8_388_608)}`))).toMatchObject({
      code: "too_large",
      message: expect.stringContaining("more than 8388608 characters"),
    });
  });
});

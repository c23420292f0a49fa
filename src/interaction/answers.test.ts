import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAnswers, defaultsOf } from "./answers.ts";
import { type FieldType, readForm } from "./form.ts";

const one = (type: string, answer: unknown, required = false) =>
  checkAnswers(
    readForm({
      fields: [
        { name: "f", label: "The field", type, required, ...(type === "select" && { options: ["red", "green"] }) },
      ],
    }),
    answer === undefined ? {} : { f: answer },
  );

const field = (rest: Record<string, unknown>, answers: Record<string, unknown>) =>
  checkAnswers(readForm({ fields: [{ name: "f", label: "It", ...rest }] }), answers);
const OPTIONS = ["red", "green", { value: "b", label: "Blue, light" }];

describe("checking several choices", () => {
  it.each([
    [
      ["red", "b"],
      ["red", "b"],
    ],
    ["red, green", ["red", "green"]],
    ["Blue, light", ["b"]],
    ["green; Blue, light\nRED", ["green", "b", "red"]],
    ['["b","red"]', ["b", "red"]],
    ["red", ["red"]],
    [["red", "RED"], ["red"]],
    [[], []],
  ])("takes %j", (answer, value) => {
    expect(field({ type: "multiselect", options: OPTIONS }, { f: answer })).toEqual({ data: { f: value }, issues: [] });
  });

  it.each([[["red", "pink"]], ["red, pink"], [42], [{ red: true }], [[["red"]]]])("refuses %j", (answer) => {
    const { data, issues } = field({ type: "multiselect", options: OPTIONS }, { f: answer });
    expect(data).toEqual({});
    expect(issues).toEqual([
      { path: "f", label: "It", message: expect.stringMatching(/^It must be some of: "red", "green", "Blue, light"/) },
    ]);
  });

  it("counts them, and asks for one at least where they are required", () => {
    const bounds = { type: "multiselect", options: OPTIONS, min: 2, max: 2, required: true };
    expect(field(bounds, { f: ["red", "b"] }).issues).toEqual([]);
    expect(field(bounds, { f: [] }).issues[0]?.message).toBe("It is required");
    expect(field(bounds, { f: ["red"] }).issues[0]?.message).toBe("It needs at least 2 choices (got 1)");
    expect(field(bounds, { f: ["red", "b", "green"] }).issues[0]?.message).toBe("It takes at most 2 choices (got 3)");
  });

  it("is quick with many commas", () => {
    const started = performance.now();
    field(
      { type: "multiselect", options: Array.from({ length: 500 }, (_, index) => `o${index}`) },
      { f: ",".repeat(19_000) },
    );
    field({ type: "multiselect", options: OPTIONS }, { f: "x,".repeat(499) });
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("the bounds of a field", () => {
  it.each([
    [{ type: "number", min: 1.5, max: 2 }, 1, "It must be at least 1.5 (got 1)"],
    [{ type: "integer", max: "10" }, 11, "It must be at most 10 (got 11)"],
    [{ min: 2 }, "é", "It has 1 character; at least 2"],
    [{ type: "textarea", max: 3 }, "👍👍👍👍", "It has 4 characters; at most 3"],
    [{ type: "date", min: "2026-01-01" }, "2025-12-31", "It must not be before 2026-01-01 (got 2025-12-31)"],
    [{ type: "date", max: "2026-01-01" }, "2026-01-02", "It must not be after 2026-01-01 (got 2026-01-02)"],
    [{ type: "datetime", max: "2026-01-01T12:00:00Z" }, "2026-01-01T12:30:00-01:00", /^It must not be after /],
    [{ pattern: "[0-9]{5}" }, "123456", "It must match [0-9]{5}"],
    [{ pattern: "[0-9]{5}", pattern_message: "five digits" }, "x", "It is not right: five digits"],
    [{ type: "email", max: 10 }, "ana@example.com", "It has 15 characters; at most 10"],
  ])("%j refuse %j", (bounds, answer, message) => {
    const { data, issues } = field(bounds, { f: answer });
    expect(data).toEqual({});
    expect(issues[0]?.message).toEqual(typeof message === "string" ? message : expect.stringMatching(message));
  });

  it.each([
    [{ type: "number", min: 0, max: 0 }, 0],
    [{ min: 2, max: 2 }, "👍👍"],
    [{ type: "datetime", max: "2026-01-01T12:00:00Z" }, "2026-01-01T13:00:00+01:00"],
    [{ type: "datetime", min: "2026-01-01T12:00" }, "2026-01-01T12:00:00Z"],
    [{ pattern: "^a|ab$" }, "ab"],
    [{ pattern: "\\p{L}+" }, "Größe"],
  ])("%j allow %j", (bounds, answer) => {
    expect(field(bounds, { f: answer })).toEqual({ data: { f: answer }, issues: [] });
  });

  it("ask for secrets that are long enough to be hidden", () => {
    const wrong = (bounds: object, answer: string) =>
      field({ type: "password", ...bounds }, { f: answer }).issues[0]?.message;
    for (const bounds of [{}, { min: 1 }, { max: 20 }, { min: 8 }]) {
      expect(wrong(bounds, "0042042")).toMatch(
        /^It has 7 characters; at least 8\. The model could find a shorter one out/,
      );
      expect(wrong(bounds, "00420420")).toBeUndefined();
    }
  });

  it("take a short secret where the field says that it wants one", () => {
    const wrong = (bounds: object, answer: string) =>
      field({ type: "password", ...bounds }, { f: answer }).issues[0]?.message;
    for (const bounds of [{ min: 4 }, { max: 6 }, { pattern: "[0-9]+" }]) {
      expect(wrong(bounds, "042")).toBe("It has 3 characters; at least 4");
      expect(wrong(bounds, "0042")).toBeUndefined();
    }
    expect(wrong({ min: 6, max: 6 }, "0042")).toBe("It has 4 characters; at least 6");
    expect(field({ type: "password" }, { f: "" }).issues).toEqual([]);
  });

  it("never show a secret", () => {
    for (const answer of ["hunter2", ["hunter2"], { a: "hunter2" }]) {
      const { issues } = field({ type: "password", min: 20, pattern: "x+" }, { f: answer });
      expect(issues).toHaveLength(1);
      expect(JSON.stringify(issues)).not.toContain("hunter2");
    }
  });

  it("do not count blanks that nobody sees, where only they are off the pattern", () => {
    const plz = { pattern: "\\d{5}", max: 5 };
    for (const answer of ["01234", " 01234", "01234 ", "\u00a001234\n"]) {
      expect(field(plz, { f: answer })).toEqual({ data: { f: "01234" }, issues: [] });
    }
    expect(field({ pattern: "[a-z ]+" }, { f: "a " }).data).toEqual({ f: "a " });
    expect(field({ max: 3 }, { f: "abc " }).issues).toHaveLength(1);
    expect(field(plz, { f: "0 1234" }).issues).toHaveLength(1);
  });

  it("name the choices as they were seen", () => {
    const options = [
      { value: 1, label: "One" },
      { value: 2, label: "Two" },
    ];
    expect(field({ options }, { f: "Three" }).issues[0]?.message).toBe('It must be one of: One, Two (got "Three")');
  });

  it("take what is filled in of a text as a number, too", () => {
    expect(readForm({ fields: [{ name: "a", default: 42 }] }).fields[0]?.default).toBe("42");
  });

  it("say how to write a number that could be two", () => {
    expect(field({ type: "number" }, { f: "1.000" }).issues[0]?.message).toBe(
      'It must be a number, and the point could be one of thousands: write 1000 or 1.0000 (got "1.000")',
    );
    expect(field({ type: "number" }, { f: 1.125 }).data).toEqual({ f: 1.125 });
    // What the form has filled in comes back as a text from a page.
    expect(field({ type: "number", default: 1.125 }, { f: "1.125" }).data).toEqual({ f: 1.125 });
    expect(field({ type: "number", default: 1.125 }, { f: "1.250" }).issues).toHaveLength(1);
    expect(field({ type: "number" }, { f: "1,234" }).issues[0]?.message).toBe(
      'It must be a number with a point and no other marks, such as 1234.5 (got "1,234")',
    );
    expect(field({ type: "integer" }, { f: "1,75" }).issues[0]?.message).toBe(
      'It must be a whole number in digits alone, such as 1234 (got "1,75")',
    );
  });

  it("are checked in time that grows with the answer only", () => {
    const started = performance.now();
    expect(field({ type: "textarea", pattern: "(a+)+b" }, { f: "a".repeat(20_000) }).issues).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it("leave an optional field that was left empty alone", () => {
    expect(field({ min: 3, pattern: "x+" }, { f: "" })).toEqual({ data: { f: "" }, issues: [] });
    expect(field({ type: "date", min: "2026-01-01" }, { f: "" })).toEqual({ data: {}, issues: [] });
  });
});

describe("what is missing", () => {
  it("counts as it is said, while what is empty does not", () => {
    const form = readForm({
      fields: [
        { name: "a", default: "x" },
        { name: "b", type: "integer", default: 5 },
      ],
    });
    expect(checkAnswers(form, {}, defaultsOf(form)).data).toEqual({ a: "x", b: 5 });
    expect(checkAnswers(form, { a: "", b: null }, defaultsOf(form)).data).toEqual({ a: "" });
    expect(checkAnswers(form, {}).data).toEqual({});
  });
});

describe("checking answers", () => {
  it.each<[FieldType, unknown, unknown]>([
    ["text", " Ana ", " Ana "],
    ["text", "", ""],
    ["textarea", "a\nb", "a\nb"],
    ["email", " ana@example.com ", "ana@example.com"],
    ["url", "https://example.com/a?b=c", "https://example.com/a?b=c"],
    ["number", 3.5, 3.5],
    ["number", "42", 42],
    ["number", " -1.5e3 ", -1500],
    ["number", "0", 0],
    ["integer", "42", 42],
    ["integer", 0, 0],
    ["boolean", false, false],
    ["boolean", "Yes", true],
    ["boolean", "off", false],
    ["select", "red", "red"],
    ["select", "GREEN", "green"],
    ["date", "2024-02-29", "2024-02-29"],
    ["datetime", "2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"],
    ["datetime", "2026-01-31T09:30", "2026-01-31T09:30"],
    ["datetime", "2026-01-31T09:30:00.5+05:30", "2026-01-31T09:30:00.5+05:30"],
  ])("takes for %s the answer %j", (type, answer, value) => {
    expect(one(type, answer, answer !== "")).toEqual({ data: { f: value }, issues: [] });
  });

  it.each<[FieldType, unknown]>([
    ["text", 42],
    ["text", ["a"]],
    ["text", "x".repeat(2001)],
    ["textarea", "x".repeat(20_001)],
    ["email", "ana"],
    ["email", "ana@example"],
    ["email", "a b@example.com"],
    ["url", "example.com"],
    ["url", "javascript:alert(1)"],
    ["url", "https://"],
    ["number", "abc"],
    ["number", "1.234,5"],
    ["number", "0x10"],
    ["number", "1e999"],
    ["number", true],
    ["number", "NaN"],
    ["integer", 3.5],
    ["integer", "9007199254740993"],
    ["boolean", "maybe"],
    ["boolean", 1],
    ["select", "blue"],
    ["select", {}],
    ["date", "2023-02-29"],
    ["date", "31.01.2026"],
    ["date", "2026-13-01"],
    ["datetime", "2026-01-31"],
    ["datetime", "2026-01-31T25:00:00Z"],
    ["datetime", "2026-01-31T09:30:00+99:00"],
  ])("refuses for %s the answer %j, naming the label", (type, answer) => {
    const { data, issues } = one(type, answer);
    expect(data).toEqual({});
    expect(issues).toEqual([{ path: "f", label: "The field", message: expect.stringContaining("The field ") }]);
    expect(issues[0]?.message.length).toBeLessThan(200);
  });

  it("asks for required fields that are missing, empty, blank or null", () => {
    for (const answer of [undefined, null, "", "  "]) {
      expect(one("text", answer, true).issues).toEqual([
        { path: "f", label: "The field", message: "The field is required" },
      ]);
    }
    expect(one("boolean", false, true).issues).toEqual([]);
  });

  it("leaves out optional fields without an answer", () => {
    expect(one("number", "")).toEqual({ data: {}, issues: [] });
    expect(one("select", null)).toEqual({ data: {}, issues: [] });
  });

  it("reports every wrong field, and keys that no field has", () => {
    const form = readForm({
      fields: [
        { name: "a", required: true },
        { name: "b", type: "integer" },
      ],
    });
    const { issues } = checkAnswers(form, JSON.parse('{"b":"x","c":1,"__proto__":2}'));
    expect(issues.map((issue) => issue.path)).toEqual(["a", "b", "c", "__proto__"]);
  });

  it("takes answers that are no object as none", () => {
    const form = readForm({});
    for (const answers of [undefined, null, "x", ["x"]]) expect(checkAnswers(form, answers).issues).toHaveLength(1);
  });

  it("is not fooled by what every object inherits", () => {
    const form = readForm({ fields: [{ name: "toString", required: true }] });
    expect(checkAnswers(form, {}).issues).toHaveLength(1);
    expect(checkAnswers(form, { toString: "x" }).data.toString).toBe("x");
  });

  it("gives for any answers either an issue or a value of the field's type, and its own values pass again", () => {
    const types: FieldType[] = ["text", "textarea", "email", "url", "number", "integer", "boolean", "date", "datetime"];
    const field = fc.record({ type: fc.constantFrom(...types), required: fc.boolean() });
    const answer = fc.oneof(
      fc.jsonValue(),
      fc.double().map(String),
      fc.emailAddress(),
      fc.webUrl(),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(field, answer), { maxLength: 6 }), (pairs) => {
        const fields = pairs.map(([one], index) => ({ ...one, name: `f${index}` }));
        if (fields.length === 0) return;
        const form = readForm({ fields });
        const answers = Object.fromEntries(pairs.map(([, value], index) => [`f${index}`, value]));
        const { data, issues } = checkAnswers(form, answers);
        for (const { name, type, required } of form.fields) {
          const wrong = issues.some((issue) => issue.path === name);
          const value = data[name];
          if (wrong) expect(value).toBeUndefined();
          else if (value === undefined) expect(required).toBe(false);
          else {
            const expected = type === "number" || type === "integer" ? "number" : type === "boolean" ? type : "string";
            expect(typeof value).toBe(expected);
          }
        }
        if (issues.length === 0) expect(checkAnswers(form, data)).toEqual({ data, issues: [] });
      }),
    );
  });

  it("names some of many answers that no field asked for, and counts the rest", () => {
    const form = readForm({ fields: [{ name: "a" }] });
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, 1]));
    const { issues } = checkAnswers(form, many);
    expect(issues).toHaveLength(21);
    expect(issues[0]?.message).toBe('"k0" is not a field of this form (a)');
    expect(issues.at(-1)?.message).toBe("49980 more are no fields of this form either");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAnswers } from "./answers.ts";
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
    ["number", "1,5"],
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

import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { formDigest, readForm, writeForm } from "./form.ts";
import { formQuestion, formSchema } from "./form-question.ts";

const refusal = (fields: unknown): ToolError => {
  try {
    readForm({ fields });
  } catch (error) {
    if (error instanceof ToolError) return error;
    throw error;
  }
  throw new Error("was accepted");
};

describe("reading a form", () => {
  it("asks for one required text when no fields are given", () => {
    const expected = {
      title: "Input Required",
      fields: [
        {
          name: "input",
          label: "Input",
          type: "text",
          placeholder: "Enter your input",
          required: true,
          options: [],
        },
      ],
      submit_label: "Submit",
    };
    expect(writeForm(readForm({}))).toEqual(expected);
    expect(writeForm(readForm({ fields: [], title: "", submit_label: null }))).toEqual(expected);
  });

  it("fills in label, type, placeholder, required and options of a field", () => {
    const filled = { name: "city", label: "city", type: "text", placeholder: "", required: false, options: [] };
    for (const nothing of [undefined, null, ""]) {
      const [type, label, options, required, placeholder] = Array.from({ length: 5 }, () => nothing);
      const field = { name: "city", type, label, options, required, placeholder };
      expect(readForm({ fields: [field] }).fields).toEqual([filled]);
    }
  });

  it("takes options as texts, numbers or value and label, and makes a field with options a select", () => {
    const [field] = readForm({ fields: [{ name: "size", options: ["S", 2, { value: "l", label: "Large" }] }] }).fields;
    expect(field?.type).toBe("select");
    expect(field?.options).toEqual([
      { value: "S", label: "S" },
      { value: "2", label: "2", isNumber: true },
      { value: "l", label: "Large" },
    ]);
  });

  it("reads what it wrote", () => {
    const form = readForm({
      title: "Order",
      submit_label: "Buy",
      fields: [
        { name: "several", type: "checkboxes", options: ["S", "L"], min: 1, max: "2", default: "s, L" },
        {
          name: "zip",
          description: "Of the house",
          pattern: "\\d{5}",
          pattern_message: "five digits",
          default: "12345",
        },
        { name: "day", type: "date", min: "2026-01-01", default: "2026-02-01" },
        { name: "sure", type: "boolean", default: "no" },
        { name: "pin", type: "secret", min: 4 },
        { name: "size", type: "select", options: ["S", { value: "l", label: "Large" }] },
        { name: "n", type: "integer" },
      ],
    });
    expect(readForm(JSON.parse(JSON.stringify(writeForm(form))))).toEqual(form);
    expect(form.fields.map((field) => [field.type, field.default])).toEqual([
      ["multiselect", ["S", "L"]],
      ["text", "12345"],
      ["date", "2026-02-01"],
      ["boolean", false],
      ["password", undefined],
      ["select", undefined],
      ["integer", undefined],
    ]);
  });

  it.each([
    ["a field that is no object", ["name"], "fields[0]"],
    ["a missing name", [{ label: "City" }], "fields[0].name is required"],
    ["an empty name", [{ name: "  " }], "fields[0].name is required"],
    ["a control character in a name", [{ name: "a\u0000b" }], "control characters"],
    ["duplicate names", [{ name: "a" }, { name: "a" }], '"a"'],
    ["a reserved name", [{ name: "__proto__" }], '"__proto__" is reserved'],
    ["an unknown type", [{ name: "a" }, { name: "c", type: "color" }], 'fields[1].type "color" is not known'],
    ["a type from Object.prototype", [{ name: "a", type: "toString" }], "is not known"],
    ["a select without options", [{ name: "a", type: "select" }], "needs options"],
    ["options of a number", [{ name: "a", type: "number", options: ["1"] }], "use type select"],
    ["duplicate options", [{ name: "a", options: ["x", "x"] }], '"x" twice'],
    ["an empty option", [{ name: "a", options: ["x", ""] }], "fields[0].options[1]"],
    ["an unknown key", [{ name: "a", step: 3 }], '"step"'],
    ["required that is no boolean", [{ name: "a", required: "yes" }], "fields[0].required"],
    ["fields that are no list", { name: "a" }, "fields must be a list"],
    ["too many fields", Array.from({ length: 51 }, (_, i) => ({ name: `f${i}` })), "at most 50"],
    ["bounds of a choice", [{ name: "a", options: ["x"], min: 1 }], "fields[0].min means nothing for the type select"],
    ["bounds the wrong way round", [{ name: "a", type: "number", min: 2, max: 1 }], "is greater than max 1"],
    [
      "dates the wrong way round",
      [{ name: "a", type: "date", min: "2026-02-01", max: "2026-01-01" }],
      "is greater than",
    ],
    ["a bound that is no number", [{ name: "a", type: "number", min: "many" }], "fields[0].min must be a number"],
    ["a bound that is no date", [{ name: "a", type: "date", min: 3 }], "fields[0].min must be a date"],
    ["a length that no text may have", [{ name: "a", max: 2001 }], "from 0 to 2000"],
    ["more choices than there are", [{ name: "a", type: "multiselect", options: ["x"], min: 2 }], "from 0 to 1"],
    ["a broken pattern", [{ name: "a", pattern: "(" }], 'fields[0].pattern "(" cannot be used: missing closing ): `(`'],
    ["a pattern with lookahead", [{ name: "a", pattern: "(?=a)a" }], "no lookaround"],
    ["a pattern with back-references", [{ name: "a", pattern: "(a)\\1" }], "no back-references"],
    ["a huge pattern", [{ name: "a", pattern: "((a{30}){30}){30}" }], "cannot be used"],
    ["a pattern of numbers", [{ name: "a", type: "number", pattern: "1" }], "means nothing"],
    ["a message without a pattern", [{ name: "a", pattern_message: "x" }], "needs a pattern"],
    ["a default of another type", [{ name: "a", type: "number", default: "x" }], "fields[0].default is not an answer"],
    ["a default out of bounds", [{ name: "a", type: "integer", max: 3, default: 4 }], "it must be at most 3"],
    ["a default off the pattern", [{ name: "a", pattern: "x", default: "y" }], "it must match x"],
    ["a default that is no option", [{ name: "a", options: ["x"], default: "y" }], "it must be one of: x"],
    ["a secret that could not be hidden", [{ name: "a", type: "password", max: 3 }], "min 4 is greater than max 3"],
    [
      "more secrets than are kept",
      Array.from({ length: 21 }, (_, at) => ({ name: `f${at}`, type: "password" })),
      "asks for 21 secrets; at most 20 are kept",
    ],
    ["a default for a secret", [{ name: "a", type: "password", default: "x" }], "a secret must come from the user"],
  ])("refuses %s", (_case, fields, message) => {
    const error = refusal(fields);
    expect(error.code).toBe("invalid_input");
    expect(error.message).toContain(message);
  });

  it("refuses patterns that would take long together, before it compiles them", () => {
    const fields = (pattern: string, type = "textarea", count = 50, more = {}) =>
      Array.from({ length: count }, (_, index) => ({ name: `f${index}`, type, pattern, ...more }));
    const slow = [
      fields("(a{0,30}){0,25}b7"),
      fields("(?:.{0,20}a){0,30}c"),
      fields("(?:a{1,9}){0,30}b+", "textarea", 2),
      fields(".{0,1000}".repeat(20)),
      fields(".{0,1000}".repeat(100)),
      fields(".{0,1900}", "text"),
      fields("\\Q[\\E(a{1000}){1000}"),
      fields("(?i)[^\\p{L}\\p{N}]".repeat(10)),
      fields(`(?i)${"[a-\\x{1E943}]".repeat(65)}`),
      fields(`(?\\i)${"[a-\\x{1E943}]".repeat(60)}`, "text", 20, { max: 100 }),
      fields("(?:a{\\9\\9\\9}){\\9\\9\\9}", "text", 1),
      fields("a".repeat(1_000), "text", 9, { max: 1_000 }),
      fields("(?:.*a){90}b", "textarea", 1),
      fields("(?:.*[\\p{L}\\p{N}]){40}b", "textarea", 1),
      fields("[ab]*a[ab]{14}", "textarea", 50, { default: "ab".repeat(10_000) }),
    ];
    const started = performance.now();
    for (const form of slow) expect(refusal(form).message).toMatch(/patterns of this form|cannot be used/);
    expect(performance.now() - started).toBeLessThan(1_000);
    readForm({ fields: fields("[A-Z]{2}\\d{2}[A-Z0-9 ]{11,30}", "text") });
    readForm({ fields: fields("(?:a{1,9}){0,30}b", "textarea", 2) });
    readForm({ fields: fields("(?:[^\\n]{1,40}\\n?)+", "textarea", 2) });
    readForm({ fields: fields("(a{0,30}){0,25}b7", "textarea", 4, { max: 100 }) });
  });

  it("takes patterns as people write them", () => {
    const patterns = {
      "[^@\\s]+@[^@\\s]+\\.[^@\\s]{2,}": ["ana@müller.de"],
      "(?i)[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,63}": ["Ana.B@Example.co.uk"],
      "(?i)[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}": ["sw1a 1AA"],
      "^\\d{5}(?:-\\d{4})?$": ["12345", "12345-6789"],
      "[A-Z]{2}\\d{2}[A-Z0-9 ]{11,30}": ["DE89 3704 0044 0532 0130 00"],
      "[\\p{L}\\p{M}' .-]{1,100}": ["Zoë O'Néill-Şahin"],
      "(?i)[а-яё]+|[\\x{4E00}-\\x{9FFF}]+": ["Ёлка", "東京"],
      "(?i)straße \\w+": ["STRASSE 1".replace("SS", "ẞ")],
      "\\+?[0-9 ()/-]{6,20}": ["+49 (0)30 123-456"],
      "(?P<year>\\d{4})-(?<month>\\d{2})": ["2026-03"],
    };
    const fields = Object.keys(patterns).flatMap((pattern, index) =>
      [1, 2, 3].map((copy) => ({ name: `f${index}-${copy}`, pattern, max: 200 })),
    );
    readForm({ fields });
    for (const [pattern, texts] of Object.entries(patterns)) {
      for (const text of texts) {
        expect(readForm({ fields: [{ name: "a", pattern, default: text }] }).fields[0]?.default).toBe(text);
        expect(refusal([{ name: "a", pattern, default: `${text}\n!` }]).message).toContain("must match");
      }
    }
  });

  it("takes what is optional after ^ in no longer than without it", () => {
    const optional = Array.from({ length: 480 }, (_, index) => `${String.fromCharCode(0x4e00 + 2 * index)}?`).join("");
    const started = performance.now();
    readForm({
      fields: [0, 1, 2, 3].map((at) => ({ name: `f${at}`, pattern: `^${optional}$`, max: 100, default: "一" })),
    });
    expect(performance.now() - started).toBeLessThan(1_000);
    for (const pattern of ["*a", "+", "?^", "{2}a"]) {
      expect(refusal([{ name: "a", pattern }]).message).toContain("missing argument");
    }
  });

  it("refuses a form that is too large to travel", () => {
    const fields = Array.from({ length: 50 }, (_, i) => ({
      name: `f${i}`,
      placeholder: "x".repeat(500),
      label: "y".repeat(500),
    }));
    expect(refusal(fields).code).toBe("too_large");
  });

  it("has one digest for what is asked, whatever title and placeholder say", () => {
    const form = readForm({ title: "A", fields: [{ name: "a", placeholder: "p" }] });
    expect(formDigest(readForm({ title: "B", fields: [{ name: "a" }] }))).toBe(formDigest(form));
    expect(formDigest(readForm({ fields: [{ name: "a", required: true }] }))).not.toBe(formDigest(form));
  });
});

describe("a form as elicitation", () => {
  it("maps every type to a flat schema that clients can render", () => {
    const types = ["text", "textarea", "email", "url", "number", "integer", "checkbox", "date", "datetime"];
    const { properties } = formSchema(readForm({ fields: types.map((type) => ({ name: type, type })) }));
    expect(
      Object.fromEntries(Object.entries(properties).map(([name, { type, format }]) => [name, [type, format]])),
    ).toEqual({
      text: ["string", undefined],
      textarea: ["string", undefined],
      email: ["string", "email"],
      url: ["string", "uri"],
      number: ["number", undefined],
      integer: ["integer", undefined],
      checkbox: ["boolean", undefined],
      date: ["string", "date"],
      datetime: ["string", "date-time"],
    });
  });

  it("lists the choices of a select, with names where they differ", () => {
    const { properties } = formSchema(
      readForm({
        fields: [
          { name: "plain", options: ["a", "b"] },
          { name: "named", options: [{ value: "a", label: "A" }] },
        ],
      }),
    );
    expect(properties.plain).toEqual({ type: "string", title: "plain", enum: ["a", "b"] });
    expect(properties.named).toEqual({ type: "string", title: "named", enum: ["a"], enumNames: ["A"] });
  });

  it("puts title and submit label into the message, and label and placeholder into the field", () => {
    const form = readForm({
      title: "Book a table",
      submit_label: "Book",
      fields: [
        { name: "guests", label: "Guests", type: "integer", placeholder: "2 to 8", required: true },
        { name: "note" },
      ],
    });
    expect(formQuestion(form)).toEqual({
      message: "Book a table\nSending this form means: Book",
      schema: {
        type: "object",
        properties: {
          guests: { type: "integer", title: "Guests", description: "2 to 8" },
          note: { type: "string", title: "note", maxLength: 2000 },
        },
        required: ["guests"],
      },
    });
  });

  it("leaves out the required list when nothing is required", () => {
    expect(formSchema(readForm({ fields: [{ name: "a" }] }))).not.toHaveProperty("required");
  });

  it("names what was wrong in the next round and keeps what was right", () => {
    const form = readForm({
      fields: [
        { name: "a", label: "Name" },
        { name: "b", label: "Age", type: "integer" },
      ],
    });
    const { message, schema } = formQuestion(form, {
      data: { a: "Ana" },
      issues: [{ path: "b", message: "Age must be a whole number" }],
    });
    expect(message).toBe("Input Required\nPlease correct:\n- Age must be a whole number");
    expect(schema.properties.a).toHaveProperty("default", "Ana");
    expect(schema.properties.b).not.toHaveProperty("default");
  });
});

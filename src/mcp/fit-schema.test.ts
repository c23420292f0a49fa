import { describe, expect, it } from "vitest";
import { checkAnswers } from "../interaction/answers.ts";
import { readForm } from "../interaction/form.ts";
import { formSchema } from "../interaction/form-question.ts";
import { fitSchema } from "./fit-schema.ts";

const FORM = readForm({
  fields: [
    {
      name: "sizes",
      type: "multiselect",
      options: ["s", { value: "l", label: "Large" }],
      default: ["s"],
      required: true,
    },
    { name: "n", type: "integer", min: 1, max: 9, default: 3 },
    { name: "on", type: "boolean", default: true },
    { name: "mail", type: "email" },
    { name: "code", min: 3, default: "abc" },
    { name: "when", type: "datetime", required: true },
    { name: "day", type: "date" },
    { name: "site", type: "url", required: true },
  ],
});
const FULL = { knowsChoices: true, dropsWrongAnswers: false };

describe("a form's schema", () => {
  it("goes as it is to clients of MCP 2025-11-25 and later", () => {
    const schema = formSchema(FORM);
    expect(fitSchema(schema, FULL)).toBe(schema);
  });

  it("asks older clients for choices as a text that counts as them, and says what would be filled in", () => {
    const { properties, required } = fitSchema(formSchema(FORM), { ...FULL, knowsChoices: false });
    expect(required).toEqual(["sizes", "when", "site"]);
    expect(properties.sizes).toEqual({
      type: "string",
      title: "sizes",
      description: "Any of these, with commas between them: s, Large – If left out: s",
    });
    expect(properties.n).toEqual({
      type: "integer",
      title: "n",
      minimum: 1,
      maximum: 9,
      description: "If left out: 3",
    });
    expect(properties.on).toMatchObject({ default: true });
    for (const [name, property] of Object.entries(properties)) {
      if (name !== "on") expect(property).not.toHaveProperty("default");
      expect(property.type).not.toBe("array");
    }
    const answers = { sizes: "s, large", when: "2026-01-31T09:30", site: "https://example.com" };
    expect(checkAnswers(FORM, answers)).toMatchObject({ data: { sizes: ["s", "l"] }, issues: [] });
  });

  it("keeps for clients that drop wrong answers only what their dialog enforces itself", () => {
    const { properties } = fitSchema(formSchema(FORM), { ...FULL, dropsWrongAnswers: true });
    expect(properties.n).toMatchObject({ minimum: 1, maximum: 9, default: 3 });
    expect(properties.sizes).toMatchObject({ minItems: 1 });
    expect(properties.site).toMatchObject({ format: "uri" });
    expect(properties.day).toMatchObject({ format: "date" });
    for (const name of ["when", "mail"]) expect(properties[name]).not.toHaveProperty("format");
    // Wiped out it comes as an empty text.
    expect(properties.code).not.toHaveProperty("minLength");
    expect(properties.when?.description).toContain("2026-01-31T09:30:00+01:00");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { newRow } from "../rows.ts";
import { fillTemplates } from "../template.ts";
import { fillParameters } from "./fill-parameters.ts";

const fill = (step: "validate" | "transform" | "enrich" | "format", options: object, parameters: object = {}) =>
  fillParameters(step, { ...options }, { ...parameters }, `Step 1 (${step})`);

describe("a placeholder of a parameter", () => {
  it("that is the whole text gives the value itself", () => {
    const options = { format: "{{$format}}", columns: "{{ $columns }}", header: "{{$header}}" };
    expect(fill("format", options, { format: "csv", columns: ["a"], header: false })).toEqual({
      format: "csv",
      columns: ["a"],
      header: false,
    });
  });

  it("inside a text gives its text; null nothing, an object its JSON", () => {
    const operation = { op: "fill", values: { note: "{{$a}}/{{$b}}/{{$c}}" } };
    expect(fill("transform", { operations: [operation] }, { a: 1, b: null, c: { d: true } })).toEqual({
      operations: [{ op: "fill", values: { note: '1//{"d":true}' } }],
    });
  });

  it("inside a pattern is a text to be found; alone it may be the pattern", () => {
    const replace = { op: "replace", pattern: "^{{$p}}-$", with: "" };
    expect(fill("transform", { operations: [replace] }, { p: ".*|" })).toMatchObject({
      operations: [{ pattern: "^\\.\\*\\|-$" }],
    });
    const rules = { fields: { a: { pattern: "{{$p}}" } }, schema: { properties: { a: { pattern: "x{{$p}}" } } } };
    expect(fill("validate", rules, { p: "[0-9]+" })).toEqual({
      fields: { a: { pattern: "[0-9]+" } },
      schema: { properties: { a: { pattern: "x\\[0\\-9\\]\\+" } } },
    });
  });

  it("works in keys, such as the names of fields", () => {
    expect(fill("transform", { operations: [{ op: "rename", fields: { "{{$old}}": "id" } }] }, { old: "Nr" })).toEqual({
      operations: [{ op: "rename", fields: { Nr: "id" } }],
    });
  });

  it("that is unknown is an error that names the step, the place and the close one", () => {
    expect(refusalOf(() => fill("format", { columns: ["{{$colum}}"] }, { column: "a" }))).toMatchObject({
      code: "invalid_input",
      message: 'Step 1 (format), columns.1: there is no parameter "$colum".',
      hint: 'Did you mean "$column"? Parameters: $column.',
    });
    expect(refusalOf(() => fill("format", { columns: ["{{$constructor}}"] })).message).toContain("no parameter");
  });

  it("is refused in expressions, which take $name", () => {
    for (const options of [
      { operations: [{ op: "filter", expression: "amount > {{$limit}}" }] },
      { operations: [{ op: "trim", when: "{{$limit}}" }] },
      { operations: [{ op: "compute", fields: { x: "{{$limit}}" } }] },
      { jsonata: "{{$limit}}" },
    ]) {
      expect(refusalOf(() => fill("transform", options, { limit: "1 or true" }))).toMatchObject({
        message: expect.stringContaining("has a placeholder where an expression is wanted"),
        hint: "In expressions a parameter is written $name, such as amount > $limit.",
      });
    }
  });

  it("is refused in the checks of a validation, but not in what they say", () => {
    for (const check of ["{{$x}} > 1", "{{$x}}", { expression: "{{$x}}" }]) {
      expect(refusalOf(() => fill("validate", { checks: [check] }, { x: "1" })).message).toMatch(/where an expression/);
    }
    expect(fill("validate", { checks: [{ expression: "a > $x", message: "above {{$x}}" }] }, { x: 1 })).toEqual({
      checks: [{ expression: "a > $x", message: "above 1" }],
    });
  });

  it("cannot be the operation, on which it depends what is an expression", () => {
    const operations = [{ op: "{{$op}}", fields: { x: "{{$x}}" } }];
    expect(refusalOf(() => fill("transform", { operations }, { op: "compute", x: "secret" }))).toMatchObject({
      message: 'Step 1 (transform), operations.1.op: "{{$op}}" cannot be a parameter.',
    });
  });

  it("may have any name in data, for only operations and steps have expressions", () => {
    const operation = { op: "fill", values: { expression: "{{$x}}", when: "{{$x}}" } };
    expect(fill("transform", { operations: [operation] }, { x: 1 })).toEqual({
      operations: [{ op: "fill", values: { expression: 1, when: 1 } }],
    });
  });

  it("cannot stand for operations, which would be read as part of the definition", () => {
    const ops = [{ op: "compute", field: "x", expression: "1" }];
    for (const options of [{ operations: "{{$ops}}" }, { operations: ["{{$op}}"] }]) {
      expect(refusalOf(() => fill("transform", options, { ops, op: ops[0] })).message).toMatch(/stands for/);
    }
  });

  it("leaves placeholders of fields and other texts alone", () => {
    const options = { memory: { query_template: "{{name}} costs $5 {{ a.b }}", into: "$x" } };
    expect(fill("enrich", options)).toEqual(options);
  });
});

describe("a value filled in", () => {
  const row = newRow({ secret: "s3cret", name: "Ana" });
  const filled = (template: string, value: unknown) => {
    const options = fill("enrich", { api: { api: "a", body: { text: template } } }, { value });
    return (fillTemplates((options.api as { body: unknown }).body, row) as { text: unknown }).text;
  };

  it("is never read as a template of the row", () => {
    expect(filled("{{$value}}", "{{secret}}")).toBe("{{secret}}");
    expect(filled("Dear {{name}}, {{$value}}", "{{secret}}")).toBe("Dear Ana, {{secret}}");
    expect(filled("{{{$value}}}", "{secret}")).toBe("{{secret}}");
    expect(filled("{{$value}}", { deep: ["{{secret}}"], n: 1 })).toEqual({ deep: ["{{secret}}"], n: 1 });
  });

  it("arrives as it is, whatever it is and whatever stands around it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("{", "}", '"', "\\", "$", "secret", "a", "\n") }),
        fc.constantFrom("", "x", "{", "}"),
        (value, around) => {
          expect(filled(`${around}{{$value}}${around}`, value)).toBe(`${around}${value}${around}`);
        },
      ),
    );
  });

  it("is no group of a pattern that is replaced", () => {
    const replace = (options: object) =>
      (fill("transform", { operations: [{ op: "replace", ...options }] }, { x: "$1" }).operations as unknown[])[0];
    expect(replace({ pattern: "(a)", with: "{{$x}}" })).toMatchObject({ with: "$$1" });
    expect(replace({ pattern: "(a)", with: "$1-{{$x}}" })).toMatchObject({ with: "$1-$$1" });
    expect(replace({ search: "a", with: "{{$x}}" })).toMatchObject({ with: "$1" });
  });

  it("is never filled again", () => {
    expect(fill("format", { columns: ["{{$a}}"] }, { a: "{{$b}}", b: "x" })).toEqual({ columns: ["{{$b}}"] });
  });
});

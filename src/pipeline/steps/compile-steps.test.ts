import { describe, expect, it } from "vitest";
import { ToolError } from "../../errors.ts";
import { compileSteps } from "./compile-steps.ts";

const compile = (steps: readonly unknown[], parameters: Record<string, unknown> = {}) =>
  compileSteps(steps, { outputFormat: "json", parameters });

function refusal(steps: readonly unknown[]): ToolError {
  try {
    compile(steps);
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError);
    return error as ToolError;
  }
  throw new Error("nothing was thrown");
}

describe("steps", () => {
  it("are written as a name, with a name among the options, or as the key of their options", () => {
    const written = ["format", { name: "format", format: "csv" }, { format: { format: "csv" } }, { format: null }];
    expect(compile(written).map(({ name, enabled, options }) => ({ name, enabled, options }))).toEqual([
      { name: "format", enabled: true, options: {} },
      { name: "format", enabled: true, options: { format: "csv" } },
      { name: "format", enabled: true, options: { format: "csv" } },
      { name: "format", enabled: true, options: {} },
    ]);
  });

  it("are switched off where they say so, beside or among their options, also by a parameter", () => {
    const steps = [
      { format: {}, enabled: false },
      { format: { enabled: false } },
      { name: "format", enabled: "{{$on}}" },
    ];
    expect(compile(steps, { on: false }).map(({ enabled }) => enabled)).toEqual([false, false, false]);
    expect(compile(steps, { on: true })[2]?.enabled).toBe(true);
    expect(refusal([{ name: "format", enabled: "no" }]).message).toBe(
      'Step 1 (format): "enabled" must be true or false, not "no".',
    );
  });

  it.each([
    ["Transform", "transform"],
    ["tranform", "transform"],
    ["validation", "validate"],
    ["check", "validate"],
    ["lookup", "enrich"],
    ["output", "format"],
  ])("called %s are told to be %s", (given, meant) => {
    expect(refusal(["format", { name: given }])).toMatchObject({
      code: "invalid_input",
      message: `Step 2: unknown step "${given}".`,
      hint: `Did you mean ${meant}? Steps: validate, transform, enrich, format.`,
    });
  });

  it.each([
    ["filter", "filter"],
    ["dedup", "dedupe"],
    ["groupBy", "group"],
    ["drop_duplicates", "dedupe"],
  ])("called %s are told to be an operation of transform", (given, op) => {
    expect(refusal([{ name: given }]).hint).toBe(
      `Did you mean { "name": "transform", "operations": [{ "op": "${op}", … }] }? Steps: validate, transform, enrich, format.`,
    );
  });

  it.each<[unknown, string]>([
    [{}, 'Step 1: must have a "name": validate, transform, enrich, format.'],
    [{ format: {}, validate: {} }, 'Step 1: must have a "name": validate, transform, enrich, format.'],
    [{ transform: [] }, "Step 1 (transform): its options must be an object, not []."],
    [7, "Step 1: must be an object, not 7."],
    ["polish", 'Step 1: unknown step "polish".'],
  ])("that are written like %j are refused", (step, message) => {
    expect(refusal([step]).message).toBe(message);
  });

  it.each<[object, string]>([
    [{ type: "transform", operations: [] }, 'Write "name" instead of "type".'],
    [
      { op: "filter", expression: "a" },
      'An operation belongs in a step: { "name": "transform", "operations": [{ "op": "filter", … }] }.',
    ],
    [{ op: "trim" }, 'An operation belongs in a step: { "name": "transform", "operations": [{ "op": "trim", … }] }.'],
    [
      { validate: true, schema: {} },
      'Put its options inside, { "validate": { … } }, or write { "name": "validate", … }.',
    ],
    [{ transform: [{ op: "trim" }] }, 'Write { "transform": { "operations": […] } }.'],
    [{ rows: 1, x: 2 }, 'Such as { "name": "transform", "operations": [] }.'],
  ])("that are written like %j are told how they are meant", (step, hint) => {
    expect(refusal([step]).hint).toBe(hint);
  });

  it.each<[object, string, string]>([
    [{ validate: { shema: {} } }, "shema", "schema"],
    [{ transform: { ops: [] } }, "ops", "operations"],
    [{ transform: { operations: [{ op: "pick", columns: ["a"] }] } }, "columns", "fields"],
    [{ transform: { operations: [{ op: "filter", condition: "a > 1" }] } }, "condition", "expression"],
    [{ transform: { operations: [{ op: "compute", expr: "1", field: "a" }] } }, "expr", "expression"],
    [{ transform: { operations: [{ op: "join", fields: ["a"], sep: "-", into: "b" }] } }, "sep", "separator"],
  ])("with a misspelt key %j are told the one that is meant", (step, key, meant) => {
    const error = refusal([step]);
    expect(error.message).toContain(`unknown key "${key}".`);
    expect(error.hint).toMatch(new RegExp(`^Did you mean "${meant}"\\? Keys allowed there: `));
  });

  it("are limited in number and length", () => {
    expect(refusal(Array.from({ length: 51 }, () => "format")).message).toBe("Steps: at most 50 are taken, not 51.");
    const long = { transform: { operations: [{ op: "fill", values: { a: "x".repeat(1_000_001) } }] } };
    expect(refusal([long])).toMatchObject({
      code: "too_large",
      message: expect.stringContaining("1000000 characters"),
    });
    const schema = { enum: Array.from({ length: 3 }, (_, n) => `${n}`.repeat(100_000)) };
    expect(refusal([{ validate: { schema } }]).code).toBe("too_large");
    const table = { a: { text: "x".repeat(1_000_001) } };
    expect(compile([{ enrich: { lookup: { field: "a", table } } }])).toHaveLength(1);
  });
});

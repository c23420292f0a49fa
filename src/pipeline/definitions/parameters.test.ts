import { describe, expect, it } from "vitest";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { freeParameters, type ParameterDefinition, resolveParameters } from "./parameters.ts";

const define = (definition: Partial<ParameterDefinition>): ParameterDefinition => ({
  type: "string",
  description: "",
  ...definition,
});
const definitions = {
  limit: define({ type: "integer", default: 10, description: "Rows at most." }),
  country: define({ enum: ["DE", "FR"] }),
};

describe("parameters of a pipeline", () => {
  it("are those given, and the defaults of the others", () => {
    expect(resolveParameters(definitions, { country: "DE" })).toEqual({ limit: 10, country: "DE" });
    expect(resolveParameters(definitions, { country: "FR", limit: 3 })).toEqual({ limit: 3, country: "FR" });
  });

  it("may have names that every object knows", () => {
    const named = { constructor: define({ default: "x" }), toString: define({ default: "y" }) };
    expect({ ...resolveParameters(named, {}) }).toEqual({ constructor: "x", toString: "y" });
  });

  it("that are null take their default, as those that are left out", () => {
    expect(resolveParameters(definitions, { country: "DE", limit: null })).toEqual({ limit: 10, country: "DE" });
  });

  it.each<[ParameterDefinition["type"], unknown, unknown]>([
    ["integer", "12", 12],
    ["number", "-1.5", -1.5],
    ["boolean", "TRUE", true],
    ["array", '["a"]', ["a"]],
    ["object", '{"a":1}', { a: 1 }],
    ["string", 12, "12"],
    ["string", "true", "true"],
  ])("of type %s may be written as %j", (type, given, value) => {
    expect(resolveParameters({ p: define({ type }) }, { p: given })).toEqual({ p: value });
  });

  it.each<[ParameterDefinition["type"], unknown, string]>([
    ["integer", 1.5, "a whole number, not 1.5"],
    ["integer", "1e400", 'a whole number, not "1e400"'],
    ["number", "1,5", 'a number, not "1,5"'],
    ["boolean", 1, "true or false, not 1"],
    ["array", "a", 'a list, not "a"'],
    ["array", { a: 1 }, 'a list, not {"a":1}'],
    ["object", [], "an object, not []"],
    ["string", ["a"], 'a text, not ["a"]'],
  ])("of type %s do not take %j", (type, given, words) => {
    expect(refusalOf(() => resolveParameters({ p: define({ type }) }, { p: given }))).toMatchObject({
      code: "invalid_input",
      message: `Parameter "p": must be ${words}.`,
    });
  });

  it("that are missing are named with what they are for", () => {
    expect(refusalOf(() => resolveParameters(definitions, {})).message).toBe(
      'Parameters: "country" is required: string, one of "DE", "FR".',
    );
  });

  it("that are not among the values name these, and the one that is close", () => {
    expect(refusalOf(() => resolveParameters(definitions, { country: "de" }))).toMatchObject({
      message: 'Parameter "country": must be one of "DE", "FR", not "de".',
      hint: 'Did you mean "DE"?',
    });
  });

  it("that are unknown name those that there are, and the one that is close", () => {
    expect(refusalOf(() => resolveParameters(definitions, { contry: "DE" }))).toMatchObject({
      message: 'Parameters: there is no parameter "contry".',
      hint: 'Did you mean "country"? Parameters: limit (integer, default 10, Rows at most), country (string, one of "DE", "FR").',
    });
    expect(refusalOf(() => resolveParameters({}, { a: 1 })).hint).toBe("It takes no parameters.");
    expect(refusalOf(() => resolveParameters(definitions, JSON.parse('{"__proto__":1}'))).message).toContain(
      "__proto__",
    );
  });
});

describe("parameters besides steps of the call", () => {
  it("are any values under names that expressions can write", () => {
    expect(freeParameters({ limit: 1, _x: [null] })).toEqual({ limit: 1, _x: [null] });
    expect(refusalOf(() => freeParameters({ "a b": 1 })).message).toBe('Parameters: "a b" is no name for a parameter.');
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ToolError } from "../errors.ts";
import { defineTool } from "../tools/define-tool.ts";
import { parseArguments } from "./parse-arguments.ts";

const tool = defineTool({
  name: "book",
  title: "Book",
  description: "Books a table.",
  effect: "write",
  uses: [],
  input: z.strictObject({
    guests: z.int().min(1).max(20),
    name: z.string().min(1).max(10).default("nobody"),
    phone: z.string({ error: "Which phone?" }).optional(),
    place: z.enum(["inside", "outside"]).optional(),
    wishes: z
      .array(z.strictObject({ dish: z.string() }))
      .max(30)
      .optional(),
    data: z.record(z.string(), z.unknown()).optional(),
    names: z.array(z.string()).optional(),
    code: z.string({ error: "Which code?" }).min(1, "Which code?"),
  }),
  output: z.object({}),
  run: async () => ({}),
});

/** What is wrong with the arguments; the code, which is required, is added where it is of no interest. */
function errorOf(args: unknown): ToolError {
  try {
    parseArguments(tool, Array.isArray(args) || typeof args !== "object" ? args : { code: "x", ...args });
  } catch (error) {
    return error as ToolError;
  }
  throw new Error("accepted");
}

describe("parseArguments", () => {
  it("fills in defaults and takes null for absent", () => {
    const args = { guests: 2, code: "x" };
    expect(parseArguments(tool, { ...args, name: null, place: null })).toEqual({ ...args, name: "nobody" });
    expect(parseArguments(tool, { ...args, data: { kept: null } })).toMatchObject({ data: { kept: null } });
  });

  it("takes an empty text for absent where the parameter is not required, of whatever type it is", () => {
    const args = { guests: 2, code: "x" };
    const empty = { name: "", phone: "", place: "", wishes: "", data: "" };
    expect(parseArguments(tool, { ...args, ...empty })).toEqual({ ...args, name: "nobody" });
    expect(parseArguments(tool, { ...args, names: [], data: { kept: "" } })).toMatchObject({
      names: [],
      data: { kept: "" },
    });
    expect(errorOf({ ...args, guests: "" }).message).toBe('"guests" must be a number, not "".');
    expect(errorOf({ ...args, code: "" }).message).toBe("Which code?");
    expect(errorOf({ ...args, nosuch: "" }).message).toBe('"nosuch" is no parameter of book.');
  });

  it("ends every sentence where there are several", () => {
    expect(errorOf({ guests: 2, phone: 5 }).message).toBe("Which phone?");
    expect(errorOf({ guests: 2, code: 5, user: "eve" }).message).toBe('Which code? "user" is no parameter of book.');
    expect(errorOf({ guests: 0, code: "" }).message).toBe('"guests" must be at least 1, not 0. Which code?');
  });

  it.each([
    [{}, '"guests" is required and must be a number.'],
    [{ guests: "2" }, '"guests" must be a number, not "2".'],
    [{ guests: 2.5 }, '"guests" must be a whole number, not 2.5.'],
    [{ guests: 0 }, '"guests" must be at least 1, not 0.'],
    [{ guests: 21 }, '"guests" must be at most 20, not 21.'],
    [{ guests: 2, name: "x".repeat(11) }, '"name" must have at most 10 characters, not 11.'],
    [{ guests: 2, phone: 5 }, "Which phone?"],
    [{ guests: 2, place: "moon" }, '"place" must be one of "inside", "outside", not "moon".'],
    [{ guests: 2, wishes: "soup" }, '"wishes" must be a list such as [{"name": "value"}], not a string.'],
    [{ guests: 2, names: "Ana" }, '"names" must be a list such as ["a", "b"], not a string.'],
    [{ guests: 2, names: 5 }, '"names" must be a list such as ["a", "b"], not a number.'],
    [{ guests: 2, names: true }, '"names" must be a list such as ["a", "b"], not true or false.'],
    [{ guests: 2, names: { a: 1 } }, '"names" must be a list such as ["a", "b"], not an object.'],
    [{ guests: 2, data: "x" }, '"data" must be an object such as {"name": "value"}, not a string.'],
    [{ guests: 2, wishes: ["soup"] }, '"wishes.0" must be an object such as {"name": "value"}, not a string.'],
    [{ guests: 2, wishes: [{ dish: "soup" }, { dish: [] }] }, '"wishes.1.dish" must be a string, not a list.'],
    [{ guests: 2, data: [1] }, '"data" must be an object such as {"name": "value"}, not a list.'],
    [{ guests: 2, user: "eve" }, '"user" is no parameter of book.'],
    [{ guests: 2, user: "eve", user_id: 1 }, '"user", "user_id" are no parameters of book.'],
    [{ guests: 2, wishes: [{ dish: "a", salt: 1 }] }, '"salt" is no parameter of book under "wishes.0".'],
    [{ guests: 2, constructor: 1 }, '"constructor" is no parameter of book.'],
    [[1], "The arguments of book must be an object with named parameters."],
    ["text", "The arguments of book must be an object with named parameters."],
  ])("says what is wrong with %j", (args, message) => {
    expect(errorOf(args)).toMatchObject({ code: "invalid_input", message });
  });

  it("names every parameter at fault, with the parameters that there are", () => {
    expect(errorOf({ guests: "x", place: 1, nosuch: true }).toResult()).toMatchObject({
      hint: "Parameters of book: guests, name, phone, place, wishes, data, names, code.",
      issues: [{ path: "guests" }, { path: "place" }, { path: "nosuch" }],
    });
  });

  it("refuses what would silently get lost", () => {
    expect(errorOf(JSON.parse('{"guests":2,"data":{"rows":[{"n":1e999}]}}'))).toMatchObject({
      message: "A number is too large to be kept. Send it as a string.",
      issues: [{ path: "data.rows.0.n" }],
    });
    for (const text of ['{"guests":2,"__proto__":{"x":1}}', '{"guests":2,"data":{"a":{"__proto__":1}}}']) {
      expect(errorOf(JSON.parse(text)).message).toBe('"__proto__" cannot be used as a key. Choose another name.');
    }
  });

  it("stays short, whatever is sent", () => {
    const wishes = Array.from({ length: 30 }, () => ({ dish: 1 }));
    const { message, issues } = errorOf({ guests: 2, wishes });
    expect(issues).toHaveLength(20);
    expect(message).toMatch(/And 10 more\.$/);
    const long = "x".repeat(1_000_000);
    for (const args of [
      { [long]: 1 },
      { guests: long },
      { guests: 2, place: long },
      { guests: 2, data: { [long]: 1 }, name: long },
    ])
      expect(JSON.stringify(errorOf(args).toResult()).length).toBeLessThan(1500);
  });

  it("ends in the arguments or in a clear error for any JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, nested) => {
        const args = nested ? { guests: 2, data: value } : value;
        try {
          parseArguments(tool, args);
        } catch (error) {
          expect((error as ToolError).code).toBe("invalid_input");
          expect((error as ToolError).message).not.toBe("");
        }
      }),
    );
  });

  it("names some of many unknown parameters and counts the rest", () => {
    const { message, issues } = errorOf(
      Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1])),
    );
    expect(message).toMatch(/"k0", "k1".*"k19" and 99980 more are no parameters of book\./);
    expect(message.length + JSON.stringify(issues).length).toBeLessThan(1_500);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonCandidates, wholeJson } from "./read-json.ts";

describe("a reply as a whole", () => {
  it.each([
    ['{"a": 1}', { a: 1 }],
    ["  [1, 2]\n", [1, 2]],
    ['```json\n{"a": 1}\n```', { a: 1 }],
    ["```\n[]\n```", []],
  ])("%j is JSON", (reply, value) => {
    expect(wholeJson(reply)).toEqual(value);
  });

  it.each([
    'Here: {"a": 1}',
    "42",
    '"text"',
    "{a: 1}",
    "{",
    '```json\n{"a":1}\n``` and ```\n{}\n```',
    "[".repeat(50_000) + "]".repeat(50_000),
  ])("%.30j is text", (reply) => {
    expect(wholeJson(reply)).toBeUndefined();
  });
});

describe("JSON in a reply", () => {
  const first = async (reply: string) => (await jsonCandidates(reply, false))[0];

  it.each([
    ['{"a": 1}', { a: 1 }, false],
    ['Sure! {"a": 1} Hope it helps.', { a: 1 }, false],
    ['<think>{"a": 0}</think>{"a": 1}', { a: 1 }, false],
    ['First ```json\n{"a": 0}\n``` no, better:\n```json\n{"a": 1}\n```', { a: 1 }, false],
    ['The result is {"text": "a } in a string"}.', { text: "a } in a string" }, false],
    ["{'a': 1, b: [1, 2,],}", { a: 1, b: [1, 2] }, true],
    ['{"a": 1, // note\n "b": True}', { a: 1, b: true }, true],
    ['{"a": {"b": 1}', { a: { b: 1 } }, true],
  ])("%j", async (reply, value, repaired) => {
    expect(await first(reply)).toEqual({ value, repaired });
  });

  it("is not made of prose", async () => {
    expect(await jsonCandidates("I am sorry, I cannot do that.", false)).toEqual([]);
  });

  it("is not repaired where the reply was cut off", async () => {
    expect(await jsonCandidates('{"a": [1, 2', true)).toEqual([]);
  });

  it("never makes it throw", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "a", "\\", "```", "\n") }),
        async (reply) => {
          await jsonCandidates(reply, false);
          wholeJson(reply);
        },
      ),
    );
  });
});

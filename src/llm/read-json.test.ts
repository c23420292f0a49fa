import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MALFORMED_REPLIES } from "../../test/fixtures/malformed-replies.ts";
import { compileSchema } from "./check-schema.ts";
import { readAnswer, wholeJson } from "./read-json.ts";
import { readLenient } from "./structured/lenient-json.ts";

const anything = { type: ["object", "array"] };

async function read(reply: string, schema: Record<string, unknown> = anything, cutOff = false) {
  return readAnswer(reply, { schema, check: await compileSchema(schema), cutOff });
}

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
    '{"a": 1, "a": 2}',
    '{"a": 12345678901234567890}',
    '```json\n{"a":1}\n``` and ```\n{}\n```',
    "[".repeat(50_000) + "]".repeat(50_000),
  ])("%.30j is text", (reply) => {
    expect(wholeJson(reply)).toBeUndefined();
  });
});

describe("a malformed reply", () => {
  it.each(MALFORMED_REPLIES)("with $name", async ({ reply, schema, value, finishReason }) => {
    const check = await compileSchema(schema);
    const answer = readAnswer(reply, { schema, check, cutOff: finishReason === "length" });
    if (value === undefined) {
      expect(answer).toHaveProperty("issues");
      return;
    }
    expect(answer).toMatchObject({ value });
    if (!("value" in answer)) return;
    expect(answer.value).toStrictEqual(value);
    expect(check(answer.value)).toEqual([]);
    // What is not JSON as it stands anywhere in the reply is said to be mended.
    const json = JSON.stringify(value);
    const asWritten = reply.includes(json) || reply.includes(json.replaceAll(":", ": ").replaceAll(",", ", "));
    if (!asWritten) expect(answer.mends).not.toEqual([]);
  });

  it("is told in plain words", async () => {
    const schema = {
      type: "object",
      properties: { age: { type: "integer" }, tags: { type: "array", items: { type: "string" } } },
      additionalProperties: false,
    };
    expect(await read("{age: '31', Tags: red, sure: True,}", schema)).toEqual({
      value: { age: 31, tags: ["red"] },
      mends: [
        "keys stood without quotes",
        "texts stood in other quotes than JSON's",
        "texts stood without quotes",
        "True was read as true",
        "there were commas too many",
        "age: the number 31 was read from a text",
        '"Tags" was taken as "tags"',
        "tags: a single value was taken as a list of one",
        '"sure", which the schema does not have, was left out',
      ],
      notes: [],
    });
  });

  it("says that several answers satisfied the schema", async () => {
    const several = await read('{"a": 1} or rather {"a": 2}', { type: "object", required: ["a"] });
    expect(several).toMatchObject({ value: { a: 2 }, mends: [], notes: [expect.stringContaining("2 answers")] });
  });

  it.each([
    ['{"data": {"a": 1}, "output": {"a": 2}}', { a: 1 }, /2 answers .* the one in "data" was taken/],
    ['{"result": {"a": 1}, "answer": {"a": "2"}, "output": {"a": 3}}', { a: 1 }, /3 answers .* "result"/],
    ['```\n{"data": {"a": 1}}\n```\n```\n{"data": {"a": 2}}\n```', { a: 2 }, /2 answers/],
    ['{"A": 1} or rather {"A": 2}', { a: 2 }, /2 answers/],
  ])("says that there was another one besides that which was mended: %j", async (reply, value, note) => {
    const schema = {
      type: "object",
      properties: { a: { type: "integer" } },
      required: ["a"],
      additionalProperties: false,
    };
    expect(await read(reply, schema)).toMatchObject({ value, notes: [expect.stringMatching(note)] });
  });

  it.each([
    '{"data": {"a": 1}, "output": {"a": 1}}',
    '{"data": {"result": {"a": 1}}}',
    '{"data": {"a": 1}, "output": "none"}',
    '{"data": {"a": 1, "b": {"a": 5}}}',
  ])("says nothing where there is no other: %j", async (reply) => {
    const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
    expect(await read(reply, schema)).toMatchObject({ notes: [] });
  });

  it.each([
    { examples: [{ name: "Jane Doe", age: 42 }] },
    { example: { age: 42, name: "Jane Doe" } },
    { properties: { name: { type: "string", examples: ["John", "Jane Doe"] }, age: { type: "integer", example: 42 } } },
  ])("says that an answer is the schema's own example: %j", async (more) => {
    const schema = { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } }, ...more };
    expect(await read('{"name": "Jane Doe", "age": 42}', schema)).toMatchObject({
      value: { name: "Jane Doe", age: 42 },
      notes: [expect.stringMatching(/example/)],
    });
    expect(await read("{name: 'Jane Doe', age: '42'}", schema)).toMatchObject({
      notes: [expect.stringMatching(/example/)],
    });
    expect(await read('{"name": "Jane Doe", "age": 43}', schema)).toMatchObject({ notes: [] });
  });

  it("says that a list may go on", async () => {
    expect(await read('["a", "b", "..."]')).toMatchObject({ notes: [expect.stringContaining("missing")] });
  });
});

describe("reading", () => {
  it("takes every JSON object and list exactly as it is", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (json) => {
        const text = JSON.stringify(JSON.parse(json.replaceAll(/\d{15,}/g, "7")));
        if (!/^[{[]/.test(text)) return;
        expect(readLenient(text, 0)).toEqual({
          value: JSON.parse(text),
          end: text.length,
          mends: [],
          elided: false,
          unclosed: false,
        });
      }),
    );
  });

  it("takes an object in prose exactly as it is", async () => {
    const words = fc.stringMatching(/^[a-z ,.!?'\n]{0,40}$/);
    const check = await compileSchema(anything);
    fc.assert(
      fc.property(words, fc.dictionary(fc.string(), fc.string(), { minKeys: 1 }), words, (before, object, after) => {
        const reply = `${before}${JSON.stringify(object)}${after}`;
        const answer = readAnswer(reply, { schema: anything, check, cutOff: false });
        expect(answer).toEqual({ value: JSON.parse(JSON.stringify(object)), mends: [], notes: [] });
      }),
    );
  });

  it("never accepts the beginning of an object that was cut off", async () => {
    const check = await compileSchema(anything);
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (object, share) => {
          const whole = JSON.stringify({ a: [object] });
          const reply = whole.slice(0, Math.max(1, Math.floor(whole.length * share)));
          expect(readAnswer(reply, { schema: anything, check, cutOff: true })).toHaveProperty("issues");
        },
      ),
    );
  });

  it("never throws, and never gives what the schema does not allow", async () => {
    const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
    const check = await compileSchema(schema);
    const unit = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      "'",
      "“",
      ",",
      ":",
      "a",
      "1",
      "\\",
      "```",
      "\n",
      "//",
      "...",
      "a: 1",
      '"a": "1"',
    );
    fc.assert(
      fc.property(fc.string({ unit }), fc.boolean(), (reply, cutOff) => {
        const answer = readAnswer(reply, { schema, check, cutOff });
        if ("value" in answer) expect(check(answer.value)).toEqual([]);
        wholeJson(reply);
      }),
      { numRuns: 500 },
    );
  });

  it("does not set a prototype", async () => {
    const answer = await read("{'__proto__': {admin: true}, a: 1}");
    expect(answer).toHaveProperty("value");
    expect((answer as { value: { admin?: boolean } }).value.admin).toBeUndefined();
  });
});

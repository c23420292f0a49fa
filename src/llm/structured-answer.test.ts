import { describe, expect, it } from "vitest";
import type { ChatRequest } from "../../test/fixtures/fake-provider.ts";
import { failure } from "../../test/fixtures/model-client.ts";
import { PERSON, processorOn, prompt } from "../../test/fixtures/processor.ts";

describe("a result with a schema", () => {
  it("is enforced by the model where it can", async () => {
    const { server, run } = await processorOn({ a: { reply: '{"name": "Ana", "age": 3}' } });
    const result = await run({ input: "Ana is 3", task: "extract", outputSchema: PERSON });
    expect(result).toMatchObject({ format: "json", data: { name: "Ana", age: 3 }, attempts: 1 });
    expect(result.repaired).toBeUndefined();
    expect(server.chats[0]!.body!.response_format).toMatchObject({
      type: "json_schema",
      json_schema: { schema: PERSON },
    });
    expect(prompt(server.chats[0]!.body)).toContain(JSON.stringify(PERSON));
  });

  it("steps down to json_object and to the prompt alone, and remembers what a model refuses", async () => {
    const { server, run } = await processorOn({
      a: { fault: "refuse_json_schema", reply: '{"name": "Ana", "age": 3}' },
      b: { fault: "refuse_response_format", reply: 'Here:\n```json\n{"name": "Ana", "age": 3}\n```' },
    });
    const types = () => server.chats.splice(0).map((chat) => chat.body!.response_format?.type);
    await run({ input: "x", outputSchema: PERSON });
    await run({ input: "x", outputSchema: PERSON });
    expect(types()).toEqual(["json_schema", "json_object", "json_object"]);
    server.requests.length = 0;
    expect(await run({ input: "x", outputSchema: PERSON, model: "b" })).toMatchObject({
      data: { name: "Ana" },
      attempts: 3,
    });
    await run({ input: "x", outputSchema: PERSON, model: "b" });
    expect(types()).toEqual(["json_schema", "json_object", undefined, undefined]);
  });

  it("does not hold a refusal of one schema, or one without a reason, against all", async () => {
    const fault = (text: string) => (request: ChatRequest) =>
      request.response_format?.type === "json_schema" && JSON.stringify(request.response_format).includes("odd")
        ? { status: 400, body: JSON.stringify({ error: { message: text } }) }
        : undefined;
    const reply = '{"name": "Ana", "age": 3}';
    const { server, run } = await processorOn({
      a: { reply, fault: fault("Invalid schema for response_format 'result'") },
      b: { reply, fault: fault("Bad request") },
    });
    const odd = { ...PERSON, title: "odd" };
    const types = () => server.chats.splice(0).map((chat) => chat.body!.response_format?.type);
    await run({ input: "x", outputSchema: odd });
    await run({ input: "x", outputSchema: PERSON });
    expect(types()).toEqual(["json_schema", "json_object", "json_schema"]);
    server.requests.length = 0;
    expect(await run({ input: "x", outputSchema: odd, model: "b" })).toMatchObject({ data: { age: 3 }, attempts: 2 });
    // It went well without, so that this is what the model did not take.
    await run({ input: "x", outputSchema: PERSON, model: "b" });
    expect(types()).toEqual(["json_schema", "json_object", "json_object"]);
  });

  it.each([
    [{ type: "array", items: { type: "integer" } }, "[1, 2]", [1, 2], undefined],
    [{ enum: ["good", "bad"] }, '"good"', "good", undefined],
    [{ enum: ["good", "bad"] }, " good\n", "good", true],
    [{ type: "string", minLength: 2 }, "Hello there", "Hello there", true],
    [{ type: "number" }, "42", 42, undefined],
  ])("may be another value than an object: %j", async (outputSchema, reply, data, repaired) => {
    const { server, run } = await processorOn({ a: { fault: "refuse_json_schema", reply } });
    const result = await run({ input: "x", outputSchema });
    expect(result).toMatchObject({ format: "json", data, attempts: 2 });
    expect(result.repaired).toBe(repaired);
    // Never json_object, which would force an object.
    expect(server.chats.map((chat) => chat.body!.response_format?.type)).toEqual(["json_schema", undefined]);
  });

  it("takes no prose for a value where any value would do", async () => {
    const { run } = await processorOn({ a: { reply: "I cannot do that." } });
    expect(await failure(run({ input: "x", outputSchema: {} }))).toMatchObject({ code: "invalid_response" });
  });

  it("is repaired, and says so", async () => {
    const { run } = await processorOn({ a: { reply: "{name: 'Ana', age: 3,}" } });
    expect(await run({ input: "x", outputSchema: PERSON })).toMatchObject({
      data: { name: "Ana", age: 3 },
      repaired: true,
    });
  });

  it("is asked for once more with the reasons", async () => {
    const reply = (_request: ChatRequest, call: number) =>
      call === 1 ? '{"name": "Ana"}' : '{"name": "Ana", "age": 3}';
    const { server, run } = await processorOn({ a: { reply } });
    expect(await run({ input: "x", outputSchema: PERSON })).toMatchObject({ data: { age: 3 }, attempts: 2 });
    expect(prompt(server.chats[1]!.body)).toContain("must have required property 'age'");
  });

  it("comes from the fallback model where the first cannot do it", async () => {
    const { server, run } = await processorOn(
      { a: { reply: "No." }, b: { reply: '{"name": "Ana", "age": 3}' } },
      { fallbackModels: ["b"] },
    );
    expect(await run({ input: "x", outputSchema: PERSON })).toMatchObject({
      model: "fake/b",
      fallback_used: true,
      warnings: ['Model "fake/a" failed (The answer of "fake/a" is not JSON.); "fake/b" answered.'],
    });
    expect(server.chats.map((chat) => chat.body!.model)).toEqual(["a", "a", "b"]);
  });

  it("warns of each model that could not do it, and passes over a fallback model that nobody has", async () => {
    const { run } = await processorOn(
      { a: { reply: "No." }, b: { fault: "detail" }, c: { reply: "{}" }, d: { reply: '{"name": "Ana", "age": 3}' } },
      { fallbackModels: ["typo", "b", "c", "d"] },
    );
    const { warnings, model } = await run({ input: "x", outputSchema: PERSON });
    expect(model).toBe("fake/d");
    expect(warnings).toEqual([
      expect.stringMatching(/^Model "typo" failed \(.*llm\.fallbackModels.*\); "fake\/c" answered\.$/),
      expect.stringMatching(/^Model "fake\/b" failed \(.*not loaded.*\); "fake\/c" answered\.$/),
      'Model "fake/a" failed (The answer of "fake/a" is not JSON.); "fake/d" answered.',
      'Model "fake/c" failed (The answer of "fake/c" does not satisfy output_schema.); "fake/d" answered.',
    ]);
  });

  it("is an error with the reasons where no model gives one, never an invalid value", async () => {
    const { run } = await processorOn({ a: { reply: '{"name": "Ana", "age": -1}' } });
    const error = await failure(run({ input: "x", outputSchema: PERSON }));
    expect(error).toMatchObject({ code: "validation_failed", issues: [{ path: "/age", message: "must be >= 0" }] });
  });

  it("is an error that names the model that was asked first and why it failed, then the fallback models", async () => {
    const { run } = await processorOn(
      { a: { reply: "No." }, b: { reply: '{"name": "Ana", "age": -1}' }, c: { fault: "detail" } },
      { fallbackModels: ["b", "c"] },
    );
    const error = await failure(run({ input: "x", outputSchema: PERSON }));
    expect(error.message).toMatch(
      /^The answer of "fake\/a" is not JSON\. The fallback model "fake\/b" failed too: The answer of "fake\/b" does not satisfy output_schema\. The fallback model "c" failed too: .*not loaded/,
    );
    expect(error).toMatchObject({
      code: "invalid_response",
      issues: [{ path: "fake/a" }, { path: "/age", message: "must be >= 0", model: "fake/b" }, { path: "c" }],
      details: { model: "fake/a", partial_text: "No." },
    });
  });

  it("is an error that names a model that was down before the fallback model that answered", async () => {
    const { run } = await processorOn({ a: { fault: "detail" }, b: { reply: "No." } }, { fallbackModels: ["b"] });
    const error = await failure(run({ input: "x", outputSchema: PERSON }));
    expect(error.message).toMatch(
      /not loaded.* The fallback model "fake\/b" failed too: The answer of "fake\/b" is not/,
    );
    expect(error.details).toMatchObject({ model: "fake/b", partial_text: "No." });
  });

  it("is an error where the answer is no JSON, or was cut off", async () => {
    const { run } = await processorOn({
      a: { reply: "No." },
      b: { reply: { content: '{"name": "A', finishReason: "length" } },
    });
    expect(await failure(run({ input: "x", outputSchema: PERSON }))).toMatchObject({ code: "invalid_response" });
    const cut = await failure(run({ input: "x", outputSchema: PERSON, model: "b" }));
    expect(cut.code).toBe("invalid_response");
    expect(cut.hint).toContain("max_tokens");
  });

  it.each([
    [{ type: "strin" }],
    [{ type: "object", properties: { a: { $ref: "https://example.com/a" } } }],
    [{ type: "string", pattern: "(" }],
    [{ $async: true }],
  ])("is refused before any call where the schema is wrong: %j", async (outputSchema) => {
    const { server, run } = await processorOn({ a: {} });
    expect(await failure(run({ input: "x", outputSchema }))).toMatchObject({ code: "invalid_input" });
    expect(server.chats).toHaveLength(0);
  });

  it("is checked in linear time whatever the pattern", async () => {
    const { run } = await processorOn({ a: { reply: JSON.stringify({ a: `${"a".repeat(60)}!` }) } });
    const outputSchema = { type: "object", properties: { a: { type: "string", pattern: "^(a+)+$" } } };
    expect(await failure(run({ input: "x", outputSchema }))).toMatchObject({ code: "validation_failed" });
  });
});

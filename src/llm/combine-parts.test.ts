import { describe, expect, it, vi } from "vitest";
import type { ChatRequest } from "../../test/fixtures/fake-provider.ts";
import { failure } from "../../test/fixtures/model-client.ts";
import { dataOf, PERSON, processorOn, prompt } from "../../test/fixtures/processor.ts";

describe("an input too long for the model", () => {
  const paragraphs = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} ${"tells a story ".repeat(20)}end.`);
  const long = paragraphs.join("\n\n");
  const combining = (request: ChatRequest) => prompt(request).includes("Partial results:");

  it("is split after an overflow, and the results are combined", async () => {
    const reply = (request: ChatRequest) => (combining(request) ? "whole" : "part");
    const { server, run, lines } = await processorOn({ a: { contextTokens: 600, reply } });
    const result = await run({ input: long, task: "summarize" });
    expect(result.data).toBe("whole");
    expect(result.chunks).toBeGreaterThan(1);
    const parts = server.chats.filter((chat) => chat.body!.messages.at(-1)!.content.includes("This is part"));
    expect(parts.length).toBe(result.chunks);
    expect(result.attempts).toBe(server.chats.length);
    expect(lines.join("\n")).toMatch(/splitting it[\s\S]*Processed part 1\/\d+[\s\S]*Combining/);
    expect(
      parts
        .map((chat) => dataOf(chat.body!))
        .sort()
        .join("").length,
    ).toBe(long.length);
  });

  it("is split at once where the context is configured or was learned", async () => {
    const { server, run } = await processorOn({ a: { contextTokens: 600 } });
    await run({ input: long });
    const before = server.chats.length;
    await run({ input: long });
    const second = server.chats.slice(before);
    expect(second.every((chat) => prompt(chat.body).length / 4 <= 600)).toBe(true);
    const other = await processorOn({ a: { contextTokens: 600 } }, { contextTokens: 600 });
    await other.run({ input: long });
    expect(other.server.chats.every((chat) => prompt(chat.body).length / 4 <= 600)).toBe(true);
  });

  it("is split even where the overflow tells no numbers", async () => {
    const fault = (request: ChatRequest) =>
      prompt(request).length > 2400
        ? {
            status: 400,
            body: '{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window"}}',
          }
        : undefined;
    const { run } = await processorOn({ a: { fault } });
    expect((await run({ input: long })).chunks).toBeGreaterThan(1);
  });

  it("is translated part by part and joined with its paragraphs", async () => {
    const { run } = await processorOn({ a: { contextTokens: 600, reply: (request) => dataOf(request).toUpperCase() } });
    expect((await run({ input: long, task: "translate to shouting" })).data).toBe(long.toUpperCase());
  });

  it("is classified by vote", async () => {
    const reply = (request: ChatRequest) => (dataOf(request).includes("Paragraph 1 ") ? "odd" : "Story.");
    const { run } = await processorOn({ a: { contextTokens: 600, reply } });
    const result = await run({ input: long, task: "classify" });
    expect(result.chunks).toBeGreaterThan(2);
    expect(result.data).toBe("Story.");
  });

  it("is extracted into one value that satisfies the schema", async () => {
    const reply = (request: ChatRequest) => (combining(request) ? '{"name": "Ana", "age": 3}' : '{"name": "Ana"}');
    const { run } = await processorOn({ a: { contextTokens: 900, reply } });
    const result = await run({ input: long, task: "extract", outputSchema: PERSON });
    expect(result).toMatchObject({ format: "json", data: { name: "Ana", age: 3 } });
    expect(result.chunks).toBeGreaterThan(1);
  });

  it("is refused where it would take too many parts", async () => {
    const { server, run } = await processorOn({ a: {} }, { contextTokens: 600 });
    expect(await failure(run({ input: "word ".repeat(200_000) }))).toMatchObject({ code: "too_large" });
    expect(server.chats).toHaveLength(0);
  });

  it("is refused where the task alone does not fit", async () => {
    const { run } = await processorOn({ a: { contextTokens: 300 } });
    const error = await failure(run({ input: long, task: "very long task ".repeat(200) }));
    expect(error.code).toBe("context_overflow");
  });

  it("does without a part that fails for good, and says which", async () => {
    const fault = (request: ChatRequest) =>
      dataOf(request).includes("Paragraph 2 ") && !combining(request) ? "detail" : undefined;
    const { run } = await processorOn({ a: { fault, reply: "part" } }, { contextTokens: 600 });
    const result = await run({ input: long, task: "summarize" });
    expect(result.data).toBe("part");
    expect(result.warnings.join("\n")).toMatch(
      /^Part \d of \d+ is missing from the result \(.*Model not loaded by the administrator.*\)\.$/m,
    );
  });

  it("fails where half of the parts fail, and stops the others", async () => {
    const fault = (request: ChatRequest) => (/Paragraph (?:[1-8]|10) /.test(dataOf(request)) ? "detail" : "hang");
    const { server, run } = await processorOn({ a: { fault } }, { contextTokens: 600, concurrency: 20 });
    expect(await failure(run({ input: long }))).toMatchObject({ code: "upstream_error" });
    await vi.waitFor(() => expect(server.chats.some((chat) => chat.abandoned)).toBe(true));
  });

  it("is never a translation with a hole", async () => {
    const fault = (request: ChatRequest) => (dataOf(request).includes("Paragraph 2 ") ? "detail" : undefined);
    const { run } = await processorOn({ a: { fault } }, { contextTokens: 600 });
    expect(await failure(run({ input: long, task: "translate" }))).toMatchObject({ code: "upstream_error" });
  });

  it("stops all parts when the caller cancels", async () => {
    const { server, run } = await processorOn({ a: { fault: "hang" } }, { contextTokens: 600 });
    const stop = new AbortController();
    const running = failure(run({ input: long }, stop.signal));
    await vi.waitFor(() => expect(server.chats.length).toBeGreaterThan(1));
    stop.abort();
    expect((await running).code).toBe("aborted");
    await vi.waitFor(() => expect(server.chats.every((chat) => chat.abandoned)).toBe(true));
  });

  it("is split where the server would have cut it without a word", async () => {
    const used = (request: ChatRequest) => Math.ceil(prompt(request).length / 4);
    const reply = (request: ChatRequest) => ({
      content: used(request) > 2048 ? "half the story" : "part",
      usage: { prompt_tokens: Math.min(used(request), 2048), completion_tokens: 2 },
    });
    const { run } = await processorOn({ a: { reply } });
    const result = await run({ input: `${long}\n\n${long}\n\n${long}\n\n${long}`, task: "summarize" });
    expect(result.chunks).toBeGreaterThan(1);
    expect(result.data).toBe("part");
  });
});

describe("lists in a long input", () => {
  const people = {
    type: "object",
    properties: { people: { type: "array", items: { type: "string" } } },
    required: ["people"],
    additionalProperties: false,
  };
  const text = Array.from({ length: 12 }, (_, i) => `Person${i} met Ana ${"and they talked ".repeat(20)}.`).join(
    "\n\n",
  );
  const names = (request: ChatRequest) =>
    JSON.stringify({ people: [...(dataOf(request).match(/Person\d+/g) ?? []), "Ana"] });

  it("are put together without a further call, each name once", async () => {
    const { server, run } = await processorOn({ a: { contextTokens: 800, reply: names } }, { contextTokens: 800 });
    const result = await run({ input: text, task: "extract", outputSchema: people });
    expect(result.chunks).toBeGreaterThan(2);
    expect(server.chats).toHaveLength(result.chunks);
    const { people: found } = result.data as { people: string[] };
    expect(found.filter((name) => name === "Ana")).toHaveLength(1);
    expect(new Set(found)).toEqual(new Set(["Ana", ...Array.from({ length: 12 }, (_, i) => `Person${i}`)]));
  });

  it("are put together by the model where the schema does not allow them together", async () => {
    const few = { ...people, properties: { people: { ...people.properties.people, maxItems: 3 } } };
    const reply = (request: ChatRequest) =>
      prompt(request).includes("Partial results:") ? '{"people": ["Ana"]}' : '{"people": ["Ben", "Cleo"]}';
    const varied = (request: ChatRequest, call: number) => reply(request).replace("Ben", `Ben${call}`);
    const { run } = await processorOn({ a: { reply: varied } }, { contextTokens: 800 });
    const result = await run({ input: text, task: "extract", outputSchema: few });
    expect(result).toMatchObject({ data: { people: ["Ana"] } });
  });

  it("keep rows that are alike, and each part of a table has its header", async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `order-${i % 5},Ana,${i}.50,paid in full\n`);
    const input = `order,name,amount,status\n${rows.join("")}`;
    const outputSchema = { type: "array", items: { type: "string" } };
    const reply = (request: ChatRequest) => JSON.stringify(dataOf(request).match(/^order-\d/gm));
    const { server, run } = await processorOn({ a: { reply } }, { contextTokens: 900 });
    const result = await run({ input, task: "extract", outputSchema });
    expect(result.data).toHaveLength(200);
    for (const chat of server.chats) expect(dataOf(chat.body!)).toMatch(/^order,name,amount,status\norder-/);
  });

  it("are split between entries where the input is JSON", async () => {
    const input = JSON.stringify({
      orders: Array.from({ length: 80 }, (_, id) => ({ id, note: "x, y {z} ".repeat(3) })),
    });
    const outputSchema = { type: "array", items: { type: "integer" } };
    const reply = (request: ChatRequest) => {
      const { orders } = JSON.parse(dataOf(request)) as { orders: { id: number }[] };
      return JSON.stringify(orders.map(({ id }) => id));
    };
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 900 });
    const result = await run({ input, task: "extract", outputSchema });
    expect(result.chunks).toBeGreaterThan(2);
    expect(result.data).toEqual(Array.from({ length: 80 }, (_, id) => id));
  });
});

describe("a label for a long input", () => {
  const long = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} ${"tells a story ".repeat(20)}end.`).join(
    "\n\n",
  );
  const isFirst = (request: ChatRequest) => dataOf(request).includes("Paragraph 1 ");

  it("is one of those that the task gives, and tells how the parts differ", async () => {
    const reply = (request: ChatRequest) => (isFirst(request) ? "spam" : "Label: Ham.");
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 600 });
    const result = await run({ input: long, task: "Classify as spam, ham or unsure" });
    expect(result).toMatchObject({ format: "text", data: "ham", repaired: true });
    expect(result.warnings.join("\n")).toMatch(/classified differently.*ham: \d+; spam: 1/);
  });

  it("is voted on by the property that holds it", async () => {
    const outputSchema = {
      type: "object",
      properties: { confidence: { type: "number" }, mood: { enum: ["good", "bad"] } },
      required: ["mood"],
    };
    const reply = (request: ChatRequest, call: number) =>
      JSON.stringify({ confidence: call / 100, mood: isFirst(request) ? "bad" : "good" });
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 800 });
    expect(await run({ input: long, task: "classify", outputSchema })).toMatchObject({ data: { mood: "good" } });
  });
});

describe("a question about a long input", () => {
  const long = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} ${"tells a story ".repeat(20)}end.`).join(
    "\n\n",
  );
  const combining = (request: ChatRequest) => prompt(request).includes("Partial results:");

  it("is answered from the facts that the parts have", async () => {
    const reply = (request: ChatRequest) =>
      combining(request)
        ? `From: ${dataOf(request)}`
        : dataOf(request).includes("Paragraph 7 ")
          ? "Ana paid."
          : "NOTHING.";
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 700 });
    const { data, chunks } = await run({ input: long, task: "Who paid?" });
    expect(chunks).toBeGreaterThan(2);
    expect(data).toBe("From: Part 1:\nAna paid.");
  });

  it("is asked even where no part has any", async () => {
    const reply = (request: ChatRequest) => (combining(request) ? "The data do not tell." : "Nothing");
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 700 });
    expect((await run({ input: long, task: "answer: who paid?" })).data).toBe("The data do not tell.");
  });
});

describe("an answer longer than its limit", () => {
  const long = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} ${"tells a story ".repeat(20)}end.`).join(
    "\n\n",
  );
  /** Repeats the data, as far as the limit of tokens allows. */
  const echo = (request: ChatRequest) => {
    const text = dataOf(request);
    const most = request.max_tokens! * 4;
    return text.length > most ? { content: text.slice(0, most), finishReason: "length" } : text.toUpperCase();
  };

  it.each(["translate to shouting", "rewrite in capitals"])("is written in parts: %s", async (task) => {
    const { run } = await processorOn({ a: { reply: echo } });
    const result = await run({ input: long, task });
    expect(result.data).toBe(long.toUpperCase());
    expect(result.chunks).toBeGreaterThan(2);
    expect(result.truncated).toBeUndefined();
  });

  it("is cut off where the caller set the limit", async () => {
    const { run } = await processorOn({ a: { reply: echo } });
    const result = await run({ input: long, task: "rewrite", maxTokens: 100 });
    expect(result).toMatchObject({ chunks: 1, truncated: true });
    expect(result.warnings.join()).toContain("max_tokens");
  });

  it("tells which part was cut off", async () => {
    const reply = (request: ChatRequest) =>
      dataOf(request).includes("Paragraph 1 ") ? { content: "half", finishReason: "length" } : "part";
    const { run } = await processorOn({ a: { reply } }, { contextTokens: 600 });
    const result = await run({ input: long, task: "summarize" });
    expect(result.truncated).toBe(true);
    expect(result.warnings).toContainEqual(expect.stringMatching(/^The answer to part 1 of \d+ is cut off\.$/));
  });

  it("is used as far as it came where it broke off, and says so", async () => {
    const reply = "one two three four five six seven eight nine ten eleven twelve";
    const { run } = await processorOn({ a: { fault: "end_mid_stream", reply } });
    const result = await run({ input: "x", task: "summarize" });
    expect(result).toMatchObject({ truncated: true, data: expect.stringMatching(/^one two three/) });
    expect(result.warnings.join()).toContain("broke off");
    expect((await failure(run({ input: "x", task: "classify" }))).code).not.toBe("internal");
  });
});

describe("a result of several calls", () => {
  const long = Array.from({ length: 12 }, (_, i) => `Paragraph ${i + 1} ${"tells a story ".repeat(20)}end.`).join(
    "\n\n",
  );

  it("counts the tokens of all of them", async () => {
    const { server, run } = await processorOn({ a: { reply: "part" } }, { contextTokens: 600 });
    const { usage, attempts } = await run({ input: long, task: "summarize" });
    expect(attempts).toBe(server.chats.length);
    const sent = server.chats.map((chat) => chat.body!.messages.reduce((sum, { content }) => sum + content.length, 0));
    expect(usage.prompt_tokens).toBe(sent.reduce((sum, length) => sum + Math.ceil(length / 4), 0));
    expect(usage.completion_tokens).toBe(server.chats.length);
  });

  it("says that a fallback model worked on a part", async () => {
    const fault = (request: ChatRequest) => (dataOf(request).includes("Paragraph 3 ") ? "detail" : undefined);
    const models = { a: { fault, reply: "part" }, b: { reply: "part" } };
    const { run } = await processorOn(models, { contextTokens: 600, fallbackModels: ["b"] });
    const result = await run({ input: long, task: "summarize" });
    expect(result).toMatchObject({ model: "fake/a", fallback_used: true });
    expect(result.warnings.join()).toContain('"fake/b" answered');
  });

  it("is cached where all of them were", async () => {
    const cache = { ttl: 60, maxBytes: 1_000_000 };
    const { server, run } = await processorOn({ a: { reply: "part" } }, { contextTokens: 600, cache, temperature: 0 });
    const first = await run({ input: long, task: "summarize" });
    expect(first.cached).toBeUndefined();
    const { length } = server.chats;
    const second = await run({ input: long, task: "summarize" });
    expect(second).toMatchObject({ cached: true, attempts: 0, chunks: first.chunks, data: first.data });
    expect(server.chats).toHaveLength(length);
  });

  it("does not ask twice for what overflowed, however wrong the configured context is", async () => {
    const fault = (request: ChatRequest) =>
      prompt(request).length > 3000
        ? {
            status: 400,
            body: '{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window"}}',
          }
        : undefined;
    const { server, run } = await processorOn({ a: { fault, reply: "part" } }, { contextTokens: 100_000 });
    const result = await run({ input: long, task: "summarize" });
    expect(result.chunks).toBeGreaterThan(1);
    const prompts = server.chats.map((chat) => prompt(chat.body));
    expect(new Set(prompts).size).toBe(prompts.length);
  });

  it("comes from a fallback model with a smaller context, in smaller parts", async () => {
    const models = { a: { fault: "detail" as const }, b: { contextTokens: 700, reply: "part" } };
    const { run } = await processorOn(models, { fallbackModels: ["b"] });
    const result = await run({ input: long, task: "summarize" });
    expect(result).toMatchObject({ data: "part", model: "fake/b", fallback_used: true });
    expect(result.chunks).toBeGreaterThan(1);
  });

  it("counts the requests of parts that failed or were stopped, too", async () => {
    const fault = (request: ChatRequest) => (dataOf(request).includes("Paragraph 2 ") ? "loading" : undefined);
    const { server, run } = await processorOn({ a: { fault, reply: "part" } }, { contextTokens: 600 });
    const result = await run({ input: long, task: "summarize" });
    expect(result.warnings.join()).toContain("is missing from the result");
    expect(result.attempts).toBe(server.chats.length);
  });

  it("gives up where everything overflows", async () => {
    const body = '{"error":{"code":"context_length_exceeded","message":"Your input exceeds the context window"}}';
    const { server, run } = await processorOn({ a: { fault: { status: 400, body } } });
    expect((await failure(run({ input: long }))).code).toBe("context_overflow");
    expect(server.chats.length).toBeLessThan(200);
  });
});

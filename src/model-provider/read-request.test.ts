import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestError } from "./api-error.ts";
import { isTask } from "./open-webui-task.ts";
import { readRequest } from "./read-request.ts";

const read = (messages: unknown, more: object = {}) => readRequest({ model: "m", messages, ...more });

function refusal(body: unknown): RequestError {
  try {
    readRequest(body);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

describe("a conversation", () => {
  it("is its system prompts, its turns and the last question", () => {
    const { system, turns, query } = read([
      { role: "system", content: "One." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: null, tool_calls: [{ id: "1" }] },
      { role: "tool", tool_call_id: "1", content: "42" },
      { role: "assistant", content: [{ type: "text", text: "It is 42." }] },
      { role: "developer", content: "Two." },
      {
        role: "user",
        content: [
          { type: "text", text: "Are you" },
          { type: "text", text: "sure?" },
        ],
      },
    ]);
    expect({ system, turns, query }).toEqual({
      system: "One.\n\nTwo.",
      turns: [
        { role: "user", content: "Hi" },
        { role: "user", content: "[Result of a tool]\n42" },
        { role: "assistant", content: "It is 42." },
      ],
      query: "Are you\nsure?",
    });
  });

  it("of a system prompt alone asks what that says", () => {
    expect(read([{ role: "system", content: "Say hi." }])).toMatchObject({ system: "", turns: [], query: "Say hi." });
  });

  it("that ends with an answer asks for more of it", () => {
    const { turns, query } = read([
      { role: "user", content: "Tell" },
      { role: "assistant", content: "Once" },
    ]);
    expect(turns.at(-1)).toEqual({ role: "assistant", content: "Once" });
    expect(query).toMatch(/^Go on with your last answer/);
  });

  it("says of an earlier image that one was there", () => {
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,AA" } };
    const { turns } = read([
      { role: "user", content: [{ type: "text", text: "Look:" }, image] },
      { role: "user", content: "What was it?" },
    ]);
    expect(turns[0]!.content).toBe("Look:\n[Here was a part of type image_url, which cannot be seen here.]");
  });
});

describe("parameters", () => {
  it("that are null count as not given", () => {
    const nulls = { temperature: null, max_tokens: null, stop: null, n: null, stream: null, response_format: null };
    expect(read([{ role: "user", content: "x" }], { ...nulls, stream_options: null })).toMatchObject({
      stream: false,
      stop: [],
      maxTokens: undefined,
      temperature: undefined,
      schema: undefined,
    });
  });

  it("that are newer win over the older ones of the same meaning", () => {
    const limits = { max_tokens: 5, max_completion_tokens: 7 };
    expect(read([{ role: "user", content: "x" }], limits).maxTokens).toBe(7);
  });

  it.each([
    [{ temperature: 3 }, "temperature"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop"],
    [{ stop: "" }, "stop"],
    [{ response_format: { type: "xml" } }, "response_format.type"],
    [{ stream: "yes" }, "stream"],
    [{ messages: [{ role: "user", content: [{ text: "x" }] }] }, "messages[0].content"],
  ])("such as %j are refused by their name", (more, param) => {
    const body = { model: "m", messages: [{ role: "user", content: "x" }], ...more };
    expect(refusal(body)).toMatchObject({ status: 400, code: "invalid_value", param });
  });

  it("of any JSON are read or refused, and nothing else", () => {
    const messages = fc.array(fc.record({ role: fc.constantFrom("user", "system", "robot"), content: fc.jsonValue() }));
    const body = fc.oneof(fc.jsonValue(), fc.record({ model: fc.string(), messages, stop: fc.jsonValue() }));
    fc.assert(
      fc.property(body, (json) => {
        try {
          expect(readRequest(json).query.trim()).not.toBe("");
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
    );
  });
});

describe("a task of Open-WebUI", () => {
  const task = (query: string, headers: Record<string, string> = {}, earlier: object[] = []) =>
    isTask(read([...earlier, { role: "user", content: query }]), new Headers(headers));
  const TAGS = "### Task:\nGenerate tags.\n### Output:\nJSON format\n<chat_history>\nUSER: Hi\n</chat_history>";

  it("is told by the header, whatever the prompt says", () => {
    expect(task("Hi", { "X-Task": "tags_generation" })).toBe(true);
    expect(task(TAGS, { "X-Task": "" })).toBe(false);
    // Releases that do not know the template send it as it is.
    expect(task(TAGS, { "X-Task": "{{TASK}}" })).toBe(false);
  });

  it("is told by the prompt where there is no such header", () => {
    expect(task(TAGS)).toBe(true);
    expect(task("### Task:\nPlan my week.")).toBe(false);
    expect(task("### Task:\nPlan my week.", { "X-OpenWebUI-User-Id": "1" })).toBe(true);
    expect(task(TAGS, {}, [{ role: "user", content: "Hi" }])).toBe(false);
    expect(task("Tell me of ### Task: and <chat_history>")).toBe(false);
  });
});

import { LLMock } from "@copilotkit/aimock";
import { describe, expect, it, onTestFinished } from "vitest";
import { messages, modelClient, never } from "../../../test/fixtures/model-client.ts";

describe.each(["openai-compatible", "ollama", "anthropic", "gemini"] as const)(
  "an independent server of %s",
  (kind) => {
    it.each([true, false])("is understood, in a stream (%s) or not", async (stream) => {
      const mock = new LLMock({ port: 0 });
      mock.onMessage("Hello", { content: "Hi from the other side, and good day." });
      await mock.start();
      onTestFinished(() => mock.stop());
      const baseUrl = kind === "openai-compatible" ? `${mock.url}/v1` : mock.url;
      const fake = { kind, baseUrl, apiKey: "key-of-the-mock", models: ["a"], concurrency: 4, stream };
      const answer = await modelClient({ providers: { fake } }).complete({ messages }, { signal: never });
      expect(answer).toMatchObject({
        text: "Hi from the other side, and good day.",
        finish_reason: "stop",
        attempts: 1,
        warnings: [],
      });
    });
  },
);

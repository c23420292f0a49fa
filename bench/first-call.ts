/**
 * `node bench/first-call.ts ours|undici BASE_URL`: milliseconds from before any import to the answer of the first call, of the model
 * client's bundle-free code as the server runs it after its start, or of `request` of undici with the same body.
 */
const [who, baseUrl = ""] = process.argv.slice(2);
const body = { model: "a", messages: [{ role: "user" as const, content: "Hello" }] };
const startedAt = performance.now();
if (who === "undici") {
  const { request } = await import("undici");
  const answer = await request(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...body, max_tokens: 100, stream: true }),
  });
  await answer.body.text();
  console.log(performance.now() - startedAt);
} else {
  const { createModelClient } = await import("../src/llm/model-client.ts");
  const client = createModelClient(
    {
      providers: { fake: { kind: "openai-compatible", baseUrl, models: ["a"], concurrency: 4 } },
      modelId: "fake/a",
      fallbackModels: [],
      maxTokens: 100,
      timeout: 60,
    },
    {},
  );
  await client.complete({ messages: body.messages }, { signal: new AbortController().signal });
  console.log(performance.now() - startedAt);
  await client.close();
}

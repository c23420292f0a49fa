import { expect, it } from "vitest";
import { meaningOf } from "../../test/fixtures/meaning.ts";
import { clientOn, configured, failure, modelClient, never, provider } from "../../test/fixtures/model-client.ts";

it("gives one vector for each text, in the order of the texts", async () => {
  const { llm, server } = await clientOn({ a: {} });
  const texts = ["tea", "car", "half a pair \ud800"];
  const vectors = await llm.embed({ model: "fake/a", texts }, never);
  expect(vectors).toHaveLength(3);
  expect([...(vectors[1] ?? [])]).toEqual([...Float32Array.from(meaningOf("car"))]);
  const request = server.requests.find(({ path }) => path === "/v1/embeddings");
  expect(request?.body).toEqual({ model: "a", input: ["tea", "car", "half a pair \ufffd"] });
});

it("asks a named provider for a model that its list does not have", async () => {
  const server = await provider({ models: { chat: {}, hidden: {} } });
  const llm = modelClient({ providers: { fake: configured(server.baseUrl, { models: ["chat"] }) } });
  expect(await llm.embed({ model: "fake/hidden", texts: ["tea"] }, never)).toHaveLength(1);
  const error = await failure(llm.embed({ model: "other/hidden", texts: ["tea"] }, never));
  expect(error.code).toBe("unknown_model");
});

it("keeps within the provider's concurrency, and lets who waits go first", async () => {
  const order: string[] = [];
  const { llm } = await clientOn(
    { a: { latencyMs: 30, fault: ({ messages }) => void order.push(messages[0]?.content ?? "") } },
    { concurrency: 1 },
  );
  const texts = ["first", "background 1", "background 2"];
  const background = texts.map((text) => llm.embed({ model: "fake/a", texts: [text] }, never));
  await new Promise((resolve) => setTimeout(resolve, 10));
  await llm.embed({ model: "fake/a", texts: ["query"], urgent: true }, never);
  await Promise.all(background);
  expect(order).toEqual(["first", "query", "background 1", "background 2"]);
});

it.each([
  ["has no vectors", { status: 200, body: '{"object":"list","data":[]}' }, "invalid_response"],
  ["has too few vectors", { status: 200, body: '{"data":[{"index":0,"embedding":[1,2]}]}' }, "invalid_response"],
  [
    "has vectors of different lengths",
    { status: 200, body: '{"data":[{"embedding":[1]},{"embedding":[1,2]}]}' },
    "invalid_response",
  ],
  ["has no numbers", { status: 200, body: '{"data":[{"embedding":["x"]},{"embedding":[1]}]}' }, "invalid_response"],
  ["is a web page", "html" as const, "invalid_response"],
  ["refuses the key", "unauthorized" as const, "upstream_error"],
  ["says that the text is too long", "overflow_openai" as const, "context_overflow"],
])("tells what is wrong where the answer %s", async (_, fault, code) => {
  const { llm } = await clientOn({ a: { fault } });
  const error = await failure(llm.embed({ model: "fake/a", texts: ["tea", "car"] }, never));
  expect(error.code).toBe(code);
});

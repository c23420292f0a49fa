import { expect, it, vi } from "vitest";
import { callTool, connect } from "./fixtures/connect.ts";
import { configured, provider } from "./fixtures/model-client.ts";

/** A client of a server that has embeddings of a fake provider. */
async function connectTo(models: Parameters<typeof provider>[0]["models"]) {
  const server = await provider({ models });
  const client = await connect({
    providers: { fake: configured(server.baseUrl) },
    memory: { embeddings: { model: "fake/meaning", queryPrefix: "query: ", memoryPrefix: "passage: " } },
  });
  const asked = () =>
    server.requests
      .filter(({ path }) => path.endsWith("/embeddings"))
      .flatMap(({ body }) => (body as unknown as { input: string[] }).input);
  const search = async (query: string) =>
    (await callTool(client, "memory_search", { query })).results as { content: string; reason: object }[];
  return { client, asked, search };
}

it("finds memories by meaning through the tools, with the model of a provider", async () => {
  const { client, asked, search } = await connectTo({ meaning: {} });
  await callTool(client, "memory_add", { content: "Green tea in the morning", speaker: "Ana" });
  await callTool(client, "memory_add", { content: "The roof leaks" });
  await vi.waitFor(async () => {
    const [best] = await search("favourite beverage");
    expect(best).toMatchObject({ content: "Green tea in the morning", reason: { boosts: ["meaning"] } });
  });
  expect(asked()).toContain("passage: Ana: Green tea in the morning");
  expect(asked().filter((text) => text === "query: favourite beverage")).toHaveLength(1);
});

it("contacts no provider before the first memory tool is called", async () => {
  const { client, asked } = await connectTo({ meaning: {} });
  await client.listTools();
  expect(asked()).toEqual([]);
});

it("searches by words where the provider has no such model", async () => {
  const { client, search } = await connectTo({ other: {} });
  await callTool(client, "memory_add", { content: "Green tea in the morning" });
  expect(await search("tea")).toHaveLength(1);
  expect(await search("beverage")).toEqual([]);
});

import { expect, it } from "vitest";
import { callTool, connect, startPatchbay } from "../../test/fixtures/connect.ts";

it("answers a plain question, best first, with scores", async () => {
  const client = await connect();
  for (const content of [
    "Ana keeps the spare key in the kitchen drawer",
    "Ana's brother lives in Lisbon",
    "The kitchen was painted green",
  ]) {
    await callTool(client, "memory_add", { content });
  }
  const { results } = await callTool(client, "memory_search", { query: "Where in the kitchen is the key?" });
  expect(results).toMatchObject([
    { content: "Ana keeps the spare key in the kitchen drawer", tags: [], score: expect.any(Number) },
    { content: "The kitchen was painted green" },
  ]);
});

it("keeps to the tag and the limit", async () => {
  const client = await connect();
  for (const [index, tag] of ["a", "b", "b"].entries()) {
    await callTool(client, "memory_add", { content: `tea ${index}`, tags: [tag], kind: tag });
  }
  const search = async (args: object) => (await callTool(client, "memory_search", { query: "tea", ...args })).results;
  expect(await search({})).toHaveLength(3);
  expect(await search({ tag: "B" })).toHaveLength(2);
  expect(await search({ tag: "b", limit: 1 })).toHaveLength(1);
  expect(await search({ tag: "" })).toHaveLength(3);
  expect(await search({ limit: 2, offset: 2 })).toHaveLength(1);
  expect(await search({ filter: { kind: "A" } })).toMatchObject([{ content: "tea 0", kind: "a" }]);
  expect(await search({ filter: { after: "2100-01-01" } })).toEqual([]);
});

it("packs what fits, without what says nearly the same, and with no more fields than it counts", async () => {
  const client = await connect();
  const memories = Array.from({ length: 30 }, (_, index) => ({
    content: `Ana drinks tea number ${index} in room ${index}`,
  }));
  await callTool(client, "memory_add", {
    memories: [...memories, { content: "Ana drinks tea, number 1, in room 1!" }],
  });
  const { results, tokens } = (await callTool(client, "memory_search", { query: "tea", max_tokens: 300 })) as {
    results: Record<string, unknown>[];
    tokens: number;
  };
  expect(Object.keys(results[0] ?? {})).toEqual(["id", "content", "tags", "score"]);
  expect(results.length).toBeGreaterThan(3);
  expect(tokens).toBeLessThanOrEqual(300);
  expect(JSON.stringify(results).length / 4).toBeLessThan(tokens);
});

it("says how many it found", async () => {
  const client = await connect();
  await callTool(client, "memory_add", { content: "tea" });
  const lines: string[] = [];
  await client.callTool(
    { name: "memory_search", arguments: { query: "tea" } },
    { onprogress: ({ message }) => lines.push(message ?? "") },
  );
  expect(lines).toEqual(["Searching memories", "Found 1 matching memories"]);
});

it("finds nobody another user's memories", async () => {
  const patchbay = await startPatchbay();
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  await callTool(ana, "memory_add", { content: "Ana's plan" });
  for (const query of ["plan", '"plan" OR 1=1', "1_plan", "what do you know?"]) {
    expect(await callTool(ben, "memory_search", { query })).toEqual({ status: "success", results: [] });
  }
});

it.each([
  [{}, "Search query is required"],
  [{ query: "" }, "Search query is required"],
  [{ query: "  " }, "Search query is required"],
  [{ query: "x\u0000" }, '"query" contains a NUL character, which text must not contain.'],
  [{ query: "x\ud800" }, '"query" contains a lone surrogate, which text must not contain.'],
  [{ query: "x", limit: 0 }, "limit must be at least 1"],
  [{ query: "x", limit: -5 }, "limit must be at least 1"],
  [{ query: ["x"] }, '"query" must be a string, not a list.'],
])("refuses %j", async (args, message) => {
  const client = await connect();
  expect(await callTool(client, "memory_search", args)).toMatchObject({
    status: "error",
    code: "invalid_input",
    message,
  });
});

it("takes operators of SQL and of full-text search as words", async () => {
  const client = await connect();
  await callTool(client, "memory_add", { content: "tea" });
  for (const query of [
    "'; drop table memory; --",
    '" OR "',
    "NEAR(tea, 2)",
    "tea AND NOT (",
    "terms:tea*",
    "^tea + -tea",
  ]) {
    expect(await callTool(client, "memory_search", { query })).toMatchObject({ status: "success" });
  }
  expect(await callTool(client, "memory_list")).toMatchObject({ total: 1 });
});

it("says so where it is switched off, and the other tools work", async () => {
  const client = await connect({ memory: { enableSearch: false } });
  await callTool(client, "memory_add", { content: "tea" });
  expect(await callTool(client, "memory_search", { query: "tea" })).toMatchObject({
    code: "disabled",
    message: "Search functionality is disabled",
  });
});

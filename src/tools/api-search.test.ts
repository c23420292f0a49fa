import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SHOP } from "../../test/fixtures/api-client.ts";
import { callTool, connect, startPatchbay, temporaryFolder } from "../../test/fixtures/connect.ts";
import { describeTool } from "../mcp/tool-schema.ts";
import { tools } from "./index.ts";

it("finds operations by what they do", async () => {
  const client = await connect({ apis: { shop: { openapi: SHOP } } });
  expect(await callTool(client, "api_search", { query: "remove an item", limit: 1 })).toEqual({
    status: "success",
    operations: [
      {
        api: "shop",
        operation: "deleteItem",
        method: "DELETE",
        path: "/items/{itemId}",
        summary: "Remove an item for good",
      },
    ],
    total: expect.any(Number),
  });
});

it("lists the APIs where nothing is asked for", async () => {
  const client = await connect({
    apis: { shop: { openapi: SHOP }, hook: { apiUrl: "https://hook.example", description: "Chat" } },
  });
  expect(await callTool(client, "api_search")).toMatchObject({
    status: "success",
    total: 11,
    apis: [
      { name: "shop", description: "Shop", operations: 10 },
      { name: "hook", description: "Chat", operations: 1 },
    ],
  });
});

it("answers in at most 1,000 bytes unless more operations are wanted, whatever the documents say", async () => {
  const folder = temporaryFolder();
  const long = 'Wörter über Artikel 😀 \u0000 <b>"items"</b> '.repeat(100);
  const operation = (at: number) => ({
    operationId: `listItems${at}${"x".repeat(at * 60)}`,
    summary: long,
    description: long,
  });
  const paths = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [
      `/${"items/".repeat(at)}{id${at}}`,
      { get: operation(at), put: { summary: long } },
    ]),
  );
  writeFileSync(
    join(folder, "long.json"),
    JSON.stringify({ openapi: "3.1.0", info: { title: long, version: "1" }, paths }),
  );
  const client = await connect({
    apis: {
      long: { openapi: join(folder, "long.json"), apiUrl: "https://long.example", description: long },
      shop: { openapi: SHOP },
    },
  });
  for (const args of [
    { query: "items" },
    { query: "update items", api: "long" },
    {},
    { query: "nothing like zebras" },
  ]) {
    const { content } = await client.callTool({ name: "api_search", arguments: args });
    const text = (content as { text?: string }[])[0]?.text ?? "";
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1000);
    expect(JSON.parse(text)).toMatchObject({ status: "success", total: expect.any(Number) });
  }
  const wider = await callTool(client, "api_search", { query: "items", limit: 20 });
  expect((wider.operations as unknown[]).length).toBeGreaterThan(5);
});

it("finds what is misspelt and what is called otherwise", async () => {
  const client = await connect({ apis: { shop: { openapi: SHOP } } });
  for (const query of ["delte itme", "get rid of an article", "deleteitem", "DELETE /items/{itemId}"]) {
    expect(await callTool(client, "api_search", { query, limit: 1 })).toMatchObject({
      operations: [{ operation: "deleteItem" }],
    });
  }
});

it("finds the same for every user", async () => {
  const patchbay = await startPatchbay({ apis: { shop: { openapi: SHOP } } });
  const ask = async (user: string) => callTool(await connect({}, { patchbay, user }), "api_search", { query: "items" });
  expect(await ask("ana")).toEqual(await ask("ben"));
});

it("says how to configure an API where there is none, and which there are", async () => {
  expect(await callTool(await connect(), "api_search", { query: "x" })).toMatchObject({
    status: "error",
    code: "not_configured",
    message: "No API is configured.",
    hint: expect.stringContaining("apiUrl"),
  });
  const client = await connect({ apis: { hook: { apiUrl: "https://hook.example" } } });
  expect(await callTool(client, "api_search", { query: "x", api: "shop" })).toMatchObject({
    code: "unknown_api",
    hint: "APIs: hook.",
  });
});

it("takes the limit as text", async () => {
  const client = await connect({ apis: { shop: { openapi: SHOP } } });
  const ask = (limit: unknown) => callTool(client, "api_search", { query: "items", limit });
  expect(await ask(" 2 ")).toEqual(await ask(2));
  expect(await ask("two")).toMatchObject({ message: '"limit" must be a number, not "two".' });
});

it.each([
  [{ limit: 0 }],
  [{ limit: 51 }],
  [{ limit: "51" }],
  [{ query: 7 }],
  [{ query: "x".repeat(2001) }],
  [{ q: "x" }],
])("refuses %j", async (args) => {
  const client = await connect({ apis: { hook: { apiUrl: "https://hook.example" } } });
  expect(await callTool(client, "api_search", args)).toMatchObject({ status: "error", code: "invalid_input" });
});

it("costs a conversation little: the three API tools together stay below 6 kB", () => {
  const described = tools
    .filter(({ name }) => ["api_search", "api_describe", "call_api"].includes(name))
    .map(describeTool);
  expect(described).toHaveLength(3);
  expect(JSON.stringify(described).length).toBeLessThan(6000);
});

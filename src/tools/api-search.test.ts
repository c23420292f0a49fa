import { expect, it } from "vitest";
import { SHOP } from "../../test/fixtures/api-client.ts";
import { callTool, connect } from "../../test/fixtures/connect.ts";
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

it.each([[{ limit: 0 }], [{ limit: 51 }], [{ query: 7 }], [{ query: "x".repeat(2001) }], [{ q: "x" }]])(
  "refuses %j",
  async (args) => {
    const client = await connect({ apis: { hook: { apiUrl: "https://hook.example" } } });
    expect(await callTool(client, "api_search", args)).toMatchObject({ status: "error", code: "invalid_input" });
  },
);

it("costs a conversation little: the three API tools together stay below 6 kB", () => {
  const described = tools
    .filter(({ name }) => ["api_search", "api_describe", "call_api"].includes(name))
    .map(describeTool);
  expect(described).toHaveLength(3);
  expect(JSON.stringify(described).length).toBeLessThan(6000);
});

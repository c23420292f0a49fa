import { expect, it } from "vitest";
import { SHOP } from "../../test/fixtures/api-client.ts";
import { callTool, connect } from "../../test/fixtures/connect.ts";

it("shows what an operation takes", async () => {
  const client = await connect({ apis: { shop: { openapi: SHOP } } });
  expect(await callTool(client, "api_describe", { operation: "createItem" })).toMatchObject({
    status: "success",
    api: "shop",
    operation: "createItem",
    method: "POST",
    path: "/items",
    summary: "Add a new item",
    parameters: [],
    body: {
      required: true,
      content_type: "application/json",
      schema: { required: ["name", "price"], properties: { category: { $ref: "#/$defs/Category" } }, $defs: {} },
    },
  });
});

it("shows what a call of a plain API takes", async () => {
  const client = await connect({
    apis: { hook: { apiUrl: "https://hook.example/in", description: "Posts to the chat" } },
  });
  expect(await callTool(client, "api_describe", { operation: "POST /", api: "hook" })).toMatchObject({
    status: "success",
    method: "POST",
    summary: "Posts to the chat",
    body: { content_type: "application/json" },
  });
});

it("names the closest operations where there is no such one, and what is missing", async () => {
  const client = await connect({ apis: { shop: { openapi: SHOP } } });
  expect(await callTool(client, "api_describe", { operation: "createItems" })).toMatchObject({
    code: "unknown_operation",
    hint: expect.stringContaining("createItem"),
  });
  expect(await callTool(client, "api_describe", {})).toMatchObject({
    code: "invalid_input",
    message: "Operation is required: an id of api_search, or METHOD /path",
  });
});

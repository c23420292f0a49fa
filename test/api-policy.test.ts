import { describe, expect, it } from "vitest";
import { SHOP } from "./fixtures/api-client.ts";
import { callTool, connect } from "./fixtures/connect.ts";
import { startHttpServer } from "./fixtures/http-server.ts";

type Json = Record<string, unknown>;

/** A client of a shop that answers with what it got. */
async function openShop(more: Json = {}, config: Json = {}) {
  const server = await startHttpServer(({ method, url, body }) => ({ json: { method, url, body } }));
  const shop = { apiUrl: server.url, openapi: SHOP, tools: ["getItem", "deleteItem"], ...more };
  const client = await connect({ apis: { shop }, ...config });
  return { client, requests: server.requests, url: server.url };
}

const remove = { api: "shop", operation: "deleteItem", path: { itemId: 7 } };
const read = { api: "shop", operation: "getItem", path: { itemId: 7 } };

describe("readOnly", () => {
  it("of the server switches off every tool that writes, and says so", async () => {
    const { client } = await openShop({}, { readOnly: true });
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).not.toEqual(expect.arrayContaining(["memory_add"]));
    expect(names).toHaveLength(14 - 3 + 1);
    for (const { name, annotations } of tools) expect(annotations?.readOnlyHint, name).toBe(true);
    for (const name of ["memory_add", "memory_update", "memory_delete"]) {
      expect(await callTool(client, name, { content: "x", memory_id: "x" })).toMatchObject({
        code: "disabled",
        hint: expect.stringContaining("readOnly"),
      });
    }
    expect(await callTool(client, "memory_list")).toMatchObject({ status: "success" });
  });

  it.each([
    ["the server", {}, { readOnly: true }],
    ["the server, whatever is confirmed and allowed", { confirm: true, allow: ["* /**"] }, { readOnly: true }],
    ["an API", { readOnly: true }, {}],
  ])("of %s lets APIs be read only, and offers nothing else", async (_of, api, config) => {
    const { client, requests } = await openShop(api, config);
    expect(await callTool(client, "call_api", remove)).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining("read-only"),
    });
    expect(await callTool(client, "shop_delete_item", { itemId: 7 })).toMatchObject({ code: "forbidden" });
    expect(await callTool(client, "call_api", read)).toMatchObject({ data: { method: "GET", url: "/items/7" } });
    expect(requests.map(({ method }) => method)).toEqual(["GET"]);
    const { operations } = (await callTool(client, "api_search", { query: "item", limit: 50 })) as {
      operations: Json[];
    };
    expect(new Set(operations.map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(await callTool(client, "api_describe", { operation: "deleteItem" })).toMatchObject({
      code: expect.stringMatching(/forbidden|unknown_operation/),
    });
  });

  it("of an API without a document leaves what its rules allow of reads", async () => {
    const { client, requests } = await openShop({
      openapi: undefined,
      tools: [],
      readOnly: true,
      allow: ["* /v1/{id}", "POST /v2"],
    });
    const { operations } = (await callTool(client, "api_search")) as { operations: Json[] };
    expect(operations.map(({ operation }) => operation)).toEqual(["GET /v1/{id}"]);
    const call = (operation: string) => callTool(client, "call_api", { api: "shop", operation, body_text: "x" });
    for (const operation of ["POST /v1/7", "POST /v2", "DELETE /v1/7", "POST /"]) {
      expect(await call(operation)).toMatchObject({ code: "forbidden" });
    }
    expect(await callTool(client, "call_api", { api: "shop", operation: "GET /v1/7" })).toMatchObject({
      http_status: 200,
    });
    expect(requests).toHaveLength(1);
  });

  it("holds for pipelines too", async () => {
    const { client, requests } = await openShop(
      { openapi: undefined, tools: [], allow: ["* /**"] },
      { readOnly: true },
    );
    const api = { api: "shop", operation: "POST /x", into: "y" };
    const result = await callTool(client, "run_pipeline", { data: [{ a: 1 }], steps: [{ name: "enrich", api }] });
    expect(JSON.stringify(result)).toContain("read-only");
    expect(requests).toEqual([]);
  });
});

describe("confirm", () => {
  it("asks in the chat before a call that changes something, once for each call", async () => {
    const { client, requests, url } = await openShop({ confirm: true, apiKey: "key-of-shop-123" });
    const args = { ...remove, query: {}, header: {} };
    const { code, question, resume_token } = await callTool(client, "call_api", args);
    expect(code).toBe("confirmation_required");
    expect((question as Json).message).toContain(`Request: DELETE ${url}/items/7`);
    expect(JSON.stringify(question)).not.toContain("key-of-shop-123");
    expect(requests).toEqual([]);
    await callTool(client, "confirm_action", { answer: true, resume_token });
    // The consent is for exactly that call.
    expect(await callTool(client, "call_api", { ...args, path: { itemId: 8 } })).toMatchObject({
      code: "confirmation_required",
    });
    expect(await callTool(client, "call_api", args)).toMatchObject({ data: { method: "DELETE", url: "/items/7" } });
    expect(await callTool(client, "call_api", args)).toMatchObject({ code: "confirmation_required" });
    expect(requests).toHaveLength(1);
  });

  it("does not ask about reads, dry runs, and calls that cannot be made", async () => {
    const { client, requests } = await openShop({ confirm: true });
    expect(await callTool(client, "call_api", read)).toMatchObject({ status: "success" });
    expect(await callTool(client, "call_api", { ...remove, dry_run: true })).toMatchObject({
      status: "success",
      data: null,
      request: { method: "DELETE" },
    });
    expect(await callTool(client, "call_api", { ...remove, path: { itemId: "x" } })).toMatchObject({
      code: "invalid_input",
    });
    expect(requests).toHaveLength(1);
  });

  it("does not ask about a dry run where call_api is confirmed as a whole", async () => {
    const { client } = await openShop({}, { interaction: { confirmationRequired: true } });
    expect(await callTool(client, "call_api", { ...remove, dry_run: true })).toMatchObject({
      request: { method: "DELETE" },
    });
    expect(await callTool(client, "call_api", read)).toMatchObject({ code: "confirmation_required" });
    expect(await callTool(client, "shop_get_item", { itemId: 1 })).toMatchObject({ code: "confirmation_required" });
  });

  it("asks by rules, and for pinned tools too", async () => {
    const { client, requests } = await openShop({ confirm: ["DELETE /items/*"] });
    expect(
      await callTool(client, "call_api", { api: "shop", operation: "createItem", body: { name: "a", price: 1 } }),
    ).toMatchObject({
      http_status: 200,
    });
    const { code, question, resume_token } = await callTool(client, "shop_delete_item", { itemId: 7 });
    expect(code).toBe("confirmation_required");
    expect((question as Json).message).toMatch(
      /^Are you sure .*shop_delete_item.*\n\nRequest: DELETE .*\/items\/7\nitemId: 7$/,
    );
    await callTool(client, "confirm_action", { answer: true, resume_token });
    expect(await callTool(client, "shop_delete_item", { itemId: 7 })).toMatchObject({ http_status: 200 });
    expect(requests.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });

  it("keeps pipelines from making such a call, for nobody is asked there", async () => {
    const { client, requests } = await openShop({ openapi: undefined, tools: [], allow: ["* /**"], confirm: true });
    const api = { api: "shop", operation: "POST /x", into: "y" };
    const result = await callTool(client, "run_pipeline", { data: [{ a: 1 }], steps: [{ name: "enrich", api }] });
    expect(JSON.stringify(result)).toContain("has to confirm");
    expect(requests).toEqual([]);
  });

  it("has the fields of the question in the outline of the tools that may ask", async () => {
    const { client } = await openShop({ confirm: ["DELETE /*"] });
    const { tools } = await client.listTools();
    const asking = tools.filter(({ outputSchema }) => Object.hasOwn(outputSchema?.properties ?? {}, "resume_token"));
    expect(asking.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["call_api", "shop_get_item", "shop_delete_item"]),
    );
    expect(asking.map(({ name }) => name)).not.toContain("memory_add");
  });
});

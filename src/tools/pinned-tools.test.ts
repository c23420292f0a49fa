import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { failure, minimalDocument, SHOP } from "../../test/fixtures/api-client.ts";
import { callTool, connect, startPatchbay, temporaryFolder } from "../../test/fixtures/connect.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";

/** A client of a shop that answers with what it got. */
async function openShop(more: Record<string, unknown> = {}, config: Record<string, unknown> = {}) {
  const server = await startHttpServer(({ method, url, body }) => ({ json: { method, url, body } }));
  const shop = { apiUrl: server.url, openapi: SHOP, tools: ["getItem", "createItem"], ...more };
  const client = await connect({ apis: { shop }, ...config });
  return { client, requests: server.requests };
}

async function namesOf(client: Awaited<ReturnType<typeof connect>>): Promise<string[]> {
  return (await client.listTools()).tools.slice(14).map(({ name }) => name);
}

describe("pinned operations", () => {
  it("are listed after the tools that are always there, with typed arguments and what they do to the world", async () => {
    const { client } = await openShop();
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(16);
    expect(tools.slice(14)).toMatchObject([
      {
        name: "shop_get_item",
        title: "Get one item",
        inputSchema: {
          type: "object",
          properties: { itemId: { type: "integer", minimum: 1 } },
          required: ["itemId"],
        },
        annotations: { readOnlyHint: true, openWorldHint: true, idempotentHint: true },
      },
      {
        name: "shop_create_item",
        inputSchema: { required: ["name", "price"] },
        annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
      },
    ]);
    expect(JSON.stringify(await client.listTools())).toBe(JSON.stringify({ tools }));
  });

  it("are called by their names, also before any list", async () => {
    const { client, requests } = await openShop();
    expect(await callTool(client, "shop_create_item", { name: "Lamp", price: 9.5 })).toMatchObject({
      status: "success",
      data: { method: "POST", url: "/items", body: '{"name":"Lamp","price":9.5}' },
      http_status: 200,
    });
    expect(requests).toHaveLength(1);
  });

  it("check their arguments by the document, and name them", async () => {
    const { client, requests } = await openShop();
    expect(await callTool(client, "shop_get_item", { itemId: 0 })).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "itemId" }],
    });
    expect(await callTool(client, "shop_get_item", { itemId: 1, other: 2 })).toMatchObject({
      message: '"other" is no parameter of shop_get_item.',
    });
    expect(requests).toHaveLength(0);
  });

  it("can be switched off and renamed", async () => {
    const renamed = [
      { operation: "getItem", name: "look_at", description: "Looks at an item of the shop." },
      "createItem",
    ];
    const { client } = await openShop({ tools: renamed }, { tools: { disabled: ["shop_create_item"] } });
    expect(await namesOf(client)).toEqual(["look_at"]);
    expect((await client.listTools()).tools[14]?.description).toBe("Looks at an item of the shop.");
    expect(await callTool(client, "shop_create_item", {})).toMatchObject({ code: "disabled" });
  });

  it("are left out with the reason where they are misspelt, while all else works", async () => {
    const { client } = await openShop({ tools: ["getItm", "getItem"] });
    expect(await namesOf(client)).toEqual(["shop_get_item"]);
    expect(await callTool(client, "shop_get_itm", {})).toMatchObject({
      code: "unknown_operation",
      hint: expect.stringContaining("getItem"),
    });
    expect(await callTool(client, "shop_nothing", {})).toMatchObject({ code: "unknown_tool" });
  });

  it("leave out those of a document that cannot be read, and of no other", async () => {
    const { client } = await openShop();
    const other = { apiUrl: "https://x.example", openapi: join(temporaryFolder(), "missing.json"), tools: ["run"] };
    const shop = { openapi: SHOP, tools: ["getItem"] };
    const both = await connect({ apis: { other, shop } });
    expect(await namesOf(both)).toEqual(["shop_get_item"]);
    expect(await callTool(both, "other_run", {})).toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining("does not exist"),
    });
    expect(await namesOf(client)).toHaveLength(2);
  });

  it("obey the list of allowed calls", async () => {
    const { client } = await openShop({ allow: ["GET /items/{id}"] });
    expect(await namesOf(client)).toEqual(["shop_get_item"]);
    expect(await callTool(client, "shop_create_item", { name: "Lamp", price: 1 })).toMatchObject({ code: "forbidden" });
  });

  it("must have names of their own", async () => {
    for (const tools of [[{ operation: "getItem", name: "call_api" }], ["getItem", "getItem"]]) {
      expect(await failure(startPatchbay({ apis: { shop: { openapi: SHOP, tools } } }))).toMatchObject({
        code: "invalid_config",
        message: expect.stringContaining("apis.shop.tools."),
      });
    }
    expect(await failure(startPatchbay({ tools: { disabled: ["shop_get_item"] } }))).toMatchObject({
      message: 'tools.disabled: there is no tool "shop_get_item".',
    });
  });

  it("keep no list of tools waiting for long where a document does not come", async () => {
    const silent = await startHttpServer({ fault: "hang" });
    const never = { openapi: `${silent.url}/openapi.json`, timeout: 60, tools: ["run"] };
    const both = await connect({ apis: { never, shop: { openapi: SHOP, tools: ["getItem"] } } });
    const startedAt = performance.now();
    expect(await namesOf(both)).toEqual(["shop_get_item"]);
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    const again = performance.now();
    expect(await namesOf(both)).toEqual(["shop_get_item"]);
    expect(await callTool(both, "never_run", {})).toMatchObject({ status: "error", retryable: true });
    expect(performance.now() - again).toBeLessThan(2_000);
  });

  it("keep the server's start light: a document is read with the first list", async () => {
    const file = join(temporaryFolder(), "shop.yaml");
    const patchbay = await startPatchbay({ apis: { shop: { openapi: file, tools: ["getItem"] } } });
    copyFileSync(SHOP, file);
    expect(await namesOf(await connect({}, { patchbay }))).toEqual(["shop_get_item"]);
    writeFileSync(file, JSON.stringify(minimalDocument({})));
    expect(await namesOf(await connect({}, { patchbay }))).toEqual(["shop_get_item"]);
  });
});

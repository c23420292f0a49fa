import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { SHOP } from "./fixtures/api-client.ts";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { type AnyClient, type Human, roads, type Server, startServer } from "./fixtures/clients.ts";
import { type HttpServer, startHttpServer as startApi } from "./fixtures/http-server.ts";
import { type Post, poster, readOpenApi, startMcpo } from "./fixtures/mcpo.ts";
import { MCPO_REQUIREMENTS, PYTHON_SETUP_MS, pythonPrograms } from "./fixtures/python.ts";
import { runProcess, serverCommand, USERS_PATH } from "./fixtures/spawn.ts";

type Json = Record<string, unknown>;

const IMAGE = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(10_000)]);

let api: HttpServer;
beforeAll(async () => {
  api = await startApi(({ method, url, body }) => {
    if (url === "/items/99") return { bytes: IMAGE, headers: { "content-type": "image/png" } };
    return url.startsWith("/items?")
      ? { json: Array.from({ length: 200 }, (_item, id) => ({ id, name: `Item ${id} ${"x".repeat(40)}`, price: 1 })) }
      : { json: { method, url, body } };
  });
});

/** A shop whose answers are long, with tools of its own, and which asks before it removes something. */
function configuration(): Json {
  return {
    apis: {
      shop: {
        apiUrl: api.url,
        openapi: SHOP,
        apiKey: "key-of-the-shop",
        maxAnswerLength: 2000,
        checkResponses: "off",
        confirm: ["DELETE /*"],
        tools: ["getItem", "createItem", { operation: "deleteItem", name: "remove_item" }, "placeOrder"],
      },
    },
  };
}

const PINNED = ["shop_get_item", "shop_create_item", "remove_item", "shop_place_order"];

describe.each(roads)("APIs, $name", ({ name, connect }) => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ config: configuration() });
  });
  const open = (human?: Human): Promise<AnyClient> => connect(server, human ? { human } : {});

  it("have their pinned operations called by name before they are listed, and listed", async () => {
    const client = await open();
    expect(await client.call("shop_create_item", { name: "Lamp", price: 9.5, color: "red" })).toMatchObject({
      isError: false,
      json: { data: { method: "POST", url: "/items", body: '{"name":"Lamp","price":9.5,"color":"red"}' } },
    });
    expect((await client.toolNames()).slice(-PINNED.length)).toEqual(PINNED);
    expect(await client.call("shop_create_item", { name: "Lamp", price: 9.5, color: "pink" })).toMatchObject({
      isError: true,
      json: { code: "invalid_input", issues: [{ path: "color" }] },
    });
  });

  it("are called by call_api, with objects as JSON text too, and show a request without sending it", async () => {
    const client = await open();
    const count = api.requests.length;
    const args = { api: "shop", operation: "createItem", body: '{"name":"Lamp","price":1}', dry_run: true };
    const { json } = await client.call("call_api", args);
    expect(json).toMatchObject({ status: "success", data: null, request: { method: "POST", url: `${api.url}/items` } });
    expect(JSON.stringify(json)).not.toContain("key-of-the-shop");
    expect(api.requests).toHaveLength(count);
    expect((await client.call("call_api", { ...args, dry_run: false })).json).toMatchObject({
      data: { body: '{"name":"Lamp","price":1}' },
    });
  });

  it("give long answers in parts, whose rest is a resource and comes on request", async () => {
    const client = await open();
    const args = { api: "shop", operation: "listItems", query: { limit: 100 } };
    const { json } = await client.call("call_api", args);
    const { data, rest } = json as { data: { id: number }[]; rest: { id: string; uri: string } };
    expect(data.length).toBeGreaterThan(5);
    expect(data.length).toBeLessThan(100);
    expect(rest).toMatchObject({ unit: "items", total: 200 });
    const next = await client.call("call_api", { api: "shop", rest: rest.id });
    expect((next.json.data as { id: number }[])[0]?.id).toBe(data.length);
    const few = await client.call("call_api", { ...args, fields: ["id"], select: "[:3]" });
    expect(few.json.data).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }]);
  });

  it("give images besides the JSON, where it is known that the client is not mcpo", async () => {
    const { json, more } = await (await open()).call("shop_get_item", { itemId: 99 });
    expect(json).toMatchObject({ status: "success", content_type: "image/png", resource: { bytes: IMAGE.length } });
    const known = name !== "the 2025 era over HTTP, stateless";
    expect(more).toEqual(known ? ["image", "resource_link"] : ["resource_link"]);
  });

  it("ask the human before a call that the configuration wants confirmed, by a form or in the chat", async () => {
    const asked: string[] = [];
    const removals = () => api.requests.filter(({ method }) => method === "DELETE").length;
    const before = removals();
    const form = name !== "the 2025 era over HTTP, stateless";
    const client = await open((message) => {
      asked.push(message);
      return { action: "accept", content: { confirm: asked.length > 1 } };
    });
    if (form) {
      expect((await client.call("remove_item", { itemId: 41 })).json).toMatchObject({ code: "declined" });
      expect(removals()).toBe(before);
      expect((await client.call("remove_item", { itemId: 41 })).json).toMatchObject({ data: { method: "DELETE" } });
      expect(asked[0]).toContain(`Request: DELETE ${api.url}/items/41`);
    }
    // This client declares forms in any case.
    if (name === "the 2025 era over HTTP, in a session") return;
    const poor = await open();
    const args = { api: "shop", operation: "deleteItem", path: { itemId: 42 } };
    const { json } = await poor.call("call_api", args);
    expect(json).toMatchObject({ status: "needs_input", code: "confirmation_required" });
    expect(removals()).toBe(before + (form ? 1 : 0));
    await poor.call("confirm_action", { answer: true, resume_token: json.resume_token });
    expect((await poor.call("call_api", args)).json).toMatchObject({ data: { method: "DELETE", url: "/items/42" } });
  });
});

describe("the rest of an answer", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ config: configuration() });
  });

  /** The blocks of a result over plain HTTP, as a client of this version of the protocol gets them. */
  async function blocksFor(version: string | undefined): Promise<Json[]> {
    const args = { api: "shop", operation: "listItems", query: { limit: 100 } };
    const response = await fetch(`${server.http.url}/mcp`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
        ...(version !== undefined && { "MCP-Protocol-Version": version }),
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "call_api", arguments: args },
      }),
    });
    const text = await response.text();
    const message = JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text) as { result: { content: Json[] } };
    return message.result.content;
  }

  it("is linked after the JSON for clients whose protocol has links, and for no others", async () => {
    for (const version of ["2025-06-18", "2025-11-25"]) {
      const [json, link, ...more] = await blocksFor(version);
      const { rest } = JSON.parse(String(json?.text)) as { rest: { uri: string } };
      expect(link, version).toMatchObject({ type: "resource_link", uri: rest.uri, name: expect.any(String) });
      expect(more).toEqual([]);
    }
    for (const version of ["2025-03-26", undefined]) {
      expect(
        (await blocksFor(version)).map(({ type }) => type),
        version,
      ).toEqual(["text"]);
    }
  });
});

describe("mcpo", () => {
  let post: Post;
  let url: string;
  beforeAll(async () => {
    await pythonPrograms(MCPO_REQUIREMENTS);
    const { command, args, env } = serverCommand({ config: configuration() });
    const file = join(temporaryFolder(), "mcpo.json");
    writeFileSync(file, JSON.stringify({ mcpServers: { patchbay: { command, args, env } } }));
    url = `${await startMcpo("--config", file)}/patchbay`;
    post = poster(url);
  }, PYTHON_SETUP_MS);

  it("lists pinned operations with their typed parameters, after all others", async () => {
    const { paths, components } = await readOpenApi(url);
    expect(Object.keys(paths)).toHaveLength(14 + PINNED.length);
    expect(paths["/shop_create_item"]?.post.description).toMatch(/^Add a new item\./);
    const { properties = {}, required } = components.schemas.shop_create_item_form_model ?? {};
    expect(required).toEqual(["name", "price"]);
    expect(properties).toMatchObject({
      name: { type: "string" },
      price: { type: "number" },
      color: { type: "string", description: "One of: red, green, blue." },
    });
    expect(components.schemas.shop_get_item_form_model?.properties).toMatchObject({
      itemId: { type: "integer" },
      X_Trace_Id: { type: "string" },
    });
  });

  it("calls them with typed values, nested ones included", async () => {
    const body = { name: "Lamp", price: 9.5, color: "red", category: { name: "light", children: [{ name: "desk" }] } };
    const created = await post("shop_create_item", body);
    expect(created).toMatchObject({ status: 200, body: { status: "success", http_status: 200 } });
    expect(JSON.parse(String((created.body.data as Json).body))).toEqual(body);
    expect(await post("shop_get_item", { itemId: 7 })).toMatchObject({
      body: { data: { method: "GET", url: "/items/7" } },
    });
    const order = { item: 1, notes: ["a", "b"], address: { city: "Rome" } };
    expect(await post("shop_place_order", order)).toMatchObject({
      body: { data: { body: "item=1&notes=a&notes=b&address%5Bcity%5D=Rome" } },
    });
  });

  it("says what is wrong with a value, and asks in the chat where a call has to be confirmed", async () => {
    const wrong = await post("shop_create_item", { name: "Lamp", price: 1, color: "pink" });
    expect(wrong.status).toBe(500);
    expect(JSON.stringify(wrong.body)).toMatch(/color.*one of.*red/);
    const { body } = await post("remove_item", { itemId: 51 });
    expect(body).toMatchObject({ status: "needs_input", code: "confirmation_required", question: expect.anything() });
    await post("confirm_action", { answer: true, resume_token: body.resume_token });
    expect((await post("remove_item", { itemId: 51 })).body).toMatchObject({
      data: { method: "DELETE", url: "/items/51" },
    });
  });

  it("gives the JSON of an answer whose rest is linked, and its next part", async () => {
    const { body } = await post("call_api", { api: "shop", operation: "listItems", query: { limit: 100 } });
    expect(body).toMatchObject({ status: "success", rest: { total: 200 } });
    const next = await post("call_api", { api: "shop", rest: (body.rest as Json).id });
    expect(next.body).toMatchObject({ status: "success", data: expect.any(Array) });
  });

  it("gives the JSON of an answer that is an image", async () => {
    const { body } = await post("shop_get_item", { itemId: 99 });
    expect(body).toMatchObject({ status: "success", resource: { uri: expect.stringContaining("api://answers/") } });
  });
});

describe("MCP Inspector", () => {
  it.each(["legacy", "modern"])("finds pinned operations portable and calls them in the %s era", async (era) => {
    const home = temporaryFolder();
    const { command, args, env } = serverCommand({ config: configuration() });
    const file = join(home, "mcp.json");
    writeFileSync(file, JSON.stringify({ mcpServers: { shop: { command, args, env } } }));
    const inspect = async (...words: string[]) => {
      const { code, stdout, stderr } = await runProcess({
        command: "npx",
        args: ["mcp-inspector", "--cli", "--config", file, "--server", "shop", "--protocol-era", era, ...words],
        env: { PATH: USERS_PATH, HOME: home, MCP_INSPECTOR_SECRET_STORE: "memory" },
      });
      expect(code, stderr).toBe(0);
      return { json: JSON.parse(stdout) as Json, stderr };
    };
    const listed = await inspect("--method", "tools/list", "--strict");
    expect(listed.stderr).not.toContain("Error: tool");
    expect((listed.json.tools as { name: string }[]).slice(14).map((tool) => tool.name)).toEqual(PINNED);
    const call = ["--method", "tools/call", "--tool-name", "shop_create_item"];
    const { json } = await inspect(...call, "--tool-arg", "name=Lamp", "--tool-arg", "price=9.5");
    expect(json).toMatchObject({ structuredContent: { data: { body: '{"name":"Lamp","price":9.5}' } } });
  });
});

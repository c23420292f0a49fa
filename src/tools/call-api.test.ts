import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { minimalDocument, SHOP } from "../../test/fixtures/api-client.ts";
import { callTool, connect, startPatchbay, temporaryFolder } from "../../test/fixtures/connect.ts";
import { startHttpServer, unusedPort } from "../../test/fixtures/http-server.ts";

it("posts the body as JSON to the API's URL and gives its answer", async () => {
  const server = await startHttpServer((request) => ({ json: { received: JSON.parse(request.body) as unknown } }));
  const client = await connect(
    { apis: { echo: { apiUrl: `${server.url}/in`, apiKey: `\${ECHO_KEY}` } } },
    { env: { ECHO_KEY: "key-123456" } },
  );
  expect(await callTool(client, "call_api", { api: "echo", body: { city: "Rome" } })).toEqual({
    status: "success",
    data: { received: { city: "Rome" } },
    http_status: 200,
  });
  expect(server.requests[0]).toMatchObject({
    method: "POST",
    url: "/in",
    headers: { authorization: "Bearer key-123456" },
  });
});

it("calls an operation of a document", async () => {
  const server = await startHttpServer({ json: { id: 7, name: "Lamp", price: 9.5 } });
  const client = await connect({ apis: { shop: { apiUrl: server.url, openapi: SHOP } } });
  expect(await callTool(client, "call_api", { api: "shop", operation: "getItem", path: { itemId: 7 } })).toEqual({
    status: "success",
    data: { id: 7, name: "Lamp", price: 9.5 },
    http_status: 200,
  });
  expect(server.requests[0]?.url).toBe("/items/7");
});

it("takes lists and other text as body_text", async () => {
  const server = await startHttpServer();
  const client = await connect({ apis: { echo: { apiUrl: server.url } } });
  await callTool(client, "call_api", { api: "echo", body_text: "[1,2]" });
  expect(server.requests[0]?.body).toBe("[1,2]");
});

it("takes no body where a model fills in everything with nothing", async () => {
  const server = await startHttpServer(() => ({ json: { items: [] } }));
  const client = await connect({ apis: { shop: { apiUrl: server.url, allow: ["GET /**"] } } });
  for (const empty of [
    { path: "", query: "", header: null, cookie: "", body: null, body_text: "" },
    { path: {}, query: {}, header: {}, cookie: {}, body: "", body_text: null },
  ]) {
    expect(await callTool(client, "call_api", { api: "shop", operation: "GET /items", ...empty })).toMatchObject({
      status: "success",
      data: { items: [] },
    });
    expect(server.requests.at(-1)).toMatchObject({ method: "GET", url: "/items", body: "" });
  }
});

it("says which request it is where it has to be confirmed, without credentials", async () => {
  const server = await startHttpServer({ status: 204 });
  const client = await connect(
    {
      apis: { shop: { apiUrl: server.url, apiKey: `\${SHOP_KEY}`, allow: ["DELETE /**"] } },
      interaction: { confirmationRequired: ["call_api"] },
    },
    { env: { SHOP_KEY: "key-123456" } },
  );
  const args = { api: "shop", operation: "DELETE /items/{id}", path: { id: 7 }, query: { force: "key-123456" } };
  const { question, resume_token } = await callTool(client, "call_api", args);
  expect((question as { message: string }).message).toBe(
    [
      "Are you sure you want to perform this call_api action?",
      "",
      `Request: DELETE ${server.url}/items/7`,
      'api: "shop"',
      'operation: "DELETE /items/{id}"',
      'path: {"id":7}',
      'query: {"force":"[redacted]"}',
    ].join("\n"),
  );
  expect(await callTool(client, "call_api", { ...args, operation: "PUT /items/{id}" })).toMatchObject({
    code: "forbidden",
  });
  expect(server.requests).toHaveLength(0);
  await callTool(client, "confirm_action", { answer: true, resume_token });
  expect(await callTool(client, "call_api", args)).toMatchObject({ status: "success", http_status: 204 });
});

it("gives the API's error with its status", async () => {
  const server = await startHttpServer({ status: 422, text: "city is unknown" });
  const client = await connect({ apis: { echo: { apiUrl: server.url } } });
  const result = await client.callTool({ name: "call_api", arguments: { api: "echo" } });
  expect(result.isError).toBe(true);
  expect(JSON.parse((result.content as { text: string }[])[0]?.text ?? "")).toEqual({
    status: "error",
    code: "upstream_error",
    message: "API returned error: city is unknown",
    hint: "The API did not accept the request: its message says why.",
    retryable: false,
    http_status: 422,
  });
});

it("says that a request failed where no answer came", async () => {
  const client = await connect({ apis: { echo: { apiUrl: `http://127.0.0.1:${await unusedPort()}` } } });
  expect(await callTool(client, "call_api", { api: "echo" })).toMatchObject({
    status: "error",
    code: "upstream_unreachable",
    message: expect.stringMatching(/^Request failed: .*nothing listens there\.$/),
    retryable: true,
  });
});

it("never shows a secret, whatever the API says back", async () => {
  const server = await startHttpServer((request) => ({
    status: request.path === "/bad" ? 400 : 200,
    json: { headers: request.headers, url: request.url, note: `your key is ${request.headers["x-key"]}` },
    headers: { link: `<https://x.example/?key=${request.headers["x-key"]}>` },
  }));
  const secretFile = join(temporaryFolder(), "secret");
  writeFileSync(secretFile, "header-secret-value\n");
  const client = await connect(
    {
      apis: {
        echo: {
          apiUrl: `${server.url}?sig=url-secret-value`,
          apiKey: `\${ECHO_KEY}`,
          apiKeyHeader: "X-Key",
          headers: { "X-Other": `file:${secretFile}` },
        },
        bad: {
          apiUrl: `${server.url.replace("//", "//ana:password-value@")}/bad`,
          headers: { "X-Key": "config-secret-value" },
        },
      },
    },
    { env: { ECHO_KEY: "key-secret-value" } },
  );
  const progress: string[] = [];
  const options = { onprogress: (event: { message?: string | undefined }) => void progress.push(event.message ?? "") };
  const results = [
    await client.callTool({ name: "call_api", arguments: { api: "echo", body: {} } }, options),
    await client.callTool({ name: "call_api", arguments: { api: "bad", body: {} } }, options),
    await client.callTool({ name: "api_search", arguments: {} }),
    await client.callTool({ name: "api_describe", arguments: { operation: "POST /", api: "echo" } }),
  ];
  expect(server.requests[0]?.headers["x-other"]).toBe("header-secret-value");
  expect(JSON.stringify(results[0])).toContain("your key is [redacted]");
  expect(JSON.stringify([results, progress])).not.toMatch(/secret-value|password-value|YW5hOnBhc3N3b3JkLXZhbHVl/);
});

it("never reaches a server that the configuration does not name, whatever the arguments say", async () => {
  const other = await startHttpServer();
  const server = await startHttpServer({ status: 307, headers: { location: `${other.url}/x` } });
  const client = await connect({ apis: { echo: { apiUrl: server.url, allow: ["* /*"] } } });
  const host = other.url.slice("http://".length);
  for (const args of [
    { operation: `GET ${other.url}/x` },
    { operation: `GET //${host}/x` },
    { operation: `GET /\\${host}/x` },
    { operation: `GET @${host}/x` },
    { operation: "GET /x", header: { Host: host } },
    { operation: "GET /x" },
    { operation: "POST /x", body: {} },
  ]) {
    expect(await callTool(client, "call_api", { api: "echo", ...args })).toMatchObject({
      status: "error",
      code: expect.stringMatching(/^(forbidden|invalid_input|upstream_error)$/),
    });
  }
  expect(other.connections).toBe(0);
});

it("keeps the users' answers and limits apart", async () => {
  const server = await startHttpServer((_request, count) => ({ json: { count } }));
  const patchbay = await startPatchbay({
    apis: {
      echo: { apiUrl: server.url, timeout: 1, allow: ["GET /*"], cacheTtl: 60, rateLimit: { requests: 1, per: 60 } },
    },
  });
  const ana = await connect({}, { patchbay, user: "ana" });
  const ben = await connect({}, { patchbay, user: "ben" });
  const get = (path: string) => ({ api: "echo", operation: `GET ${path}` });
  expect(await callTool(ana, "call_api", get("/a"))).toMatchObject({ data: { count: 1 } });
  expect(await callTool(ben, "call_api", get("/a"))).toMatchObject({ data: { count: 2 } });
  expect(await callTool(ana, "call_api", get("/a"))).toMatchObject({ data: { count: 1 }, cached: true });
  expect(await callTool(ana, "call_api", get("/b"))).toMatchObject({
    code: "rate_limited",
    retryable: true,
    retry_after_ms: expect.any(Number),
  });
});

it("tells what it is doing", async () => {
  const server = await startHttpServer();
  const client = await connect({ apis: { echo: { apiUrl: server.url } } });
  const messages: string[] = [];
  const options = { onprogress: (event: { message?: string | undefined }) => void messages.push(event.message ?? "") };
  await client.callTool({ name: "call_api", arguments: { api: "echo" } }, options);
  expect(messages[0]).toBe("Calling echo POST /");
  expect(messages.at(-1)).toBe("Received 200 from echo");
});

it.each([
  [{}, 'The name of the API is required as "api"; api_search lists the APIs'],
  [{ api: "" }, 'The name of the API is required as "api"; api_search lists the APIs'],
  [{ api: 5 }, 'The name of the API is required as "api"; api_search lists the APIs'],
  [{ rest: "" }, 'The name of the API is required as "api"; api_search lists the APIs'],
  [{ api: "nope" }, 'There is no API "nope".'],
  [{ api: "echo", body: "text" }, "/body must be an object"],
  [{ api: "echo", body: [1] }, "/body must be an object"],
  [{ api: "echo", query: "a=1" }, "/query must be an object"],
  [{ api: "echo", parameters: {} }, '"parameters" is no parameter of call_api.'],
  [{ api: "echo", operation: "GET /../x" }, 'holds the segment ".."'],
  [{ api: "echo", operation: 5 }, '"operation" must be a string'],
])("refuses %j and says why", async (args, message) => {
  const client = await connect({ apis: { echo: { apiUrl: "http://127.0.0.1:1" } } });
  expect(await callTool(client, "call_api", args)).toMatchObject({
    status: "error",
    message: expect.stringContaining(message),
  });
});

it("serves the rows of a pipeline", async () => {
  const server = await startHttpServer((request) => ({
    json: { now: { temp: request.query === "city=Rome" ? 21 : 4 } },
  }));
  const client = await connect({ apis: { weather: { apiUrl: server.url, allow: ["GET /v1/*"] } } });
  const api = {
    api: "weather",
    operation: "GET /v1/now",
    query: { city: "{{city}}" },
    select: "now.temp",
    into: "temp",
  };
  const result = await callTool(client, "run_pipeline", {
    data: [{ city: "Rome" }, { city: "Oslo" }, { city: "Rome" }],
    steps: [{ name: "enrich", api }],
  });
  expect(result.final_data).toEqual([
    { city: "Rome", temp: 21 },
    { city: "Oslo", temp: 4 },
    { city: "Rome", temp: 21 },
  ]);
  expect(server.requests).toHaveLength(2);
});

it("takes objects and lists as JSON text, as models write them", async () => {
  const server = await startHttpServer(({ url, body }) => ({ json: { url, body, items: [{ id: 1, name: "a" }] } }));
  const client = await connect({ apis: { echo: { apiUrl: server.url, allow: ["POST /{id}"] } } });
  const args = {
    api: "echo",
    operation: "POST /{id}",
    path: '{"id": 7}',
    query: '{"a":[1,2]}',
    body: ' {"x": {"y": 1}}',
  };
  expect(await callTool(client, "call_api", { ...args, fields: '["url","body"]' })).toMatchObject({
    data: { url: "/7?a=1&a=2", body: '{"x":{"y":1}}' },
  });
  expect(await callTool(client, "call_api", { ...args, fields: ["items.name", "url"] })).toMatchObject({
    data: { url: "/7?a=1&a=2", items: [{ name: "a" }] },
  });
  expect(await callTool(client, "call_api", { ...args, fields: "items.name, url" })).toMatchObject({
    data: { url: "/7?a=1&a=2", items: [{ name: "a" }] },
  });
  for (const fields of ['["url"', 5, [5], { url: true }]) {
    expect(await callTool(client, "call_api", { ...args, fields })).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(/^"fields(\.0)?" must be a (list such as \["a", "b"\]|string), not /),
    });
  }
  expect(await callTool(client, "call_api", { ...args, query: "{a: 1}" })).toMatchObject({
    code: "invalid_input",
    message: expect.stringContaining("/query must be an object"),
  });
});

it("takes its own numbers, true and false as text, and one field for a list", async () => {
  const server = await startHttpServer({ json: { id: 7, name: "a" } });
  const client = await connect({ apis: { echo: { apiUrl: server.url } } });
  const args = { api: "echo", body: {} };
  expect(await callTool(client, "call_api", { ...args, dry_run: "True", max_pages: "3" })).toMatchObject({
    request: { method: "POST" },
  });
  expect(server.requests).toEqual([]);
  expect(await callTool(client, "call_api", { ...args, dry_run: "false", fields: "id" })).toMatchObject({
    data: { id: 7 },
  });
  for (const [wrong, message] of [
    [{ dry_run: "yes" }, '"dry_run" must be true or false, not "yes".'],
    [{ dry_run: 1 }, '"dry_run" must be true or false, not 1.'],
    [{ max_pages: "three" }, '"max_pages" must be a number, not "three".'],
    [{ max_pages: "1.5" }, '"max_pages" must be a number, not "1.5".'],
    [{ max_pages: "0" }, '"max_pages" must be at least 1, not 0.'],
  ] as const) {
    expect(await callTool(client, "call_api", { ...args, ...wrong })).toMatchObject({ code: "invalid_input", message });
  }
});

it.each<[string, object, unknown, string, string]>([
  ["a list", { type: "array" }, [1, { a: 2 }], "application/json", '[1,{"a":2}]'],
  ["a list as JSON text", { type: "array" }, " [1, 2]", "application/json", "[1,2]"],
  ["one of a list", { type: "array" }, { a: 1 }, "application/json", '[{"a":1}]'],
  ["a text", { type: "string" }, "hi", "application/json", '"hi"'],
  ["a text that could be JSON", { type: "string" }, '{"a":1}', "application/json", '"{\\"a\\":1}"'],
  ["a number", { type: "number" }, 0, "application/json", "0"],
  ["false", { type: "boolean" }, false, "application/json", "false"],
  ["anything, as JSON text", {}, '{"a":[1]}', "application/json", '{"a":[1]}'],
  ["plain text", {}, "hello", "text/plain", "hello"],
  ["plain text that could be JSON", {}, '{"a": 1}', "text/plain", '{"a": 1}'],
  ["XML", {}, "<a/>", "application/xml", "<a/>"],
  ["lines as JSON text", {}, '[{"a":1},{"a":2}]', "application/x-ndjson", '{"a":1}\n{"a":2}\n'],
  ["a form as JSON text", { type: "object" }, '{"a":1}', "application/x-www-form-urlencoded", "a=1"],
])("takes %s as body where the operation takes it", async (_what, schema, body, type, sent) => {
  const server = await startHttpServer();
  const file = join(temporaryFolder(), "api.json");
  const requestBody = { content: { [type]: { schema } } };
  writeFileSync(file, JSON.stringify(minimalDocument({ "/a": { post: { operationId: "a", requestBody } } })));
  const client = await connect({ apis: { x: { apiUrl: server.url, openapi: file } } });
  expect(await callTool(client, "call_api", { api: "x", operation: "a", body })).toMatchObject({ http_status: 200 });
  expect(server.requests[0]).toMatchObject({ body: sent, headers: { "content-type": type } });
});

it("gives a part of a long answer, links the whole, and gives the next part on request", async () => {
  const server = await startHttpServer({
    json: Array.from({ length: 100 }, (_item, id) => ({ id, text: "x".repeat(50) })),
  });
  const client = await connect({ apis: { list: { apiUrl: server.url, maxAnswerLength: 1000 } } });
  const result = await client.callTool({ name: "call_api", arguments: { api: "list" } });
  const [json, link] = result.content as { type: string; text?: string; uri?: string }[];
  const { data, rest } = result.structuredContent as {
    data: unknown[];
    rest: { id: string; uri: string; total: number };
  };
  expect(JSON.parse(json?.text ?? "")).toEqual(result.structuredContent);
  expect(link).toMatchObject({ type: "resource_link", uri: rest.uri });
  expect(rest.total).toBe(100);
  const read = await client.readResource({ uri: rest.uri });
  expect(JSON.stringify(read)).toContain(String.raw`\"id\":99`);
  const next = (await callTool(client, "call_api", { api: "list", rest: rest.id })) as { data: { id: number }[] };
  expect(next.data[0]?.id).toBe(data.length);
  // The id says of which API it is.
  for (const api of [{}, { api: "" }, { api: null }]) {
    expect(await callTool(client, "call_api", { ...api, rest: rest.id })).toMatchObject({ data: next.data });
  }
  expect(server.requests).toHaveLength(1);
});

it("sends bytes, and shows what would be sent without sending it", async () => {
  const server = await startHttpServer(({ headers, body }) => ({
    json: { type: headers["content-type"], size: body.length },
  }));
  const client = await connect({ apis: { echo: { apiUrl: server.url, apiKey: "key-123456" } } });
  const args = { api: "echo", body_base64: Buffer.from("abc").toString("base64") };
  const { data, request } = await callTool(client, "call_api", { ...args, dry_run: true });
  expect(data).toBeNull();
  expect(request).toMatchObject({ method: "POST", url: `${server.url}/` });
  expect(JSON.stringify(request)).not.toContain("key-123456");
  expect(server.requests).toHaveLength(0);
  expect(await callTool(client, "call_api", args)).toMatchObject({ data: { size: 3 } });
});

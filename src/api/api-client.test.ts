import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";
import { createStatusEmitter } from "../status/create-status-emitter.ts";
import type { StatusEvent } from "../status/status-event.ts";

describe("the default call", () => {
  it("posts the body as JSON to the API's own URL with the key as a bearer token", async () => {
    const server = await startHttpServer({ json: { answer: 42 } });
    const client = openClient({ x: { apiUrl: `${server.url}/hook`, apiKey: "key-123456" } });
    const result = await call(client, { api: "x", body: { question: "life", list: [1, null, { a: true }] } });
    expect(result).toEqual({ data: { answer: 42 }, http_status: 200 });
    expect(server.requests).toMatchObject([
      {
        method: "POST",
        url: "/hook",
        headers: { authorization: "Bearer key-123456", "content-type": "application/json" },
        body: '{"question":"life","list":[1,null,{"a":true}]}',
      },
    ]);
  });

  it("posts an empty object where there are no parameters, as before with an operation of POST /", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: `${server.url}/hook/` } });
    await call(client, { api: "x" });
    await call(client, { api: "x", operation: "POST /" });
    expect(server.requests.map(({ url, body }) => [url, body])).toEqual([
      ["/hook/", "{}"],
      ["/hook/", "{}"],
    ]);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("keeps the query of the configured URL and adds to it", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: `${server.url}/hook?code=abc%20def` } });
    await call(client, { api: "x", query: { page: 2 } });
    expect(server.requests[0]?.url).toBe("/hook?code=abc%20def&page=2");
    const error = await failure(call(client, { api: "x", query: { code: "mine" } }));
    expect(error).toMatchObject({ code: "forbidden", issues: [{ path: "/query/code" }] });
  });

  it("is not allowed any more where the configuration lists other calls", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /v1/*", "POST /v1/items"] } });
    expect(await failure(call(client, { api: "x", body: {} }))).toMatchObject({ code: "invalid_input" });
    expect(await failure(call(client, { api: "x", operation: "POST /", body: {} }))).toMatchObject({
      code: "forbidden",
    });
    const only = openClient({ x: { apiUrl: server.url, allow: ["POST /v1/items"] } });
    expect(await call(only, { api: "x", body: {} })).toMatchObject({ http_status: 200 });
    expect(server.requests.map(({ url }) => url)).toEqual(["/v1/items"]);
  });
});

describe("allowed calls of a plain API", () => {
  it("carry path, query, header, cookie and body", async () => {
    const server = await startHttpServer();
    const client = openClient({
      x: {
        apiUrl: `${server.url}/base`,
        apiKey: "key-123456",
        apiKeyHeader: "X-Key",
        headers: { "X-App": "bay-1" },
        allow: ["* /v1/*"],
      },
    });
    await call(client, {
      api: "x",
      operation: "PATCH /v1/users/{id}/notes",
      path: { id: "a/b" },
      query: { tags: ["x", "y z"], filter: { color: "red" }, none: null, flag: false },
      header: { "X-Request": 7, Accept: "text/csv" },
      cookie: { session: "s 1" },
      body: { a: 1 },
    });
    const [request] = server.requests;
    expect(request?.url).toBe("/base/v1/users/a%2Fb/notes?tags=x&tags=y%20z&filter%5Bcolor%5D=red&flag=false");
    expect(request?.headers).toMatchObject({
      "x-key": "key-123456",
      "x-app": "bay-1",
      "x-request": "7",
      accept: "text/csv",
      cookie: "session=s%201",
    });
    expect(request?.headers.authorization).toBeUndefined();
    expect(request?.body).toBe('{"a":1}');
  });

  it("send body_text as it is, as JSON where it is JSON", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url } });
    await call(client, { api: "x", bodyText: "[1, 2]" });
    await call(client, { api: "x", bodyText: "a;b\n1;2" });
    await call(client, { api: "x", bodyText: "a;b", header: { "content-type": "text/csv" } });
    expect(server.requests.map(({ headers, body }) => [headers["content-type"], body])).toEqual([
      ["application/json", "[1, 2]"],
      ["text/plain; charset=utf-8", "a;b\n1;2"],
      ["text/csv", "a;b"],
    ]);
  });

  it("write a body as a form where its content type says so", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url } });
    const header = { "Content-Type": "application/x-www-form-urlencoded" };
    await call(client, { api: "x", header, body: { a: "1 2", list: ["x", "y"], none: null } });
    expect(server.requests[0]?.body).toBe("a=1+2&list=x&list=y");
  });

  it("use the user information of the URL as basic authentication, without showing it", async () => {
    const server = await startHttpServer((request) => ({ json: { sent: request.headers.authorization } }));
    const client = openClient({ x: { apiUrl: server.url.replace("//", "//ana:pass%20word@") } });
    expect((await call(client, { api: "x" })).data).toEqual({ sent: "Basic [redacted]" });
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from("ana:pass word").toString("base64")}`);
  });
});

describe("headers that a call cannot set", () => {
  it.each([
    "Authorization",
    "authorization",
    "Proxy-Authorization",
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Cookie",
    "X-Key",
    "x-app",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "X-Forwarded-For",
    "Forwarded",
    "X_Key",
    "x_app",
    "Content_Length",
    "X_Forwarded_For",
  ])("%s", async (name) => {
    const server = await startHttpServer();
    const client = openClient({
      x: { apiUrl: server.url, apiKey: "key-123456", apiKeyHeader: "X-Key", headers: { "X-App": "bay-1" } },
    });
    const error = await failure(call(client, { api: "x", header: { [name]: "evil" } }));
    expect(error).toMatchObject({ code: "forbidden", issues: [{ path: `/header/${name}` }] });
    expect(server.requests).toEqual([]);
  });

  it.each([
    [{ "X-A": "a\r\nX-Evil: 1" }],
    [{ "X-A": "a\nb" }],
    [{ "X-A": "a\u0000b" }],
    [{ "X-A": "日本" }],
    [{ "X A": "b" }],
    [{ "X-A:": "b" }],
    [{ "": "b" }],
    [{ "X-A\r\nX-Evil": "b" }],
    [{ "X-A": "a".repeat(9000) }],
  ])("%j cannot be sent", async (header) => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url } });
    expect(await failure(call(client, { api: "x", header }))).toMatchObject({ code: "invalid_input" });
    expect(server.requests).toEqual([]);
  });
});

describe("bad input", () => {
  it("names the APIs that there are", async () => {
    const client = openClient({ weather: { apiUrl: "https://w.example" }, shop: { apiUrl: "https://s.example" } });
    expect(await failure(call(client, { api: "wether" }))).toMatchObject({
      code: "unknown_api",
      message: 'There is no API "wether".',
      hint: "APIs: weather, shop.",
    });
    expect(await failure(call(client, { api: "__proto__" }))).toMatchObject({ code: "unknown_api" });
  });

  it("takes an API's name in another case or with other separators where one fits", async () => {
    const server = await startHttpServer();
    const apiUrl = server.url;
    const client = openClient({
      "open-meteo": { apiUrl, allow: ["GET /*"], confirm: ["GET /v2/*"] },
      ab: { apiUrl },
      Ab: { apiUrl },
    });
    for (const api of ["open-meteo", "Open-Meteo", "open_meteo", " openMeteo "]) {
      await call(client, { api, operation: "GET /v1" });
      expect(await client.search({ query: "", api, limit: 1 })).toMatchObject({ operations: [{ api: "open-meteo" }] });
      expect(await client.describe({ operation: "GET /*", api })).toMatchObject({ api: "open-meteo" });
      expect(await client.mustConfirm({ id: "ana" }, { api, operation: "GET /v2/x" })).toBe(true);
      expect(await client.preview({ id: "ana" }, { api, operation: "GET /v1" })).toMatchObject({ method: "GET" });
    }
    expect(server.requests).toHaveLength(4);
    await call(client, { api: "Ab" });
    for (const api of ["AB", "a-b", "", "-"]) {
      expect(await failure(call(client, { api }))).toMatchObject({ code: "unknown_api" });
    }
  });

  it("says how to configure one where there is none", async () => {
    const client = openClient({});
    for (const calling of [
      call(client, { api: "x" }),
      client.search({ query: "", limit: 5 }),
      client.describe({ operation: "a" }),
    ]) {
      expect(await failure(calling)).toMatchObject({
        code: "not_configured",
        hint: expect.stringContaining("patchbay.yaml"),
      });
    }
  });

  it.each([
    ["a list as body", { body: [1] }, "/body"],
    ["a text as body", { body: "x" }, "/body"],
    ["two bodies", { body: {}, bodyText: "x" }, "/body"],
    ["half a surrogate pair as body_text", { bodyText: "\ud800" }, "/body_text"],
    ["a list as query", { query: [] }, "/query"],
    ["a text as header", { header: "X: y" }, "/header"],
    ["a value for no part of the path", { path: { id: 1 } }, "/path/id"],
    ["a part of the path without a value", { operation: "GET /a/{id}" }, "/path/id"],
    ["an empty part of the path", { operation: "GET /a/{id}", path: { id: "" } }, "/path/id"],
    ["half a surrogate pair in the path", { operation: "GET /a/{id}", path: { id: "\udc00" } }, "/path/id"],
    ["a body with GET", { operation: "GET /a/1", body: {} }, "/body"],
    ["an operation without a method", { operation: "listItems" }, "/operation"],
  ])("%s is refused by name before anything is sent", async (_what, request, path) => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /a/*", "POST /"] } });
    const asked = { operation: "POST /", ...request } as never as { operation: string };
    const error = await failure(call(client, { api: "x", ...asked }));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path }] });
    expect(server.requests).toEqual([]);
  });

  it("with half a surrogate pair in a query is refused", async () => {
    const client = openClient({ x: { apiUrl: "http://127.0.0.1:9" } });
    for (const query of [{ a: "\ud800" }, { "\ud800": 1 }, { a: ["x", "\udfff"] }]) {
      expect(await failure(call(client, { api: "x", query }))).toMatchObject({ code: "invalid_input" });
    }
  });

  it("with names such as __proto__ is data like any other", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url } });
    const body = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as Record<string, unknown>;
    await call(client, { api: "x", body, query: JSON.parse('{"__proto__":"q"}') as Record<string, unknown> });
    expect(server.requests[0]).toMatchObject({ body: '{"__proto__":{"a":1},"constructor":2}', url: "/?__proto__=q" });
  });

  it("with a body nested without end is refused", async () => {
    const client = openClient({ x: { apiUrl: "http://127.0.0.1:9" } });
    let body: Record<string, unknown> = {};
    for (let depth = 0; depth < 100_000; depth++) body = { a: body };
    expect(await failure(call(client, { api: "x", body }))).toMatchObject({ code: "invalid_input" });
  });

  it("with a rule of the configuration instead of a path is told to write the path", async () => {
    const client = openClient({ x: { apiUrl: "http://127.0.0.1:9", allow: ["GET /v1/*"] } });
    const error = await failure(call(client, { api: "x", operation: "GET /v1/*" }));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("write the real path") });
  });
});

describe("a wrong configuration", () => {
  it.each([
    [{}, "has no URL"],
    [{ apiUrl: "https://x.example", allow: ["FETCH /x"] }, 'apis.x.allow: "FETCH /x" is no rule'],
    [{ apiUrl: "http://127.0.0.1:9", headers: { "X-A": "a\nb" } }, 'the configured header "x-a" cannot be sent'],
    [{ apiUrl: "http://127.0.0.1:9", apiKey: "a\nb" }, 'the configured header "authorization" cannot be sent'],
    [{ openapi: "/nowhere/api.json" }, "does not exist"],
  ])("%j is an error of the configuration", async (api, message) => {
    const error = await failure(call(openClient({ x: api }), { api: "x" }));
    expect(error).toMatchObject({ code: "invalid_config", message: expect.stringContaining(message) });
    expect(JSON.stringify(error.toResult())).not.toContain("/nowhere");
  });
});

it("says what it is doing and never what is secret", async () => {
  const server = await startHttpServer((_request, count) => (count === 1 ? { status: 503 } : { json: {} }));
  const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"], apiKey: "key-123456" } });
  const events: StatusEvent[] = [];
  const status = createStatusEmitter({ sinks: [(event) => void events.push(event)], intervalMs: 0 });
  const context = { signal: new AbortController().signal, status };
  await client.call({ id: "ana" }, { api: "x", operation: "GET /v1/a", query: { token: "t" } }, context);
  expect(events.map(({ data }) => data.description)).toEqual([
    "Calling x GET /v1/a",
    expect.stringMatching(/^Trying x again in 0\.\d s$/),
    "Received 200 from x",
  ]);
});

it("ends a call when the caller goes away, and its connection with it", async () => {
  const server = await startHttpServer({ fault: "hang" });
  const client = openClient({ x: { apiUrl: server.url } });
  const abort = new AbortController();
  const calling = failure(call(client, { api: "x" }, "ana", abort.signal));
  await expect.poll(() => server.requests.length).toBe(1);
  abort.abort();
  expect(await calling).toMatchObject({ code: "aborted" });
  await expect.poll(() => server.openSockets).toBe(0);
});

it("closes its connections", async () => {
  const server = await startHttpServer();
  const client = openClient({ x: { apiUrl: server.url } });
  await call(client, { api: "x" });
  expect(server.openSockets).toBe(1);
  await client.close();
  await expect.poll(() => server.openSockets).toBe(0);
});

it("checks every API without sending a request", async () => {
  const server = await startHttpServer();
  const client = openClient({
    good: { apiUrl: `${server.url.replace("//", "//ana:secret-word@")}/v1?key=abcdefgh`, allow: ["GET /a", "GET /b"] },
    down: { apiUrl: "http://127.0.0.1:1" },
    wrong: { apiUrl: "https://api.example.com", allow: ["nonsense"] },
    schema: { apiUrl: server.url, responseSchema: { type: "nonsense" } },
  });
  const checks = await client.check(new AbortController().signal);
  expect(checks).toMatchObject([
    { name: "good", kind: "plain", base_url: `${server.url}/v1`, operations: 2 },
    { name: "down", error: expect.stringContaining("nothing listens there") },
    { name: "wrong", error: expect.stringContaining("is no rule") },
    { name: "schema", error: expect.stringContaining("apis.schema.responseSchema") },
  ]);
  expect(checks[0]).not.toHaveProperty("error");
  expect(JSON.stringify(checks)).not.toMatch(/secret-word|abcdefgh/);
  expect(server.requests).toEqual([]);
});

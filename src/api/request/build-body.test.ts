import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import { openWith, sent } from "../../../test/fixtures/sent-body.ts";
import type { ApiRequest } from "../api-request.ts";

describe("forms", () => {
  const form = (properties: object, encoding?: object) => ({
    "application/x-www-form-urlencoded": { schema: { type: "object", properties }, ...(encoding && { encoding }) },
  });
  it.each([
    [{}, undefined, { a: "1 2+3&4=5~*é" }, "a=1+2%2B3%264%3D5%7E*%C3%A9"],
    [{}, undefined, { "a b": true, n: 0, none: null }, "a+b=true&n=0"],
    [{}, undefined, { list: ["x", "y"], rows: [{ n: 1 }] }, "list=x&list=y&rows=%7B%22n%22%3A1%7D"],
    [{}, undefined, { o: { k: "v" } }, "o=%7B%22k%22%3A%22v%22%7D"],
    [{}, { o: { style: "deepObject", explode: true } }, { o: { k: "v w" } }, "o%5Bk%5D=v%20w"],
    [{}, { o: { explode: true } }, { o: { k: "v", l: 2 } }, "k=v&l=2"],
    [{}, { list: { explode: false } }, { list: ["x", "y z"] }, "list=x,y%20z"],
    [{}, { list: { style: "pipeDelimited" } }, { list: ["x", "y"] }, "list=x%7Cy"],
    [{}, { u: { allowReserved: true } }, { u: "https://x.example/a?b" }, "u=https://x.example/a?b"],
    [{}, { t: { contentType: "application/json" } }, { t: "plain" }, "t=%22plain%22"],
    [{ n: { type: "integer" }, l: { type: "array" } }, undefined, { n: "7", l: "one" }, "n=7&l=one"],
  ])("%j, encoding %j, %j: %s", async (properties, encoding, body, expected) => {
    const request = await sent(form(properties, encoding), { body });
    expect(request.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(request.body).toBe(expected);
  });
});

describe("JSON and what is like it", () => {
  const json = (schema: object) => ({ "application/json": { schema } });
  const numbers = { type: "array", items: { type: "integer" } };
  it.each([
    ["a list", json(numbers), { body: [1, "2"] }, "application/json", "[1,2]"],
    ["a list as text", json(numbers), { body: "[1, 2]" }, "application/json", "[1,2]"],
    ["an object as text", json({ type: "object" }), { body: '{"a":1}' }, "application/json", '{"a":1}'],
    ["a text", json({ type: "string" }), { body: "hi" }, "application/json", '"hi"'],
    ["a number", json({ type: "number" }), { body: 0 }, "application/json", "0"],
    [
      "another JSON type",
      { "application/merge-patch+json": {} },
      { body: { a: null } },
      "application/merge-patch+json",
      '{"a":null}',
    ],
    [
      "lines",
      { "application/x-ndjson": {} },
      { body: [{ a: 1 }, { b: 2 }] },
      "application/x-ndjson",
      '{"a":1}\n{"b":2}\n',
    ],
    ["lines of one", { "application/jsonl": {} }, { body: { a: 1 } }, "application/jsonl", '{"a":1}\n'],
    [
      "a sequence",
      { "application/json-seq": {} },
      { body: [{ a: 1 }, 2] },
      "application/json-seq",
      '\u001e{"a":1}\n\u001e2\n',
    ],
    ["text", { "text/csv": {} }, { body: "a;b" }, "text/csv", "a;b"],
    ["XML", { "application/xml": {}, "application/json": {} }, { bodyText: "<a/>" }, "application/xml", "<a/>"],
    [
      "JSON where both are",
      { "application/xml": {}, "application/json": {} },
      { bodyText: "[1]" },
      "application/json",
      "[1]",
    ],
    ["a range", { "*/*": {} }, { body: { a: 1 } }, "application/json", '{"a":1}'],
    ["a range, as text", { "*/*": {} }, { bodyText: "hello" }, "text/plain; charset=utf-8", "hello"],
  ])("take %s", async (_what, content, given, type, body) => {
    const request = await sent(content, given as Partial<ApiRequest>);
    expect([request.headers["content-type"], request.body]).toEqual([type, body]);
  });

  it("are checked item by item where they are a sequence of a known kind (3.2)", async () => {
    const itemSchema = { type: "object", properties: { n: { type: "integer" } } };
    const { send, requests } = await openWith({ "application/jsonl": { itemSchema } }, "3.2.0");
    await send({ body: [{ n: 1 }, { n: "2" }] });
    await send({ body: { n: 3 } });
    expect(requests.map(({ body }) => body)).toEqual(['{"n":1}\n{"n":2}\n', '{"n":3}\n']);
    expect(await failure(send({ body: [{ n: 1 }, { n: "x" }] }))).toMatchObject({ issues: [{ path: "/body/1/n" }] });
  });

  it("keep whole numbers beyond 2^53 that come as text, digit by digit", async () => {
    const schema = { type: "object", properties: { id: { type: "integer" }, ids: numbers } };
    const { body } = await sent(json(schema), { body: { id: "12345678901234567890", ids: ["9007199254740993", "1"] } });
    expect(body).toBe('{"id":12345678901234567890,"ids":[9007199254740993,1]}');
  });

  it("do not change what is given, nor send what is a default", async () => {
    const schema = { type: "object", properties: { a: { type: "integer", default: 1 }, b: { type: "integer" } } };
    const body = { b: "2" };
    expect((await sent(json(schema), { body })).body).toBe('{"b":2}');
    expect(body).toEqual({ b: "2" });
  });
});

describe("bytes", () => {
  const bytes = randomBytes(3000);
  it.each([
    [{ "application/octet-stream": {} }, "application/octet-stream"],
    [{ "application/json": {}, "image/png": {} }, "image/png"],
    [{ "image/*": {} }, "application/octet-stream"],
  ])("go as %j", async (content, type) => {
    const request = await sent(content, { bodyBase64: bytes.toString("base64") });
    expect(request.headers["content-type"]).toBe(type);
    expect(request.bytes.equals(bytes)).toBe(true);
  });

  it("go with the content type that the header names, and to APIs without a document", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, allow: ["PUT /*"] } });
    const given = { api: "x", operation: "PUT /a", bodyBase64: bytes.toString("base64") };
    await call(client, given);
    await call(client, { ...given, header: { "Content-Type": "application/pdf" } });
    expect(server.requests.map(({ headers }) => headers["content-type"])).toEqual([
      "application/octet-stream",
      "application/pdf",
    ]);
    expect(server.requests.every((request) => request.bytes.equals(bytes))).toBe(true);
  });

  it("go as body of a file, too", async () => {
    const request = await sent(
      { "image/*": {} },
      { body: { base64: bytes.toString("base64"), content_type: "image/webp" } },
    );
    expect(request.headers["content-type"]).toBe("image/webp");
    expect(request.bytes.equals(bytes)).toBe(true);
  });
});

describe("bodies that are refused", () => {
  const json = { "application/json": { schema: { type: "object", properties: { n: { type: "integer" } } } } };
  it.each([
    [{ body: {}, bodyBase64: "QUI=" }, "/body", "exclude each other"],
    [{ bodyText: "{", body: undefined }, "/body_text", "must be JSON"],
    [{ bodyBase64: "é" }, "/body_base64", "no base64"],
    [{ body: [1, 2] }, "/body", "must be object"],
    [{ body: { n: "x" } }, "/body/n", 'must be integer, not "x"'],
    [{ header: { "content-type": "text/plain" }, body: {} }, "/header/content-type", "must be one of application/json"],
  ])("%j", async (given, path, message) => {
    const { send, requests } = await openWith(json);
    const error = await failure(send(given as Partial<ApiRequest>));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path }] });
    expect(error.message).toContain(message);
    expect(requests).toEqual([]);
  });

  it("for they are required, or not taken", async () => {
    const { send } = await openWith(json, "3.1.1", { required: true });
    expect(await failure(send({}))).toMatchObject({ issues: [{ path: "/body", message: "is required" }] });
    const { client } = await openDocumented(
      minimalDocument({ "/a": { get: { operationId: "a" }, delete: { operationId: "d" } } }),
    );
    for (const operation of ["a", "d"]) {
      expect(await failure(call(client, { api: "x", operation, body: { a: 1 } }))).toMatchObject({
        issues: [{ path: "/body" }],
      });
    }
  });

  it("but not with GET where the document has one, whose answers are not kept", async () => {
    const requestBody = { content: { "application/json": {} } };
    const document = minimalDocument({ "/a": { get: { operationId: "a", requestBody } } });
    const { client, requests } = await openDocumented(document, { cacheTtl: 60 });
    for (const q of [1, 2]) await call(client, { api: "x", operation: "a", body: { q } });
    expect(requests.map(({ method, body }) => [method, body])).toEqual([
      ["GET", '{"q":1}'],
      ["GET", '{"q":2}'],
    ]);
  });
});

import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiRequest } from "../api-request.ts";

/** An API with one operation `send` whose body this is. */
async function openWith(content: object, version = "3.1.1", more: object = {}) {
  const document = minimalDocument({ "/send": { post: { operationId: "send", requestBody: { content, ...more } } } });
  const { client, requests } = await openDocumented({ ...document, openapi: version });
  return {
    requests,
    send: (given: Partial<ApiRequest>) => call(client, { api: "x", operation: "send", ...given }),
  };
}

/** What the server got as the body of `send`. */
async function sent(content: object, given: Partial<ApiRequest>, version?: string): Promise<ReceivedRequest> {
  const { requests, send } = await openWith(content, version);
  await send(given);
  return requests[0] as ReceivedRequest;
}

interface ReadPart {
  headers: Record<string, string>;
  name: string;
  filename: string | undefined;
  content: Buffer;
}

/** The parts of a multipart body, read byte by byte as RFC 2046, 5.1 says, and by the platform's own parser. */
async function partsOf({ headers, bytes }: ReceivedRequest): Promise<ReadPart[]> {
  const type = String(headers["content-type"]);
  const boundary = /boundary=([\w-]+)$/.exec(type)?.[1];
  expect(Number(headers["content-length"])).toBe(bytes.length);
  const raw = bytes.toString("latin1");
  expect(raw.endsWith(`--${boundary}--\r\n`)).toBe(true);
  const parts = raw.split(`--${boundary}\r\n`).slice(1);
  if (type.startsWith("multipart/form-data")) {
    const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": type } }).formData();
    expect([...form]).toHaveLength(parts.length);
  }
  return parts.map((part) => {
    const end = part.indexOf("\r\n\r\n");
    const lines = part.slice(0, end).split("\r\n");
    const read = Object.fromEntries(
      lines.map((line) => [line.split(": ")[0]?.toLowerCase(), line.replace(/^.*?: /, "")]),
    );
    const disposition = Buffer.from(read["content-disposition"] ?? "", "latin1").toString();
    return {
      headers: read,
      name: /; name="([^"]*)"/.exec(disposition)?.[1] ?? "",
      filename: /; filename="([^"]*)"/.exec(disposition)?.[1],
      content: Buffer.from(part.slice(end + 4).replace(new RegExp(`\r\n(--${boundary}--\r\n)?$`), ""), "latin1"),
    };
  });
}

const multipart = (properties: object, encoding?: object) => ({
  "multipart/form-data": { schema: { type: "object", properties }, ...(encoding && { encoding }) },
});

describe("multipart bodies", () => {
  const bytes = randomBytes(5000);
  const base64 = bytes.toString("base64");
  const file = { type: "string", format: "binary" };

  it.each([
    ["base64", { base64, filename: "a.png", content_type: "image/png" }, bytes, "a.png", "image/png"],
    ["base64url", { base64: bytes.toString("base64url") }, bytes, "file", "application/octet-stream"],
    ["a data: URL", `data:image/gif;base64,${base64}`, bytes, "file", "image/gif"],
    ["a data: URL of text", "data:text/csv,a%2Cb", Buffer.from("a,b"), "file", "text/csv"],
    ["a data: URL in base64", { base64: `data:image/gif;base64,${base64}` }, bytes, "file", "image/gif"],
    ["text", "Grüße", Buffer.from("Grüße"), "file", "application/octet-stream"],
    [
      "text with a name",
      { text: "a;b", filename: 'ü"\r\n.csv' },
      Buffer.from("a;b"),
      "ü%22%0D%0A.csv",
      "application/octet-stream",
    ],
    ["nothing", { base64: "" }, Buffer.alloc(0), "file", "application/octet-stream"],
  ])("take a file as %s", async (_what, value, content, filename, type) => {
    const [part] = await partsOf(await sent(multipart({ file }), { body: { file: value } }));
    expect(part).toMatchObject({ name: "file", filename, headers: { "content-type": type } });
    expect(part?.content.equals(content)).toBe(true);
  });

  it.each([
    ["3.0: format binary", "3.0.4", file],
    ["3.1: a content type", "3.1.1", { contentMediaType: "image/png" }],
    ["3.1: a text of a content type", "3.1.1", { type: "string", contentMediaType: "image/png" }],
    ["by reference", "3.1.1", { $ref: "#/components/schemas/File" }],
  ])("know a file by %s", async (_what, version, schema) => {
    const document = minimalDocument(
      { "/send": { post: { operationId: "send", requestBody: { content: multipart({ file: schema }) } } } },
      { components: { schemas: { File: { type: "string", format: "binary", maxLength: 3 } } } },
    );
    const { client, requests } = await openDocumented({ ...document, openapi: version });
    await call(client, { api: "x", operation: "send", body: { file: { base64 } } });
    const [part] = await partsOf(requests[0] as ReceivedRequest);
    expect(part?.filename).toBe("file");
    expect(part?.content.equals(bytes)).toBe(true);
  });

  it("take Swagger's files", async () => {
    const parameters = [
      { name: "photo", in: "formData", type: "file", required: true },
      { name: "title", in: "formData", type: "string" },
    ];
    const paths = { "/send": { post: { operationId: "send", consumes: ["multipart/form-data"], parameters } } };
    const { client, requests } = await openDocumented({ swagger: "2.0", info: { title: "x", version: "1" }, paths });
    await call(client, { api: "x", operation: "send", body: { photo: { base64, filename: "p.jpg" }, title: "Me" } });
    const parts = await partsOf(requests[0] as ReceivedRequest);
    expect(parts.map(({ name, filename }) => [name, filename])).toEqual([
      ["photo", "p.jpg"],
      ["title", undefined],
    ]);
  });

  it("have a part for each item of a list, objects as JSON, and nothing for null", async () => {
    const properties = {
      files: { type: "array", items: file },
      tags: { type: "array", items: { type: "string" } },
      rows: { type: "array", items: { type: "object" } },
      meta: { type: "object" },
      count: { type: "integer" },
      none: { type: ["string", "null"] },
    };
    const body = {
      files: [{ text: "1", filename: "1.txt" }, "2"],
      tags: ["a", "b"],
      rows: [{ n: 1 }, { n: 2 }],
      meta: { deep: { a: [1] } },
      count: "3",
      none: null,
    };
    const parts = await partsOf(await sent(multipart(properties), { body }));
    expect(
      parts.map(({ name, filename, headers, content }) => [name, filename, headers["content-type"], String(content)]),
    ).toEqual([
      ["files", "1.txt", "application/octet-stream", "1"],
      ["files", "files", "application/octet-stream", "2"],
      ["tags", undefined, undefined, "a"],
      ["tags", undefined, undefined, "b"],
      ["rows", undefined, "application/json", '{"n":1}'],
      ["rows", undefined, "application/json", '{"n":2}'],
      ["meta", undefined, "application/json", '{"deep":{"a":[1]}}'],
      ["count", undefined, undefined, "3"],
    ]);
  });

  it("follow encoding: content types, headers, styles", async () => {
    const properties = {
      note: { type: "string" },
      xml: { type: "string" },
      image: {},
      icon: file,
      colors: { type: "array", items: { type: "string" } },
      where: { type: "object" },
      code: { type: "string", format: "byte" },
    };
    const encoding = {
      xml: { contentType: "application/xml; charset=utf-8" },
      image: { contentType: "image/png, image/jpeg", headers: { "X-Kind": { schema: { const: "cover" } } } },
      colors: { style: "spaceDelimited", explode: false },
      where: { style: "deepObject", explode: true },
    };
    const body = {
      note: "n",
      xml: "<a/>",
      image: { base64, headers: { "X-Sum": "7" } },
      icon: { base64, content_type: "image/x-icon" },
      colors: ["a b", "c"],
      where: { city: "Köln" },
      code: base64,
    };
    const parts = await partsOf(await sent(multipart(properties, encoding), { body }));
    expect(
      parts.map(({ name, headers, content }) => [
        name,
        headers["content-type"],
        content.length > 90 || String(content),
      ]),
    ).toEqual([
      ["note", undefined, "n"],
      ["xml", "application/xml; charset=utf-8", "<a/>"],
      ["image", "image/png", true],
      ["icon", "image/x-icon", true],
      ["colors", undefined, "a b c"],
      ["where[city]", undefined, "Köln"],
      ["code", undefined, true],
    ]);
    expect(parts[2]?.headers).toMatchObject({ "x-kind": "cover", "x-sum": "7" });
    expect(String(parts[6]?.content)).toBe(base64);
  });

  it("are chosen where a file is given, or named by the header; multipart/mixed likewise", async () => {
    const both = { "application/json": { schema: {} }, ...multipart({ file }) };
    expect((await sent(both, { body: { file: { base64 } } })).headers["content-type"]).toMatch(
      /^multipart\/form-data;/,
    );
    expect((await sent(both, { body: { file: "x" } })).headers["content-type"]).toBe("application/json");
    const named = await sent(both, { header: { "content-type": "multipart/form-data" }, body: { file: "x" } });
    expect(await partsOf(named)).toMatchObject([{ name: "file", filename: "file" }]);
    const mixed = await sent({ "multipart/mixed": { schema: {} } }, { body: { meta: { a: 1 }, file: { base64 } } });
    expect(mixed.headers["content-type"]).toMatch(/^multipart\/mixed;/);
    expect((await partsOf(mixed)).map(({ name }) => name)).toEqual(["meta", "file"]);
  });

  it("are meant by application/form-data", async () => {
    const request = await sent({ "application/form-data": { schema: { type: "object" } } }, { body: { a: "b" } });
    expect(request.headers["content-type"]).toMatch(/^multipart\/form-data;/);
    expect(await partsOf(request)).toMatchObject([{ name: "a" }]);
  });

  it("go to APIs without a document, too", async () => {
    const server = await startHttpServer();
    const client = openClient({ x: { apiUrl: server.url, allow: ["POST /*"] } });
    const header = { "content-type": "multipart/form-data; boundary=mine" };
    await call(client, { api: "x", operation: "POST /up", header, body: { a: 1, f: { base64, filename: "f" } } });
    const parts = await partsOf(server.requests[0] as ReceivedRequest);
    expect(parts.map(({ name, filename }) => [name, filename])).toEqual([
      ["a", undefined],
      ["f", "f"],
    ]);
  });

  it.each([
    [{ base64: "???" }, "no base64"],
    [{ base64: "QUI=", text: "a" }, "must be a text"],
    [{ url: "https://evil.example" }, "must be a text"],
    [{ base64: "QUI=", headers: { "X-A": "a\r\nb" } }, "cannot be sent"],
    [{ base64: "QUI=", content_type: "a\r\nX: y" }, "cannot be sent"],
  ])("refuse the file %j", async (value, message) => {
    const { send, requests } = await openWith(multipart({ file }));
    const error = await failure(send({ body: { file: value } }));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path: "/body/file" }] });
    expect(error.message).toContain(message);
    expect(requests).toEqual([]);
  });
});

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

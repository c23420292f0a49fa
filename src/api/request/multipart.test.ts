import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import { openWith, sent } from "../../../test/fixtures/sent-body.ts";

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

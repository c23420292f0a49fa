import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";

const image = randomBytes(20_000);
const file = { type: "string", format: "binary" };
const upload = (operationId: string, content: object) => ({ post: { operationId, requestBody: { content } } });
const form = (properties: object) => ({ "multipart/form-data": { schema: { type: "object", properties } } });
const bytes = { schema: file };
const document = minimalDocument({
  "/image": { get: { operationId: "download", responses: { 200: { content: { "image/png": {} } } } } },
  "/text": { get: { operationId: "read", responses: { 200: { content: { "text/csv": {} } } } } },
  "/form": upload("send", form({ file, files: { type: "array", items: file }, note: { type: "string" } })),
  "/raw": upload("put", { "application/octet-stream": bytes, "application/json": { schema: {} } }),
  "/image/new": upload("paint", { "image/*": bytes }),
  "/json": upload("post", { "application/json": { schema: { type: "object" } } }),
  "/mixed": upload("mix", { ...form({ file }), "application/json": { schema: { type: "object" } } }),
});

/** An API that gives a picture and takes files, and the URI of the picture as kept for user `ana`. */
async function open() {
  const { client, requests } = await openDocumented(document, {}, ({ method, path }) => {
    if (method !== "GET") return { json: { ok: true } };
    return path === "/image"
      ? {
          headers: { "content-type": "image/png", "content-disposition": 'attachment; filename="a.png"' },
          bytes: image,
        }
      : { headers: { "content-type": "text/csv" }, text: `a;b\n${"1;ü\n".repeat(10_000)}` };
  });
  const picture = await call(client, { api: "x", operation: "download" });
  const table = await call(client, { api: "x", operation: "read" });
  requests.splice(0);
  return { client, requests, uri: String(picture.resource?.uri), text: String(table.rest?.uri) };
}

async function filesOf({ headers, bytes }: { headers: NodeJS.Dict<string | string[]>; bytes: Buffer }, name: string) {
  const type = { "content-type": String(headers["content-type"]) };
  const sent = await new Response(new Uint8Array(bytes), { headers: type }).formData();
  return Promise.all(
    sent.getAll(name).map(async (part) => {
      if (typeof part === "string") return part;
      return [part.name, part.type, Buffer.from(await part.arrayBuffer())] as const;
    }),
  );
}

it("a kept answer is passed on as a file of a form", async () => {
  const { client, requests, uri, text } = await open();
  const body = {
    file: uri,
    files: [{ base64: uri, filename: "b.png" }, { text: uri, content_type: "image/x" }, text, "as it is"],
    note: uri,
  };
  const { warnings } = await call(client, { api: "x", operation: "send", body });
  const [request] = requests as [(typeof requests)[0]];
  expect(await filesOf(request, "file")).toEqual([["a.png", "image/png", image]]);
  const csv = Buffer.from(`a;b\n${"1;ü\n".repeat(10_000)}`);
  expect(await filesOf(request, "files")).toEqual([
    ["b.png", "image/png", image],
    ["a.png", "image/x", image],
    ["files", "text/csv", csv],
    ["files", "application/octet-stream", Buffer.from("as it is")],
  ]);
  expect(await filesOf(request, "note")).toEqual([uri]);
  expect(warnings).toBeUndefined();
});

it.each([
  ["put", (uri: string) => ({ body: uri }), "application/octet-stream"],
  ["put", (uri: string) => ({ bodyBase64: ` ${uri.toUpperCase().replace(/^.*ANSWERS/, "api://answers")}` }), undefined],
  ["paint", (uri: string) => ({ body: uri }), "image/png"],
  ["paint", (uri: string) => ({ body: { base64: uri } }), "image/png"],
])("a kept answer is passed on as the body of %s", async (operation, given, type = "application/octet-stream") => {
  const { client, requests, uri } = await open();
  await call(client, { api: "x", operation, ...given(uri) });
  expect(requests[0]?.bytes.equals(image)).toBe(true);
  expect(requests[0]?.headers["content-type"]).toBe(type);
});

it("a kept answer is passed on to a plain API, as what it is", async () => {
  const server = await startHttpServer(({ method }) =>
    method === "GET" ? { headers: { "content-type": "image/png" }, bytes: image } : {},
  );
  const client = openClient({ plain: { apiUrl: server.url, allow: ["GET /image", "POST /new"] } });
  const { resource } = await call(client, { api: "plain", operation: "GET /image" });
  const uri = String(resource?.uri);
  const header = { "content-type": "multipart/form-data" };
  await call(client, { api: "plain", operation: "POST /new", body: uri });
  await call(client, { api: "plain", operation: "POST /new", body: { picture: uri, a: "b" }, header });
  const [, raw, multipart] = server.requests as [object, ...typeof server.requests];
  expect(raw).toMatchObject({ headers: { "content-type": "image/png" } });
  expect(raw?.bytes.equals(image)).toBe(true);
  expect(await filesOf(multipart!, "picture")).toEqual([["picture", "image/png", image]]);
});

it("JSON keeps the URI as the text that it is, unless the operation also takes a form", async () => {
  const { client, requests, uri } = await open();
  await call(client, { api: "x", operation: "post", body: { file: uri } });
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ file: uri });
  await call(client, { api: "x", operation: "mix", body: { file: uri } });
  expect(await filesOf(requests[1]!, "file")).toEqual([["a.png", "image/png", image]]);
});

it("nobody passes on the answers of somebody else, or what is not kept", async () => {
  const { client, requests, uri } = await open();
  const strange = uri.replace(/.{4}$/, "0000");
  for (const [user, given, path] of [
    ["ben", { operation: "send", body: { file: uri } }, "/body/file"],
    ["ben", { operation: "put", body: uri }, "/body"],
    ["ben", { operation: "put", bodyBase64: uri }, "/body_base64"],
    ["ana", { operation: "send", body: { files: ["x", { base64: strange }] } }, "/body/files"],
  ] as const) {
    const error = await failure(call(client, { api: "x", ...given }, user));
    expect(error).toMatchObject({ code: "invalid_input" });
    expect(error.issues).toEqual([{ path, message: expect.stringContaining("names no kept answer") }]);
  }
  expect(requests).toEqual([]);
});

it.each([
  ["/tmp/a.png", true],
  ["~/pictures/a b.png", true],
  ["./a", true],
  ["../a.png", true],
  ["C:\\pictures\\a.png", true],
  ["\\\\server\\share\\a.png", true],
  ["file:///tmp/a.png", true],
  ["https://example.com/a.png", true],
  ["a.png", true],
  ["// a comment", false],
  ["a;b\n1;2", false],
  ["/* styles */\nbody {}\n", false],
  ["Hello world.", false],
  ["1.5", false],
  ["", false],
  [`/${"x".repeat(2000)}`, false],
])("the text %j as a file is sent, and seems to be a path: %s", async (text, isPath) => {
  const { client, requests } = await open();
  const about = (path: string) =>
    isPath
      ? [expect.stringMatching(new RegExp(`^${path} is sent as this text, .*"base64".*api://answers`))]
      : undefined;
  expect((await call(client, { api: "x", operation: "send", body: { file: text } })).warnings).toEqual(
    about("/body/file"),
  );
  expect((await call(client, { api: "x", operation: "put", bodyText: text })).warnings).toEqual(about("/body_text"));
  expect((await filesOf(requests[0]!, "file"))[0]?.[2]).toEqual(Buffer.from(text));
  expect((await call(client, { api: "x", operation: "send", body: { note: text } })).warnings).toBeUndefined();
});

it.each([
  ["send", { bodyBase64: image.toString("base64") }, "/body_base64", "multipart/form-data"],
  ["send", { bodyText: "a=1" }, "/body_text", "multipart/form-data"],
])("a form is not sent as a whole by %s from %j, for nothing tells its parts", async (operation, given, path, type) => {
  const { client, requests } = await open();
  const error = await failure(call(client, { api: "x", operation, ...given }));
  const message = `cannot be a whole ${type} body; give its fields in body, a file as {"file": {"base64": "…", "filename": "…"}}`;
  expect(error.issues).toEqual([{ path, message }]);
  expect(requests).toEqual([]);
});

it("a form that was written elsewhere is sent with its boundary", async () => {
  const { client, requests } = await open();
  const text = '--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhi\r\n--x--\r\n';
  const header = { "content-type": "multipart/form-data; boundary=x" };
  for (const given of [{ bodyText: text }, { bodyBase64: Buffer.from(text).toString("base64") }]) {
    await call(client, { api: "x", operation: "send", header, ...given });
    expect(await filesOf(requests.at(-1)!, "note")).toEqual(["hi"]);
  }
});

it("bytes that are no form are not sent as one", async () => {
  const content = { "application/x-www-form-urlencoded": { schema: { type: "object" } } };
  const { client, requests } = await openDocumented(minimalDocument({ "/a": upload("a", content) }));
  const error = await failure(call(client, { api: "x", operation: "a", bodyBase64: image.toString("base64") }));
  expect(error.issues).toMatchObject([
    { path: "/body_base64", message: expect.stringContaining("is no application/x-www") },
  ]);
  await call(client, { api: "x", operation: "a", bodyBase64: Buffer.from("a=1&b=%20").toString("base64") });
  expect(requests.map(({ body }) => body)).toEqual(["a=1&b=%20"]);
});

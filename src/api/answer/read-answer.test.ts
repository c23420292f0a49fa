import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type ScriptedAnswer, startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiSettings } from "../configured-api.ts";

async function answered(answer: ScriptedAnswer, api: Partial<ApiSettings> = {}, operation = "GET /a") {
  const server = await startHttpServer(answer);
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], ...api } });
  return call(client, { api: "x", operation });
}
const typed = (type: string, text: string): ScriptedAnswer => ({ text, headers: { "content-type": type } });

describe("an answer", () => {
  it.each([200, 201, 202, 203, 206])("of status %i is a success", async (status) => {
    expect(await answered({ status, json: { a: 1 } })).toEqual({ data: { a: 1 }, http_status: status });
  });

  it.each(["application/json", "application/problem+json; charset=utf-8", "APPLICATION/JSON"])(
    "of type %s is JSON",
    async (type) => {
      expect(await answered(typed(type, '{"a":[1,"é"]}'))).toEqual({ data: { a: [1, "é"] }, http_status: 200 });
    },
  );

  it("is read by its type, whatever of that is also in the configuration", async () => {
    const { url } = await startHttpServer({ json: { kind: "metric json" } });
    const client = openClient({ x: { apiUrl: `${url}/base?format=json&units=metric`, allow: ["GET /*"] } });
    expect(await call(client, { api: "x", operation: "GET /a" })).toEqual({
      data: { kind: "metric json" },
      http_status: 200,
    });
    const json = await answered(typed("application/json", '{"a":"json"}'), { apiKey: "json" });
    expect(json).toEqual({ data: { a: "[redacted]" }, http_status: 200 });
    const text = await answered(typed("text/x-secret-word", "is secret-word"), { apiKey: "secret-word" });
    expect(text).toMatchObject({ data: "is [redacted]", content_type: "text/x-[redacted]" });
  });

  it("that is JSON under another name is JSON too, other text is text", async () => {
    expect((await answered(typed("text/plain", ' {"a":1} '))).data).toEqual({ a: 1 });
    expect((await answered({ bytes: Buffer.from("[1]") })).data).toEqual([1]);
    expect(await answered(typed("text/plain", "{not json"))).toEqual({
      data: "{not json",
      content_type: "text/plain",
      http_status: 200,
    });
    expect(await answered(typed("text/csv", "a;b\n1;2"))).toMatchObject({ data: "a;b\n1;2", content_type: "text/csv" });
    expect(await answered(typed("application/atom+xml", "<a/>"))).toMatchObject({ data: "<a/>" });
  });

  it.each([
    [{ status: 204 }, "GET /a"],
    [{ status: 200 }, "GET /a"],
    [typed("application/json", "  "), "GET /a"],
    [{ json: { a: 1 } }, "HEAD /a"],
    [{ status: 204 }, "DELETE /a"],
  ])("without a body is null: %j to %s", async (answer, operation) => {
    expect((await answered(answer, {}, operation)).data).toBeNull();
  });

  it("of HEAD shows the headers, of others where the next page and the new thing are", async () => {
    const headers = { etag: '"1"', link: '<https://x/2>; rel="next"', location: "/a/7", "x-secret": "s" };
    expect((await answered({ json: {}, headers }, {}, "HEAD /a")).headers).toMatchObject({
      etag: '"1"',
      "content-type": "application/json",
    });
    expect((await answered({ json: {}, headers })).headers).toEqual({
      link: '<https://x/2>; rel="next"',
      location: "/a/7",
    });
  });

  it("that is an HTML page is given as text with a warning", async () => {
    expect(await answered(typed("text/html", "<!doctype html><title>Sign in</title>"))).toMatchObject({
      data: "<!doctype html><title>Sign in</title>",
      content_type: "text/html",
      warnings: ["The answer is an HTML page, not data; perhaps the address is not the API's."],
    });
  });

  it("that is binary is a resource, described where it is large and base64 too where it is small", async () => {
    const bytes = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 1, 2, 255]);
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
    const uri = expect.stringMatching(/^api:\/\/answers\/[0-9a-f-]{36}$/);
    expect(await answered({ bytes, headers: { "content-type": "image/png" } })).toEqual({
      data: bytes.toString("base64"),
      encoding: "base64",
      content_type: "image/png",
      bytes: 8,
      resource: { id, uri, mime_type: "image/png", bytes: 8 },
      http_status: 200,
    });
    const headers = { "content-disposition": "attachment; filename=\"a.bin\"; filename*=UTF-8''%C3%BCber%2Fx%20y.bin" };
    const large = await answered({ bytes: Buffer.alloc(20_000), headers });
    expect(large).toMatchObject({
      bytes: 20_000,
      resource: { mime_type: "application/octet-stream", bytes: 20_000, name: "x y.bin" },
    });
    expect(large.data).toBe(
      `(binary answer of 20000 bytes, application/octet-stream, in the resource ${large.resource?.uri}, which uploads take in the place of a file)`,
    );
    expect(large).not.toHaveProperty("encoding");
  });

  it.each([
    ["application/pdf", "%PDF-1.7 only letters", false],
    ["application/octet-stream", "letters", false],
    ["application/vnd.example", "a: letters", true],
    ["application/vnd.example", "\u0000\u0001", false],
    ["", "letters", true],
    ["image/svg+xml", "<svg/>", true],
    ["text/plain", "a\u0000b", false],
    ["application/x-ndjson", "no json", true],
  ])("of type %j with the body %j is text: %j", async (type, text, isText) => {
    const headers: Record<string, string> = type === "" ? {} : { "content-type": type };
    const result = await answered({ bytes: Buffer.from(text), headers });
    expect(result.resource === undefined).toBe(isText);
    expect(result.data).toBe(isText ? text : Buffer.from(text).toString("base64"));
  });

  it("with one JSON text a line is a list, whatever it calls itself", async () => {
    const text = '{"a":1}\r\n\n{"a":12345678901234567890}\n';
    const list = [{ a: 1 }, { a: "12345678901234567890" }];
    for (const type of ["application/x-ndjson", "application/jsonl", "application/ndjson; charset=utf-8"]) {
      const result = await answered(typed(type, text));
      expect(result).toMatchObject({ data: list, warnings: [expect.stringContaining("beyond 2^53")] });
    }
    const sequence = await answered(typed("application/json-seq", '\u001e{"a":1}\n\u001e{"a":2}\n'));
    expect(sequence.data).toEqual([{ a: 1 }, { a: 2 }]);
    expect(await answered(typed("application/json", '{"a":1}\n{"a":2}'))).toMatchObject({
      data: [{ a: 1 }, { a: 2 }],
      warnings: [expect.stringContaining("several JSON texts")],
    });
    expect(await answered(typed("application/x-ndjson", '{"a":1}\n{"a":'))).toMatchObject({
      data: '{"a":1}\n{"a":',
      warnings: [expect.stringContaining("Not every line is JSON")],
    });
  });

  it("that is a stream of events is a list of them, the last one too that nothing ends", async () => {
    const text = ': hello\nevent: add\nid: 7\ndata: {"n":1}\n\ndata: two\ndata: lines\n\ndata: [DONE]';
    expect(await answered(typed("text/event-stream", text))).toMatchObject({
      data: [{ event: "add", id: "7", data: { n: 1 } }, { data: "two\nlines" }, { data: "[DONE]" }],
      content_type: "text/event-stream",
    });
  });

  it("in another charset is decoded, and a byte order mark is taken off", async () => {
    expect(
      (
        await answered({
          bytes: Buffer.from("é", "latin1"),
          headers: { "content-type": "text/plain; charset=iso-8859-1" },
        })
      ).data,
    ).toBe("é");
    expect(
      (await answered({ bytes: Buffer.from('\uFEFF{"a":1}'), headers: { "content-type": "application/json" } })).data,
    ).toEqual({ a: 1 });
    expect(
      (await answered({ bytes: Buffer.from("x"), headers: { "content-type": "text/plain; charset=klingon" } })).data,
    ).toBe("x");
  });

  it.each([
    ["UTF-16 with its mark", Buffer.from("\uFEFFé", "utf16le"), "text/plain"],
    ["UTF-16 of the other order", Buffer.from("\uFEFFé", "utf16le").swap16(), "text/csv; charset=utf-8"],
    ["windows-1252 that does not say so", Buffer.from("é", "latin1"), "text/csv"],
    ["what an XML document says", Buffer.from('<?xml version="1.0" encoding="ISO-8859-2"?>\xe9', "latin1"), "text/xml"],
    ["what an HTML page says", Buffer.from('<meta charset="windows-1250">\xe9', "latin1"), "text/html"],
  ])("is decoded as %s", async (_what, bytes, type) => {
    expect((await answered({ bytes, headers: { "content-type": type } })).data).toMatch(/é$/);
  });

  it("of JSON in UTF-16 without a mark is JSON", async () => {
    const bytes = Buffer.from('{"a":"é"}', "utf16le");
    expect((await answered({ bytes, headers: { "content-type": "application/json" } })).data).toEqual({ a: "é" });
    expect((await answered({ bytes: bytes.swap16(), headers: { "content-type": "application/json" } })).data).toEqual({
      a: "é",
    });
  });

  it("keeps numbers that are too large to be held as texts, and says so", async () => {
    const result = await answered(
      typed("application/json", '{"big":[1e999,-1E+400],"id":10000000000000000001,"n":1e30}'),
    );
    expect(result).toMatchObject({ data: { big: ["1e999", "-1E+400"], id: "10000000000000000001", n: 1e30 } });
    expect(result.warnings).toEqual([
      "Numbers too large to be held are given as texts.",
      "Whole numbers beyond 2^53 are given as texts, to keep them exact.",
    ]);
  });

  it("keeps whole numbers beyond 2^53 exactly, as texts", async () => {
    const result = await answered(
      typed("application/json", '{"id":12345678901234567890,"n":9007199254740991,"f":1.2345678901234567890}'),
    );
    expect(result).toMatchObject({
      data: { id: "12345678901234567890", n: 9007199254740991, f: 1.2345678901234567 },
      warnings: ["Whole numbers beyond 2^53 are given as texts, to keep them exact."],
    });
  });

  it.each([
    ["broken", '{"a":', "cannot be read"],
    ["an HTML page", "<html>Bad gateway</html>", "cannot be read"],
    ["nested without end", `${"[".repeat(100_000)}${"]".repeat(100_000)}`, "is nested too deeply"],
  ])("that says it is JSON and is %s is an invalid response", async (_what, text, words) => {
    expect(await failure(answered(typed("application/json", text)))).toMatchObject({
      code: "invalid_response",
      message: expect.stringContaining(`API "x" answered 200 with JSON that ${words}`),
      details: { http_status: 200 },
    });
  });
});

describe("a stream without an end", () => {
  async function streaming(type: string, piece: string, api: Partial<ApiSettings>) {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": type });
      const timer = setInterval(() => response.write(piece), 50);
      response.on("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = openClient({ x: { apiUrl, allow: ["* /*"], ...api } });
    return call(client, { api: "x", operation: "GET /a" });
  }
  const ended = "The stream was ended at its limit of time or size; this is what had come.";

  it.each([
    ["text/event-stream", 'data: {"n":1}\n\n'],
    ["application/x-ndjson; charset=utf-8", '{"data":{"n":1}}\n'],
  ])("of type %s gives what came until its time was over", async (type, piece) => {
    const result = await streaming(type, piece, { timeout: 1 });
    expect((result.data as unknown[])[0]).toEqual({ data: { n: 1 } });
    expect(result.warnings).toEqual([ended]);
  });

  it("gives what came until it was too large, without a last piece that lacks its end", async () => {
    const result = await streaming("application/jsonl", `{"text":"${"x".repeat(400)}"}\n`, { maxResponseBytes: 1000 });
    expect(result).toMatchObject({ data: [{ text: "x".repeat(400) }, { text: "x".repeat(400) }], warnings: [ended] });
  });

  it("of another type is an error", async () => {
    expect(await failure(streaming("application/json", " ", { timeout: 1 }))).toMatchObject({
      code: "deadline_exceeded",
    });
  });
});

describe("an error of the API", () => {
  it.each([
    [400, "upstream_error", false],
    [401, "upstream_error", false],
    [403, "upstream_error", false],
    [404, "upstream_error", false],
    [422, "upstream_error", false],
    [429, "rate_limited", true],
    [500, "upstream_error", true],
    [503, "upstream_error", true],
  ])("%i is %s with the API's own words", async (status, code, retryable) => {
    const error = await failure(answered({ status, json: { error: "It is so" } }, {}, "POST /a"));
    expect(error).toMatchObject({
      code,
      retryable,
      message: "API returned error: It is so",
      details: { http_status: status },
    });
    expect(error.hint).toMatch(/\w+/);
  });

  it("without words is named by its status", async () => {
    expect((await failure(answered({ status: 404 }))).message).toBe("API returned error: 404 Not Found");
    expect((await failure(answered({ status: 418, bytes: Buffer.from([0, 1]) }))).message).toBe(
      "API returned error: 418 I'm a Teapot",
    );
  });

  it("is bounded, and of a page only the words are shown", async () => {
    const long = await failure(answered({ status: 400, text: "y".repeat(50_000) }));
    expect(long.message).toHaveLength("API returned error: ".length + 1001);
    const page = typed(
      "text/html",
      "<html><head><style>a{}</style><script>evil()</script></head><body><h1>Bad</h1>\n gateway</body>",
    );
    expect((await failure(answered({ status: 400, ...page }))).message).toBe("API returned error: Bad gateway");
  });
});

describe("what is secret", () => {
  const secrets = { apiKey: "s3cr3t/key+value", headers: { "X-Other": "Token other-secret-value" } };
  const forms = [
    "s3cr3t/key+value",
    "s3cr3t\\/key+value",
    "s3cr3t\\u002Fkey\\u002Bvalue",
    "s3cr3t\\u002fkey\\u002bvalue",
    "s3cr3t%2Fkey%2Bvalue",
    "Bearer s3cr3t/key+value",
    Buffer.from("s3cr3t/key+value").toString("base64"),
    "other-secret-value",
    "Token other-secret-value",
  ];

  it.each(forms)("is not shown where the API says it back: %s", async (form) => {
    const seen: unknown[] = [
      await answered(typed("application/json", `{"echo":"a ${form} b","${form}":[{"deep":"${form}"}]}`), secrets),
      await answered(typed("text/plain", `echo ${form}`), secrets),
      await answered({ json: {}, headers: { link: `<https://x/?k=${form}>` } }, secrets),
      (await failure(answered({ status: 401, text: `bad key ${form}` }, secrets))).toResult(),
      (
        await failure(answered({ status: 500, ...typed("text/html", `<p>${form}</p>`) }, secrets, "POST /a"))
      ).toResult(),
      (await failure(answered(typed("application/json", `${form} is no JSON`), secrets))).toResult(),
      (
        await failure(answered({ status: 302, headers: { location: `https://other.example/${form}` } }, secrets))
      ).toResult(),
      (
        await failure(
          answered(typed("application/json", `{"a":"${form}"}`), {
            ...secrets,
            responseSchema: { properties: { a: { const: 1 } } },
          }),
        )
      ).toResult(),
    ];
    for (const shown of seen) {
      const text = JSON.stringify(shown);
      expect(text).not.toMatch(/s3cr3t|other-secret/);
      expect(text).not.toContain(Buffer.from("s3cr3t/key+value").toString("base64"));
    }
  });

  it("and long is not shown in part where a text is cut", async () => {
    const apiKey = "k".repeat(2000);
    const shown = await failure(answered({ status: 400, text: `${"x".repeat(990)}${apiKey}` }, { apiKey }));
    expect(shown.message).not.toMatch(/kkk/);
    const cut = await failure(
      answered({ status: 400, text: `${" ".repeat(16_100)}${"q".repeat(600)}` }, { apiKey: "q".repeat(600) }),
    );
    expect(cut.message).not.toMatch(/qqq/);
  });

  it("and a number stays a number elsewhere", async () => {
    const result = await answered({ json: { n: 1234567890, m: 7, text: "key 1234567890" } }, { apiKey: "1234567890" });
    expect(result.data).toEqual({ n: "[redacted]", m: 7, text: "key [redacted]" });
  });
});

describe("a configured schema of the answer", () => {
  const responseSchema = {
    type: "object",
    required: ["id"],
    properties: { id: { type: "integer" }, mail: { type: "string", format: "email", pattern: "^.+@example" } },
  };

  it("lets through what satisfies it", async () => {
    expect((await answered({ json: { id: 1, mail: "a@example.com" } }, { responseSchema })).data).toMatchObject({
      id: 1,
    });
  });

  it("makes an error of what does not, with the place and the reason", async () => {
    const error = await failure(answered({ json: { id: "1", mail: "nope" } }, { responseSchema }));
    expect(error.toResult()).toMatchObject({
      code: "invalid_response",
      message: "Response validation failed",
      http_status: 200,
      issues: [{ path: "/id", message: 'must be integer, not "1"' }, { path: "/mail" }, { path: "/mail" }],
    });
    expect(await failure(answered({ json: {} }, { responseSchema }))).toMatchObject({
      issues: [{ path: "/id", message: "is required" }],
    });
    expect(await failure(answered(typed("text/html", "<p>Sign in"), { responseSchema }))).toMatchObject({
      code: "invalid_response",
    });
  });

  it("cannot hold the server with a pattern", async () => {
    const slow = { properties: { a: { type: "string", pattern: "^(a+)+$" } } };
    const error = await failure(answered({ json: { a: `${"a".repeat(50_000)}!` } }, { responseSchema: slow }));
    expect(error).toMatchObject({ message: "Response validation failed" });
  });
});

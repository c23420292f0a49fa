import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { type HttpServer, type Script, startHttpServer, unusedPort } from "../../../test/fixtures/http-server.ts";

const reading = (server: HttpServer, more: object = {}) =>
  openClient({ x: { apiUrl: server.url, allow: ["* /*"], apiKey: "key-123456", ...more } });
const get = { api: "x", operation: "GET /a" };

describe("retries", () => {
  it.each([408, 429, 500, 502, 503, 504])("GET after %i", async (status) => {
    const server = await startHttpServer((_request, count) =>
      count === 1 ? { status, text: "no" } : { json: { count } },
    );
    expect(await call(reading(server), get)).toEqual({ data: { count: 2 }, http_status: 200, attempts: 2 });
  });

  it("GET and HEAD after a broken connection, a few times", async () => {
    const server = await startHttpServer({ fault: "reset" });
    expect(await failure(call(reading(server), get))).toMatchObject({ code: "upstream_unreachable" });
    expect(server.requests).toHaveLength(3);
    await failure(call(reading(server), { ...get, operation: "HEAD /a" }));
    expect(server.requests).toHaveLength(6);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("never %s", async (method) => {
    for (const script of [{ status: 503 }, { fault: "reset" as const }]) {
      const server = await startHttpServer(script);
      await failure(call(reading(server), { ...get, operation: `${method} /a` }));
      expect(server.requests).toHaveLength(1);
    }
  });

  it.each([400, 401, 403, 404, 409, 422, 501])("never after %i", async (status) => {
    const server = await startHttpServer({ status });
    await failure(call(reading(server), get));
    expect(server.requests).toHaveLength(1);
  });

  it("after as long as Retry-After says, where that is in time", async () => {
    const server = await startHttpServer((_request, count) =>
      count === 1 ? { status: 429, headers: { "retry-after": "1" } } : { json: {} },
    );
    await call(reading(server), get);
    const [first, second] = server.requests;
    expect(second!.at - first!.at).toBeGreaterThan(950);
  });

  it("not where Retry-After is later than the deadline", async () => {
    const server = await startHttpServer({ status: 429, headers: { "retry-after": "120" }, text: "Slow down" });
    const error = await failure(call(reading(server), get));
    expect(error.toResult()).toEqual({
      status: "error",
      code: "rate_limited",
      message: "API returned error: Slow down",
      hint: "Wait 120 s.",
      retryable: true,
      retry_after_ms: 120_000,
      http_status: 429,
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe("retries of calls", () => {
  it("are as many as the configuration says", async () => {
    for (const retries of [0, 1, 4]) {
      const server = await startHttpServer({ status: 503, headers: { "retry-after": "0" } });
      const error = await failure(call(reading(server, { retries }), get));
      expect(server.requests).toHaveLength(retries + 1);
      expect(error.details).toEqual({ http_status: 503, ...(retries > 0 && { attempts: retries + 1 }) });
    }
  });

  it("that change something are made where the connection was refused, which nobody can have seen", async () => {
    const port = await unusedPort();
    const client = openClient({ x: { apiUrl: `http://127.0.0.1:${port}`, timeout: 10, retries: 5 } });
    const calling = call(client, { api: "x", body: { a: 1 } });
    const server = createServer((_request, response) => response.end("late"));
    setTimeout(() => server.listen(port, "127.0.0.1"), 150);
    onTestFinished(() => void server.close());
    expect((await calling).data).toBe("late");
  });

  it("send the same body again: a form with files too", async () => {
    const document = minimalDocument({
      "/up": {
        put: {
          operationId: "up",
          requestBody: {
            content: {
              "multipart/form-data": {
                schema: { type: "object", properties: { file: { type: "string", format: "binary" } } },
              },
            },
          },
          responses: {},
        },
      },
    });
    const { client, requests } = await openDocumented(document, { idempotencyHeader: "Idempotency-Key" }, (_, count) =>
      count < 3 ? { status: 503, headers: { "retry-after": "0" } } : { json: "stored" },
    );
    const result = await call(client, { api: "x", operation: "up", body: { file: "aGVsbG8=" } });
    expect(result).toMatchObject({ data: "stored", attempts: 3 });
    const content = (body: string) => body.split("\r\n\r\n")[1]?.split("\r\n")[0];
    expect(requests.map(({ body }) => content(body))).toEqual(Array(3).fill(content(requests[0]!.body)));
    expect(content(requests[0]!.body)).not.toBe("");
    expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  });

  it.each([
    ["X-RateLimit-Reset", 403],
    ["RateLimit-Reset", 429],
  ])("wait until the limit that %s names starts anew (%i)", async (name, status) => {
    const headers = { [name]: "1", "X-RateLimit-Remaining": "0" };
    const server = await startHttpServer((_request, count) => (count === 1 ? { status, headers } : { json: 1 }));
    expect(await call(reading(server), get)).toMatchObject({ data: 1, attempts: 2 });
    expect(server.requests[1]!.at - server.requests[0]!.at).toBeGreaterThan(950);
  });

  it("that cannot be in time are not waited for, and the error says when to come back", async () => {
    const headers = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(Math.floor(Date.now() / 1000) + 600) };
    const server = await startHttpServer({ status: 403, headers, json: { message: "API rate limit exceeded" } });
    const startedAt = performance.now();
    const error = await failure(call(reading(server), get));
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect(error).toMatchObject({ code: "rate_limited", retryable: true, details: { http_status: 403 } });
    expect(error.retryAfterMs).toBeGreaterThan(590_000);
    expect(server.requests).toHaveLength(1);
  });

  it("never go past the deadline", async () => {
    const server = await startHttpServer({ status: 503, headers: { "retry-after": "1" } });
    const startedAt = performance.now();
    await failure(call(reading(server, { timeout: 1.5, retries: 5 }), get));
    expect(performance.now() - startedAt).toBeLessThan(1900);
    expect(server.requests).toHaveLength(2);
  });
});

describe("redirects", () => {
  const redirect =
    (location: string, status = 302): Script =>
    (request) =>
      request.path === "/a" || request.path === "/"
        ? { status, headers: { location } }
        : { json: { at: request.url, method: request.method } };

  it("inside the API are followed with its credentials", async () => {
    const server = await startHttpServer(redirect("/b?x=1"));
    expect((await call(reading(server), get)).data).toEqual({ at: "/b?x=1", method: "GET" });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer key-123456",
      "Bearer key-123456",
    ]);
  });

  it.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", '{"a":1}'],
    [308, "PUT", "PUT", '{"a":1}'],
    [301, "PUT", "PUT", '{"a":1}'],
  ])("%i turn %s into %s", async (status, before, after, body) => {
    const server = await startHttpServer(redirect("/b", status));
    await call(reading(server), { ...get, operation: `${before} /a`, body: { a: 1 } });
    expect(server.requests[1]).toMatchObject({ method: after, body });
  });

  it.each([
    ["http://169.254.169.254/latest/meta-data/", "another host"],
    ["http://localhost:1/", "another host"],
    ["//127.0.0.2/x", "another host"],
    ["http://2852039166/latest", "http://169.254.169.254, which is another host and not a public one"],
    ["https://127.0.0.1/x", "another host"],
    ["file:///etc/passwd", "another host"],
    ["http://[::1]/", "another host"],
    ["http://user:pass@127.0.0.1:PORT/b", "a URL with a password"],
    ["http://[", "what is no URL"],
  ])("to %s are not followed, and the error says so", async (location, words) => {
    const server = await startHttpServer((request) => ({
      status: 302,
      headers: { location: location.replace("PORT", String(request.headers.host).split(":")[1]!) },
    }));
    const error = await failure(call(reading(server), get));
    expect(error).toMatchObject({
      code: "upstream_error",
      message: expect.stringContaining(words),
      details: { http_status: 302 },
    });
    expect(error.message).toMatch(/redirects \(302\) .*it was not followed\.$/);
    expect(server.requests).toHaveLength(1);
  });

  it("to another server of the same machine reach it neither with nor without the key", async () => {
    const other = await startHttpServer();
    const server = await startHttpServer(redirect(`${other.url}/steal`, 307));
    expect(await failure(call(reading(server), get))).toMatchObject({ code: "upstream_error" });
    expect(other.requests).toEqual([]);
  });

  it("to what is no allowed call are not followed", async () => {
    const server = await startHttpServer(redirect("/admin"));
    const client = reading(server, { allow: ["GET /a", "GET /v1/*"] });
    expect(await failure(call(client, get))).toMatchObject({ message: expect.stringContaining("no allowed call") });
    for (const location of ["/v1/%2e%2e/admin", "/v1/..%2fadmin", "/v1/..;/admin"]) {
      const sneaky = await startHttpServer(redirect(location));
      expect(await failure(call(reading(sneaky, { allow: ["GET /a", "GET /v1/*"] }), get))).toMatchObject({
        code: "upstream_error",
      });
      expect(sneaky.requests).toHaveLength(1);
    }
  });

  describe("to a call that the human has to confirm", () => {
    const confirm = ["POST /danger", "GET /secret/*"];
    const document = minimalDocument({
      "/a": { get: { responses: {} }, post: { responses: {} } },
      "/danger": { post: { responses: {} } },
      "/secret/{id}": { get: { responses: {} } },
    });
    it.each([
      ["POST", 307, "/danger"],
      ["POST", 308, "/DANGER/"],
      ["POST", 302, "/secret/1"],
      ["GET", 301, "/secret/%31"],
    ])("are not followed (%s, %i to %s)", async (method, status, location) => {
      const plain = await startHttpServer(redirect(location, status));
      const described = await openDocumented(document, { confirm, allow: ["* /*"] }, redirect(location, status));
      const clients = [reading(plain, { confirm }), described.client];
      for (const client of clients) {
        const error = await failure(call(client, { ...get, operation: `${method} /a` }));
        expect(error).toMatchObject({
          code: "upstream_error",
          message: expect.stringMatching(
            /redirects \(\d+\) to (GET|POST) \/.+, which the user has to confirm first; it was/,
          ),
          hint: expect.stringContaining("Make that call itself"),
        });
      }
      expect([plain.requests.length, described.requests.length]).toEqual([1, 1]);
    });

    it("are followed where it is the confirmed call with or without a slash at its end", async () => {
      const server = await startHttpServer(({ path }) =>
        path === "/danger" ? { status: 307, headers: { location: "/danger/" } } : { json: path },
      );
      const request = { api: "x", operation: "POST /danger" };
      const signal = new AbortController().signal;
      const done = await reading(server, { confirm }).call({ id: "ana" }, request, { signal, confirmed: true });
      expect(done.data).toBe("/danger/");
    });

    it("are not followed by what was confirmed for another call either", async () => {
      const server = await startHttpServer(redirect("/danger", 307));
      const signal = new AbortController().signal;
      const client = reading(server, { confirm: true });
      const calling = client.call({ id: "ana" }, { api: "x", operation: "POST /a" }, { signal, confirmed: true });
      expect(await failure(calling)).toMatchObject({ message: expect.stringContaining("has to confirm") });
      expect(server.requests).toHaveLength(1);
    });
  });

  it("that only add or take a slash at the end are the same call", async () => {
    const server = await startHttpServer((request) =>
      request.path === "/hook" ? { status: 308, headers: { location: "/hook/" } } : { json: request.body },
    );
    expect((await call(openClient({ x: { apiUrl: `${server.url}/hook` } }), { api: "x", body: { a: 1 } })).data).toBe(
      '{"a":1}',
    );
  });

  it("without end are not followed without end", async () => {
    const server = await startHttpServer({ status: 302, headers: { location: "/a" } });
    expect(await failure(call(reading(server), get))).toMatchObject({
      message: expect.stringContaining("more than 3 times"),
    });
    expect(server.requests).toHaveLength(4);
  });

  it("that leave the choice of the place are an error that tells the place", async () => {
    const server = await startHttpServer({ status: 300, headers: { location: "/b?key=key-123456" } });
    const error = await failure(call(reading(server), get));
    expect(error).toMatchObject({ code: "upstream_error", details: { http_status: 300 } });
    expect(error.hint).toBe("The API leaves the choice of the place to the caller; it names /b?key=[redacted].");
  });

  it("that say no place are an error", async () => {
    const server = await startHttpServer({ status: 302 });
    expect(await failure(call(reading(server), get))).toMatchObject({
      code: "upstream_error",
      hint: "The API redirects without saying where to.",
      details: { http_status: 302 },
    });
  });
});

import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { type HttpFault, startHttpServer, startRawServer, unusedPort } from "../../../test/fixtures/http-server.ts";
import { networkFailure } from "./network-failure.ts";

const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024, "a");

describe("the deadline", () => {
  it.each(["hang", "hang_after_headers", "drip"] as HttpFault[])("ends a server that does %s", async (fault) => {
    const server = await startHttpServer({ fault });
    const client = openClient({ x: { apiUrl: server.url, timeout: 0.3 } });
    const error = await failure(call(client, { api: "x" }));
    expect(error).toMatchObject({
      code: "deadline_exceeded",
      message: 'Request failed: API "x" did not answer in full within 0.3 s.',
      retryable: false,
      hint: expect.stringContaining("may have carried the call out"),
    });
    await expect.poll(() => server.openSockets).toBe(0);
  });

  it("covers the retries of a call together", async () => {
    const server = await startHttpServer({ status: 503, delayMs: 200 });
    const client = openClient({ x: { apiUrl: server.url, timeout: 0.5, allow: ["GET /*"] } });
    const error = await failure(call(client, { api: "x", operation: "GET /a" }));
    expect(error.code).toMatch(/upstream_error|deadline_exceeded/);
    expect(server.requests.length).toBeLessThanOrEqual(2);
  });

  it("does not end an answer that is in time", async () => {
    const server = await startHttpServer({ delayMs: 150, json: 1 });
    expect(await call(openClient({ x: { apiUrl: server.url, timeout: 5 } }), { api: "x" })).toMatchObject({ data: 1 });
  });
});

describe("the size of an answer", () => {
  it.each([
    ["plain", {}],
    ["gzip", { compress: "gzip" as const }],
    ["brotli", { compress: "br" as const }],
  ])("is counted decoded: %s", async (_name, how) => {
    const server = await startHttpServer({ bytes: megabytes(30), headers: { "content-type": "text/plain" }, ...how });
    const client = openClient({ x: { apiUrl: server.url, maxResponseBytes: 100_000 } });
    const error = await failure(call(client, { api: "x" }));
    expect(error).toMatchObject({ code: "too_large", message: 'The answer of API "x" is larger than 100000 bytes.' });
  });

  it("may be the limit itself", async () => {
    const server = await startHttpServer({ text: "x".repeat(1000), compress: "gzip" });
    const client = openClient({ x: { apiUrl: server.url, maxResponseBytes: 1000 } });
    expect((await call(client, { api: "x" })).data).toHaveLength(1000);
  });

  it("of a failed request does not hide its error", async () => {
    const server = await startHttpServer({
      status: 500,
      bytes: megabytes(5),
      headers: { "content-type": "text/plain" },
      compress: "gzip",
    });
    const error = await failure(call(openClient({ x: { apiUrl: server.url, maxResponseBytes: 1000 } }), { api: "x" }));
    expect(error.code).toBe("upstream_error");
    expect(error.message.length).toBeLessThan(1100);
  });
});

describe("compressed answers", () => {
  it.each(["gzip", "br"] as const)("in %s are read", async (compress) => {
    const server = await startHttpServer({ json: { long: "x".repeat(5000) }, compress });
    expect((await call(openClient({ x: { apiUrl: server.url } }), { api: "x" })).data).toEqual({
      long: "x".repeat(5000),
    });
  });

  it.each([
    ["damaged", { text: "this is no gzip", headers: { "content-encoding": "gzip" } }],
    ["unknown", { text: "?", headers: { "content-encoding": "snappy" } }],
    ["stacked", { text: "?", headers: { "content-encoding": "gzip, gzip, gzip, gzip" } }],
  ])("that are %s are an invalid response", async (_what, answer) => {
    const server = await startHttpServer(answer);
    const error = await failure(call(openClient({ x: { apiUrl: server.url } }), { api: "x" }));
    expect(error).toMatchObject({ code: "invalid_response", message: expect.stringMatching(/^Request failed: the /) });
  });

  it("that end too early are no answer", async () => {
    const server = await startHttpServer({ json: { long: "x".repeat(50_000) }, compress: "gzip", fault: "truncate" });
    const error = await failure(call(openClient({ x: { apiUrl: server.url } }), { api: "x" }));
    expect(error.code).toMatch(/upstream_unreachable|invalid_response/);
  });
});

describe("a failure of the network is told in words", () => {
  const post = (url: string) => failure(call(openClient({ x: { apiUrl: url } }), { api: "x" }));

  it("nothing listens", async () => {
    const port = await unusedPort();
    expect(await post(`http://127.0.0.1:${port}`)).toMatchObject({
      code: "upstream_unreachable",
      message: `Request failed: API "x" at 127.0.0.1:${port}: nothing listens there.`,
      retryable: true,
    });
  });

  it("the name is not known", async () => {
    expect(await post("http://nowhere.invalid")).toMatchObject({
      code: "upstream_unreachable",
      message: expect.stringMatching(/^Request failed: API "x" at nowhere\.invalid: the (host name|name server)/),
    });
  });

  it.each(["reset", "close", "truncate"] as HttpFault[])("the connection breaks: %s", async (fault) => {
    const server = await startHttpServer({ fault, json: { a: "x".repeat(1000) } });
    const error = await post(server.url);
    expect(error).toMatchObject({
      code: "upstream_unreachable",
      message: expect.stringMatching(/before (the answer|it) was complete/),
      hint: expect.stringContaining("may have carried the call out"),
    });
    expect(server.requests).toHaveLength(1);
  });

  it("plain http behind https", async () => {
    const server = await startHttpServer();
    expect(await post(server.url.replace("http:", "https:"))).toMatchObject({
      code: "upstream_unreachable",
      message: expect.stringContaining("TLS"),
      retryable: false,
    });
  });

  it("something else than HTTP", async () => {
    const server = await startRawServer("SSH-2.0-OpenSSH_9.2\r\n");
    expect(await post(server.url)).toMatchObject({
      code: "invalid_response",
      message: expect.stringContaining("not HTTP"),
    });
  });

  it.each([
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed"],
    ["CERT_HAS_EXPIRED", "has expired"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "another host"],
    ["EAI_AGAIN", "name server does not answer"],
    ["UND_ERR_CONNECT_TIMEOUT", "did not accept the connection"],
    ["ESOMETHING", "the connection failed (ESOMETHING)"],
  ])("%s", (code, words) => {
    const error = networkFailure(Object.assign(new Error("x"), { code }), "x", "api.example.com");
    expect(error).toMatchObject({ code: "upstream_unreachable", message: expect.stringContaining(words) });
  });
});

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { startHttpServer, startRawServer } from "../../../test/fixtures/http-server.ts";

const get = { api: "x", operation: "GET /a" };
const open = (url: string, more: object = {}) =>
  openClient({ x: { apiUrl: url, allow: ["GET /*"], retries: 0, timeout: 5, ...more } });

/** A server that does with each connection what it likes. */
async function startSockets(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an encoding of the body", () => {
  const text = JSON.stringify({ long: "wörds ".repeat(20_000) });
  it.each([
    ["gzip", gzipSync(text)],
    ["x-gzip", gzipSync(text)],
    ["GZIP", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["deflate", deflateRawSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["identity", Buffer.from(text)],
    ["deflate, gzip", gzipSync(deflateSync(text))],
    ["gzip, identity, br", brotliCompressSync(gzipSync(text))],
    ["gzip", Buffer.concat([gzipSync(text.slice(0, 99)), gzipSync(text.slice(99))])],
  ])("%s is undone", async (encoding, bytes) => {
    const headers = { "content-encoding": encoding, "content-type": "application/json" };
    const { url } = await startHttpServer({ bytes, headers });
    const { data } = await call(open(url, { maxAnswerLength: 1_000_000 }), get);
    expect(JSON.stringify(data) === text).toBe(true);
  });

  it.each(["gzip", "br", "deflate", "zstd"])("%s of nothing is nothing", async (encoding) => {
    const { url } = await startHttpServer({ text: "", headers: { "content-encoding": encoding } });
    expect((await call(open(url), get)).data).toBeNull();
  });

  const zeros = Buffer.alloc(20_000_000);
  it.each([
    ["gzip", gzipSync(zeros)],
    ["deflate", deflateSync(zeros)],
    ["deflate", deflateRawSync(zeros)],
    ["br", brotliCompressSync(zeros)],
    ["zstd", zstdCompressSync(zeros)],
    ["gzip, gzip", gzipSync(gzipSync(zeros))],
  ])("%s that becomes too large is stopped, and its connection closed", async (encoding, bytes) => {
    const server = await startHttpServer({ bytes, headers: { "content-encoding": encoding } });
    const error = await failure(call(open(server.url, { maxResponseBytes: 1_000_000 }), get));
    expect(error.code).toBe("too_large");
    await expect.poll(() => server.openSockets).toBeLessThanOrEqual(1);
  });
});

describe("the announced size", () => {
  it("that is too large ends the call before the body comes", async () => {
    const url = await startSockets((socket) => {
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"));
    });
    expect(await failure(call(open(url), get))).toMatchObject({ code: "too_large" });
  });

  it("that is larger than the body is a broken answer", async () => {
    const { url } = await startRawServer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}");
    expect(await failure(call(open(url), get))).toMatchObject({ code: "upstream_unreachable" });
  });

  it("of a HEAD is not that of a body", async () => {
    const { url } = await startHttpServer({ headers: { "content-length": "99999999" } });
    const client = openClient({ x: { apiUrl: url, allow: ["HEAD /*"], timeout: 5 } });
    expect(await call(client, { api: "x", operation: "HEAD /a" })).toMatchObject({ http_status: 200, data: null });
  });
});

describe("an answer in another form is read", () => {
  const json = "Content-Type: application/json\r\n";
  it.each([
    ["HTTP/1.0 that ends with the connection", `HTTP/1.0 200 OK\r\n${json}\r\n{"a":1}`],
    [
      "after interim answers",
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n${json}Content-Length: 7\r\n\r\n{"a":1}`,
    ],
    [
      "in chunks with trailers",
      `HTTP/1.1 200 OK\r\n${json}Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\nX-Sum: 1\r\n\r\n`,
    ],
    [
      "with a header twice",
      `HTTP/1.1 200 OK\r\n${json}Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 7\r\n\r\n{"a":1}`,
    ],
  ])("%s", async (_what, answer) => {
    const { url } = await startRawServer(answer);
    expect(await call(open(url), get)).toEqual({ data: { a: 1 }, http_status: 200 });
  });
});

describe("an answer that is none is an error", () => {
  it.each([
    ["headers of 100 kB", `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(100_000)}\r\n\r\n`, "invalid_response"],
    ["20,000 headers", `HTTP/1.1 200 OK\r\n${"X-Name: value\r\n".repeat(20_000)}\r\n`, "invalid_response"],
    [
      "a change of protocol",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
      "upstream_unreachable",
    ],
    ["a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid_response"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "upstream_unreachable"],
    ["nothing", "", "upstream_unreachable"],
  ])("%s", async (_what, answer, code) => {
    const { url } = await startRawServer(answer);
    expect(await failure(call(open(url), get))).toMatchObject({ code });
  });
});

describe("time", () => {
  it.each([
    ["headers that come byte by byte", "HTTP/1.1 200 OK\r\nX-A: ", "a"],
    ["a body that comes byte by byte", "HTTP/1.1 200 OK\r\n\r\n", "a"],
    ["interim answers without end", "", "HTTP/1.1 102 Processing\r\n\r\n"],
  ])("ends %s", async (_what, start, more) => {
    const url = await startSockets((socket) => {
      socket.write(start);
      const timer = setInterval(() => socket.write(more), 20);
      socket.on("close", () => clearInterval(timer));
    });
    const startedAt = performance.now();
    expect(await failure(call(open(url, { timeout: 0.3 }), get))).toMatchObject({ code: "deadline_exceeded" });
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("ends a name that is never looked up, and a caller need not wait for it either", async () => {
    const client = openClient(
      { x: { apiUrl: "http://api.example.com", allow: ["GET /*"], timeout: 0.3 } },
      { lookup: () => {} },
    );
    expect(await failure(call(client, get))).toMatchObject({ code: "deadline_exceeded" });
    const startedAt = performance.now();
    await failure(call(client, get, "ana", AbortSignal.timeout(50)));
    expect(performance.now() - startedAt).toBeLessThan(250);
  });

  it("that a caller gives up closes the connection at once, and the next call gets another", async () => {
    let hangs = true;
    const server = await startHttpServer(() => (hangs ? { fault: "hang_after_headers" } : { json: "fine" }));
    const client = open(server.url, { concurrency: 1 });
    const gone = new AbortController();
    const calling = failure(call(client, get, "ana", gone.signal));
    await expect.poll(() => server.openSockets).toBe(1);
    gone.abort();
    const startedAt = performance.now();
    await expect.poll(() => server.openSockets, { interval: 5 }).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await calling).toMatchObject({ code: "aborted" });
    hangs = false;
    for (let turn = 0; turn < 3; turn++) expect((await call(client, get)).data).toBe("fine");
    expect(server.connections).toBe(2);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
it.skipIf(!hasOpenssl)("a private authority of NODE_EXTRA_CA_CERTS is trusted, and no other", async () => {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-keyout", key, "-out", cert, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
    ],
    { stdio: "ignore" },
  );
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
    response.end("private");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await failure(call(open(`https://localhost:${port}`), get))).toMatchObject({
    code: "upstream_unreachable",
    message: expect.stringContaining("TLS certificate"),
    retryable: false,
  });
  const script = `
    import { createExchange } from ${JSON.stringify(join(import.meta.dirname, "exchange.ts"))};
    const base = new URL("https://localhost:${port}");
    const exchange = createExchange({ api: "x", base, reach: "private", connectTimeoutMs: 5000, maxResponseBytes: 1000 });
    const request = { method: "GET", url: base, headers: {}, body: null };
    const { bytes } = await exchange.send(request, new AbortController().signal);
    console.log(bytes.toString());
    await exchange.close();`;
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile(
    process.execPath,
    ["--input-type=module", "--eval", script],
    { env: { ...process.env, NODE_EXTRA_CA_CERTS: cert } },
    (_error, stdout, stderr) => resolve(stdout + stderr),
  );
  expect((await promise).trim()).toBe("private");
});

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ApiRequest } from "../src/api/api-client.ts";
import { call, failure, minimalDocument, openClient } from "./fixtures/api-client.ts";
import { temporaryFolder } from "./fixtures/connect.ts";
import { startDnsServer, type Zone } from "./fixtures/dns-server.ts";
import { startHttpServer } from "./fixtures/http-server.ts";

/**
 * Ways by which somebody who can write a redirect, a document, a name server's answer or a call's arguments tries to reach this
 * machine or this network. The canary listens on every address of this machine; nothing may ever connect to it.
 */
const canary = createServer((_request, response) => response.end("reached"));
let connections = 0;
let port = 0;

beforeAll(async () => {
  canary.on("connection", (socket) => {
    connections += 1;
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => canary.listen(0, resolve));
  port = (canary.address() as AddressInfo).port;
});
afterEach(() => {
  expect(connections).toBe(0);
});
afterAll(async () => {
  canary.closeAllConnections();
  await new Promise((resolve) => canary.close(resolve));
});

/** This machine, in every spelling that a URL parser, a resolver or a kernel takes for it. */
const LOOPBACK = [
  ...["127.0.0.1", "127.1", "127.0.1", "127.8.9.1", "127.0.0.1.", "2130706433", "0x7f000001", "0x7F.0.0.1", "0x7f.1"],
  ...["0177.0.0.1", "0177.1", "017700000001", "0.0.0.0", "0", "0x0"],
  ...["１２７.0.0.1", "127。0。0。1", "①②⑦.⓪.⓪.①", "%31%32%37.0.0.1", "%6c%6f%63alhost", "ｌｏｃａｌｈｏｓｔ"],
  ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0:0]", "[::127.0.0.1]"],
  ...["[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]"],
  ...["localhost", "LOCALHOST", "localhost.", "x.localhost"],
];
/** Other machines that no redirect or document has any business with. */
const ELSEWHERE = [
  ...["169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:a9fe:a9fe]"],
  ...["[64:ff9b::a9fe:a9fe]", "168.63.129.16", "[::ffff:168.63.129.16]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]"],
  ...["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "[fc00::1]", "[fd12:3456::1]", "100.64.0.1"],
  ...["100.100.100.200", "192.0.0.192", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255"],
  ...["224.0.0.1", "239.255.255.250", "[ff02::1]", "240.0.0.1", "255.255.255.255", "[2001:db8::1]", "[100::1]"],
  ...["[3fff::1]", "[5f00::1]", "192.88.99.1", "0.1.2.3"],
];

/** Names for this machine that some resolvers do not know. */
const isUnknown = (host: string) => host === "x.localhost" || host === "localhost.";

it("the canary is reached by a client without a guard", async () => {
  for (const host of ["127.1", "2130706433", "0x7f.1", "127。0。0。1", "[::ffff:7f00:1]", "0"]) {
    expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe("reached");
  }
  connections = 0;
});

describe("a redirect", () => {
  const redirecting = (location: string) => startHttpServer({ status: 302, headers: { location } });
  const follow = async (url: string) =>
    failure(
      call(openClient({ x: { apiUrl: url, allow: ["GET /*"], retries: 0, timeout: 3 } }), {
        api: "x",
        operation: "GET /a",
      }),
    );

  it.each([...LOOPBACK, ...ELSEWHERE])("to %s is not followed", async (host) => {
    // A header holds Latin-1; servers write what is beyond as UTF-8.
    const location = Buffer.from(`http://${host}:${port}/`).toString("latin1");
    const { url } = await redirecting(location);
    // A name need not be known here; everything else is refused before anything is sent.
    expect((await follow(url)).code).toMatch(isUnknown(host) ? /^upstream_/ : /^upstream_error$/);
  });

  it.each([
    ...["http://api.example.com@127.0.0.1:PORT/", "http://127.0.0.1:PORT\\@api.example.com/", "//127.1:PORT/"],
    ...[
      "\\\\127.0.0.1:PORT\\",
      "/\\127.0.0.1:PORT/",
      "http:127.0.0.1:PORT",
      "http:/\t/127.0.0.1:PORT/",
      "///127.0.0.1:PORT",
    ],
    ...[
      "http://127.0.0.1:PORT#@api.example.com/",
      "HTTP://0x7F.1:PORT",
      "http://127.0.0.1:PORT:80/",
      "ftp://127.0.0.1:PORT/",
    ],
    ...[
      "gopher://127.0.0.1:PORT/_GET",
      "file:///etc/passwd",
      "data:text/plain,x",
      "unix:/var/run/docker.sock",
      "http://[fe80::1%25lo]:PORT/",
    ],
  ])("of the form %s is not followed", async (location) => {
    const { url } = await redirecting(location.replace("PORT", String(port)));
    expect((await follow(url)).code).toMatch(/^(upstream_error|upstream_unreachable|invalid_response)$/);
  });

  it("of a host that the configuration names leads no further", async () => {
    const named = await redirecting(`http://127.0.0.1:${port}/`);
    const { url } = await redirecting(`${named.url}/`);
    const redirectHosts = [`127.0.0.1:${named.port}`];
    const client = openClient({ x: { apiUrl: url, allow: ["GET /*"], redirectHosts, timeout: 3 } });
    expect(await failure(call(client, { api: "x", operation: "GET /a" }))).toMatchObject({ code: "upstream_error" });
    expect(named.requests).toHaveLength(1);
  });
});

describe("a document", () => {
  const open = (servers: unknown) => {
    const file = join(temporaryFolder(), "api.json");
    writeFileSync(
      file,
      JSON.stringify(minimalDocument({ "/a": { get: { operationId: "a", responses: {} } } }, { servers })),
    );
    return call(openClient({ x: { openapi: file, retries: 0, timeout: 3 } }), { api: "x", operation: "a" });
  };

  it.each([...LOOPBACK, ...ELSEWHERE])("that names %s as its server leads nowhere", async (host) => {
    expect((await failure(open([{ url: `http://${host}:${port}` }]))).code).toMatch(
      isUnknown(host) ? /./ : /^(forbidden|invalid_config)$/,
    );
  });

  it.each([
    [{ url: "http://{host}:{port}", variables: { host: { default: "127.0.0.1" }, port: { default: "PORT" } } }],
    [{ url: "http://api.example.com{rest}", variables: { rest: { default: "@127.0.0.1:PORT" } } }],
    [{ url: "{scheme}://{host}", variables: { scheme: { default: "http" }, host: { default: "[::1]:PORT" } } }],
  ])("whose server is made of variables leads nowhere: %j", async (server) => {
    const text = JSON.stringify([server]).replaceAll("PORT", String(port));
    expect((await failure(open(JSON.parse(text)))).code).toMatch(/^(forbidden|upstream_unreachable|invalid_config)$/);
  });

  it("whose operation names a server of its own is called at the configured one", async () => {
    const own = await startHttpServer({ json: "own" });
    const file = join(temporaryFolder(), "api.json");
    const servers = [{ url: `http://127.0.0.1:${port}` }];
    const get = { operationId: "a", responses: {}, servers };
    writeFileSync(file, JSON.stringify(minimalDocument({ "/a": { servers, get } }, { servers })));
    const client = openClient({ x: { apiUrl: own.url, openapi: file } });
    expect((await call(client, { api: "x", operation: "a" })).data).toBe("own");
  });
});

describe("a public name", () => {
  const open = async (zone: Zone, name = "api.example.com") => {
    const dns = await startDnsServer(zone);
    const client = openClient(
      { x: { apiUrl: `http://${name}:${port}`, allow: ["GET /*"], retries: 0, timeout: 2, connectTimeout: 0.3 } },
      { lookup: dns.lookup },
    );
    return { dns, get: () => failure(call(client, { api: "x", operation: "GET /a" })) };
  };

  it.each([
    ...[
      "127.0.0.1",
      "127.8.9.1",
      "0.0.0.0",
      "10.0.0.1",
      "172.16.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "168.63.129.16",
    ],
    ...["100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "192.0.0.192"],
    ...[
      "::1",
      "::",
      "fd00:ec2::254",
      "fe80::1",
      "ff02::1",
      "2001:db8::1",
      "2002:7f00:1::",
      "64:ff9b::7f00:1",
      "::ffff:7f00:1",
    ],
  ])("with the address %s is refused", async (address) => {
    const { get } = await open((_name, kind) => (kind === (address.includes(":") ? 6 : 4) ? [address] : []));
    const error = await get();
    expect(error).toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/^Request failed: API "x" leads to/),
    });
    expect(error.message).not.toContain(address);
  });

  it.each([
    ["among public ones", (_name: string, kind: number) => (kind === 4 ? ["93.184.216.34", "127.0.0.1"] : [])],
    ["before public ones", (_name: string, kind: number) => (kind === 4 ? ["127.0.0.1", "93.184.216.34"] : [])],
    ["of the other kind", (_name: string, kind: number) => (kind === 4 ? ["93.184.216.34"] : ["::1"])],
  ])("with an address of this machine %s is refused", async (_what, zone) => {
    const { get } = await open(zone);
    expect(await get()).toMatchObject({ code: "forbidden" });
  });

  it("that changes its address after it was asked for once leads nowhere", async () => {
    // 192.0.2.x would be refused for itself, so the first answer is a public address where nothing listens on this port.
    const { dns, get } = await open((_name, kind, count) =>
      kind === 6 ? [] : count === 1 ? ["93.184.216.34"] : ["127.0.0.1"],
    );
    const codes = [(await get()).code, (await get()).code, (await get()).code];
    expect(codes).toEqual(["upstream_unreachable", "forbidden", "forbidden"]);
    expect(dns.questions.filter((question) => question === "A api.example.com")).toHaveLength(3);
  });

  it.each([[1], [2]])("that is this machine at question %i and public otherwise leads nowhere", async (turn) => {
    const { get } = await open((_name, kind, count) =>
      kind === 6 ? [] : [count % 2 === turn % 2 ? "127.0.0.1" : "93.184.216.34"],
    );
    for (let index = 0; index < 4; index++) expect((await get()).code).toMatch(/^(forbidden|upstream_unreachable)$/);
  });

  it("that a redirect leads to is looked up by the same rules", async () => {
    const dns = await startDnsServer((name, kind) => (kind === 4 && name === "cdn.example.com" ? ["127.0.0.1"] : []));
    const { url } = await startHttpServer({ status: 302, headers: { location: `http://cdn.example.com:${port}/` } });
    const client = openClient({ x: { apiUrl: url, allow: ["GET /*"], retries: 0 } }, { lookup: dns.lookup });
    expect(await failure(call(client, { api: "x", operation: "GET /a" }))).toMatchObject({
      code: "upstream_error",
      message: expect.stringContaining("not a public one"),
    });
    expect(dns.questions).toContain("A cdn.example.com");
  });

  it.each(["xn--localhost-.example.com", "127.0.0.1.example.com", "localhost.example.com", "api.example.com."])(
    "%s is looked up like any other",
    async (name) => {
      const { get } = await open((_name, kind) => (kind === 4 ? ["127.0.0.1"] : []), name);
      expect((await get()).code).toMatch(/^(forbidden|upstream_unreachable|invalid_config)$/);
    },
  );
});

describe("the arguments of a call", () => {
  const operations = [
    ...["GET //127.0.0.1:PORT/", "GET http://127.0.0.1:PORT/", "GET /\\127.0.0.1:PORT/", "GET \\\\127.0.0.1:PORT/"],
    ...[
      "GET @127.0.0.1:PORT/",
      "GET /@127.0.0.1:PORT/",
      "GET :@127.0.0.1:PORT/",
      "GET .127.0.0.1:PORT/",
      "GET /%2f127.0.0.1:PORT/",
    ],
    ...[
      "GET /..//127.0.0.1:PORT/",
      "GET /\t/127.0.0.1:PORT/",
      "GET /；@127.0.0.1:PORT",
      "GET /#@127.0.0.1:PORT",
      "GET /?@127.0.0.1:PORT",
    ],
  ];
  it.each(operations)("with the operation %s stay at the API", async (operation) => {
    const own = await startHttpServer({ json: "own" });
    const client = openClient({ x: { apiUrl: own.url, allow: ["GET /*"], timeout: 3 } });
    const request: ApiRequest = { api: "x", operation: operation.replace("PORT", String(port)) };
    const outcome = await call(client, request).catch((error: { code: string }) => error.code);
    if (typeof outcome === "string") expect(outcome).toMatch(/^(forbidden|invalid_input|unknown_operation)$/);
    else expect(outcome.data).toBe("own");
  });

  it.each([
    [{ header: { Host: "127.0.0.1:PORT" } }],
    [{ header: { "X-Forwarded-Host": "127.0.0.1:PORT" } }],
    [{ header: { Forwarded: "host=127.0.0.1:PORT" } }],
    [{ header: { "X-A": "b\r\nHost: 127.0.0.1:PORT" } }],
    [{ header: { "X-Original-URL": "http://127.0.0.1:PORT/" } }],
  ])("%j are refused", async (more) => {
    const own = await startHttpServer({ json: "own" });
    const client = openClient({ x: { apiUrl: own.url, allow: ["GET /*"], timeout: 3 } });
    const given = JSON.parse(JSON.stringify(more).replace("PORT", String(port))) as object;
    expect((await failure(call(client, { api: "x", operation: "GET /a", ...given }))).code).toMatch(
      /^(forbidden|invalid_input)$/,
    );
    expect(own.requests).toHaveLength(0);
  });
});

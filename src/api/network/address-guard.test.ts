import { writeFileSync } from "node:fs";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { join } from "node:path";
import { buildConnector } from "undici";
import { describe, expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { type HttpServer, startHttpServer } from "../../../test/fixtures/http-server.ts";
import { createGuardedConnector, isAddressAllowed, reachOf } from "./address-guard.ts";

/** Name resolution with made-up names; a list is taken in turns, as a name server that changes its mind answers. */
function names(table: Record<string, string[] | string[][]>): LookupFunction {
  const asked = new Map<string, number>();
  return (hostname, options, callback) => {
    const entry = table[hostname];
    if (!entry) return callback(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }), "", 0);
    const turn = asked.get(hostname) ?? 0;
    asked.set(hostname, turn + 1);
    const addresses = (Array.isArray(entry[0]) ? entry[Math.min(turn, entry.length - 1)] : entry) as string[];
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };
}

const NOT_PUBLIC = [
  "127.0.0.1",
  "127.8.9.1",
  "0.0.0.0",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "100.64.0.1",
  "169.254.169.254",
  "168.63.129.16",
  "192.0.2.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:169.254.169.254",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fec0::1",
  "ff02::1",
  "2001:db8::1",
  "nonsense",
];

describe("addresses", () => {
  it.each(NOT_PUBLIC)("%s is not public", (address) => {
    expect(isAddressAllowed(address, "public")).toBe(false);
  });

  it.each(["8.8.8.8", "93.184.216.34", "2606:4700::1111"])("%s is public", (address) => {
    expect(isAddressAllowed(address, "public")).toBe(true);
  });

  it("of this network count where the configuration names such a host, those of cloud hosts never", () => {
    for (const address of ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "fd00::1", "8.8.8.8"]) {
      expect(isAddressAllowed(address, "private")).toBe(true);
    }
    for (const address of [
      "fd00:ec2::254",
      "100.100.100.200",
      "169.254.169.254",
      "168.63.129.16",
      "0.0.0.0",
      "fe80::1",
      "224.0.0.1",
    ]) {
      expect(isAddressAllowed(address, "private")).toBe(false);
    }
  });

  it("that the configuration writes out are allowed, and no others", () => {
    expect(isAddressAllowed("127.0.0.1", "literal", "127.0.0.1")).toBe(true);
    expect(isAddressAllowed("::ffff:127.0.0.1", "literal", "127.0.0.1")).toBe(true);
    expect(isAddressAllowed("127.0.0.2", "literal", "127.0.0.1")).toBe(false);
    expect(isAddressAllowed("8.8.8.8", "literal", "127.0.0.1")).toBe(false);
  });
});

it.each([
  ["http://127.0.0.1:8080", true, "literal"],
  ["http://[::1]:8080", true, "literal"],
  ["http://2130706433/", true, "literal"],
  ["http://localhost:8080", true, "private"],
  ["http://backend:8080", true, "private"],
  ["http://ollama.internal", true, "private"],
  ["http://nas.local", true, "private"],
  ["https://api.example.com", true, "public"],
  ["https://localhost.example.com", true, "public"],
  ["http://127.0.0.1:8080", false, "public"],
  ["http://localhost:8080", false, "public"],
] as const)("%s, configured %s, reaches %s", (url, configured, reach) => {
  expect(reachOf(new URL(url), configured, false)).toBe(reach);
});

describe("connections", () => {
  const server = (): Promise<HttpServer> => startHttpServer();

  it("reach a loopback address that the configuration writes out", async () => {
    const { url } = await server();
    expect(await call(openClient({ x: { apiUrl: url } }), { api: "x" })).toMatchObject({ http_status: 200 });
  });

  it("reach localhost where the configuration names it", async () => {
    const { port } = await server();
    const client = openClient({ x: { apiUrl: `http://localhost:${port}` } });
    expect(await call(client, { api: "x" })).toMatchObject({ http_status: 200 });
  });

  it.each([
    ["loopback", ["127.0.0.1"]],
    ["loopback among public ones", ["93.184.216.34", "127.0.0.1"]],
    ["mapped into IPv6", ["::ffff:127.0.0.1"]],
    ["link-local", ["169.254.169.254"]],
    ["private", ["10.0.0.1"]],
    ["of the host agent", ["168.63.129.16"]],
  ])("never go to a public name whose address is %s", async (_what, addresses) => {
    const target = await server();
    const { port } = target;
    const client = openClient(
      { x: { apiUrl: `http://api.example.com:${port}`, allow: ["GET /*"] } },
      { lookup: names({ "api.example.com": addresses }) },
    );
    const error = await failure(call(client, { api: "x", operation: "GET /a" }));
    expect(error).toMatchObject({
      code: "forbidden",
      message: expect.stringMatching(/^Request failed: API "x" leads to/),
    });
    expect(error.message).not.toContain(addresses.at(-1));
    expect(target.connections).toBe(0);
  });

  it("never go to a name whose address changes to a private one after it was looked up", async () => {
    const target = await server();
    const { port } = target;
    const lookup = names({ "rebind.example.com": [["127.0.0.1"], ["127.0.0.1"]] });
    const client = openClient({ x: { apiUrl: `http://rebind.example.com:${port}` } }, { lookup });
    for (let turn = 0; turn < 3; turn++)
      expect(await failure(call(client, { api: "x" }))).toMatchObject({ code: "forbidden" });
    expect(target.connections).toBe(0);
  });

  it("go to a name of the own network where the configuration says that it is one, but not to a cloud host's metadata", async () => {
    const { port } = await server();
    const lookup = names({ "api.example.com": ["127.0.0.1"], "metadata.internal": ["169.254.169.254"] });
    const client = openClient(
      {
        own: { apiUrl: `http://api.example.com:${port}`, privateNetwork: true },
        cloud: { apiUrl: `http://metadata.internal:${port}`, privateNetwork: true },
      },
      { lookup },
    );
    expect(await call(client, { api: "own" })).toMatchObject({ http_status: 200 });
    expect(await failure(call(client, { api: "cloud" }))).toMatchObject({ code: "forbidden" });
  });

  it("are checked once more when they are made, whatever was looked up", async () => {
    const target = await server();
    // A way to connect that asks nobody.
    const build = () => (_asked: object, callback: (error: null, socket: Socket) => void) => {
      const socket = connect(target.port, "127.0.0.1", () => callback(null, socket));
    };
    const base = new URL("http://api.example.com");
    const options = { api: "x", base, reach: "public" as const, connectTimeoutMs: 1000 };
    const guarded = createGuardedConnector(build as never, options);
    const outcome = await new Promise<unknown>((resolve) => {
      guarded({ hostname: "api.example.com", protocol: "http:", port: "" }, (...[error]) => resolve(error));
    });
    expect(outcome).toMatchObject({ code: "forbidden" });
    await expect.poll(() => target.openSockets).toBe(0);
  });

  it.each([
    { hostname: "evil.example", protocol: "http:", port: "" },
    { hostname: "api.example.com", protocol: "https:", port: "" },
    { hostname: "api.example.com", protocol: "http:", port: "8080" },
    { hostname: "127.0.0.1", protocol: "http:", port: "" },
  ])("are refused to %j where the API is http://api.example.com", async (asked) => {
    const base = new URL("http://api.example.com");
    const options = { api: "x", base, reach: "public" as const, connectTimeoutMs: 1000 };
    const guarded = createGuardedConnector(buildConnector, options);
    const outcome = await new Promise<unknown>((resolve) => guarded(asked, (...[error]) => resolve(error)));
    expect(outcome).toMatchObject({ code: "forbidden", message: expect.stringContaining("another host than its own") });
  });

  it.each(["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"])(
    "never go to %s because a document names it as its server",
    async (host) => {
      const target = await server();
      const { port } = target;
      const file = join(temporaryFolder(), "api.json");
      const document = {
        openapi: "3.1.0",
        info: { title: "x", version: "1" },
        servers: [{ url: `http://${host}:${port}` }],
        paths: { "/a": { get: { operationId: "a" }, servers: [{ url: `http://127.0.0.1:${port}` }] } },
      };
      writeFileSync(file, JSON.stringify(document));
      const client = openClient({ x: { openapi: file } });
      expect(await failure(call(client, { api: "x", operation: "a" }))).toMatchObject({ code: "forbidden" });
      expect(target.connections).toBe(0);
    },
  );
});

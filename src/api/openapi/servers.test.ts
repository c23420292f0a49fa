import { describe, expect, it } from "vitest";
import { call, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiSettings } from "../configured-api.ts";
import { createDocument } from "./document.ts";
import { readServer } from "./servers.ts";

const serverOf = (root: object, location?: string) =>
  readServer(
    createDocument({ paths: {}, ...root }, (what) => new Error(what), {
      location: location ? new URL(location) : undefined,
    }),
  )?.href;

const AT = "https://docs.example.com/spec/v3/api.json";

describe("the server of a document", () => {
  it.each<[string, object, string | undefined, string | undefined]>([
    ["absolute", { servers: [{ url: "https://a.example/v1" }] }, undefined, "https://a.example/v1"],
    [
      "the first usable one",
      { servers: [{ url: "/x" }, { url: "ws://a.example" }, { url: "https://b.example" }] },
      undefined,
      "https://b.example/",
    ],
    ["relative to a URL", { servers: [{ url: "../v1" }] }, AT, "https://docs.example.com/spec/v1"],
    ["relative to its root", { servers: [{ url: "/v1" }] }, AT, "https://docs.example.com/v1"],
    ["none, with a URL", {}, AT, "https://docs.example.com/"],
    ["an empty list, with a URL", { servers: [] }, AT, "https://docs.example.com/"],
    ["none, in a file", {}, undefined, undefined],
    ["without a scheme", { servers: [{ url: "//a.example/v1" }] }, undefined, "https://a.example/v1"],
    ["only a host", { servers: [{ url: "api.a.example/v1" }] }, undefined, "https://api.a.example/v1"],
    [
      "variables by default",
      {
        servers: [
          {
            url: "https://{r}.a.example:{p}/{v}",
            variables: { r: { default: "eu", enum: ["us", "eu"] }, p: { default: 8443 }, v: { enum: ["v2", "v1"] } },
          },
        ],
      },
      undefined,
      "https://eu.a.example:8443/v2",
    ],
    [
      "by https where the same place is offered by both",
      {
        servers: [
          { url: "http://a.example:8080/v1" },
          { url: "https://b.example/v1" },
          { url: "https://a.example/v1/" },
        ],
      },
      undefined,
      "https://a.example/v1/",
    ],
    [
      "by http where only another place is offered by https",
      { servers: [{ url: "http://a.example/v1" }, { url: "https://a.example/v2" }, { url: "https://b.example/v1" }] },
      undefined,
      "http://a.example/v1",
    ],
    [
      "by https where its scheme is a variable that may be so",
      { servers: [{ url: "{s}://a.example/{s}", variables: { s: { default: "http", enum: ["http", "https"] } } }] },
      undefined,
      "https://a.example/https",
    ],
    [
      "by http where its scheme is a variable that has to be so",
      { servers: [{ url: "{s}://a.example", variables: { s: { default: "http", enum: ["http"] } } }] },
      undefined,
      "http://a.example/",
    ],
    [
      "a variable that is not defined",
      { servers: [{ url: "https://{tenant}.a.example" }, { url: "https://b.example/x" }] },
      undefined,
      "https://b.example/x",
    ],
    [
      "a reference",
      { servers: [{ $ref: "#/components/x" }], components: { x: { url: "https://c.example" } } },
      undefined,
      "https://c.example/",
    ],
    [
      "credentials, which are dropped",
      { servers: [{ url: "https://a:b@a.example/v1#x" }] },
      undefined,
      "https://a.example/v1",
    ],
    [
      "no http",
      { servers: [{ url: "file:///etc" }, { url: "javascript:alert(1)" }, { url: 7 }, null] },
      undefined,
      undefined,
    ],
  ])("3.x: %s", (_what, root, location, href) => {
    expect(serverOf({ openapi: "3.1.0", ...root }, location)).toBe(href);
  });

  it.each<[string, object, string | undefined, string | undefined]>([
    ["host and base path", { host: "a.example", basePath: "/v1" }, undefined, "https://a.example/v1"],
    ["https before http", { host: "a.example", schemes: ["http", "https"] }, undefined, "https://a.example/"],
    ["http alone", { host: "a.example:8080", schemes: ["ws", "http"] }, undefined, "http://a.example:8080/"],
    ["a base path without a slash", { host: "a.example", basePath: "v1" }, undefined, "https://a.example/v1"],
    ["a URL as host", { host: "https://a.example/", basePath: "/v1" }, undefined, "https://a.example/v1"],
    ["no host, with a URL", { basePath: "/v1" }, "http://docs.example.com:81/s.json", "http://docs.example.com:81/v1"],
    ["no host, in a file", { basePath: "/v1" }, undefined, undefined],
    ["a variable as host", { host: "{tenant}.a.example" }, undefined, undefined],
  ])("2.0: %s", (_what, root, location, href) => {
    expect(serverOf({ swagger: "2.0", ...root }, location)).toBe(href);
  });
});

describe("the server of an operation", () => {
  const get = (operationId: string, servers?: object[]) => ({ get: { operationId, ...(servers && { servers }) } });

  it("is used where it is of the configured origin, and no other", async () => {
    const other = await startHttpServer();
    const { client, requests } = await openDocumented(
      minimalDocument(
        {
          "/a": get("plain"),
          "/b": get("own", [{ url: "/v2" }]),
          "/c": { servers: [{ url: "/uploads/" }], ...get("ofPath") },
          "/d": get("elsewhere", [{ url: `${other.url}/v3` }]),
          "/e": get("sameAgain", [{ url: "https://api.example.com/v1" }]),
        },
        { servers: [{ url: "https://api.example.com/v1" }] },
      ),
    );
    for (const operation of ["plain", "own", "ofPath", "elsewhere", "sameAgain"]) {
      await call(client, { api: "x", operation }, "ana");
    }
    expect(requests.map(({ url }) => url)).toEqual(["/a", "/v2/b", "/uploads/c", "/d", "/e"]);
    expect(other.connections).toBe(0);
  });

  it("may be another host where the document alone says where the API is, for calls without credentials", async () => {
    const uploads = await startHttpServer();
    const own = { "/files": { servers: [{ url: `${uploads.url}/up` }], ...get("upload") }, "/list": get("list") };
    const server = await startHttpServer(({ path }) => ({ json: path === "/api.json" ? minimalDocument(own) : 1 }));
    // Named, for here both are private.
    const redirectHosts = [`127.0.0.1:${uploads.port}`];
    const client = openClient({ x: { openapi: `${server.url}/api.json`, redirectHosts } });
    await call(client, { api: "x", operation: "list" });
    await call(client, { api: "x", operation: "upload" });
    expect(server.requests.map(({ url }) => url)).toEqual(["/api.json", "/list"]);
    expect(uploads.requests.map(({ url }) => url)).toEqual(["/up/files"]);
  });

  describe("on another host, where the document alone says where the API is,", () => {
    /** Calls an operation whose own server is on another port, which counts as another host. */
    async function callUpload(more: Partial<ApiSettings>) {
      const uploads = await startHttpServer();
      const own = { "/files": { servers: [{ url: `${uploads.url}/up` }], ...get("upload") }, "/list": get("list") };
      const server = await startHttpServer(({ path }) => ({ json: path === "/api.json" ? minimalDocument(own) : 1 }));
      const client = openClient({ x: { openapi: `${server.url}/api.json`, ...more } });
      const result = await call(client, { api: "x", operation: "upload" }).catch((error: unknown) => error);
      await call(client, { api: "x", operation: "list" });
      return { result, uploads };
    }

    it.each<[string, Partial<ApiSettings>]>([
      ["a key", { apiKey: "key-123456" }],
      ["a header that may be one", { headers: { "X-Tenant": "4711-abcd" } }],
      ["a user's own key", { users: { ana: { apiKey: "key-123456", headers: {} } } }],
      ["another user's key", { users: { ben: { apiKey: "key-123456", headers: {} } } }],
    ])("is not called with %s", async (_what, more) => {
      const { result, uploads } = await callUpload({ ...more, redirectHosts: ["127.0.0.1"] });
      expect(result).toMatchObject({ code: "forbidden", message: expect.stringContaining("another place than API") });
      expect(uploads.connections).toBe(0);
    });

    it("is called with headers that tell nothing of anybody", async () => {
      const headers = { "X-Api-Version": "2026-01-01", "Accept-Language": "de" };
      const { result, uploads } = await callUpload({ headers, redirectHosts: ["127.0.0.1"] });
      expect(result).toMatchObject({ http_status: 200 });
      expect(uploads.requests[0]).toMatchObject({ url: "/up/files", headers: { "x-api-version": "2026-01-01" } });
    });

    it("has to be a public one, unless the configuration names it", async () => {
      const { result, uploads } = await callUpload({});
      expect(result).toMatchObject({ code: "forbidden" });
      expect(uploads.connections).toBe(0);
    });
  });
});

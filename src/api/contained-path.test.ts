import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { call, openClient } from "../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../test/fixtures/http-server.ts";
import { ToolError } from "../errors.ts";
import { assertContained, canonicalPath } from "./contained-path.ts";

/** Ways out of a folder that servers, proxies and frameworks are known to fall for. */
const ESCAPES = [
  "..",
  ".",
  "../admin",
  "../../admin",
  "..\\admin",
  "\\..\\admin",
  "\\\\evil.example\\share",
  "%2e%2e",
  "%2E%2E",
  "%2e%2e%2fadmin",
  "%2e%2e/admin",
  ".%2e/admin",
  "%2e./admin",
  "..%2fadmin",
  "..%5cadmin",
  "..%5Cadmin",
  "%252e%252e%252fadmin",
  "%25252e%25252e/admin",
  "%2525252525252525252e",
  "..%252fadmin",
  "..%c0%afadmin",
  "%c0%ae%c0%ae/admin",
  "%e0%80%ae%e0%80%ae/admin",
  "..;/admin",
  "..;x=1/admin",
  "..%3badmin/..",
  "x/../../admin",
  "x/%2e%2e/%2e%2e/admin",
  "x/..",
  "x/.",
  " ..",
  ".. ",
  "..%20",
  "%20..",
  "..%00",
  "x%00y",
  "x\u0000y",
  "x\r\nX-Evil: 1",
  "x%0d%0aX-Evil:%201",
  "x\nHost: evil.example",
  "x\ty",
  "．．/admin",
  "%ef%bc%8e%ef%bc%8e/admin",
  "‥/admin",
  "..／admin",
  "..%ef%bc%8fadmin",
  "..＼admin",
  "x\u2028y",
  "x\u007f",
  "../".repeat(40),
  "./../admin",
  "%2e",
];

describe("the path escape table", () => {
  it.each(ESCAPES)("%j goes nowhere: neither in the operation nor as a path parameter", async (way) => {
    const server = await startHttpServer();
    const client = openClient({
      shop: { apiUrl: `${server.url}/v1`, allow: ["GET /items/*", "GET /items/{id}/reviews"] },
    });
    const calls = [
      { operation: `GET /items/${way}` },
      { operation: `GET /items/x/${way}/y` },
      { operation: "GET /items/{id}", path: { id: way } },
      { operation: "GET /items/{id}/reviews", path: { id: way } },
      { operation: "GET /items/{id}/{other}", path: { id: "x", other: way } },
    ];
    for (const request of calls) {
      const outcome = await call(client, { api: "shop", ...request }).catch((error: unknown) => error);
      expect(outcome, JSON.stringify(request)).toBeInstanceOf(ToolError);
      expect(["forbidden", "invalid_input"]).toContain((outcome as ToolError).code);
    }
    expect(server.requests).toEqual([]);
  });

  it.each([
    "http://evil.example/x",
    "https://evil.example",
    "GET http://evil.example/x",
    "GET //evil.example/x",
    "GET ///evil.example/x",
    "GET /\\evil.example/x",
    "GET \\\\evil.example\\x",
    "GET @evil.example/x",
    "GET :80@evil.example/x",
    "GET .evil.example/x",
    "GET javascript:alert(1)",
    "GET file:///etc/passwd",
    "GET /items/1#x",
    "GET /items//1",
    "GET /items/%zz",
    "GET /items/%",
    "GET /items/%ff",
    "GET /items/\ud800",
    "GET items/1",
    "GET /items/1 HTTP/1.1\r\nHost: evil.example",
    "GET\r\n/items/1",
    "CONNECT /items/1",
    "TRACE /items/1",
    "FOO /items/1",
    "/items/1",
    "GET",
    "GET /admin",
    "GET /items",
    "get /ADMIN",
    "DELETE /items/1",
    "POST /",
    "GET /Items/1",
  ])("%j is refused as an operation", async (operation) => {
    const server = await startHttpServer();
    const client = openClient({ shop: { apiUrl: `${server.url}/v1`, allow: ["GET /items/*"] } });
    const outcome = await call(client, { api: "shop", operation }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ToolError);
    expect(["forbidden", "invalid_input"]).toContain((outcome as ToolError).code);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["a/b", "/v1/items/a%2Fb"],
    ["100%", "/v1/items/100%25"],
    ["a b", "/v1/items/a%20b"],
    ["..a", "/v1/items/..a"],
    ["a..b", "/v1/items/a..b"],
    ["...", "/v1/items/..."],
    ["v1.0", "/v1/items/v1.0"],
    ["@me", "/v1/items/%40me"],
    ["ä", "/v1/items/%C3%A4"],
    ["a?b#c", "/v1/items/a%3Fb%23c"],
    ["a&b=c;d", "/v1/items/a%26b%3Dc%3Bd"],
    ["http://evil.example", "/v1/items/http%3A%2F%2Fevil.example"],
    ["😀", "/v1/items/%F0%9F%98%80"],
  ])("%j is an ordinary value of a path parameter", async (id, url) => {
    const server = await startHttpServer();
    const client = openClient({ shop: { apiUrl: `${server.url}/v1`, allow: ["GET /items/*"] } });
    await call(client, { api: "shop", operation: "GET /items/{id}", path: { id } });
    expect(server.requests.map((request) => request.url)).toEqual([url]);
  });

  it("holds a value with a slash against the rule in both readings", async () => {
    const server = await startHttpServer();
    const client = openClient({ shop: { apiUrl: server.url, allow: ["GET /items/{id}"] } });
    const request = { api: "shop", operation: "GET /items/{id}", path: { id: "1/reviews" } };
    await expect(call(client, request)).rejects.toMatchObject({ code: "forbidden" });
    expect(server.requests).toEqual([]);
  });
});

describe("canonicalPath", () => {
  it("gives one spelling to one path", () => {
    expect(canonicalPath("/v1/%61bc/d%20e")).toBe("/v1/abc/d%20e");
    expect(canonicalPath("/users/@me/a:b,c")).toBe("/users/@me/a:b,c");
    expect(canonicalPath("/")).toBe("/");
    expect(canonicalPath("/v1/items/")).toBe("/v1/items/");
  });

  it("is kept as it is by the URL parser, and is its own canonical path", () => {
    fc.assert(
      fc.property(pathLike, (text) => {
        let path: string;
        try {
          path = canonicalPath(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError);
          return;
        }
        const url = new URL("https://api.example.com");
        url.pathname = path;
        expect(url.pathname).toBe(path);
        expect(url.host).toBe("api.example.com");
        expect(canonicalPath(path)).toBe(path);
        // Nothing that any server may do to it leads out of /v1.
        const under = `/v1${path}`;
        for (const read of [
          under,
          decodeURIComponent(under),
          decodeURIComponent(decodeURIComponent(under).replaceAll("%", "%25")),
        ]) {
          expect(new URL(read, "https://api.example.com").pathname.startsWith("/v1/")).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("never lets a filled-in value contain a segment that leads up, however often it is decoded", () => {
    fc.assert(
      fc.property(pathLike, fc.nat(3), (text, times) => {
        if (!text.isWellFormed()) return;
        const path = `/v1/${encodeURIComponent(text)}`;
        try {
          assertContained(path);
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError);
          return;
        }
        let decoded = path;
        for (let count = 0; count <= times; count++) {
          decoded = decoded.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
            try {
              return decodeURIComponent(run);
            } catch {
              return run;
            }
          });
        }
        expect(decoded.split(/[/\\]/).some((segment) => segment === ".." || segment === ".")).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

const pathLike = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "/",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "%25",
        "%252e",
        "\\",
        ";",
        "@",
        ":",
        "?",
        "#",
        " ",
        "%00",
      ),
      fc.constantFrom("．", "／", "‥", "%c0%ae", "%ef%bc%8e", "v1", "items", "%", "é"),
      fc.string({ maxLength: 3, unit: "binary" }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join("")}`);

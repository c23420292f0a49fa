import { describe, expect, it } from "vitest";
import { call, openClient } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiResult } from "../api-client.ts";

describe("the address of a next page", () => {
  /** The first page names this address, every other one is the last. */
  async function follow(
    address: (host: string) => string,
    api: object = {},
  ): Promise<{ result: ApiResult; urls: string[]; headers: ReceivedRequest["headers"][] }> {
    const other = await startHttpServer({ json: { items: [{ stolen: true }] } });
    const server = await startHttpServer((request, count) =>
      count === 1
        ? { json: { items: [{ id: 1 }], next: address(`http://${request.headers.host}`).replace("OTHER", other.url) } }
        : { json: { items: [{ id: 2 }] } },
    );
    const client = openClient({
      x: { apiUrl: `${server.url}/v1`, allow: ["GET /items*"], apiKey: "secret-key-0123456789", ...api },
    });
    const result = await call(client, { api: "x", operation: "GET /items", query: { q: "a,b" }, maxPages: 5 });
    expect(other.requests).toEqual([]);
    return {
      result,
      urls: server.requests.map(({ url }) => url),
      headers: server.requests.map(({ headers }) => headers),
    };
  }

  it.each([
    ["another host", () => "OTHER/v1/items?page=2"],
    ["another host without its scheme", () => "//127.0.0.2/v1/items"],
    ["another port", (host: string) => `${host.replace(/\d+$/, "1")}/v1/items`],
    ["a password", (host: string) => `${host.replace("//", "//u:p@")}/v1/items`],
    ["a path outside the API", (host: string) => `${host}/admin`],
    ["a path that climbs out", (host: string) => `${host}/v1/%2e%2e%2fadmin`],
    ["a call that is not allowed", (host: string) => `${host}/v1/users`],
    ["a call that the human has to confirm", (host: string) => `${host}/v1/items/all`],
  ])("that has %s is not followed, and told", async (_what, address) => {
    const { result, urls } = await follow(address, { confirm: ["GET /items/all"] });
    expect(urls).toEqual(["/v1/items?q=a%2Cb"]);
    expect(result).toMatchObject({ data: { items: [{ id: 1 }] }, more_pages: true });
    expect(result.warnings).toEqual([expect.stringContaining("which cannot be followed")]);
  });

  it("keeps the credentials, in the header and in the query, whatever it says of them itself", async () => {
    const byHeader = await follow((host) => `${host}/v1/items?page=2`);
    expect(byHeader.headers[1]?.authorization).toBe("Bearer secret-key-0123456789");
    expect(byHeader.result.data).toMatchObject({ items: [{ id: 1 }, { id: 2 }] });
    const auth = { type: "query" as const, name: "key", prefix: "", clientAuth: "basic" as const };
    for (const address of [
      "/v1/items?page=2",
      "/v1/items?key=other&page=2",
      "/v1/items?page=2&key=secret-key-0123456789",
    ]) {
      const { urls, result } = await follow(() => address, { auth });
      expect(new URLSearchParams(urls[1]?.split("?")[1])).toEqual(
        new URLSearchParams(
          address.includes("?key") ? "key=secret-key-0123456789&page=2" : "page=2&key=secret-key-0123456789",
        ),
      );
      expect(JSON.stringify(result)).not.toContain("secret-key");
    }
  });

  it.each([
    [
      "a credential too short to be hidden",
      "/v1?tenant=t1",
      { type: "query" as const, name: "key" },
      "key=abc&page=2&tenant=t1",
    ],
    ["what the API's own URL has", "/v1?tenant=t1", undefined, "page=2&tenant=t1"],
  ])("keeps %s", async (_what, base, how, query) => {
    const server = await startHttpServer((_request, count) => ({
      json: { items: [{ id: count }], ...(count === 1 && { next: "/v1/items?page=2" }) },
    }));
    const auth = how && { ...how, prefix: "", clientAuth: "basic" as const };
    const client = openClient({
      x: { apiUrl: server.url + base, allow: ["GET /items"], ...(auth && { auth, apiKey: "abc" }) },
    });
    const both = await call(client, { api: "x", operation: "GET /items", maxPages: 5 });
    expect(both).toMatchObject({ data: { items: [{ id: 1 }, { id: 2 }] } });
    const sent = new URLSearchParams(server.requests[1]?.query);
    sent.sort();
    expect(String(sent)).toBe(query);
  });
});

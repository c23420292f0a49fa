import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { type ReceivedRequest, startHttpServer } from "../../../test/fixtures/http-server.ts";
import {
  ALL,
  at,
  byCursor,
  byPage,
  KINDS,
  number,
  type Paged,
  query,
  seal,
  slice,
  unseal,
} from "../../../test/fixtures/paged-apis.ts";
import type { ApiRequest } from "../api-request.ts";

async function open(paged: Paged, parameters: object[], more: object = {}) {
  let host = "";
  const script = (request: ReceivedRequest) => paged({ query: new URLSearchParams(request.query), request, host });
  const document = minimalDocument({ "/items": { get: { operationId: "list", parameters, responses: {} } } });
  const { client, requests } = await openDocumented(document, more, (request) => {
    host = `http://${request.headers.host}`;
    return script(request);
  });
  const ask = (given: Partial<ApiRequest> = {}) => call(client, { api: "x", operation: "list", ...given });
  return { ask, requests, client };
}

function itemsOf(data: unknown): unknown {
  if (Array.isArray(data)) return data;
  return Object.values(data as object).find((value) => Array.isArray(value) && value.length > 0);
}

describe("pages are followed by", () => {
  it.each(KINDS)("%s", async (_kind, paged, parameters, items = itemsOf) => {
    const { ask, requests } = await open(paged, parameters);
    const all = await ask({ maxPages: 10 });
    expect(items(all.data as never)).toEqual(ALL);
    expect(all).toMatchObject({ pages: 3 });
    expect(all).not.toHaveProperty("more_pages");
    expect(all.warnings ?? []).toEqual([]);
    // One more where only an empty page tells the end: not here, for the last page is a short one.
    expect(requests).toHaveLength(3);
  });

  it.each(KINDS)(
    "%s as far as is asked for, and then it is said how to go on",
    async (_kind, paged, parameters, items = itemsOf) => {
      const { ask } = await open(paged, parameters);
      const two = await ask({ maxPages: 2 });
      expect(items(two.data as never)).toEqual(ALL.slice(0, 20));
      expect(two).toMatchObject({ pages: 2, more_pages: true });
      const given = JSON.parse(/Go on with query (\{.*\}), or read/.exec(two.warnings?.[0] ?? "")?.[1] ?? "null");
      const declared = new Set((parameters as { name: string }[]).map(({ name }) => name));
      if (!Object.keys(given).every((name) => declared.has(name))) return;
      const rest = await ask({ query: given, maxPages: 5 });
      expect(items(rest.data as never)).toEqual(ALL.slice(20));
    },
  );
});

describe("of an API without a document pages are followed by", () => {
  const kinds = KINDS.filter(
    ([kind]) =>
      !/nothing said|offset and total|x-total-count|\$skip|startAt|startIndex|by the document|page\[|hasMore and|last \(Spring|S3/.test(
        kind,
      ),
  );
  it.each(kinds)("%s", async (_kind, paged, _parameters, items = itemsOf) => {
    let host = "";
    const server = await startHttpServer((request) => {
      return paged({ query: new URLSearchParams(request.query), request, host });
    });
    host = server.url;
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /items"] } });
    const all = await call(client, { api: "x", operation: "GET /items", maxPages: 10 });
    expect(items(all.data as never)).toEqual(ALL);
  });

  it("a parameter that was given", async () => {
    const server = await startHttpServer(({ query }) => ({
      json: slice(Number(new URLSearchParams(query).get("offset"))),
    }));
    const client = openClient({ x: { apiUrl: server.url, allow: ["GET /items"] } });
    const request = { api: "x", operation: "GET /items", query: { offset: 5, limit: 10 }, maxPages: 10 };
    expect((await call(client, request)).data).toEqual(ALL.slice(5));
    expect(server.requests.map(({ query }) => query)).toEqual(
      ["offset=5&limit=10", "offset=15&limit=10"].concat("offset=25&limit=10"),
    );
  });
});

describe("the Link header of a next page", () => {
  const long = `${"x".repeat(3000)}`;
  const paged: Paged = ({ query, host }) => {
    if (query.has("after")) return { json: [{ id: 2, whole: query.get("after") === `${long}-end` }] };
    return { json: [{ id: 1 }], headers: { link: `<${host}/items?after=${long}-end>; rel="next"` } };
  };

  it("is followed whole, however long, and shown in its beginning", async () => {
    const { ask } = await open(paged, query("after"), { cacheTtl: 60 });
    // The second time from the cache.
    for (const _time of [1, 2]) {
      const both = await ask({ maxPages: 5 });
      expect(both).toMatchObject({ data: [{ id: 1 }, { id: 2, whole: true }], pages: 2 });
    }
    expect((await ask()).headers?.link).toHaveLength(2000);
  });

  it("is not told in part, where it is too long to tell", async () => {
    const first = await (await open(paged, query("after"))).ask();
    expect(first.warnings).toEqual([
      "There are more pages. The next one's address is too long to tell. Read up to 10 at once with max_pages.",
    ]);
    const alone = await (await open(paged, query("after"), { maxPages: 1 })).ask();
    expect(alone.warnings).toEqual([
      "There are more pages. The next one's address is too long to tell. apis.x.maxPages is 1.",
    ]);
  });
});

describe("the first page alone", () => {
  it("says that there are more, where that is certain, and how to get them", async () => {
    const { ask, requests } = await open(
      byCursor("cursor", (items, next_cursor) => ({ items, next_cursor })),
      query("cursor"),
    );
    const result = await ask();
    expect(result).toMatchObject({
      more_pages: true,
      warnings: [
        `There are more pages. Go on with query ${JSON.stringify({ cursor: seal(10) })}, or read up to 10 at once with max_pages.`,
      ],
    });
    expect(result).not.toHaveProperty("pages");
    expect(requests).toHaveLength(1);
  });

  it("says nothing where only asking could tell", async () => {
    const { ask } = await open(
      byPage("page", 1, (items) => items),
      [number("page")],
    );
    expect(await ask()).toEqual({ data: ALL.slice(0, 10), http_status: 200 });
  });

  it("tells of a cursor that no known parameter takes", async () => {
    const { ask } = await open(() => ({ json: { items: [1], next_cursor: "abc" } }), []);
    expect(await ask({ maxPages: 3 })).toMatchObject({
      more_pages: true,
      warnings: ['There are more pages: the answer\'s next_cursor is "abc".'],
    });
  });

  it("of a POST tells of others and reads none: what is no read is not repeated", async () => {
    const server = await startHttpServer({ json: { results: [{ id: 1 }], next_cursor: "abc" } });
    const client = openClient({ x: { apiUrl: `${server.url}/search` } });
    const result = await call(client, { api: "x", body: { q: "a" }, maxPages: 5 });
    expect(result).toMatchObject({
      more_pages: true,
      warnings: ['There are more pages: the answer\'s next_cursor is "abc".'],
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    { name: "from", in: "query", schema: { type: "string" } },
    { name: "start", in: "query", schema: { type: "string", format: "date-time" } },
    { name: "page", in: "query", schema: { enum: ["home", "about"] } },
    { name: "token", in: "query", schema: { type: "string" } },
  ])("has no next one by a parameter that means something else: %j", async (parameter) => {
    const { ask, requests } = await open(() => ({ json: slice(0) }), [parameter]);
    expect(await ask({ maxPages: 5 })).toEqual({ data: slice(0), http_status: 200 });
    expect(requests).toHaveLength(1);
  });

  it("that is no list, or no answer to a read, has no next one", async () => {
    const { ask, requests } = await open(
      () => ({ json: { id: 1, next: "/items?from=1", page: 1, total_pages: 5 } }),
      [number("page")],
    );
    expect(await ask({ maxPages: 5 })).toMatchObject({ data: { id: 1 } });
    expect(requests).toHaveLength(1);
  });
});

describe("pages end", () => {
  const endless: Paged = ({ query }) => {
    const page = Number(query.get("page") ?? 1);
    return { json: { items: [{ page }], hasMore: true } };
  };

  it("at the limit of the configuration", async () => {
    const { ask, requests } = await open(endless, [number("page")], { maxPages: 4 });
    expect(await ask({ maxPages: 50 })).toMatchObject({
      pages: 4,
      more_pages: true,
      warnings: ['There are more pages. No more than 4 are read at once. Go on with query {"page":"5"}.'],
    });
    expect(requests).toHaveLength(4);
  });

  it("without the address of a next one that was read already", async () => {
    const linked: Paged = ({ query, host }) => {
      const page = Number(query.get("page") ?? 1);
      const next = { link: `<${host}/items?page=${page + 1}>; rel="next"`, "content-range": `items ${page}-${page}/3` };
      return { json: [{ page }], headers: { "x-total-count": "3", ...(page < 3 && next) } };
    };
    const { ask } = await open(linked, [number("page")]);
    expect((await ask({ maxPages: 5 })).headers).toEqual({ "x-total-count": "3" });
    expect((await ask({ maxPages: 2 })).headers).toEqual({
      link: expect.stringContaining("page=3"),
      "x-total-count": "3",
    });
    expect((await ask()).headers?.link).toContain("page=2");
  });

  it("where one names a page again that was read", async () => {
    const { ask, requests } = await open(
      ({ query }) => ({
        json: { items: [{ at: query.get("cursor") }], next_cursor: query.get("cursor") === "b" ? "a" : "b" },
      }),
      query("cursor"),
    );
    const result = await ask({ maxPages: 10, query: { cursor: "a" } });
    expect(result).toMatchObject({ pages: 2, warnings: [expect.stringContaining("read before")] });
    expect(requests).toHaveLength(2);
  });

  it("where the API does not know the parameter and gives the same page", async () => {
    const { ask, requests } = await open(() => ({ json: slice(0) }), [number("page")]);
    const result = await ask({ maxPages: 10 });
    expect(result.data).toEqual(slice(0));
    expect(result.warnings).toEqual([expect.stringContaining("same page again")]);
    expect(requests).toHaveLength(2);
  });

  it.each([400, 404, 422])("without a word where the page after the last one is answered %i", async (status) => {
    const paged = byPage("page", 1, (items) => items);
    const { ask } = await open((asked) => (at(asked, "page", 1) > 2 ? { status } : paged(asked)), [number("page")]);
    const result = await ask({ maxPages: 10 });
    expect(result).toEqual({ data: ALL.slice(0, 20), http_status: 200, pages: 2, attempts: 2 });
  });

  it("where one fails, keeping what was read", async () => {
    const paged = byCursor("cursor", (items, next_cursor) => ({ items, next_cursor }));
    const { ask } = await open(
      (asked) =>
        unseal(asked.query.get("cursor")) === 20 ? { status: 403, json: { error: "No more" } } : paged(asked),
      query("cursor"),
    );
    expect(await ask({ maxPages: 10 })).toMatchObject({
      data: { items: ALL.slice(0, 20) },
      pages: 2,
      more_pages: true,
      warnings: [expect.stringMatching(/^Page 3 could not be read: .*No more/), expect.stringContaining(seal(20))],
    });
  });

  it("at the time of one call, keeping what was read", async () => {
    const { ask } = await open((asked) => ({ ...endless(asked), delayMs: 400 }), [number("page")], { timeout: 1 });
    const before = performance.now();
    const result = await ask({ maxPages: 10 });
    expect(performance.now() - before).toBeLessThan(4000);
    expect(result.pages).toBeGreaterThan(1);
    expect(result).toMatchObject({
      more_pages: true,
      warnings: [expect.stringContaining("not all read within 1 s"), expect.any(String)],
    });
  });

  it("at the size of one answer", async () => {
    const { ask } = await open(
      (asked) => ({ json: { items: [{ page: at(asked, "page", 1), text: "x".repeat(30_000) }], hasMore: true } }),
      [number("page")],
      { maxResponseBytes: 50_000 },
    );
    const result = await ask({ maxPages: 10, select: "items[].page" });
    expect(result).toMatchObject({ data: [1, 2], warnings: [expect.stringContaining("than one answer may hold")] });
  });

  it("with the caller", async () => {
    const { client } = await open((asked) => ({ ...endless(asked), delayMs: 200 }), [number("page")]);
    const gone = new AbortController();
    setTimeout(() => gone.abort(), 500);
    const request = { api: "x", operation: "list", maxPages: 10 };
    expect(await failure(call(client, request, "ana", gone.signal))).toMatchObject({ code: "aborted" });
  });

  it("at the rate limit, which counts each page", async () => {
    const { ask, requests } = await open(endless, [number("page")], {
      rateLimit: { requests: 3, per: 60 },
      timeout: 1,
    });
    expect(await ask({ maxPages: 10 })).toMatchObject({ pages: 3, more_pages: true });
    expect(requests).toHaveLength(3);
  });
});

describe("what is joined", () => {
  it("has the fields of the last page around the items, and other lists joined once each", async () => {
    const { ask } = await open(({ query }) => {
      const second = query.get("cursor") === "b";
      return {
        json: second
          ? { data: [{ id: 2 }], included: [{ a: 1 }, { b: 1 }], meta: { next_cursor: null, count: 1 } }
          : { kind: "list", data: [{ id: 1 }], included: [{ a: 1 }], meta: { next_cursor: "b", count: 1 } },
      };
    }, query("cursor"));
    expect((await ask({ maxPages: 5 })).data).toEqual({
      kind: "list",
      data: [{ id: 1 }, { id: 2 }],
      included: [{ a: 1 }, { b: 1 }],
      meta: { next_cursor: null, count: 1 },
    });
  });
});

import { describe, expect, it } from "vitest";
import { call, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { ReceivedRequest } from "../../../test/fixtures/http-server.ts";
import { ALL, byCursor, KINDS, number, type Paged, query, seal } from "../../../test/fixtures/paged-apis.ts";
import type { ApiRequest } from "../api-request.ts";

interface Search {
  operationId?: string;
  path?: string;
  settings?: object;
}

/** An API whose operation takes these parameters as fields of a JSON body, by POST. */
async function open(
  paged: Paged,
  parameters: object[],
  { operationId, path = "/items/search", settings }: Search = {},
) {
  const fields = parameters as { name: string; schema: object }[];
  const properties = {
    q: { type: "string" },
    id: { type: "integer" },
    ...Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
  };
  const post = {
    ...(operationId && { operationId }),
    requestBody: { content: { "application/json; v=1": { schema: { type: "object", properties } } } },
    responses: {},
  };
  const script = (request: ReceivedRequest) => {
    const given = request.body === "" ? {} : (JSON.parse(request.body) as Record<string, string>);
    return paged({ query: new URLSearchParams(given), request, host: `http://${request.headers.host}` });
  };
  const { client, requests } = await openDocumented(minimalDocument({ [path]: { post } }), settings, script);
  const ask = (given: Partial<ApiRequest> = {}) => call(client, { api: "x", ...given });
  return { client, ask, bodies: () => requests.map(({ body }) => body), requests };
}

function itemsOf(data: unknown): unknown {
  if (Array.isArray(data)) return data;
  return Object.values(data as object).find((value) => Array.isArray(value) && value.length > 0);
}

const cursors = byCursor("start_cursor", (results, next_cursor) => ({ results, next_cursor: next_cursor ?? null }));

describe("pages of a search by POST are followed in its body by", () => {
  const kinds = KINDS.filter(([kind, , parameters]) => parameters.length > 0 && !/^next \(|Laravel/.test(kind));
  it.each(kinds)("%s", async (_kind, paged, parameters, items = itemsOf) => {
    const { ask, requests } = await open(paged, parameters);
    const all = await ask({ maxPages: 10, body: { q: "a" } });
    expect(items(all.data as never)).toEqual(ALL);
    expect(all).toMatchObject({ pages: 3 });
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(3).fill("POST /items/search"));
  });

  it("the cursor, and nothing else of the body changes", async () => {
    const { ask, bodies, requests } = await open(cursors, query("start_cursor"));
    await ask({ maxPages: 5, bodyText: '{"q":"a","id":12345678901234567890}' });
    expect(bodies()).toEqual([
      '{"q":"a","id":12345678901234567890}',
      `{"q":"a","id":12345678901234567890,"start_cursor":"${seal(10)}"}`,
      `{"q":"a","id":12345678901234567890,"start_cursor":"${seal(20)}"}`,
    ]);
    expect(new Set(requests.map(({ headers }) => headers["content-type"]))).toEqual(new Set(["application/json; v=1"]));
  });

  it("the cursor where there was no body, and numbers as numbers", async () => {
    const first = await open(cursors, query("start_cursor"));
    await first.ask({ maxPages: 2 });
    expect(first.bodies()).toEqual(["", `{"start_cursor":"${seal(10)}"}`]);
    const paged: Paged = ({ query }) => ({ json: { items: [{ page: query.get("page") }], hasMore: true } });
    const second = await open(paged, [number("page")]);
    await second.ask({ maxPages: 3, body: { page: "2" } });
    expect(second.bodies()).toEqual(['{"page":2}', '{"page":3}', '{"page":4}']);
  });

  it("requests that each have an idempotency key of their own", async () => {
    const { ask, requests } = await open(cursors, query("start_cursor"), {
      settings: { idempotencyHeader: "Idempotency-Key" },
    });
    expect(await ask({ maxPages: 5, idempotencyKey: "mine" })).toMatchObject({ pages: 3 });
    expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(3);
  });
});

describe("pages of a POST", () => {
  it.each([
    { operationId: "post-database-query", path: "/databases/x" },
    { operationId: "listVectors", path: "/vectors" },
    { operationId: "contacts.search", path: "/contacts" },
    { path: "/v1/things:search" },
    { path: "/_search" },
  ])("are followed where it is named like a search: %j", async (named) => {
    expect(await (await open(cursors, query("start_cursor"), named)).ask({ maxPages: 5 })).toMatchObject({ pages: 3 });
  });

  it.each<[string, Search]>([
    ["it is not named like a search", { operationId: "playlists", path: "/playlists" }],
    ["it creates", { operationId: "createList", path: "/lists" }],
    ["it runs what may change something", { operationId: "runQuery", path: "/sql" }],
    ["it is GraphQL", { operationId: "query", path: "/graphql" }],
    ["the human has to confirm it, who consented to one call", { settings: { confirm: ["POST /items/*"] } }],
  ])("are not where %s", async (_why, search) => {
    const { client, requests } = await open(cursors, query("start_cursor"), search);
    const request = { api: "x", maxPages: 5, body: { q: "a" } };
    const result = await client.call({ id: "ana" }, request, { signal: new AbortController().signal, confirmed: true });
    expect(result).toMatchObject({ more_pages: true, warnings: [expect.stringContaining("next_cursor is")] });
    expect(requests).toHaveLength(1);
  });

  it("are told where they were not asked for, with the field that asks for them", async () => {
    const { ask, requests } = await open(cursors, query("start_cursor"));
    const one = await ask({ body: { q: "a" } });
    expect(one.warnings).toEqual([
      `There are more pages. Go on with body {"start_cursor":"${seal(10)}"} beside the rest of it, or read up to 10 at once with max_pages.`,
    ]);
    expect(requests).toHaveLength(1);
  });

  it("are not followed by an address, of which nothing says what it takes", async () => {
    const paged: Paged = ({ host }) => ({ json: { items: [1], next: `${host}/items/search?from=1` } });
    const { ask, requests } = await open(paged, []);
    expect(await ask({ maxPages: 5 })).toMatchObject({
      more_pages: true,
      warnings: [expect.stringContaining('query {"from":"1"}')],
    });
    expect(requests).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { call, openClient } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";

type Pages = (query: URLSearchParams) => unknown;

/** What a plain API with these pages gives where ten are asked for, and the queries that it was sent. */
async function readAll(pages: Pages, operation = "GET /two", query?: Record<string, string>) {
  const server = await startHttpServer(({ query: sent }) => ({ json: pages(new URLSearchParams(sent)) }));
  const client = openClient({ x: { apiUrl: server.url, allow: ["GET /*"] } });
  const result = await call(client, { api: "x", operation, maxPages: 10, ...(query && { query }) });
  return { ...result, queries: server.requests.map(({ query: sent }) => sent.replace(/^\?/, "")) };
}

const numberOf = (query: URLSearchParams) => Number(query.get("page") ?? 1);
const roles = [{ role: "a" }, { role: "b" }, { role: "c" }, { role: "d" }];

describe("the items of a page with several lists", () => {
  /** Three users on pages of one, by the address of the next page. */
  const users: (beside: (page: number) => object) => Pages = (beside) => (query) => {
    const page = numberOf(query);
    return { users: [{ id: page }], ...beside(page), next: page < 3 ? `/two?page=${page + 1}` : null };
  };
  const three = [{ id: 1 }, { id: 2 }, { id: 3 }];

  it.each<[string, (page: number) => object]>([
    ["is the same on each page", () => ({ allRoles: roles })],
    ["is called like items, and the same on each page", () => ({ values: roles })],
    ["is on the first page only", (page) => (page === 1 ? { allRoles: roles } : {})],
    ["is empty after the first page", (page) => ({ allRoles: page === 1 ? roles : [] })],
    ["differs from page to page", (page) => ({ allRoles: [...roles, { role: String(page) }] })],
  ])("are found where a longer one %s", async (_how, beside) => {
    const { data, pages, warnings } = await readAll(users(beside));
    expect(data).toMatchObject({ users: three, next: null });
    expect({ pages, warnings }).toEqual({ pages: 3, warnings: undefined });
  });

  it("are those that are called like the path", async () => {
    const { data, queries } = await readAll(
      users((page) => ({ roles: roles.slice(page - 1) })),
      "GET /users",
    );
    expect(data).toMatchObject({ users: three, roles });
    expect(queries).toEqual(["", "page=2", "page=3"]);
  });

  it("are counted by themselves, once they are known", async () => {
    const all = Array.from({ length: 12 }, (_, id) => ({ id }));
    const byOffset: Pages = (query) => {
      const offset = Number(query.get("offset") ?? 0);
      return { found: all.slice(offset, offset + 5), kinds: [1, 2, 3, 4, 5, 6], total: 12 };
    };
    const { data } = await readAll(byOffset, "GET /two", { offset: "0" });
    expect(data).toMatchObject({ found: all, kinds: [1, 2, 3, 4, 5, 6] });
  });

  it("end where nothing differs", async () => {
    const { data, warnings } = await readAll(() => ({ a: [1], b: [1, 2], has_more: true, page: 1, total_pages: 9 }));
    expect(data).toMatchObject({ a: [1], b: [1, 2] });
    expect(warnings).toEqual([expect.stringContaining("same page again")]);
  });
});

describe("what pages say beside their items", () => {
  it.each<[string, object, object, object]>([
    ["an address", { nextLink: "/od?page=2", has_more: true }, {}, {}],
    ["an annotation", { "@odata.nextLink": "/od?page=2", "@odata.count": 2 }, {}, { "@odata.count": 2 }],
    ["a cursor", { cursor: "c", next_cursor: "/od?page=2", next: "/od?page=2" }, { total: 2 }, { total: 2 }],
    ["an object of links", { links: { next: "/od?page=2", self: "/od" } }, {}, { links: { self: "/od" } }],
    ["an object about pages", { paging: { next: "/od?page=2" }, meta: { v: 1 } }, {}, { meta: { v: 1 } }],
    ["HAL", { _links: { next: { href: "/od?page=2" } } }, { _links: { self: "/od" } }, { _links: { self: "/od" } }],
    [
      "a list of links",
      { link: [{ relation: "next", url: "/od?page=2" }] },
      { link: [{ relation: "self", url: "/od" }] },
      { link: [{ relation: "self", url: "/od" }] },
    ],
    ["a list of links that goes", { link: [{ relation: "next", url: "/od?page=2" }], type: "t" }, {}, { type: "t" }],
  ])("is what the last one says: %s", async (_what, first, last, expected) => {
    const { data } = await readAll((query) => {
      const page = numberOf(query);
      return { value: [{ id: page }], ...(page === 1 ? first : last) };
    }, "GET /od");
    expect(data).toEqual({ value: [{ id: 1 }, { id: 2 }], ...expected });
  });

  it("is what the last one says also where it has no items, or has them further below", async () => {
    const empty = await readAll((query) =>
      query.has("cursor") ? { data: [], has_more: false } : { data: [1], next_cursor: "a", has_more: true },
    );
    expect(empty.data).toEqual({ data: [1], has_more: false });
    const below = await readAll((query) =>
      query.has("page") ? { data: { items: [2] } } : { data: { items: [1], next: "/two?page=2", n: 1 } },
    );
    expect(below.data).toEqual({ data: { items: [1, 2], n: 1 } });
  });
});

import { describe, expect, it } from "vitest";
import { enrich, type Options } from "../../../../test/fixtures/enrich-rows.ts";
import { ToolError } from "../../../errors.ts";
import type { Host } from "../step.ts";

describe("enrich by API, several rows at once", () => {
  const prices = { a: 1, b: 2, c: 3, d: 4, e: 5 } as Record<string, number>;
  const skus = (...names: string[]) => names.map((sku) => ({ sku }));

  it("sends lists of values and matches the entries of the answer by a field", async () => {
    const bodies: unknown[] = [];
    const callApi: Host["callApi"] = async ({ body }) => {
      bodies.push(body);
      const { ids } = body as { ids: string[] };
      return { data: { items: [...ids].reverse().flatMap((id) => (prices[id] ? [{ id, price: prices[id] }] : [])) } };
    };
    const api = {
      api: "shop",
      body: { ids: "{{sku}}" },
      select: "items",
      batch: { size: 2, key: "sku", match: "id" },
      fields: { price: "price" },
    };
    const outcome = await enrich({ api }, skus("a", "b", "a", "zz", "c", "b"), { callApi });
    expect(bodies).toEqual([{ ids: ["a", "b"] }, { ids: ["zz", "c"] }]);
    expect(outcome.rows.map(({ price }) => price)).toEqual([1, 2, 1, null, 3, 2]);
    expect(outcome.record.api).toEqual({ calls: 2, cached: 2, failed: 1, rows: 6 });
    expect(outcome.issues).toMatchObject([
      { row: 4, field: "price", rule: "not_found", message: 'api: the answer has no entry for "zz"' },
    ]);
  });

  it("sends rows as a template makes them, and matches by position", async () => {
    const bodies: unknown[] = [];
    const callApi: Host["callApi"] = async ({ body }) => {
      bodies.push(body);
      return { data: (body as { q: string }[]).map(({ q }) => q.toUpperCase()) };
    };
    const api = { api: "x", body: "{{rows}}", batch: { size: 3, row: { q: "{{sku}}!" } }, into: "up" };
    const outcome = await enrich({ api }, skus("a", "b", "c", "d"), { callApi });
    expect(bodies).toEqual([[{ q: "a!" }, { q: "b!" }, { q: "c!" }], [{ q: "d!" }]]);
    expect(outcome.rows.map(({ up }) => up)).toEqual(["A!", "B!", "C!", "D!"]);
  });

  it("joins values to a text, and takes an answer that is an object by key", async () => {
    const callApi: Host["callApi"] = async ({ query }) => {
      expect(query).toEqual({ ids: "a,b" });
      return { data: { b: 2, a: 1 } };
    };
    const api = { api: "x", query: { ids: "{{sku}}" }, batch: { size: 9, separator: ",", key: "sku" }, into: "n" };
    expect((await enrich({ api }, skus("a", "b"), { callApi })).rows.map(({ n }) => n)).toEqual([1, 2]);
  });

  it.each<[string, unknown, Options, RegExp]>([
    ["has another length", [1], { size: 2 }, /the answer has 1 entries for 2 rows/],
    ["is no list", { items: [] }, { size: 2 }, /no list of entries, but/],
    ["has nothing that fits", { items: [] }, { size: 2, key: "sku" }, /no list of entries, but/],
  ])("records all rows of a batch whose answer %s", async (_, data, batch, message) => {
    const api = { api: "x", body: { ids: "{{sku}}" }, batch, into: "n" };
    const outcome = await enrich({ api, on_error: "keep" }, skus("a", "b"), { callApi: async () => ({ data }) });
    expect(outcome.rows.map(({ n }) => n)).toEqual([null, null]);
    expect(outcome.issues).toMatchObject([{ row: 1, rule: "invalid_response" }, { row: 2 }]);
    expect(outcome.issues[0]?.message).toMatch(message);
  });

  it("records any number of rows that fail", async () => {
    const callApi: Host["callApi"] = () => Promise.reject(new ToolError("upstream_error", "no"));
    const api = { api: "x", body: { ids: "{{sku}}" }, batch: 1000, into: "n" };
    const rows = Array.from({ length: 200_000 }, (_, sku) => ({ sku }));
    const outcome = await enrich({ api }, rows, { callApi });
    expect(outcome.failure).toMatchObject({ message: "Step 1 (enrich), api: no" });
    expect(outcome.record).toMatchObject({ issues_total: 200_000, api: { calls: 200, failed: 200_000 } });
  });

  it("keeps rows of which the answer knows none", async () => {
    const callApi: Host["callApi"] = async () => ({ data: [{ sku: "other" }] });
    const api = { api: "x", body: { ids: "{{sku}}" }, batch: { size: 5, key: "sku" }, into: "n" };
    const outcome = await enrich({ api }, skus("a"), { callApi });
    expect(outcome).toMatchObject({
      failure: undefined,
      rows: [{ sku: "a", n: null }],
      issues: [{ rule: "not_found" }],
    });
  });

  it("records rows without the key, and entries that are there twice", async () => {
    const callApi: Host["callApi"] = async ({ body }) => {
      expect(body).toEqual({ ids: ["a", "b"] });
      return { data: [{ sku: "a" }, { sku: "b" }, { sku: "b" }] };
    };
    const api = { api: "x", body: { ids: "{{sku}}" }, batch: { size: 5, key: "sku" }, into: "n" };
    const outcome = await enrich({ api }, [{ sku: "a" }, { sku: null }, { sku: "b" }], { callApi });
    expect(outcome.rows).toMatchObject([{ n: { sku: "a" } }, { n: null }, { n: null }]);
    expect(outcome.issues.map(({ message }) => message)).toEqual([
      'api: the row has no "sku" to match the answer by',
      'api: the answer has 2 entries for "b"',
    ]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { enrichRows, type Options } from "../../../../test/fixtures/enrich-rows.ts";
import { ToolError } from "../../../errors.ts";
import type { ApiRequest, Host, LlmRequest } from "../step.ts";
import { compileEnrich } from "./enrich.ts";

const enrich = (options: Options, rows: readonly Record<string, unknown>[], host: Partial<Host> = {}) =>
  enrichRows(options, rows, { host });

describe("enrich by lookup", () => {
  const countries = { DE: { name: "Germany", eu: true }, US: { name: "USA", eu: false } };

  it("puts an entry under a field, or its fields into the row", async () => {
    const rows = [{ c: "DE" }];
    expect((await enrich({ lookup: { field: "c", table: countries, into: "country" } }, rows)).rows).toEqual([
      { c: "DE", country: { name: "Germany", eu: true } },
    ]);
    const lookup = { field: "c", table: countries, prefix: "c_", fields: ["name"] };
    expect((await enrich({ lookup }, rows)).rows).toEqual([{ c: "DE", c_name: "Germany" }]);
  });

  it("takes a list with a key, and numbers as keys", async () => {
    const table = [
      { id: 1, name: "one" },
      { id: 2, name: "two" },
    ];
    expect((await enrich({ lookup: { field: "n", table, key: "id" } }, [{ n: 2 }, { n: "1" }])).rows).toEqual([
      { n: 2, name: "two" },
      { n: "1", name: "one" },
    ]);
  });

  it("takes several fields as one key", async () => {
    const table = [
      { land: "DE", city: "Berlin", zone: 1 },
      { land: "US", city: "Berlin", zone: 2 },
    ];
    const lookup = { field: ["country", "city"], key: ["land", "city"], table };
    const rows = [
      { country: "US", city: "Berlin" },
      { country: "DE", city: "Berlin" },
      { country: "FR", city: "Nice" },
    ];
    const outcome = await enrich({ lookup }, rows);
    expect(outcome.rows.map(({ zone }) => zone)).toEqual([2, 1, null]);
    expect(outcome.issues).toMatchObject([
      { row: 3, field: "country", value: ["FR", "Nice"], message: 'lookup: the table has no entry for ["FR","Nice"]' },
    ]);
    expect((await enrich({ lookup }, [{ country: "FR", city: null }])).issues).toMatchObject([
      { field: "city", message: 'lookup: the row has no "city" to look up' },
    ]);
  });

  it("compares keys without case and blanks around them where that is wanted", async () => {
    const lookup = { field: "c", table: { de: "Germany", " fr ": "France" }, into: "n" };
    const rows = [{ c: " DE" }, { c: "FR" }];
    expect((await enrich({ lookup }, rows)).rows.map(({ n }) => n)).toEqual([null, null]);
    expect(
      (await enrich({ lookup: { ...lookup, ignore_case: true, trim: true } }, rows)).rows.map(({ n }) => n),
    ).toEqual(["Germany", "France"]);
    expect(() =>
      compileEnrich(
        { lookup: { field: "c", table: { DE: 1, de: 2 }, into: "n", ignore_case: true } },
        "Step 1 (enrich)",
      ),
    ).toThrow(/"c" "de" is there twice/);
  });

  it.each<[string, string, string | undefined]>([
    ["csv", "code,name\nDE,Germany\nUS,USA\n", undefined],
    ["json", '[{"code":"DE","name":"Germany"},{"code":"US","name":"USA"}]', undefined],
    ["json by key", '{"DE":{"name":"Germany"},"US":{"name":"USA"}}', undefined],
    ["yaml", "- code: DE\n  name: Germany\n- code: US\n  name: USA\n", "yaml"],
  ])("takes a table as text in %s", async (_, table, table_format) => {
    const lookup = { field: "c", key: "code", table, ...(table_format && { table_format }) };
    expect((await enrich({ lookup }, [{ c: "US" }, { c: "DE" }])).rows).toEqual([
      { c: "US", name: "USA" },
      { c: "DE", name: "Germany" },
    ]);
  });

  it("gives the same whatever the order of the table and of the rows", async () => {
    const entry = fc.record({ k: fc.string(), a: fc.jsonValue({ maxDepth: 1 }), b: fc.integer() });
    const tables = fc.uniqueArray(entry, { selector: ({ k }) => k, maxLength: 12 });
    const shuffled = tables.chain((table) =>
      fc.tuple(fc.constant(table), fc.shuffledSubarray(table, { minLength: table.length })),
    );
    const property = fc.asyncProperty(shuffled, fc.array(fc.string()), async ([table, other], extra) => {
      const rows = [...table.map(({ k }) => ({ key: k })), ...extra.map((key) => ({ key }))];
      const lookup = { field: "key", key: "k", default: { a: null, b: 0 } };
      const one = await enrich({ lookup: { ...lookup, table } }, rows);
      const two = await enrich({ lookup: { ...lookup, table: other } }, [...rows].reverse());
      expect(JSON.stringify([...two.rows].reverse())).toBe(JSON.stringify(one.rows));
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("records rows without an entry, and keeps, drops, puts aside or refuses them, or takes a default", async () => {
    const rows = [{ c: "DE" }, { c: "constructor" }];
    const lookup = { field: "c", table: { DE: 1 }, into: "x" };
    const kept = await enrich({ lookup }, rows);
    expect(kept.rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: null },
    ]);
    expect(kept.issues).toMatchObject([{ row: 2, field: "c", rule: "lookup", value: "constructor" }]);
    expect((await enrich({ lookup, on_error: "drop" }, rows)).rows).toEqual([{ c: "DE", x: 1 }]);
    expect((await enrich({ lookup, on_error: "fail" }, rows)).failure?.message).toMatch(/lookup failed in 1 row/);
    expect(await enrich({ lookup, on_error: "quarantine" }, rows)).toMatchObject({
      rows: [{ c: "DE", x: 1 }],
      quarantine: [{ row: { c: "constructor" }, number: 2, reasons: [{ rule: "lookup", field: "c" }] }],
    });
    expect((await enrich({ lookup: { ...lookup, default: 0 } }, rows)).rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: 0 },
    ]);
  });

  it("gives each row an entry of its own", async () => {
    const lookup = { field: "c", table: { DE: { list: [1] } }, into: "x" };
    const [one, two] = (await enrich({ lookup }, [{ c: "DE" }, { c: "DE" }])).rows as { x: { list: number[] } }[];
    one?.x.list.push(2);
    expect(two?.x.list).toEqual([1]);
  });
});

describe("enrich by memory", () => {
  it("searches the user's memories with the filled template", async () => {
    const calls: unknown[] = [];
    const searchMemory: Host["searchMemory"] = async (query, limit) => {
      calls.push([query, limit]);
      return { results: [{ id: "m", content: `about ${query}` }] };
    };
    const memory = { query_template: "{{name}} {{address.city}}", into: "known", limit: 2 };
    const rows = [{ name: "Ben", address: { city: "Rome" } }, { name: null }];
    const outcome = await enrich({ memory }, rows, { searchMemory });
    expect(calls).toEqual([["Ben Rome", 2]]);
    expect(outcome.rows).toMatchObject([{ known: [{ id: "m", content: "about Ben Rome" }] }, { known: [] }]);
    const first = { query_template: "{{name}}", fields: { note: "0.content" } };
    expect((await enrich({ memory: first }, rows, { searchMemory })).rows).toMatchObject([
      { note: "about Ben" },
      { note: null },
    ]);
  });
});

describe("enrich by API", () => {
  const api = {
    api: "weather",
    operation: "GET /v1/now",
    query: { city: "{{city}}", n: "{{n}}", fixed: "x-{{n}}" },
    into: "w",
  };

  it("sends the filled templates once for equal rows and takes the selected part", async () => {
    const requests: ApiRequest[] = [];
    const callApi: Host["callApi"] = async (request) => {
      requests.push(request);
      return { data: { now: { temp: 20 } }, http_status: 200 };
    };
    const rows = [{ city: "Rome", n: 1 }, { city: "Rome", n: 1 }, { city: "Oslo" }];
    const outcome = await enrich({ api: { ...api, select: "now.temp" } }, rows, { callApi });
    expect(requests).toEqual([
      { api: "weather", operation: "GET /v1/now", query: { city: "Rome", n: 1, fixed: "x-1" } },
      { api: "weather", operation: "GET /v1/now", query: { city: "Oslo", n: null, fixed: "x-" } },
    ]);
    expect(outcome.rows).toMatchObject([{ w: 20 }, { w: 20 }, { w: 20 }]);
    expect(outcome.record.api).toEqual({ calls: 2, cached: 1, failed: 0, rows: 3 });
  });

  it("takes parts of answers by paths into objects and lists, or all fields of an object", async () => {
    const callApi: Host["callApi"] = async () => ({ data: { list: [{ a: { b: 1 } }], name: "x" } });
    const rows = [{ city: "Rome", n: 1 }];
    const { into: _, ...request } = api;
    const taken = async (how: Options) => (await enrich({ api: { ...request, ...how } }, rows, { callApi })).rows[0];
    expect(await taken({ fields: { first: "list[0].a.b", also: "list.0.a", none: "list.7", name: "name" } })).toEqual({
      ...rows[0],
      first: 1,
      also: { b: 1 },
      none: null,
      name: "x",
    });
    expect(await taken({ fields: ["name"] })).toEqual({ ...rows[0], name: "x" });
    expect(await taken({ select: "list.0", prefix: "w_" })).toEqual({ ...rows[0], w_a: { b: 1 } });
  });

  it("says which paths no answer has", async () => {
    const callApi: Host["callApi"] = async () => ({ data: { now: { temp: 20 } } });
    const rows = [{ city: "Rome", n: 1 }];
    expect((await enrich({ api: { ...api, select: "now.tmp" } }, rows, { callApi })).warnings).toEqual([
      'api: no answer has "now.tmp". Its fields: now.',
    ]);
  });

  it("keeps to the concurrency that is set, and to the order of the rows", async () => {
    let running = 0;
    let most = 0;
    const callApi: Host["callApi"] = async (request) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5 - (Number(request.query?.n) % 5)));
      running--;
      return { data: request.query?.n };
    };
    const rows = Array.from({ length: 20 }, (_, n) => ({ n, city: "Rome" }));
    const outcome = await enrich({ api: { ...api, concurrency: 3 } }, rows, { callApi });
    expect(most).toBe(3);
    expect(outcome.rows.map((row) => row.w)).toEqual(rows.map(({ n }) => n));
  });

  it("records failed rows, and keeps, drops, puts aside or refuses them", async () => {
    const callApi: Host["callApi"] = async (request) => {
      if (request.query?.city === "Oslo") throw new ToolError("upstream_error", "API returned error: 503");
      return { data: 1 };
    };
    const rows = [
      { city: "Rome", n: 1 },
      { city: "Oslo", n: 2 },
    ];
    const kept = await enrich({ api }, rows, { callApi });
    expect(kept.rows).toMatchObject([{ w: 1 }, { w: null }]);
    expect(kept.issues).toMatchObject([
      { row: 2, field: "w", rule: "upstream_error", message: "api: API returned error: 503" },
    ]);
    expect((await enrich({ api: { ...api, default: { temp: 0 } } }, rows, { callApi })).rows).toMatchObject([
      { w: 1 },
      { w: { temp: 0 } },
    ]);
    expect((await enrich({ api, on_error: "drop" }, rows, { callApi })).rows).toHaveLength(1);
    expect(await enrich({ api, on_error: "quarantine" }, rows, { callApi })).toMatchObject({
      rows: [{ n: 1 }],
      quarantine: [{ number: 2, row: { city: "Oslo", n: 2 } }],
    });
    expect((await enrich({ api, on_error: "fail" }, rows, { callApi })).failure).toMatchObject({
      message: "Step 1 (enrich), api: API returned error: 503",
      code: "upstream_error",
    });
  });

  it("records a row whose call took too long, like any other failure", async () => {
    const callApi: Host["callApi"] = async (request) => {
      if (request.query?.city === "Oslo") throw new ToolError("deadline_exceeded", "too slow");
      return { data: 1 };
    };
    const rows = [
      { city: "Rome", n: 1 },
      { city: "Oslo", n: 2 },
    ];
    const kept = await enrich({ api }, rows, { callApi });
    expect(kept.rows).toMatchObject([{ w: 1 }, { w: null }]);
    expect(kept.issues).toMatchObject([{ row: 2, rule: "deadline_exceeded" }]);
  });

  it("ends the run where every call failed, unless rows are to be kept", async () => {
    const callApi: Host["callApi"] = () => Promise.reject(new ToolError("upstream_error", "down"));
    const rows = [{ city: "Rome", n: 1 }, {}];
    expect((await enrich({ api }, rows, { callApi })).failure?.message).toMatch(/down/);
    expect((await enrich({ api, on_error: "keep" }, rows, { callApi })).failure).toBeUndefined();
  });

  it("ends the run with what every row would meet", async () => {
    let calls = 0;
    const callApi: Host["callApi"] = () => {
      calls++;
      return Promise.reject(new ToolError("unknown_api", "There is no API weather."));
    };
    const rows = Array.from({ length: 100 }, (_, n) => ({ n, city: "Rome" }));
    expect((await enrich({ api, on_error: "keep" }, rows, { callApi })).failure).toMatchObject({ code: "unknown_api" });
    expect(calls).toBeLessThan(10);
  });

  it("does not wait for other calls once one ends the run", async () => {
    const callApi: Host["callApi"] = ({ query }) =>
      query?.n === 1 ? Promise.reject(new ToolError("unknown_operation", "none")) : new Promise(() => {});
    const rows = [1, 2, 3].map((n) => ({ n, city: "Rome" }));
    expect((await enrich({ api }, rows, { callApi })).failure).toMatchObject({ code: "unknown_operation" });
    const failing: Host["callApi"] = ({ query }) =>
      query?.n === 1 ? Promise.reject(new ToolError("upstream_error", "no such city")) : new Promise(() => {});
    const outcome = await enrich({ api, on_error: "fail" }, rows, { callApi: failing });
    expect(outcome.failure).toMatchObject({ message: "Step 1 (enrich), api: no such city" });
    expect(outcome.issues).toHaveLength(1);
  });

  it("asks a service that is down no more than some times, and says so", async () => {
    let calls = 0;
    const callApi: Host["callApi"] = async (request) => {
      calls++;
      if (Number(request.query?.n) < 3) return { data: "up" };
      throw new ToolError("upstream_unreachable", "connection refused");
    };
    const rows = Array.from({ length: 100 }, (_, n) => ({ n, city: "Rome" }));
    const outcome = await enrich({ api, on_error: "keep" }, rows, { callApi });
    expect(calls).toBeLessThan(13 + 4);
    expect(outcome.rows.map(({ w }) => w).filter((w) => w === "up")).toHaveLength(3);
    expect(outcome.record).toMatchObject({ issues_total: 97, api: { failed: 97, rows: 100 } });
    expect(outcome.issues.at(12)).toMatchObject({ row: 16, rule: "upstream_unreachable" });
    expect(outcome.issues.at(12)?.message).toBe("api: not called: 10 calls in a row failed (connection refused)");
    const allDown: Host["callApi"] = () => Promise.reject(new ToolError("upstream_unreachable", "connection refused"));
    expect((await enrich({ api }, rows, { callApi: allDown })).failure).toMatchObject({
      code: "upstream_unreachable",
      message: expect.stringMatching(/connection refused \(the other calls were not made\)/),
    });
  });

  it("refuses more different calls than are allowed", async () => {
    const rows = Array.from({ length: 1001 }, (_, n) => ({ n, city: "Rome" }));
    let calls = 0;
    const callApi: Host["callApi"] = async () => ++calls;
    expect((await enrich({ api }, rows, { callApi })).failure).toMatchObject({
      code: "too_large",
      message: "Step 1 (enrich) would make more than 1000 calls.",
    });
    expect(calls).toBe(0);
    expect((await enrich({ api: { ...api, max_calls: 1001 } }, rows, { callApi })).rows).toHaveLength(1001);
    expect(calls).toBe(1001);
  });

  it("makes no call in a run that has ended, nor in a dry run, which tells how many it would make", async () => {
    const rows = [
      { city: "Rome", n: 1 },
      { city: "Rome", n: 1 },
      { city: "Oslo", n: 2 },
    ];
    expect((await enrichRows({ api }, rows, { endedBefore: true })).rows).toEqual([]);
    const dry = await enrichRows({ api }, rows, { dryRun: true });
    expect(dry.record.api).toMatchObject({ calls: 0, would_call: 2, rows: 3 });
    expect(dry.rows).toHaveLength(3);
  });

  it("records the row of which a template makes too much text", async () => {
    const memory = { query_template: "a {{text}}".repeat(9), into: "known" };
    const searchMemory: Host["searchMemory"] = async () => ["found"];
    const outcome = await enrich({ memory }, [{ text: "x".repeat(1_000_000) }, { text: "b" }], { searchMemory });
    expect(outcome.rows).toMatchObject([{ known: null }, { known: ["found"] }]);
    expect(outcome.issues).toMatchObject([{ row: 1, rule: "too_large" }]);
  });

  it("records the row whose answer came in part only, or is too deep", async () => {
    const deep = JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`);
    const callApi: Host["callApi"] = async ({ query }) =>
      query?.n === 1
        ? { data: [1], rest: { id: "x", given: 1, total: 9, unit: "items" } }
        : query?.n === 2
          ? { data: deep }
          : query?.n === 3
            ? { data: "(binary)", bytes: 1_000_000, content_type: "image/png" }
            : { data: 4 };
    const rows = [1, 2, 3, 4].map((n) => ({ n, city: "Rome" }));
    const outcome = await enrich({ api }, rows, { callApi });
    expect(outcome.rows.map(({ w }) => w)).toEqual([null, null, null, 4]);
    expect(outcome.issues).toMatchObject([
      { message: "api: only 1 of 9 items of the answer came", rule: "too_large" },
      { message: "api: the answer is nested more than 64 levels deep" },
      { message: 'api: the answer is binary, 1000000 bytes of "image/png"' },
    ]);
  });

  it("gives long answers of many rows back whole, from disk", async () => {
    const callApi: Host["callApi"] = async ({ query }) => ({ data: `${query?.n} ${"ä".repeat(60_000)}` });
    const rows = Array.from({ length: 200 }, (_, n) => ({ n, city: "Rome" }));
    const outcome = await enrich({ api }, rows, { callApi });
    expect(outcome.rows.every(({ n, w }) => w === `${n} ${"ä".repeat(60_000)}`)).toBe(true);
  });
});

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

describe("enrich by the LLM processor", () => {
  it("sends the filled template, or the row, and takes the data", async () => {
    const requests: LlmRequest[] = [];
    const processInput: Host["processInput"] = async (request) => {
      requests.push(request);
      return { format: "json", data: { mood: "good" }, model: "m" };
    };
    const output_schema = { type: "object" };
    const llm = { task: "classify", input_template: "Review: {{text}}", output_schema, into: "mood", max_tokens: 50 };
    const outcome = await enrich({ llm }, [{ text: "nice" }], { processInput });
    expect(outcome.rows).toEqual([{ text: "nice", mood: { mood: "good" } }]);
    await enrich({ llm: { into: "mood" } }, [{ text: "nice", mood: "old" }], { processInput });
    expect(requests).toEqual([
      { input: "Review: nice", task: "classify", maxTokens: 50, outputSchema: output_schema },
      { input: '{"text":"nice"}' },
    ]);
  });

  it("records a row whose answer was cut off", async () => {
    const processInput: Host["processInput"] = async () => ({ data: "half of", truncated: true });
    const outcome = await enrich({ llm: { into: "t" }, on_error: "keep" }, [{ text: "a" }], { processInput });
    expect(outcome.issues).toMatchObject([
      { rule: "invalid_response", message: "llm: the model's answer was cut off" },
    ]);
  });
});

describe("enrich by the LLM processor, several rows at once", () => {
  const llm = {
    task: "classify as short or long",
    input_template: "{{text}}",
    output_schema: { enum: ["short", "long"] },
    batch: 4,
    into: "size",
  };
  const rows = ["a", "bb", "a", "long text", "c", "d", "e"].map((text) => ({ text }));
  const sizeOf = (input: string) => (input.length > 5 ? "long" : "short");
  interface Entry {
    id: number;
    input: string;
  }

  it("matches the answers by id", async () => {
    const requests: LlmRequest[] = [];
    const processInput: Host["processInput"] = async (request) => {
      requests.push(request);
      const entries = JSON.parse(request.input) as Entry[];
      return { data: { answers: entries.map(({ id, input }) => ({ id, answer: sizeOf(input) })).reverse() } };
    };
    const outcome = await enrich({ llm }, rows, { processInput });
    expect(outcome.rows.map(({ size }) => size)).toEqual([
      "short",
      "short",
      "short",
      "long",
      "short",
      "short",
      "short",
    ]);
    expect(requests.map(({ input }) => (JSON.parse(input) as Entry[]).map((entry) => entry.input))).toEqual([
      ["a", "bb", "long text", "c"],
      ["d", "e"],
    ]);
    expect(requests[0]).toMatchObject({
      task: expect.stringMatching(/^classify as short or long\n/),
      outputSchema: {
        properties: { answers: { minItems: 4, maxItems: 4, items: { properties: { answer: llm.output_schema } } } },
      },
    });
    expect(outcome.record.llm).toEqual({ calls: 2, cached: 1, failed: 0, rows: 7 });
  });

  it("asks again for what is missing, in halves where nothing fits, and records what fails alone", async () => {
    const asked: number[] = [];
    const processInput: Host["processInput"] = async ({ input, outputSchema }) => {
      if (!input.startsWith("[")) {
        asked.push(1);
        if (input === "bb") throw new ToolError("invalid_response", "no JSON");
        return { data: sizeOf(input) };
      }
      const entries = JSON.parse(input) as Entry[];
      asked.push(entries.length);
      expect(outputSchema).toHaveProperty("properties.answers.maxItems", entries.length);
      if (entries.some((entry) => entry.input === "bb")) throw new ToolError("validation_failed", "no such list");
      return { data: { answers: entries.slice(1).map((entry) => ({ id: entry.id, answer: sizeOf(entry.input) })) } };
    };
    const outcome = await enrich({ llm: { ...llm, concurrency: 1 } }, rows, { processInput });
    expect(asked).toEqual([4, 2, 1, 1, 2, 1, 2, 1]);
    expect(outcome.rows.map(({ size }) => size)).toEqual(["short", null, "short", "long", "short", "short", "short"]);
    expect(outcome.issues).toMatchObject([{ row: 2, rule: "invalid_response", message: "llm: no JSON" }]);
  });

  it("makes no more calls than are allowed, also where it asks again", async () => {
    let calls = 0;
    const processInput: Host["processInput"] = async () => {
      calls++;
      throw new ToolError("invalid_response", "no JSON");
    };
    const outcome = await enrich({ llm: { ...llm, max_calls: 3 }, on_error: "keep" }, rows, { processInput });
    expect(calls).toBe(3);
    expect(outcome.issues.map(({ rule }) => rule)).toContain("limit_reached");
    expect(outcome.rows).toHaveLength(7);
  });
});

describe("enrich", () => {
  it("runs several enrichments in the order written", async () => {
    const processInput: Host["processInput"] = async (request) => ({ data: request.input });
    const lookup = { field: "c", table: { DE: "Germany" }, into: "country" };
    const llm = { input_template: "In {{country}}", into: "text" };
    expect((await enrich({ lookup, llm }, [{ c: "DE" }], { processInput })).rows).toMatchObject([
      { text: "In Germany" },
    ]);
    const swapped = await enrich({ llm, lookup }, [{ c: "DE", country: "?" }], { processInput });
    expect(swapped.rows).toMatchObject([{ text: "In ?" }]);
  });

  it("makes no call after an enrichment that ends the run", async () => {
    const lookup = { field: "c", table: { DE: "Germany" }, into: "country" };
    const llm = { input_template: "In {{country}}", into: "text" };
    const outcome = await enrich({ lookup, llm, on_error: "fail" }, [{ c: "DE" }, { c: "FR" }]);
    expect(outcome.failure?.message).toBe("Step 1 (enrich), lookup failed in 1 row");
  });

  it("leaves rows alone for which its condition is not true", async () => {
    const processInput: Host["processInput"] = async (request) => ({ data: request.input });
    const rows = [{ c: "DE" }, { c: "FR" }, { c: null }];
    const lookup = { field: "c", table: { DE: "Germany" }, into: "country" };
    const llm = { input_template: "In {{country}}", into: "text" };
    const outcome = await enrich({ when: 'c == "DE"', lookup, llm }, rows, { processInput });
    expect(outcome.rows).toEqual([{ c: "DE", country: "Germany", text: "In Germany" }, { c: "FR" }, { c: null }]);
    expect(outcome.record).toMatchObject({ lookup: { found: 1, missing: 0 }, llm: { calls: 1, rows: 1 } });
  });

  it.each<[string, Options]>([
    ["api", { api: { api: "x", query: { q: "in {{cuontry}}" }, into: "w" } }],
    ["api", { api: { api: "x", body: { list: [{ deep: "{{cuontry}}" }] }, into: "w" } }],
    ["memory", { memory: { query_template: "{{cuontry}}", into: "w" } }],
    ["llm", { llm: { input_template: "{{cuontry}}", into: "w" } }],
    ["llm", { memory: { query_template: "{{id}}", into: "w" }, llm: { input_template: "{{cuontry}}", into: "v" } }],
  ])("makes no call where the template of %s names a field that no row has", async (kind, options) => {
    const rows = [{ id: 1 }, { id: 2, country: "DE" }];
    expect((await enrich(options, rows)).failure).toEqual({
      message: `Step 1 (enrich), ${kind}: no row has a field "cuontry".`,
      code: "invalid_input",
      hint: 'Did you mean "country"? Fields: id, country.',
    });
  });

  it("takes templates of fields that some rows have, or that enrichments before them set", async () => {
    const sent: string[] = [];
    const processInput: Host["processInput"] = async ({ input }) => {
      sent.push(input);
      return { data: { mood: "good" } };
    };
    const options = {
      lookup: { field: "c", table: { DE: { name: "Germany" } }, prefix: "c_" },
      llm: { input_template: "{{c_name}}{{note}}", into: "first" },
    };
    const again = { llm: { input_template: "{{first.mood}}", into: "second" } };
    const outcome = await enrich(options, [{ c: "FR" }, { c: "FR", note: "!" }], { processInput });
    await enrich(again, outcome.rows, { processInput });
    expect(sent).toEqual(["", "!", "good"]);
  });

  it("warns of a lookup by a field that no row has", async () => {
    const lookup = { field: "cc", table: { DE: 1 }, into: "x" };
    const outcome = await enrich({ lookup }, [{ CC: "DE" }]);
    expect(outcome.warnings).toEqual(['lookup: no row has a field "cc". Did you mean "CC"? Fields: CC.']);
    expect(outcome.issues).toMatchObject([{ message: 'lookup: the row has no "cc" to look up' }]);
  });

  it.each<[Options, RegExp]>([
    [{ lookups: {} }, /unknown key "lookups"/],
    [{ lookup: { field: "a" } }, /lookup, "table": must be an object/],
    [{ lookup: { field: "a", table: { x: 1 } } }, /"into" must name the field/],
    [{ lookup: { field: "a", table: [{ a: 1 }, { a: 1 }] } }, /"a" 1 is there twice/],
    [{ lookup: { field: ["a", "b"], table: [{ a: 1, c: 2 }] } }, /entry 1: has no "b"/],
    [{ lookup: { field: ["a", "b"], key: "a", table: [] } }, /"key" must name as many fields/],
    [{ lookup: { field: "a", table: { x: { y: 1 } }, fields: ["z"] } }, /no entry of the table has "z"/],
    [{ memory: { into: "x" } }, /"query_template" must be a text/],
    [{ api: { api: "x" } }, /"into" must be a text/],
    [{ api: { api: "x", into: "a", prefix: "b" } }, /give either "into" or "prefix"/],
    [{ api: { api: "x", into: "y", querry: {} } }, /unknown key "querry"/],
    [{ api: { api: "x", into: "y", batch: { size: 2 } } }, /names no field of the rows/],
    [{ api: { api: "x", into: "y", body: "{{a}}", batch: { size: 2, match: "id" } } }, /"match" needs "key"/],
    [{ api: { api: "x", into: "y", rate_limit: { requests: 1, per: 0 } } }, /"per" must be seconds/],
    [{ api: { api: "x", into: "y", concurrency: 17 } }, /"concurrency" must be a whole number from 1 to 16/],
    [{ api: { api: "x", into: "y", max_calls: 100_001 } }, /"max_calls" must be/],
    [{ api: { api: "x", fields: { a: "b" }, default: { c: 1 } } }, /"default" has "c"/],
    [{ llm: { into: "x", input_template: "no field" } }, /names no field/],
    [{ llm: { into: "x" }, on_error: "ignore" }, /"on_error" must be one of keep, fail, drop, quarantine/],
    [{ on_error: "drop" }, /"on_error" needs something that can fail/],
  ])("refuses %j", (options, message) => {
    expect(() => compileEnrich(options, "Step 1 (enrich)")).toThrow(message);
  });
});

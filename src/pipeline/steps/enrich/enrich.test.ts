import { describe, expect, it } from "vitest";
import { ToolError } from "../../../errors.ts";
import { createPace } from "../../pace.ts";
import { toRows } from "../../rows.ts";
import type { ApiRequest, Enrichers, LlmRequest, StepContext } from "../step.ts";
import { compileEnrich } from "./enrich.ts";

function enrich(
  options: Record<string, unknown>,
  data: unknown[],
  enrichers: Partial<Enrichers> = {},
  signal?: AbortSignal,
) {
  const used = signal ?? new AbortController().signal;
  const silent = { progress() {}, success() {}, error() {}, emit() {} };
  const context = {
    user: { id: "ana" },
    enrichers,
    signal: used,
    status: silent,
    pace: createPace(used),
    textBudget: { used: 0 },
    dryRun: false,
    report() {},
  };
  return compileEnrich(options, "Step 1 (enrich)")(toRows(data), context as unknown as StepContext);
}

describe("enrich by lookup", () => {
  const countries = { DE: { name: "Germany", eu: true }, US: { name: "USA", eu: false } };

  it("puts an entry under a field, or its fields into the row", async () => {
    const rows = [{ c: "DE" }];
    expect((await enrich({ lookup: { field: "c", table: countries, into: "country" } }, rows)).rows).toEqual([
      { c: "DE", country: { name: "Germany", eu: true } },
    ]);
    expect(
      (await enrich({ lookup: { field: "c", table: countries, prefix: "c_", fields: ["name"] } }, rows)).rows,
    ).toEqual([{ c: "DE", c_name: "Germany" }]);
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

  it("gives the same whatever the order of rows and table", async () => {
    const forward = await enrich({ lookup: { field: "c", table: countries } }, [{ c: "DE" }, { c: "US" }]);
    const backward = await enrich({ lookup: { field: "c", table: { US: countries.US, DE: countries.DE } } }, [
      { c: "US" },
      { c: "DE" },
    ]);
    expect([...backward.rows].reverse()).toEqual(forward.rows);
  });

  it("records rows without an entry, and keeps, drops or refuses them, or takes a default", async () => {
    const rows = () => [{ c: "DE" }, { c: "constructor" }];
    const lookup = { field: "c", table: { DE: 1 }, into: "x" };
    const kept = await enrich({ lookup }, rows());
    expect(kept.rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: null },
    ]);
    expect(kept.reasons?.listed).toMatchObject([{ row: 2, field: "c", rule: "lookup", value: "constructor" }]);
    expect((await enrich({ lookup, on_error: "drop" }, rows())).rows).toEqual([{ c: "DE", x: 1 }]);
    expect((await enrich({ lookup, on_error: "fail" }, rows())).failed).toMatch(/lookup failed in 1 row/);
    expect((await enrich({ lookup: { ...lookup, default: 0 } }, rows())).rows).toEqual([
      { c: "DE", x: 1 },
      { c: "constructor", x: 0 },
    ]);
  });
});

describe("enrich by memory", () => {
  it("searches the user's memories with the filled template", async () => {
    const calls: unknown[] = [];
    const searchMemory: Enrichers["searchMemory"] = async (user, query, limit) => {
      calls.push([user.id, query, limit]);
      return { results: [{ id: "m", content: `about ${query}` }] };
    };
    const memory = { query_template: "{{name}} {{address.city}}", into: "known", limit: 2 };
    const outcome = await enrich({ memory }, [{ name: "Ben", address: { city: "Rome" } }, { name: null }], {
      searchMemory,
    });
    expect(calls).toEqual([["ana", "Ben Rome", 2]]);
    expect(outcome.rows).toMatchObject([{ known: [{ id: "m", content: "about Ben Rome" }] }, { known: [] }]);
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
    const callApi: Enrichers["callApi"] = async (_user, request) => {
      requests.push(request);
      return { status: "success", data: { now: { temp: 20 } }, http_status: 200 };
    };
    const rows = [{ city: "Rome", n: 1 }, { city: "Rome", n: 1 }, { city: "Oslo" }];
    const outcome = await enrich({ api: { ...api, select: "now.temp" } }, rows, { callApi });
    expect(requests).toEqual([
      { api: "weather", operation: "GET /v1/now", query: { city: "Rome", n: 1, fixed: "x-1" } },
      { api: "weather", operation: "GET /v1/now", query: { city: "Oslo", n: null, fixed: "x-" } },
    ]);
    expect(outcome.rows).toMatchObject([{ w: 20 }, { w: 20 }, { w: 20 }]);
    expect(outcome.record.api).toEqual({ calls: 2, failed: 0 });
  });

  it("keeps to the concurrency that is set, and to the order of the rows", async () => {
    let running = 0;
    let most = 0;
    const callApi: Enrichers["callApi"] = async (_user, request) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return { data: request.query?.n };
    };
    const rows = Array.from({ length: 20 }, (_, n) => ({ n, city: "Rome" }));
    const outcome = await enrich({ api: { ...api, concurrency: 3 } }, rows, { callApi });
    expect(most).toBe(3);
    expect(outcome.rows.map((row) => row.w)).toEqual(rows.map(({ n }) => n));
  });

  it("records failed rows, and keeps, drops or refuses them", async () => {
    const callApi: Enrichers["callApi"] = async (_user, request) => {
      if (request.query?.city === "Oslo") throw new ToolError("upstream_error", "API returned error: 503");
      return { data: 1 };
    };
    const rows = () => [
      { city: "Rome", n: 1 },
      { city: "Oslo", n: 2 },
    ];
    const kept = await enrich({ api }, rows(), { callApi });
    expect(kept.rows).toMatchObject([{ w: 1 }, { w: null }]);
    expect(kept.reasons?.listed).toMatchObject([
      { row: 2, rule: "upstream_error", message: "api: API returned error: 503" },
    ]);
    expect((await enrich({ api, on_error: "drop" }, rows(), { callApi })).rows).toHaveLength(1);
    expect(await enrich({ api, on_error: "fail" }, rows(), { callApi })).toMatchObject({
      failed: "Step 1 (enrich), api: API returned error: 503",
      code: "upstream_error",
    });
  });

  it("records a row whose call took too long, like any other failure", async () => {
    const callApi: Enrichers["callApi"] = async (_user, request) => {
      if (request.query?.city === "Oslo") throw new ToolError("deadline_exceeded", "too slow");
      return { data: 1 };
    };
    const kept = await enrich(
      { api },
      [
        { city: "Rome", n: 1 },
        { city: "Oslo", n: 2 },
      ],
      { callApi },
    );
    expect(kept.rows).toMatchObject([{ w: 1 }, { w: null }]);
    expect(kept.reasons?.listed).toMatchObject([{ row: 2, rule: "deadline_exceeded" }]);
  });

  it("ends the run where every call failed, unless rows are to be kept", async () => {
    const callApi: Enrichers["callApi"] = () => Promise.reject(new ToolError("upstream_error", "down"));
    const rows = [{ city: "Rome", n: 1 }, {}];
    expect((await enrich({ api }, rows, { callApi })).failed).toMatch(/down/);
    expect((await enrich({ api, on_error: "keep" }, rows, { callApi })).failed).toBeUndefined();
  });

  it("ends the run with what every row would meet", async () => {
    let calls = 0;
    const callApi: Enrichers["callApi"] = () => {
      calls++;
      return Promise.reject(new ToolError("unknown_api", "There is no API weather."));
    };
    const rows = Array.from({ length: 100 }, (_, n) => ({ n, city: "Rome" }));
    await expect(enrich({ api, on_error: "keep" }, rows, { callApi })).rejects.toMatchObject({ code: "unknown_api" });
    expect(calls).toBeLessThan(10);
  });

  it("stops calling when the run is cancelled", async () => {
    const abort = new AbortController();
    let calls = 0;
    const callApi: Enrichers["callApi"] = async (_user, _request, { signal }) => {
      calls++;
      abort.abort();
      signal.throwIfAborted();
    };
    const rows = Array.from({ length: 100 }, (_, n) => ({ n, city: "Rome" }));
    await expect(enrich({ api }, rows, { callApi }, abort.signal)).rejects.toMatchObject({ code: "aborted" });
    expect(calls).toBeLessThan(10);
  });

  it("refuses more than 1000 different calls", async () => {
    const rows = Array.from({ length: 1001 }, (_, n) => ({ n, city: "Rome" }));
    await expect(enrich({ api }, rows)).rejects.toMatchObject({ code: "too_large" });
  });

  it("ends where a template makes too much text of one row", async () => {
    const row = { text: "x".repeat(1_000_000) };
    const memory = { query_template: "a {{text}}".repeat(9), into: "known" };
    await expect(enrich({ memory }, [row])).rejects.toMatchObject({ code: "too_large" });
  });
});

describe("enrich by the LLM processor", () => {
  it("sends the filled template, or the row, and takes the data", async () => {
    const requests: LlmRequest[] = [];
    const processInput: Enrichers["processInput"] = async (_user, request, context) => {
      requests.push(request);
      context.status.success("a final event that must not end the run");
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
});

describe("enrich", () => {
  it("runs several enrichments in the order written", async () => {
    const processInput: Enrichers["processInput"] = async (_user, request) => ({ data: request.input });
    const lookup = { field: "c", table: { DE: "Germany" }, into: "country" };
    const llm = { input_template: "In {{country}}", into: "text" };
    expect((await enrich({ lookup, llm }, [{ c: "DE" }], { processInput })).rows).toMatchObject([
      { text: "In Germany" },
    ]);
    const swapped = await enrich({ llm, lookup }, [{ c: "DE", country: "?" }], { processInput });
    expect(swapped.rows).toMatchObject([{ text: "In ?" }]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["api", { api: { api: "x", query: { q: "in {{cuontry}}" }, into: "w" } }],
    ["api", { api: { api: "x", body: { list: [{ deep: "{{cuontry}}" }] }, into: "w" } }],
    ["memory", { memory: { query_template: "{{cuontry}}", into: "w" } }],
    ["llm", { llm: { input_template: "{{cuontry}}", into: "w" } }],
    ["llm", { memory: { query_template: "{{id}}", into: "w" }, llm: { input_template: "{{cuontry}}", into: "v" } }],
  ])("makes no call where the template of %s names a field that no row has", async (kind, options) => {
    const rows = [{ id: 1 }, { id: 2, country: "DE" }];
    expect(await enrich(options, rows)).toMatchObject({
      failed: `Step 1 (enrich), ${kind}: no row has a field "cuontry".`,
      code: "invalid_input",
      hint: 'Did you mean "country"? Fields: id, country.',
    });
  });

  it("takes templates of fields that some rows have, or that enrichments before them set", async () => {
    const sent: string[] = [];
    const processInput: Enrichers["processInput"] = async (_user, { input }) => {
      sent.push(input);
      return { data: { mood: "good" } };
    };
    const options = {
      lookup: { field: "c", table: { DE: { name: "Germany" } }, prefix: "c_" },
      llm: { input_template: "{{c_name}}{{note}}", into: "first" },
    };
    const [again] = [{ llm: { input_template: "{{first.mood}}", into: "second" } }];
    const outcome = await enrich(options, [{ c: "FR" }, { c: "FR", note: "!" }], { processInput });
    await enrich(again as Record<string, unknown>, [...outcome.rows], { processInput });
    expect(sent).toEqual(["", "!", "good"]);
  });

  it("warns of a lookup by a field that no row has", async () => {
    const lookup = { field: "cc", table: { DE: 1 }, into: "x" };
    const outcome = await enrich({ lookup }, [{ CC: "DE" }]);
    expect(outcome.warnings).toEqual(['lookup: no row has a field "cc". Did you mean "CC"? Fields: CC.']);
    expect(outcome.reasons?.listed).toMatchObject([{ message: 'lookup: the row has no "cc" to look up' }]);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ lookups: {} }, /unknown key "lookups"/],
    [{ lookup: { field: "a" } }, /lookup, "table": must be an object/],
    [{ lookup: { field: "a", table: { x: 1 } } }, /"into" must name the field/],
    [{ lookup: { field: "a", table: [{ a: 1 }, { a: 1 }] } }, /"a" 1 is there twice/],
    [{ memory: { into: "x" } }, /"query_template" must be a text/],
    [{ api: { api: "x" } }, /"into" must be a text/],
    [{ api: { api: "x", into: "y", querry: {} } }, /unknown key "querry"/],
    [{ llm: { into: "x", input_template: "no field" } }, /names no field/],
    [{ llm: { into: "x" }, on_error: "ignore" }, /"on_error" must be one of keep, fail, drop/],
  ])("refuses %j", (options, message) => {
    expect(() => compileEnrich(options, "Step 1 (enrich)")).toThrow(message);
  });
});

import { describe, expect, it } from "vitest";
import { enrich, enrichRows, type Options } from "../../../../test/fixtures/enrich-rows.ts";
import { ToolError } from "../../../errors.ts";
import type { ApiRequest, Host } from "../step.ts";

const inTwoCities = [
  { city: "Rome", n: 1 },
  { city: "Oslo", n: 2 },
];
const failingInOslo =
  (error: ToolError): Host["callApi"] =>
  async (request) => {
    if (request.query?.city === "Oslo") throw error;
    return { data: 1 };
  };

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
    const callApi = failingInOslo(new ToolError("upstream_error", "API returned error: 503"));
    const rows = inTwoCities;
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
    const callApi = failingInOslo(new ToolError("deadline_exceeded", "too slow"));
    const kept = await enrich({ api }, inTwoCities, { callApi });
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

describe("the disk of a run", () => {
  it("that is used up by answers ends the run with what to do", async () => {
    const callApi: Host["callApi"] = async ({ query }) => ({ data: `${query?.n}${"x".repeat(50_000)}` });
    const rows = Array.from({ length: 200 }, (_, n) => ({ n }));
    const api = { api: "x", query: { n: "{{n}}" }, into: "w" };
    await expect(enrichRows({ api }, rows, { host: { callApi }, maxDiskBytes: 1_000_000 })).rejects.toMatchObject({
      code: "too_large",
      message: "The run needs more than 1000000 bytes on disk.",
    });
  });
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { callTool, connect, startPatchbay } from "./fixtures/connect.ts";
import { type Json, numbered, type Run } from "./fixtures/enrich-runs.ts";
import { type Script, startHttpServer, unusedPort } from "./fixtures/http-server.ts";

/** A whole server with an API that answers as scripted, and a client of it. */
async function openShop(script: Script, more: Json = {}, config: Json = {}) {
  const server = await startHttpServer(script);
  const shop = { apiUrl: server.url, allow: ["GET /**", "POST /**"], ...more };
  const client = await connect({ apis: { shop }, ...config });
  const run = (api: Json, data: Json[], step: Json = {}) =>
    callTool(client, "run_pipeline", {
      data,
      steps: [{ name: "enrich", api: { api: "shop", ...api }, ...step }],
    }) as Promise<Run>;
  return { client, server, requests: server.requests, run };
}

const item = { operation: "GET /items/{id}", path: { id: "{{n}}" }, into: "item" };

describe("enrich by API through the server", () => {
  it("calls once for equal rows, and gives the rows back in their order", async () => {
    const { run, requests } = await openShop(({ path }) => ({ json: { path }, delayMs: path.endsWith("0") ? 50 : 0 }));
    const result = await run({ ...item, fields: { at: "path" }, into: undefined }, [...numbered(8), ...numbered(8)]);
    expect(result.final_data).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7].map((n) => ({ n, at: `/items/${n}` })),
    );
    expect(requests).toHaveLength(8);
    expect(result.steps[0]?.api).toEqual({ calls: 8, cached: 8, failed: 0, rows: 16 });
  });

  it("sends a batch, and records the rows that its answer lacks", async () => {
    const { run, requests } = await openShop(({ body }) => {
      const { ids } = JSON.parse(body) as { ids: number[] };
      return { json: { found: ids.filter((id) => id % 5 !== 0).map((id) => ({ id, price: id * 10 })) } };
    });
    const api = {
      operation: "POST /prices",
      body: { ids: "{{n}}" },
      select: "found",
      batch: { size: 4, key: "n", match: "id" },
      fields: { price: "price" },
    };
    const result = await run(api, numbered(10));
    expect(requests.map(({ body }) => JSON.parse(body))).toEqual([
      { ids: [0, 1, 2, 3] },
      { ids: [4, 5, 6, 7] },
      { ids: [8, 9] },
    ]);
    expect(result.final_data.map(({ price }) => price)).toEqual([null, 10, 20, 30, 40, null, 60, 70, 80, 90]);
    expect(result.steps[0]).toMatchObject({
      status: "partial",
      issues_total: 2,
      issues: [
        { row: 1, field: "price", rule: "not_found", path: "/0/price" },
        { row: 6, field: "price", rule: "not_found" },
      ],
      api: { calls: 3, cached: 0, failed: 2, rows: 10 },
    });
  });

  it("sends a batch as a bare list, also to an operation that a document describes", async () => {
    const paths = {
      "/upper": {
        post: {
          operationId: "upper",
          requestBody: {
            required: true,
            content: { "application/json": { schema: { type: "array", items: { type: "string" } } } },
          },
          responses: { 200: { description: "In capitals" } },
        },
      },
    };
    const openapi = join(temporaryFolder(), "shop.json");
    writeFileSync(openapi, JSON.stringify({ openapi: "3.1.0", info: { title: "Shop", version: "1" }, paths }));
    for (const [more, operation] of [
      [{}, "POST /upper"],
      [{ openapi }, "upper"],
    ] as const) {
      const script: Script = ({ body }) => ({ json: (JSON.parse(body) as string[]).map((word) => word.toUpperCase()) });
      const { run, requests } = await openShop(script, more);
      const api = { operation, body: "{{word}}", batch: { size: 2 }, into: "up" };
      const result = await run(api, [{ word: "a" }, { word: "b" }, { word: "c" }]);
      expect(result.final_data.map(({ up }) => up)).toEqual(["A", "B", "C"]);
      expect(requests.map(({ body, headers }) => [body, headers["content-type"]])).toEqual([
        ['["a","b"]', "application/json"],
        ['["c"]', "application/json"],
      ]);
    }
  });

  it("records, drops, puts aside or stops at rows that the API refuses", async () => {
    const { run, requests } = await openShop(({ path }) =>
      path === "/items/2" ? { status: 404, json: { message: "no such item" } } : { json: path },
    );
    const kept = await run({ ...item, default: "?" }, numbered(4));
    expect(kept.final_data.map((row) => row.item)).toEqual(["/items/0", "/items/1", "?", "/items/3"]);
    expect(kept.steps[0]?.issues).toMatchObject([
      { row: 3, rule: "upstream_error", message: "api: API returned error: no such item" },
    ]);
    expect((await run(item, numbered(4), { on_error: "drop" })).final_data).toHaveLength(3);
    const aside = await run(item, numbered(4), { on_error: "quarantine" });
    expect(aside.final_data).toHaveLength(3);
    expect(aside.quarantine).toMatchObject({
      rows: 1,
      data: [{ row: 3, data: { n: 2 }, reasons: [{ rule: "upstream_error" }] }],
    });
    const before = requests.length;
    expect(await run({ ...item, concurrency: 1 }, numbered(9), { on_error: "fail" })).toMatchObject({
      status: "error",
      code: "upstream_error",
      message: "Step 1 (enrich), api: API returned error: no such item",
      issues: [{ row: 3 }],
    });
    expect(requests.length - before).toBe(3);
  });

  it("gives answers whole that call_api would give in parts", async () => {
    const list = Array.from({ length: 3000 }, (_, id) => ({ id, name: `item ${id}` }));
    const { run, client } = await openShop({ json: list });
    const result = await run({ operation: "GET /list", into: "list" }, [{ n: 1 }]);
    const { uri } = result.resource as { uri: string };
    const { contents } = await client.readResource({ uri });
    expect(JSON.parse((contents[0] as { text: string }).text)).toEqual([{ n: 1, list }]);
    expect((await callTool(client, "call_api", { api: "shop", operation: "GET /list" })).rest).toBeDefined();
  });

  it("records the row whose answer is larger than the API may give", async () => {
    const { run } = await openShop(({ path }) => ({ json: "x".repeat(path === "/items/1" ? 5000 : 10) }), {
      maxResponseBytes: 2000,
    });
    const result = await run(item, numbered(3));
    expect(result.final_data.map((row) => (row.item === null ? null : "there"))).toEqual(["there", null, "there"]);
    expect(result.steps[0]?.issues).toMatchObject([{ row: 2, rule: "too_large" }]);
  });

  it("keeps its own rate limit in every span, also at the start", async () => {
    const { run, requests } = await openShop(({ path }) => ({ json: path, delayMs: Number(path.at(-1)) * 7 }));
    const result = await run({ ...item, rate_limit: { requests: 4, per: 0.4 }, concurrency: 8 }, numbered(14));
    expect(result.status).toBe("success");
    const times = requests.map(({ at }) => at);
    expect(times).toHaveLength(14);
    for (const [index, at] of times.entries()) {
      const fourth = times[index + 4];
      if (fourth !== undefined) expect(fourth - at).toBeGreaterThanOrEqual(400);
    }
  });

  it("waits its turn where the API's own rate limit refuses to, and where the service says when to come again", async () => {
    const { run, requests } = await openShop(({ path }) => ({ json: path }), {
      rateLimit: { requests: 2, per: 1 },
      timeout: 0.6,
    });
    const result = await run(item, numbered(4));
    expect(result.final_data.map((row) => row.item)).toEqual(numbered(4).map(({ n }) => `/items/${n}`));
    expect(requests).toHaveLength(4);

    const busy = await openShop(
      ({ path }, count) =>
        count === 3 ? { status: 429, headers: { "retry-after": "1" }, json: { message: "slow down" } } : { json: path },
      { timeout: 0.6 },
    );
    const patient = await busy.run(item, numbered(5));
    expect(patient.final_data.map((row) => row.item)).toEqual(numbered(5).map(({ n }) => `/items/${n}`));
    expect(busy.requests).toHaveLength(6);
  });

  it("ends a call at its own time limit, and goes on with the others", async () => {
    const { run } = await openShop(({ path }) => (path === "/items/1" ? { fault: "hang" } : { json: path }));
    const result = await run({ ...item, timeout: 0.2 }, numbered(3));
    expect(result.final_data.map((row) => row.item)).toEqual(["/items/0", null, "/items/2"]);
    expect(result.steps[0]?.issues).toMatchObject([{ row: 2, rule: "deadline_exceeded" }]);
  });

  it("does not go on asking a service that is down, and says so", async () => {
    const { run, requests } = await openShop({ status: 503, json: { message: "maintenance" } }, { retries: 0 });
    const rows = numbered(500);
    expect(await run(item, rows)).toMatchObject({
      code: "upstream_error",
      message: expect.stringMatching(/maintenance \(the other calls were not made\)$/),
    });
    expect(requests.length).toBeLessThan(20);
    const kept = await run(item, rows, { on_error: "keep" });
    expect(kept.final_data).toHaveLength(500);
    expect(kept.steps[0]).toMatchObject({ issues_total: 500, api: { failed: 500, rows: 500 } });
  });

  it("tells at once of a port where nothing listens", async () => {
    const port = await unusedPort();
    const { run } = await openShop({ json: 1 }, { apiUrl: `http://127.0.0.1:${port}`, retries: 0 });
    expect(await run(item, numbered(300))).toMatchObject({ code: "upstream_unreachable" });
  });

  it("refuses calls that the user would have to confirm, and that the rules do not allow", async () => {
    const { run, requests } = await openShop({ json: 1 }, { confirm: true, allow: ["POST /items"] });
    expect(await run({ operation: "POST /items", body: { n: "{{n}}" }, into: "x" }, numbered(30))).toMatchObject({
      code: "confirmation_required",
      message: expect.stringContaining("has to confirm POST"),
    });
    expect(await run({ operation: "GET /secret", query: { n: "{{n}}" }, into: "x" }, numbered(2))).toMatchObject({
      status: "error",
      code: expect.stringMatching(/forbidden|unknown_operation/),
    });
    expect(requests).toHaveLength(0);
  });

  it("leaves no call running when the run is cancelled", async () => {
    const { client, server } = await openShop({ fault: "hang" });
    const abort = new AbortController();
    const steps = [{ name: "enrich", api: { api: "shop", ...item, concurrency: 8 } }];
    const running = client
      .callTool({ name: "run_pipeline", arguments: { data: numbered(50), steps } }, { signal: abort.signal })
      .catch((error: unknown) => error);
    for (let waited = 0; server.requests.length < 8 && waited < 5000; waited += 20) await sleep(20);
    expect(server.requests).toHaveLength(8);
    abort.abort();
    await running;
    for (let waited = 0; server.openSockets > 0 && waited < 2000; waited += 20) await sleep(20);
    expect(server.openSockets).toBe(0);
    expect(server.requests).toHaveLength(8);
  });

  it("calls nothing where an earlier or the same step ends the run", async () => {
    const { client, requests } = await openShop({ json: 1 });
    const steps = [
      { name: "validate", schema: { properties: { n: { maximum: 1500 } } } },
      { name: "enrich", api: { api: "shop", ...item } },
    ];
    expect(await callTool(client, "run_pipeline", { data: numbered(1600), steps })).toMatchObject({
      message: "Validation failed",
    });
    expect(requests).toHaveLength(0);
  });

  it("makes no call in a dry run, and says how many it would make", async () => {
    const { client, requests } = await openShop({ json: 1 });
    const steps = [{ name: "enrich", api: { api: "shop", ...item } }];
    const data = [...numbered(4), ...numbered(3)];
    const result = (await callTool(client, "run_pipeline", { data, steps, dry_run: true })) as Run;
    expect(result.steps[0]?.api).toMatchObject({ calls: 0, would_call: 4, rows: 7 });
    expect(requests).toHaveLength(0);
  });

  it("fills the parameters of a configured pipeline into its requests, as they are", async () => {
    const enrich = {
      when: "n <= $most",
      api: {
        api: "shop",
        operation: "POST /prices",
        body: { list: "{{rows}}", land: "{{$land}}" },
        batch: { size: "{{$size}}", row: { id: "{{n}}", of: "{{$land}}" } },
        fields: { got: "id" },
      },
    };
    const prices = {
      description: "Prices of a country",
      parameters: { land: { type: "string" }, most: { type: "integer" }, size: { type: "integer", default: 2 } },
      processingSteps: [{ enrich }, "format"],
    };
    const { client, requests } = await openShop(
      ({ body }) => ({ json: (JSON.parse(body) as { list: unknown }).list }),
      {},
      { pipelines: { prices } },
    );
    const land = "{{n}} & co";
    const run = { pipeline: "prices", parameters: { land, most: 2 }, data: numbered(5) };
    const result = (await callTool(client, "run_pipeline", run)) as Run;
    expect(result.final_data, JSON.stringify(result)).toEqual([
      { n: 0, got: 0 },
      { n: 1, got: 1 },
      { n: 2, got: 2 },
      { n: 3 },
      { n: 4 },
    ]);
    expect(requests.map(({ body }) => JSON.parse(body))).toEqual([
      { list: [0, 1].map((id) => ({ id, of: land })), land },
      { list: [{ id: 2, of: land }], land },
    ]);
  });

  it("says how many calls are done", async () => {
    const { client } = await openShop(({ path }) => ({ json: path, delayMs: 150 }));
    const heard: string[] = [];
    const steps = [{ name: "enrich", api: { api: "shop", ...item } }];
    await client.callTool(
      { name: "run_pipeline", arguments: { data: numbered(40), steps } },
      { onprogress: ({ message }) => void heard.push(message ?? "") },
    );
    expect(heard.join("\n")).toMatch(/Step 1 of 1: enrich, \d+ of 40 calls/);
  });

  it("keeps users apart who run the same at the same time", async () => {
    const server = await startHttpServer(({ headers, path }) => ({ json: `${headers["x-user"]} ${path}`, delayMs: 5 }));
    const shop = { apiUrl: server.url, allow: ["GET /**"] };
    const patchbay = await startPatchbay({ apis: { shop } });
    const users = ["ana", "ben"];
    const results = await Promise.all(
      users.map(async (user) => {
        const client = await connect({}, { patchbay, user });
        await callTool(client, "memory_add", { content: `secret of ${user} about cats` });
        const steps = [
          {
            name: "enrich",
            memory: { query_template: "{{q}}", fields: { known: "0.content" } },
            api: {
              api: "shop",
              operation: "GET /items/{id}",
              path: { id: "{{n}}" },
              header: { "X-User": user },
              into: "item",
            },
          },
        ];
        const data = numbered(30).map((row) => ({ ...row, q: "cats" }));
        return (await callTool(client, "run_pipeline", { data, steps })) as Run;
      }),
    );
    for (const [index, user] of users.entries()) {
      expect(results[index]?.final_data).toEqual(
        numbered(30).map(({ n }) => ({
          n,
          q: "cats",
          known: `secret of ${user} about cats`,
          item: `${user} /items/${n}`,
        })),
      );
    }
  });
});

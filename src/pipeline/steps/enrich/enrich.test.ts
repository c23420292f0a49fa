import { describe, expect, it } from "vitest";
import { enrich, type Options } from "../../../../test/fixtures/enrich-rows.ts";
import type { Host } from "../step.ts";
import { compileEnrich } from "./enrich.ts";

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

describe("enrich", () => {
  it("tells of numbers that when compares as texts", async () => {
    const lookup = { field: "c", table: { DE: "Germany" }, into: "country" };
    const { warnings } = await enrich({ lookup, when: "n == 1" }, [{ c: "DE", n: "1" }]);
    expect(warnings).toEqual(['when: the text "1" is never equal to the number 1: cast "n" to number first.']);
  });

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
    [{ lookup: { field: "a" } }, /lookup: "table" or "source" must say where to look/],
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
    [{ api: { api: "x", into: "y", on_error: "drop" } }, /api: "on_error" belongs beside "api", not inside it/],
    [{ lookup: { field: "a", table: {}, when: "a" } }, /lookup: "when" belongs beside "lookup"/],
    [{ api: { api: "x" }, into: "y" }, /"into" belongs inside "api", not beside it/],
  ])("refuses %j", (options, message) => {
    expect(() => compileEnrich(options, "Step 1 (enrich)")).toThrow(message);
  });
});

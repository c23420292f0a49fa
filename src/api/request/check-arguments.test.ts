import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import { openOperation, refused, sent } from "../../../test/fixtures/checked-operation.ts";
import type { ApiRequest } from "../api-request.ts";
import { closestName } from "./closest-name.ts";

describe("a body whose schema refers to most of a large document", () => {
  const ref = (at: number) => ({ $ref: `#/components/schemas/S${at % 3000}` });
  const schemas = Object.fromEntries(
    Array.from({ length: 3000 }, (_, at) => [
      `S${at}`,
      {
        type: "object",
        required: ["id"],
        properties: { id: { type: "integer" }, next: ref(at + 1), far: ref(at * 7 + 3) },
      },
    ]),
  );
  const taken = {
    body: { type: "object", properties: { item: { oneOf: [ref(0), ref(1)] } } },
    more: { components: { schemas } },
  };

  it("is checked near its root, alternatives included", async () => {
    expect(await refused(taken, { body: { item: { next: { id: 1 } } } })).toEqual([
      { path: "/body/item", message: "needs id" },
    ]);
  });

  it("is not refused for fitting several alternatives, where not all of them is known", async () => {
    expect((await sent(taken, { body: { item: { id: 1, next: { id: 2 } } } })).body).toBe(
      '{"item":{"id":1,"next":{"id":2}}}',
    );
  });
});

describe("what is wrong is named by its place and what is allowed", () => {
  const query = {
    limit: { type: "integer", minimum: 1, maximum: 100 },
    sort: { enum: ["name", "price"] },
    code: { type: "string", pattern: "^[A-Z]{3}$", minLength: 3 },
    when: { type: "array", items: { type: "integer" }, maxItems: 2 },
  };
  it.each([
    [{ limit: 500 }, "/query/limit", "must be <= 100, not 500"],
    [{ limit: "many" }, "/query/limit", 'must be integer, not "many"'],
    [{ limit: 1.5 }, "/query/limit", "must be integer, not 1.5"],
    [{ limit: "1e400" }, "/query/limit", 'must be integer, not "1e400"'],
    [{ sort: "size" }, "/query/sort", 'must be one of "name", "price", not "size"'],
    [{ code: "ab1" }, "/query/code", 'must match pattern "^[A-Z]{3}$", not "ab1"'],
    [{ when: [1, "x"] }, "/query/when/1", 'must be integer, not "x"'],
    [{ when: [1, 2, 3] }, "/query/when", "must NOT have more than 2 items"],
  ])("%j: %s %s", async (given, path, message) => {
    expect(await refused({ query }, { query: given })).toEqual([{ path, message }]);
  });

  it("all at once", async () => {
    const issues = await refused({ query }, { query: { limit: 0, sort: "x", code: "abc" } });
    expect(issues.map(({ path }) => path)).toEqual(["/query/limit", "/query/sort", "/query/code"]);
  });

  it("unknown names and wrong values of parameters, places and the body together", async () => {
    const body = {
      type: "object",
      required: ["title"],
      properties: { title: {}, state: { enum: ["open", "closed"] } },
    };
    const given = { path: { id: "7", no: 1 }, query: { limit: 0, srot: "name" }, header: 5, body: { state: "close" } };
    const { client, requests } = await openOperation({ query, body });
    const error = await failure(call(client, { api: "x", operation: "op", ...given } as unknown as ApiRequest));
    expect(error.issues).toEqual([
      { path: "/header", message: 'must be an object such as {"name": "value"}' },
      { path: "/path/no", message: "is no parameter of op; known in path: id" },
      { path: "/query/srot", message: 'is no parameter of op; did you mean "sort"?' },
      { path: "/query/limit", message: "must be >= 1, not 0" },
      { path: "/body/title", message: "is required" },
      { path: "/body/state", message: 'must be one of "open", "closed", not "close"' },
    ]);
    expect(error.message).toContain('/query/srot is no parameter of op; did you mean "sort"?; /query/limit');
    expect(requests).toEqual([]);
  });

  it("a body that is no JSON, or is given twice, together with parameters", async () => {
    const body = { type: "object" };
    expect(await refused({ query, body }, { query: { limit: 0 }, bodyText: "{" })).toMatchObject([
      { path: "/query/limit" },
      { path: "/body_text", message: expect.stringContaining("must be JSON") },
    ]);
    expect(await refused({ query, body }, { query: { limit: 0 }, body: {}, bodyText: "{}" })).toMatchObject([
      { path: "/query/limit" },
      { path: "/body" },
    ]);
  });

  it("and ends as a sentence does", async () => {
    const { client } = await openOperation({ query });
    const given = { api: "x", operation: "op", path: { id: 7 } };
    expect((await failure(call(client, { ...given, query: { srot: 1 } }))).message).toBe(
      'op of API "x": /query/srot is no parameter of op; did you mean "sort"?',
    );
    expect((await failure(call(client, { ...given, query: { limit: 0 } }))).message).toMatch(/not 0\.$/);
  });

  it("in a body as deep as it is", async () => {
    const body = {
      type: "object",
      required: ["items"],
      additionalProperties: false,
      properties: {
        items: {
          type: "array",
          items: { type: "object", required: ["name"], properties: { "a/b": { type: "number" } } },
        },
      },
    };
    expect(await refused({ body }, { body: { items: [{ name: "x", "a/b": "y" }, {}], other: 1 } })).toEqual([
      { path: "/body/other", message: expect.stringContaining("is not known here; known: items") },
      { path: "/body/items/0/a~1b", message: 'must be number, not "y"' },
      { path: "/body/items/1/name", message: "is required" },
    ]);
  });
});

describe("a format", () => {
  it.each([
    ["date", "tomorrow", "a date such as 2026-11-28"],
    ["date", "2026-02-30", "a date such as 2026-11-28"],
    ["date-time", "yyyy-MM-dd", "a time such as 2026-11-28T18:00:00Z"],
    ["email", "ana at example", "an e-mail address"],
    ["uuid", "seven", "a UUID such as 123e4567-e89b-12d3-a456-426614174000"],
    ["ipv4", "1.2.3.400", "an IPv4 address"],
    ["ipv6", "localhost", "an IPv6 address"],
  ])("%s is not %j", async (format, value, like) => {
    const schema = { type: "array", items: { anyOf: [{ type: "string", format }, { type: "null" }] } };
    const body = { type: "object", properties: { "a/b": schema } };
    const message = `must be ${like}, not ${JSON.stringify(value)}`;
    expect(await refused({ query: { v: { type: "string", format } } }, { query: { v: value } })).toEqual([
      { path: "/query/v", message },
    ]);
    expect(await refused({ body }, { body: { "a/b": [null, value] } })).toEqual([{ path: "/body/a~1b/1", message }]);
  });

  it.each([
    ["date", "2026-11-28"],
    ["date", "2026-11-28T10:00:00Z"],
    ["date-time", "2026-11-28"],
    ["date-time", "2026-11-28 10:00"],
    ["date-time", "Sat, 28 Nov 2026 10:00:00 GMT"],
    ["date-time", "1764324000"],
    ["date-time", ""],
    ["email", "Ana <ana@example.com>"],
    ["uuid", "123E4567E89B12D3A456426614174000"],
    ["ipv4", "10.0.0.0/8"],
    ["ipv6", "fe80::1%eth0"],
    ["color", "whatever"],
  ])("%s may be %j, whatever its exact spelling", async (format, value) => {
    const { url } = await sent({ query: { v: { type: "string", format } } }, { query: { v: value } });
    expect(new URLSearchParams(url.split("?")[1]).get("v")).toBe(value);
  });
});

describe("an unknown parameter", () => {
  const query = { per_page: {}, page: {}, "filter[state]": {}, labels: {} };
  it.each([
    ["perPage", 'did you mean "per_page"?'],
    ["per-page", 'did you mean "per_page"?'],
    ["label", 'did you mean "labels"?'],
    ["pgae", 'did you mean "page"?'],
    ["filterState", 'did you mean "filter[state]"?'],
    ["colour", "known in query: per_page, page, filter[state], labels"],
    ["id", "it belongs in path"],
    ["IDs", 'did you mean "id" in path?'],
  ])("%s: %s", async (name, help) => {
    expect(await refused({ query }, { query: { [name]: 1 } })).toEqual([
      { path: `/query/${name}`, message: `is no parameter of op; ${help}` },
    ]);
  });

  it("is compared by little differences only", () => {
    expect(closestName("a", ["b"])).toBeUndefined();
    expect(closestName("user", ["uses", "users"])).toBe("uses");
    expect(closestName("", ["a"])).toBeUndefined();
    expect(closestName("x".repeat(100_000), ["y"])).toBeUndefined();
  });
});

describe("of several alternatives", () => {
  const card = {
    type: "object",
    required: ["kind", "number"],
    properties: { kind: { enum: ["card"] }, number: { type: "string" } },
  };
  const bank = {
    type: "object",
    required: ["kind", "iban"],
    properties: { kind: { enum: ["bank"] }, iban: { type: "string" } },
  };
  const more = { components: { schemas: { Card: card, Bank: bank } } };
  const byRef = { oneOf: [{ $ref: "#/components/schemas/Card" }, { $ref: "#/components/schemas/Bank" }] };

  it.each([
    ["in place", { oneOf: [card, bank] }],
    ["by reference", byRef],
    ["told apart by a discriminator", { ...byRef, discriminator: { propertyName: "kind" } }],
  ])("%s, only the one that is meant is told of", async (_how, body) => {
    expect(await refused({ body, more }, { body: { kind: "bank" } })).toEqual([
      { path: "/body/iban", message: "is required" },
    ]);
    expect(await refused({ body, more }, { body: { kind: "card", number: {} } })).toEqual([
      { path: "/body/number", message: "must be string" },
    ]);
    expect(await refused({ body, more }, { body: { kind: "cash" } })).toEqual([
      { path: "/body/kind", message: 'must be one of "card", "bank", not "cash"' },
    ]);
  });

  it("types and required names are told together", async () => {
    expect(await refused({ body: { anyOf: [{ type: "string" }, { type: "object" }] } }, { body: [1, 2] })).toEqual([
      { path: "/body", message: "must be string or object" },
    ]);
    expect(
      await refused({ body: { type: "object", anyOf: [{ required: ["a"] }, { required: ["b", "c"] }] } }, { body: {} }),
    ).toEqual([{ path: "/body", message: "needs a, or b and c" }]);
  });

  it("null is not told of where it is one", async () => {
    const body = { type: "object", properties: { a: { anyOf: [card, { type: "null" }] } } };
    expect(await refused({ body }, { body: { a: { kind: "card" } } })).toEqual([
      { path: "/body/a/number", message: "is required" },
    ]);
  });

  it("a value may fit more than one", async () => {
    const body = {
      oneOf: [
        { type: "object", properties: { a: {} } },
        { type: "object", properties: { b: {} } },
      ],
    };
    expect((await sent({ body }, { body: { a: 1, b: 2 } })).body).toBe('{"a":1,"b":2}');
  });
});

it("a body may have what is read-only, which is told, and lack it, and have more than is known", async () => {
  const body = {
    type: "object",
    required: ["id", "name"],
    properties: { id: { type: "integer", readOnly: true }, name: {} },
  };
  expect((await sent({ body }, { body: { name: "a", more: [1] } })).body).toBe('{"name":"a","more":[1]}');
  const { client, requests } = await openOperation({ body });
  const result = await call(client, { api: "x", operation: "op", path: { id: 1 }, body: { id: 1, name: "a" } });
  expect(result.warnings).toEqual(["/body/id is read-only: the API sets it"]);
  expect(requests[0]?.body).toBe('{"id":1,"name":"a"}');
});

it("a deprecated parameter is told of", async () => {
  const parameters = [{ name: "old", in: "query", deprecated: true, schema: {} }];
  const { client } = await openDocumented(minimalDocument({ "/a": { get: { operationId: "a", parameters } } }));
  const request = { api: "x", operation: "a", query: { old: 1 } };
  for (const dryRun of [false, true]) {
    expect((await call(client, { ...request, dryRun })).warnings).toEqual(["/query/old is deprecated"]);
  }
  expect((await call(client, { api: "x", operation: "a" })).warnings).toBeUndefined();
});

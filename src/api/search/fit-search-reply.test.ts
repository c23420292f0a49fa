import fc from "fast-check";
import { expect, it } from "vitest";
import { call, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { Operation } from "../operation.ts";
import { fitSearchReply } from "./fit-search-reply.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
/** What the tool's reply with the default limit may have. */
const LIMIT = 1000;

const operation = (id: string, more: Partial<Operation> = {}): Operation => ({
  ...{ api: "x", id, method: "GET", path: "/items", summary: "", description: "", tags: [] },
  ...{ deprecated: false, parameterNames: [] },
  ...more,
});
const fitted = (operations: Operation[], maxBytes = LIMIT) =>
  fitSearchReply({ operations, total: operations.length, warnings: [] }, maxBytes);

it("says everything where there is room", () => {
  expect(fitted([operation("listItems", { summary: "List the items" })])).toEqual({
    operations: [{ api: "x", operation: "listItems", method: "GET", path: "/items", summary: "List the items" }],
    total: 1,
  });
});

it("takes the first line that says something, without markup, from the description where there is no summary", () => {
  const description = "\n---\n<p>Lists <b>all</b>\titems</p>\nand more";
  expect(fitted([operation("a", { description })]).operations[0]?.summary).toBe("Lists all items");
});

it("shortens summaries and paths before anything is left out, and says so with an ellipsis", () => {
  const long = { summary: "Lists the items of the shop ".repeat(20), path: `/${"very-long/".repeat(40)}{id}` };
  const { operations } = fitted(["a", "b", "c", "d", "e"].map((id) => operation(id, long)));
  expect(operations).toHaveLength(5);
  for (const found of operations) {
    expect(found.summary).toMatch(/^Lists the items.*…$/);
    expect(found.path).toMatch(/^\/very-long.*…$/);
    expect(found.method).toBe("GET");
  }
});

it("never cuts a name: what does not fit is left out, and the others are not", () => {
  const reply = fitted([operation("x".repeat(5000)), operation("short"), operation(`y${"z".repeat(300)}`)]);
  expect(reply.operations.map((found) => found.operation)).toEqual(["short", `y${"z".repeat(300)}`]);
  expect(reply.total).toBe(3);
  expect(reply.warnings).toEqual([expect.stringMatching(/left out for want of room: 1\. A higher limit/)]);
  expect(fitted([operation("x".repeat(5000))], 10_000).operations).toHaveLength(1);
});

it("does not repeat in little room what the name says", () => {
  const path = `/${"a/".repeat(45)}{id}`;
  const ids = ["GET", "PUT", "POST", "PATCH", "DELETE"];
  const reply = fitted(ids.map((method) => operation(`${method} ${path}`, { method, path })));
  expect(reply.operations.map((found) => found.operation)).toEqual(ids.map((method) => `${method} ${path}`));
});

it("gives the names of many APIs and the first of their troubles", () => {
  const apis = Array.from({ length: 200 }, (_, at) => ({
    name: `api-${at}`,
    description: "d".repeat(500),
    operations: 9,
  }));
  const warnings = Array.from({ length: 50 }, (_, at) => `The OpenAPI document of API "broken-${at}" does not exist.`);
  const reply = fitSearchReply({ operations: [operation("a")], total: 1800, apis, warnings }, LIMIT);
  expect(bytesOf(reply)).toBeLessThanOrEqual(LIMIT);
  expect(reply.apis?.[0]).toEqual({ name: "api-0", operations: 9 });
  expect(reply.operations).toHaveLength(1);
  expect(reply.warnings).toContainEqual(expect.stringMatching(/further APIs could not be read/));
  expect(reply.warnings).toContainEqual(expect.stringMatching(/further APIs: a higher limit/));
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.string({ minLength: 300, maxLength: 3000 }),
  fc.constantFrom("\u0000".repeat(500), "😀".repeat(300), "\ud800".repeat(300), '"\\'.repeat(400), "<p>".repeat(300)),
);

it("keeps to its size whatever documents and configuration say, and all that it has is whole", () => {
  const operations = fc.array(
    fc.record({ id: text, path: text.map((path) => `/${path}`), summary: text, description: text }),
    { maxLength: 6 },
  );
  const apis = fc.array(fc.record({ name: text, description: text, operations: fc.nat() }), { maxLength: 5 });
  fc.assert(
    fc.property(
      operations,
      fc.option(apis, { nil: undefined }),
      fc.array(text, { maxLength: 4 }),
      (list, named, warnings) => {
        const all = list.map(({ id, ...more }) => operation(id, more));
        const outcome = { operations: all, total: all.length, ...(named && { apis: named }), warnings };
        const reply = fitSearchReply(outcome, LIMIT);
        expect(bytesOf(reply)).toBeLessThanOrEqual(LIMIT);
        for (const found of reply.operations) expect(all.map(({ id }) => id)).toContain(found.operation);
        expect(fitSearchReply(outcome, LIMIT)).toEqual(reply);
      },
    ),
  );
});

it("names operations so that they can be called, however long the document's texts are", async () => {
  const paths = Object.fromEntries(
    Array.from({ length: 12 }, (_, at) => [
      `/${"deep/".repeat(8)}items${at}`,
      { get: { summary: `List items ${"of kind ".repeat(60)}${at}`, operationId: `list${"Items".repeat(12)}${at}` } },
    ]),
  );
  const { client, requests } = await openDocumented(minimalDocument(paths));
  const reply = await client.search({ query: "list items", limit: 5 });
  expect(bytesOf({ status: "success", ...reply })).toBeLessThanOrEqual(LIMIT);
  expect(reply.operations.length).toBe(5);
  for (const { operation: id } of reply.operations) await call(client, { api: "x", operation: id });
  expect(requests).toHaveLength(5);
});

it("finds only what may be called: rules of the configuration and read-only leave the rest out", async () => {
  const paths = { "/items": { get: { operationId: "listItems" }, post: { operationId: "createItem" } } };
  const { client } = await openDocumented(minimalDocument(paths), { allow: ["POST /items"] });
  expect((await client.search({ query: "items", limit: 5 })).operations).toMatchObject([{ operation: "createItem" }]);
  const readOnly = await openDocumented(minimalDocument(paths), { readOnly: true });
  expect(await readOnly.client.search({ query: "create item", limit: 5 })).toMatchObject({
    operations: [{ operation: "listItems" }],
    total: 1,
  });
  expect((await readOnly.client.search({ query: "createItem", limit: 5 })).total).toBe(1);
});

it("has more room for a higher limit", async () => {
  const client = openClient({
    x: {
      apiUrl: "https://x.example",
      allow: Array.from({ length: 60 }, (_, at) => `GET /items/${"p".repeat(60)}${at}`),
    },
  });
  const reply = await client.search({ query: "items", limit: 50 });
  expect(reply.operations).toHaveLength(50);
  expect(bytesOf(reply)).toBeLessThanOrEqual(10_000);
  expect((await client.search({ query: "items", limit: 1 })).operations).toHaveLength(1);
});

import { expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiRequest } from "../api-request.ts";

const BIG = "9007199254740993";
const integer = { type: "integer" };
const ids = { type: "array", items: integer };
const filter = { type: "object", properties: { id: integer } };

async function sentByPlain(given: Partial<Record<keyof ApiRequest, unknown>>) {
  const server = await startHttpServer();
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /**"] } });
  await call(client, { api: "x", ...given } as ApiRequest);
  return server.requests[0]!;
}

it.each([
  ["a path", { operation: "DELETE /i/{id}", path: `{"id":${BIG}}` }, `/i/${BIG}`, ""],
  ["a query", { operation: "GET /i", query: `{"id":${BIG},"list":[${BIG},1]}` }, `/i?id=${BIG}&list=${BIG}&list=1`, ""],
  ["an object in a query", { operation: "GET /i", query: `{"f":{"id":${BIG}}}` }, `/i?f%5Bid%5D=${BIG}`, ""],
  ["a body", { operation: "POST /i", body: ` {"a":[{"id":${BIG}}]}` }, "/i", `{"a":[{"id":${BIG}}]}`],
])("whole numbers beyond 2^53 keep their digits in %s that is given as JSON text", async (_what, given, url, body) => {
  expect(await sentByPlain(given)).toMatchObject({ url, body });
});

it("also in headers and cookies", async () => {
  const { headers } = await sentByPlain({ operation: "GET /i", header: `{"x-id":${BIG}}`, cookie: `{"c":${BIG}}` });
  expect(headers).toMatchObject({ "x-id": BIG, cookie: `c=${BIG}` });
});

it.each([
  ["a list", ids, {}, `[${BIG}, 1]`, `v=${BIG}&v=1`],
  ["an object", filter, { style: "deepObject", explode: true }, `{"id":${BIG}}`, `v%5Bid%5D=${BIG}`],
  ["a list of texts", { type: "array", items: { type: "string" } }, {}, `[${BIG}]`, `v=${BIG}`],
  ["a nested list", { type: "array", items: { type: "object" } }, {}, `[{"id":${BIG}}]`, `v=%7B%22id%22%3A${BIG}%7D`],
])("so they do in a parameter that is %s", async (_what, schema, more, value, query) => {
  const parameters = [{ name: "v", in: "query", schema, ...more }];
  const { client, requests } = await openDocumented(
    minimalDocument({ "/op": { get: { operationId: "op", parameters } } }),
  );
  await call(client, { api: "x", operation: "op", query: { v: value } });
  expect(requests[0]?.url).toBe(`/op?${query}`);
});

it("and in one that is JSON by its content", async () => {
  const parameters = [{ name: "v", in: "query", content: { "application/json": { schema: filter } } }];
  const { client, requests } = await openDocumented(
    minimalDocument({ "/op": { get: { operationId: "op", parameters } } }),
  );
  await call(client, { api: "x", operation: "op", query: { v: `{"id":${BIG}}` } });
  await call(client, { api: "x", operation: "op", query: { v: { id: BIG } } });
  for (const { url } of requests) expect(decodeURIComponent(url)).toBe(`/op?v={"id":${BIG}}`);
});

it.each([
  ["application/json", `{"f":{"id":${BIG}},"ids":[${BIG}]}`],
  ["application/x-www-form-urlencoded", `f=%7B%22id%22%3A${BIG}%7D&ids=${BIG}`],
])("and in fields of a body of %s", async (type, body) => {
  const schema = { type: "object", properties: { f: filter, ids } };
  const requestBody = { content: { [type]: { schema } } };
  const { client, requests } = await openDocumented(
    minimalDocument({ "/op": { post: { operationId: "op", requestBody } } }),
  );
  await call(client, { api: "x", operation: "op", body: { f: `{"id":${BIG}}`, ids: `[${BIG}]` } });
  await call(client, { api: "x", operation: "op", body: `{"f":{"id":${BIG}},"ids":[${BIG}]}` });
  expect(requests.map((request) => request.body)).toEqual([body, body]);
});

it("are checked by their schema, as any number", async () => {
  const requestBody = {
    content: { "application/json": { schema: { properties: { id: { ...integer, maximum: 9 } } } } },
  };
  const { client } = await openDocumented(minimalDocument({ "/op": { post: { operationId: "op", requestBody } } }));
  expect(await failure(call(client, { api: "x", operation: "op", body: `{"id":${BIG}}` }))).toMatchObject({
    code: "invalid_input",
    issues: [{ path: "/body/id" }],
  });
});

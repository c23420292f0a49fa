import { expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import type { ApiRequest } from "../api-request.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function sent(settings: object, given: Partial<ApiRequest>, script?: Parameters<typeof startHttpServer>[0]) {
  const server = await startHttpServer(script);
  const client = openClient({ x: { apiUrl: server.url, allow: ["* /*"], ...settings } });
  await call(client, { api: "x", operation: "POST /a", ...given });
  return server.requests;
}

it("goes as Idempotency-Key, or in the header of the configuration", async () => {
  const [plain] = await sent({}, { idempotencyKey: "order-7" });
  expect(plain?.headers["idempotency-key"]).toBe("order-7");
  const [named] = await sent({ idempotencyHeader: "X-Request-Id" }, { idempotencyKey: "order-7" });
  expect(named?.headers).toMatchObject({ "x-request-id": "order-7" });
  expect(named?.headers).not.toHaveProperty("idempotency-key");
});

it("is made where the configuration names its header, for each change a new one", async () => {
  const settings = { idempotencyHeader: "Idempotency-Key" };
  const [first] = await sent(settings, {});
  const [second] = await sent(settings, {});
  expect(first?.headers["idempotency-key"]).toMatch(UUID);
  expect(second?.headers["idempotency-key"]).not.toBe(first?.headers["idempotency-key"]);
  const [read] = await sent(settings, { operation: "GET /a" });
  expect(read?.headers).not.toHaveProperty("idempotency-key");
  const [own] = await sent(settings, { header: { "idempotency-key": "mine" } });
  expect(own?.headers["idempotency-key"]).toBe("mine");
  const [unnamed] = await sent({}, {});
  expect(unnamed?.headers).not.toHaveProperty("idempotency-key");
});

it("stays the same when the call is repeated, which it then is", async () => {
  const script = (_request: unknown, count: number) => (count < 3 ? { status: 503 } : { json: {} });
  const requests = await sent({ idempotencyHeader: "Idempotency-Key" }, { body: { a: 1 } }, script);
  expect(requests).toHaveLength(3);
  expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
  expect(requests.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
});

it("is the parameter that the document wants", async () => {
  const parameters = [
    { name: "Idempotency-Key", in: "header", required: true, schema: { type: "string", maxLength: 8 } },
  ];
  const { client, requests } = await openDocumented(
    minimalDocument({ "/a": { post: { operationId: "a", parameters } } }),
  );
  await call(client, { api: "x", operation: "a", idempotencyKey: "k-1" });
  expect(requests[0]?.headers["idempotency-key"]).toBe("k-1");
  const error = await failure(call(client, { api: "x", operation: "a", idempotencyKey: "too-long-a-key" }));
  expect(error).toMatchObject({ code: "invalid_input", issues: [{ path: "/header/Idempotency-Key" }] });
});

it.each([
  ["", "visible ASCII"],
  ["a b", "visible ASCII"],
  ["a\r\nX-Evil: 1", "visible ASCII"],
  ["ключ", "visible ASCII"],
  ["x".repeat(256), "longer than 255"],
])("%j is none", async (idempotencyKey, message) => {
  const error = await failure(sent({}, { idempotencyKey }));
  expect(error).toMatchObject({ code: "invalid_input", issues: [{ path: "/idempotency_key" }] });
  expect(error.message).toContain(message);
});

it("is only one", async () => {
  const given = { idempotencyKey: "a", header: { "Idempotency-Key": "b" } };
  expect(await failure(sent({}, given))).toMatchObject({ code: "invalid_input" });
  const [same] = await sent({}, { ...given, header: { "idempotency-key": "a" } });
  expect(same?.headers["idempotency-key"]).toBe("a");
});

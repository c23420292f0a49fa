import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openClient, openDocumented } from "../../../test/fixtures/api-client.ts";

describe("values that are too long for a URL", () => {
  // Folding so many marks takes seconds.
  const marks = "e\u0301\u0323".repeat(40_000);

  it.each([
    { path: { id: marks } },
    { path: { id: 1 }, query: { q: marks } },
    { path: { id: 1 }, query: { q: Array(20_000).fill("a") } },
  ])("are refused before they are folded", async (given) => {
    const client = openClient({ x: { apiUrl: "http://127.0.0.1:9", allow: ["GET /items/*"] } });
    const error = await failure(call(client, { api: "x", operation: "GET /items/{id}", ...given }));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining("16384") });
  });
});

describe("templates with several parameters in one segment", () => {
  const open = () =>
    openDocumented(
      minimalDocument({
        "/x/{a}-{b}-{c}-{d}-{e}-{f}/end": { get: { operationId: "six" } },
        "/files/{name}.{type}": { get: { operationId: "file\n" } },
      }),
    );

  it.each([
    ["GET /files/a.b.txt", "/files/a.b.txt"],
    ["GET /x/1-2-3-4-5-6-7/end", "/x/1-2-3-4-5-6-7/end"],
    [`GET /x/${"-".repeat(499)}/end`, `/x/${"-".repeat(499)}/end`],
  ])("take %s", async (operation, url) => {
    const { client, requests } = await open();
    await call(client, { api: "x", operation });
    expect(requests[0]?.url).toBe(url);
  });

  it.each(["GET /files/a", "GET /files/.txt", "GET /x/1-2-3-4-5/end", `GET /x/${"-".repeat(4000)}/en`])(
    "do not take %s",
    async (operation) => {
      const { client } = await open();
      expect(await failure(call(client, { api: "x", operation }))).toMatchObject({ code: "unknown_operation" });
    },
  );

  it("are called by an id that the document wrote with a line break", async () => {
    const { client, requests } = await open();
    await call(client, { api: "x", operation: "file", path: { name: "a", type: "b" } });
    expect(requests[0]?.url).toBe("/files/a.b");
  });
});

it("the key goes to no operation that the document opens to all, unless the configuration names its header", async () => {
  const document = minimalDocument(
    { "/open": { get: { security: [] } }, "/closed": { get: {} } },
    { security: [{ k: [] }], components: { securitySchemes: { k: { type: "http", scheme: "bearer" } } } },
  );
  const sent = async (operation: string, more: object) => {
    const { client, requests } = await openDocumented(document, { apiKey: "key-123456", ...more });
    await call(client, { api: "x", operation });
    return requests[0]?.headers;
  };
  expect((await sent("GET /open", {}))?.authorization).toBeUndefined();
  expect((await sent("GET /closed", {}))?.authorization).toBe("Bearer key-123456");
  expect((await sent("GET /open", { apiKeyHeader: "X-Key" }))?.["x-key"]).toBe("key-123456");
});

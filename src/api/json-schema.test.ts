import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../test/fixtures/api-client.ts";
import { compileCheck } from "./json-schema.ts";

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
/** Schemas of which each names the one before twice. */
const doubling = Object.fromEntries(
  Array.from({ length: 41 }, (_, i) => [
    `n${i}`,
    i === 0 ? { type: "object" } : { allOf: [ref(`n${i - 1}`), ref(`n${i - 1}`)] },
  ]),
);

function openWith(schema: object) {
  const content = { "application/json": { schema } };
  const post = { requestBody: { content }, responses: { 200: { description: "", content } } };
  const document = minimalDocument({ "/items": { post } }, { components: { schemas: doubling } });
  return openDocumented(document, {}, { json: { ok: true } });
}

describe("a document's schema that would hold the server", () => {
  it.each([
    ["multiplies its $refs", ref("n40")],
    ["has many branches", { allOf: Array(50).fill(ref("n20")) }],
  ])("since it %s checks nothing, and the call goes out", async (_why, schema) => {
    const { client, requests } = await openWith(schema);
    expect(await call(client, { api: "x", operation: "POST /items", body: { a: 1 } })).toMatchObject({
      data: { ok: true },
    });
    expect(requests).toHaveLength(1);
  });

  it("is none where it repeats within reason", async () => {
    const { client, requests } = await openWith({ allOf: [ref("n5")], properties: { n: { type: "integer" } } });
    const error = await failure(call(client, { api: "x", operation: "POST /items", body: { n: "x" } }));
    expect(error).toMatchObject({ code: "invalid_input", issues: [{ path: "/body/n" }] });
    expect(requests).toEqual([]);
  });
});

describe("a configured schema", () => {
  it("that cannot be followed to an end is broken, and says why", async () => {
    const check = await compileCheck({ $ref: "#" }, { mode: "strict" });
    expect(check({})).toEqual([{ path: "/", message: expect.stringContaining("refers to itself without end") }]);
  });

  it("that is wrong is an error of the configuration", async () => {
    const error = await failure(compileCheck({ properties: { a: { type: "objekt" } } }, { mode: "strict" }));
    expect(error).toMatchObject({ code: "invalid_config", message: expect.stringContaining("/properties/a/type") });
  });
});

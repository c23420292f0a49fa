import { expect, it } from "vitest";
import { minimalDocument, openClient, openDocumented } from "../../test/fixtures/api-client.ts";
import { unusedPort } from "../../test/fixtures/http-server.ts";

const never = new AbortController().signal;
const DOCUMENT = minimalDocument({
  "/items": { get: { operationId: "listItems" } },
  "/items/{id}": {
    delete: {
      operationId: "deleteItem",
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
    },
  },
});

it("tells the rules that fit nothing, and in the log when the API is first used", async () => {
  const told: string[] = [];
  const rules = { allow: ["GET /itmes", "GET /items", "DELETE /*"], confirm: ["DELETE /item/*"] };
  const { client } = await openDocumented(DOCUMENT, rules, undefined, { warn: (message) => told.push(message) });
  await client.search({ query: "items", limit: 5 });
  await client.search({ query: "items", limit: 5 });
  expect(told).toEqual([
    'apis.x.allow: "GET /itmes" fits no operation of the document. Closest: GET /items. Paths are below the API\'s URL, ' +
      `${(await client.check(never))[0]!.base_url}.`,
    expect.stringMatching(/^apis\.x\.confirm: "DELETE \/item\/\*" fits no operation.* every DELETE\. Closest: DELETE /),
  ]);
  const [check] = await client.check(never);
  expect(check).toMatchObject({
    described: true,
    problems: [
      { key: "apis.x.allow", broken: true },
      { key: "apis.x.confirm", broken: true },
    ],
  });
  expect(check).not.toHaveProperty("error");
  // Until the rule is mended, nothing is deleted unasked.
  const user = { id: "ana" };
  expect(await client.mustConfirm(user, { api: "x", operation: "deleteItem", path: { id: "7" } })).toBe(true);
  expect(await client.mustConfirm(user, { api: "x", operation: "listItems" })).toBeUndefined();
});

it("knows an API whose host is down by its document", async () => {
  const { client } = await openDocumented(DOCUMENT, { apiUrl: `http://127.0.0.1:${await unusedPort()}` });
  const [check] = await client.check(never);
  expect(check).toMatchObject({ described: true, operations: 2, error: expect.stringContaining("nothing listens") });
  const unread = openClient({ x: { apiUrl: "http://127.0.0.1:1", openapi: "/nowhere/api.yaml" } });
  expect(await unread.check(never)).toMatchObject([{ described: false, error: expect.stringContaining("not exist") }]);
});

it("tells what the configuration lacks of an API whose host is down", async () => {
  const apiUrl = `http://127.0.0.1:${await unusedPort()}`;
  const client = openClient({ x: { apiUrl, users: { ana: { apiKey: "", headers: {} } } } });
  expect(await client.check(never)).toMatchObject([
    {
      error: expect.stringContaining("nothing listens"),
      problems: [
        {
          message: 'API "x" has an entry for the user "ana" that holds no credentials.',
          hint: expect.stringContaining("apis.x.users.ana"),
          broken: true,
        },
      ],
    },
  ]);
});

it.each([
  ["http://127.0.0.1:9103/v1/", "write apis.x.apiUrl: http://127.0.0.1:9103/v1 in the configuration"],
  ["http://localhost:9103", "write apis.x.apiUrl: http://localhost:9103 in the configuration"],
])("says what to write where a document in a file names the private server %s", async (url, hint) => {
  const { client } = await openDocumented({ ...DOCUMENT, servers: [{ url }] }, { apiUrl: undefined });
  const [check] = await client.check(never);
  expect(check).toMatchObject({
    described: true,
    error: expect.stringContaining("leads to a loopback address"),
    hint: expect.stringContaining(hint),
  });
});

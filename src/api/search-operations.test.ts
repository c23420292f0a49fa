import fc from "fast-check";
import { expect, it } from "vitest";
import { failure, openClient, SHOP } from "../../test/fixtures/api-client.ts";
import type { Operation } from "./operation.ts";
import { createOperationIndex } from "./search-operations.ts";

const operation = (
  id: string,
  method: string,
  path: string,
  summary: string,
  more: Partial<Operation> = {},
): Operation => ({
  ...{ api: "hub", id, method, path, summary, description: "", tags: [], deprecated: false, parameterNames: [] },
  ...more,
});
/** Operations as a code host has them. */
const HUB = [
  operation("issues/list", "GET", "/repos/{owner}/{repo}/issues", "List repository issues"),
  operation("issues/create", "POST", "/repos/{owner}/{repo}/issues", "Create an issue"),
  operation("issues/update", "PATCH", "/repos/{owner}/{repo}/issues/{number}", "Update an issue"),
  operation("issues/addComment", "POST", "/repos/{owner}/{repo}/issues/{number}/comments", "Create an issue comment"),
  operation("pulls/list", "GET", "/repos/{owner}/{repo}/pulls", "List pull requests"),
  operation("pulls/merge", "PUT", "/repos/{owner}/{repo}/pulls/{number}/merge", "Merge a pull request"),
  operation("repos/delete", "DELETE", "/repos/{owner}/{repo}", "Delete a repository"),
  operation("repos/listForOrg", "GET", "/orgs/{org}/repos", "List organization repositories"),
  operation("orgs/removeMember", "DELETE", "/orgs/{org}/members/{username}", "Remove an organization member"),
  operation("users/getAvatar", "GET", "/users/{username}/avatar", "Get the avatar of a user"),
  operation("releases/latestOld", "GET", "/repos/{owner}/{repo}/latest", "Get the latest release", {
    deprecated: true,
  }),
  operation("releases/latest", "GET", "/repos/{owner}/{repo}/releases/latest", "Get the latest release"),
];

it.each([
  ["create an issue", "issues/create"],
  ["open a new issue", "issues/create"],
  ["edit issue", "issues/update"],
  ["reply to an issue", "issues/addComment"],
  ["show all issues of a repo", "issues/list"],
  ["list PRs", "pulls/list"],
  ["merging pull requests", "pulls/merge"],
  ["remove a repo", "repos/delete"],
  ["org repos", "repos/listForOrg"],
  ["kick member out of organisation", "orgs/removeMember"],
  ["profile picture of a user", "users/getAvatar"],
  ["newest release, I mean the latest", "releases/latest"],
  ["issues/create", "issues/create"],
  ["POST /repos/{owner}/{repo}/issues", "issues/create"],
  ["removeMember", "orgs/removeMember"],
])("%s finds %s first", (query, id) => {
  expect(createOperationIndex(HUB).search(query, 5)[0]?.operation.id).toBe(id);
});

it("finds nothing where no word fits, and always the same otherwise", () => {
  const index = createOperationIndex(HUB);
  expect(index.search("zebra", 5)).toEqual([]);
  expect(index.search("the of and", 5)).toEqual([]);
  expect(index.search("list", 20)).toEqual(createOperationIndex(HUB).search("list", 20));
});

it("takes any text as a query", () => {
  const index = createOperationIndex(HUB);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (query, limit) => {
      const hits = index.search(query, limit);
      expect(hits.length).toBeLessThanOrEqual(limit);
      for (const { score } of hits) expect(Number.isFinite(score)).toBe(true);
    }),
  );
  expect(index.search("issue ".repeat(100_000), 1)[0]?.operation.id).toMatch(/^issues/);
});

it("answers shortly, over all APIs or one, the calls of plain ones among them", async () => {
  const client = openClient({
    shop: { openapi: SHOP },
    weather: { apiUrl: "https://w.example", description: "Weather forecasts", allow: ["GET /v1/*", "GET /v2/{city}"] },
    hook: { apiUrl: "https://h.example/hook", description: "Posts to the chat" },
  });
  const reply = await client.search({ query: "forecast for a city", limit: 5 });
  expect(reply.operations[0]).toEqual({
    api: "weather",
    operation: "GET /v2/{city}",
    method: "GET",
    path: "/v2/{city}",
    summary: "Weather forecasts",
  });
  expect((await client.search({ query: "item", api: "weather", limit: 5 })).operations).toEqual([]);
  const items = await client.search({ query: "find items by text", limit: 3 });
  expect(items.operations[0]?.operation).toBe("searchItems");
  expect(items).not.toHaveProperty("apis");
  expect(JSON.stringify(items).length).toBeLessThan(600);

  const all = await client.search({ query: " ", limit: 50 });
  expect(all.total).toBe(13);
  expect(all.apis).toEqual([
    { name: "shop", description: "Shop", operations: 10 },
    { name: "weather", description: "Weather forecasts", operations: 2 },
    { name: "hook", description: "Posts to the chat", operations: 1 },
  ]);
  expect(all.operations.at(-1)).toMatchObject({ api: "hook", operation: "POST /" });
});

it("goes on without an API whose document is broken, and says so", async () => {
  const client = openClient({ broken: { openapi: "/nowhere.json" }, shop: { openapi: SHOP } });
  expect(await client.search({ query: "items", limit: 1 })).toMatchObject({
    operations: [{ api: "shop" }],
    warnings: ['The OpenAPI document of API "broken" does not exist.'],
  });
  expect(await failure(client.search({ query: "items", api: "broken", limit: 1 }))).toMatchObject({
    code: "invalid_config",
  });
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { failure, minimalDocument, openClient, openDocumented, SHOP } from "../../../test/fixtures/api-client.ts";
import type { Operation } from "../operation.ts";
import { closestOperations } from "./closest-operations.ts";
import { createOperationIndex } from "./operation-index.ts";
import { searchOperations } from "./search-operations.ts";
import { createSearchSpace } from "./search-space.ts";

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

const hub = () => createSearchSpace([{ index: createOperationIndex(HUB) }]);
const idsOf = (query: string, limit: number) =>
  searchOperations(hub(), query, limit).hits.map((hit) => hit.operation.id);

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
  // Synonyms that stand nowhere in the document.
  ["kick someone out of the organization", "orgs/removeMember"],
  ["file a new ticket", "issues/create"],
  ["erase a repository for good", "repos/delete"],
  // Typing errors: a letter left out, doubled, changed, swapped.
  ["creat an isue", "issues/create"],
  ["delte repositry", "repos/delete"],
  ["mrege pull reqeust", "pulls/merge"],
  // The same words, another intent.
  ["issue comment", "issues/addComment"],
  ["which issues are there", "issues/list"],
  ["please change an issue", "issues/update"],
  // Whatever the case, and with the spaces of a copied name.
  ["  ISSUES/CREATE ", "issues/create"],
  ["patch /repos/{owner}/{repo}/issues/{number}", "issues/update"],
])("%s finds %s first", (query, id) => {
  expect(idsOf(query, 5)[0]).toBe(id);
});

it("puts the operations of an exact path before all others", () => {
  expect(idsOf("/repos/{owner}/{repo}/issues", 2).sort()).toEqual(["issues/create", "issues/list"]);
});

it("finds nothing where no word fits, and always the same otherwise", () => {
  expect(searchOperations(hub(), "zebra", 5)).toEqual({ hits: [], total: 0, weak: false });
  expect(searchOperations(hub(), "the of and", 5)).toEqual({ hits: [], total: 0, weak: false });
  expect(searchOperations(hub(), "list", 20)).toEqual(searchOperations(hub(), "list", 20));
});

it("tells what several APIs have apart by their names and by what they are said to be", () => {
  const forge = HUB.map((entry) => ({ ...entry, api: "forge" }));
  const sources = [
    { index: createOperationIndex(HUB) },
    { index: createOperationIndex(forge), about: "Acme code host" },
  ];
  for (const query of ["create an issue in forge", "forge: create issue", "create an issue at acme"]) {
    expect(searchOperations(createSearchSpace(sources), query, 1).hits[0]?.operation).toMatchObject({
      api: "forge",
      id: "issues/create",
    });
  }
  expect(searchOperations(createSearchSpace(sources), "create an issue in hub", 1).hits[0]?.operation).toMatchObject({
    api: "hub",
  });
});

it("looks for what an API is named after in that API", () => {
  const orders = [
    operation("listItems", "GET", "/items", "List items", { api: "orders" }),
    operation("listOrders", "GET", "/orders", "List orders", { api: "orders" }),
  ];
  const sources = [{ index: createOperationIndex(HUB) }, { index: createOperationIndex(orders) }];
  expect(searchOperations(createSearchSpace(sources), "list orders", 1).hits[0]?.operation.id).toBe("listOrders");
  expect(searchOperations(createSearchSpace(sources), "list items in orders", 1).hits[0]?.operation.id).toBe(
    "listItems",
  );
});

it("compares the operations of APIs of any size: a small one is neither drowned nor preferred", () => {
  const many = Array.from({ length: 500 }, (_, at) =>
    operation(`things/list${at}`, "GET", `/things/${at}`, `List things of kind ${at}`, { api: "big" }),
  );
  const small = [operation("weather/get", "GET", "/weather/{city}", "Get the weather of a city", { api: "small" })];
  const sources = [{ index: createOperationIndex(many) }, { index: createOperationIndex(small) }];
  expect(searchOperations(createSearchSpace(sources), "weather in a city", 3).hits[0]?.operation.id).toBe(
    "weather/get",
  );
  expect(searchOperations(createSearchSpace(sources), "things of kind 42", 3).hits[0]?.operation.id).toBe(
    "things/list42",
  );
});

it.each([
  ["im Lager nach Artikeln suchen", "artikelSuchen"],
  ["supprimer une commande", "supprimerCommande"],
  ["在庫", "zaiko"],
  ["Überweisung anlegen", "ueberweisungAnlegen"],
])("finds operations that are described in another language: %s", (query, id) => {
  const index = createOperationIndex([
    operation("artikelSuchen", "GET", "/lager/artikel", "Artikel im Lager suchen"),
    operation("supprimerCommande", "DELETE", "/commandes/{id}", "Supprimer une commande"),
    operation("zaiko", "GET", "/zaiko", "在庫"),
    operation("ueberweisungAnlegen", "POST", "/ueberweisungen", "Überweisung anlegen"),
  ]);
  expect(searchOperations(createSearchSpace([{ index }]), query, 1).hits[0]?.operation.id).toBe(id);
});

const word = fc.constantFrom(
  "create",
  "delte",
  "isue",
  "the",
  "log",
  "out",
  "repositories",
  "Ünïcode",
  "{id}",
  "GET",
  "__proto__",
);
const anyQuery = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.array(fc.oneof(word, fc.string({ maxLength: 8 })), { maxLength: 40 }).map((words) => words.join(" ")),
);

it("takes any text as a query: hits are operations, none twice, at most so many, best first", () => {
  fc.assert(
    fc.property(anyQuery, fc.integer({ min: 1, max: 50 }), (query, limit) => {
      const { hits, total } = searchOperations(hub(), query, limit);
      expect(hits.length).toBeLessThanOrEqual(Math.min(limit, total));
      expect(total).toBeLessThanOrEqual(HUB.length);
      expect(new Set(hits.map((hit) => hit.operation)).size).toBe(hits.length);
      for (const [at, { operation: found, score }] of hits.entries()) {
        expect(HUB).toContain(found);
        expect(Number.isFinite(score)).toBe(true);
        expect(score).toBeLessThanOrEqual(hits[at - 1]?.score ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
  expect(idsOf("issue ".repeat(100_000), 1)[0]).toMatch(/^issues/);
});

it.each([
  ["issues/creat", "issues/create"],
  ["createIssue", "issues/create"],
  ["listForOrg", "repos/listForOrg"],
  ["GET /repos/{owner}/{repo}/pull", "pulls/list"],
  ["removemember", "orgs/removeMember"],
  ["usersGetAvatar", "users/getAvatar"],
])("knows what %s, which does not exist, was meant to be", (named, id) => {
  expect(closestOperations(HUB, named, 3)[0]?.id).toBe(id);
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
  // What an API is called and where it is are words of its calls, too.
  for (const query of ["weather", "get weather", "weather in Rome tomorrow"]) {
    const found = await client.search({ query, limit: 5 });
    expect(found.operations.map(({ api }) => api)).toEqual(["weather", "weather"]);
    expect(found).not.toHaveProperty("warnings");
  }
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

it("finds by the properties of the body, whatever schema they stand in", async () => {
  const body = (schema: object) => ({ requestBody: { content: { "application/json": { schema } } } });
  const { client } = await openDocumented(
    minimalDocument(
      {
        "/cards": { post: { operationId: "createCard", ...body({ properties: { title: {} } }) } },
        "/cards/{id}": { put: { operationId: "changeCard", ...body({ $ref: "#/components/schemas/Card" }) } },
        "/cards/{id}/move": { put: { operationId: "moveCard", ...body({ items: { properties: { list: {} } } }) } },
      },
      {
        components: {
          schemas: { Card: { allOf: [{ properties: { dueDate: {}, self: { $ref: "#/components/schemas/Card" } } }] } },
        },
      },
    ),
  );
  expect((await client.search({ query: "change the due date of a card", limit: 1 })).operations[0]?.operation).toBe(
    "changeCard",
  );
  expect((await client.search({ query: "due date", limit: 5 })).operations[0]?.operation).toBe("changeCard");
});

it("finds the calls of an API without a document by its name and its URL", async () => {
  const client = openClient({
    wx: { apiUrl: "https://api.open-meteo.com/v1/forecasts", allow: ["GET /*"] },
    chat_hook: { apiUrl: "http://127.0.0.1:9103/x" },
    shop: { openapi: SHOP },
  });
  for (const query of ["forecast for a city", "meteo", "wx", "open-meteo.com"]) {
    const { operations, total, warnings } = await client.search({ query, limit: 5 });
    expect([operations[0]?.api, operations.length, total, warnings]).toEqual(["wx", 1, 1, undefined]);
  }
  for (const query of ["chat", "send a message to the chat", "hook"]) {
    expect((await client.search({ query, limit: 5 })).operations[0]?.api).toBe("chat_hook");
  }
  for (const query of ["127", "com", "9103", "https"]) {
    expect(await client.search({ query, limit: 5 })).toMatchObject({ operations: [], total: 0, apis: [{}, {}, {}] });
  }
});

it("lists the few calls that there are where none fits, and says so", async () => {
  const client = openClient({
    weather: { apiUrl: "https://w.example", allow: ["GET /v1/*", "GET /v2/{city}"] },
    hook: { apiUrl: "https://h.example/hook" },
    shop: { openapi: SHOP },
  });
  const none = { total: 0, warnings: ["Nothing fits the query: these are all operations that there are."] };
  expect(await client.search({ query: "xyzzy", api: "weather", limit: 5 })).toMatchObject({
    ...none,
    operations: [{ operation: "GET /v1/*" }, { operation: "GET /v2/{city}" }],
  });
  expect(await client.search({ query: "anything", api: "hook", limit: 1 })).toMatchObject({
    ...none,
    operations: [{ operation: "POST /" }],
  });
  expect(await client.search({ query: "xyzzy", api: "shop", limit: 5 })).toMatchObject({
    operations: [],
    total: 0,
    warnings: ["Nothing fits the query. Without one, operations are listed."],
  });
  // More than were asked for are named by the API alone.
  for (const request of [{ api: "weather", limit: 1 }, { api: "shop", limit: 5 }, { limit: 5 }]) {
    const reply = await client.search({ query: "xyzzy", ...request });
    expect(reply).toMatchObject({ operations: [], total: 0, apis: expect.arrayContaining([expect.anything()]) });
  }
});

it("counts what has about as much of the query as the best one, at least what is listed", () => {
  const totalOf = (query: string, limit: number) => searchOperations(hub(), query, limit).total;
  expect(totalOf("remove a member from an organization", 1)).toBe(1);
  expect(totalOf("remove a member from an organization", 4)).toBe(4);
  expect(totalOf("issues", 1)).toBe(HUB.filter(({ path }) => path.includes("/issues")).length);
});

it("says where what it found is only the nearest, and names the APIs then", async () => {
  const client = openClient({ shop: { openapi: SHOP }, hook: { apiUrl: "https://h.example/hook" } });
  for (const query of ["frobnicate the quux items", "wibble wobble flapdoodled orders"]) {
    const reply = await client.search({ query, limit: 2 });
    expect(reply.operations[0]?.api).toBe("shop");
    expect(reply.warnings).toEqual([expect.stringContaining("only the nearest")]);
    expect(reply.apis?.map(({ name }) => name)).toEqual(["shop", "hook"]);
  }
  const fits = await client.search({ query: "list the items", limit: 2 });
  expect(fits).not.toHaveProperty("warnings");
  expect(fits).not.toHaveProperty("apis");
});

it("does not take what does the same with other things for a hit where there are several APIs", () => {
  const mail = [operation("drafts/create", "POST", "/drafts", "Create a draft", { api: "mail" })];
  const space = createSearchSpace([{ index: createOperationIndex(HUB) }, { index: createOperationIndex(mail) }]);
  const { hits } = searchOperations(space, "create a draft", 5);
  expect(hits.map((hit) => hit.operation.id)).toEqual(["drafts/create"]);
});

it("tells things from what is done with them, and lists for who asks who", () => {
  const index = createOperationIndex([
    operation("orders/place", "POST", "/orders", "Order a dish"),
    operation("orders/list", "GET", "/orders", "List orders"),
    operation("users/checkFollower", "GET", "/users/{user}/followers/{other}", "Check if a user follows another"),
    operation("users/listFollowers", "GET", "/users/{user}/followers", "List followers"),
  ]);
  const first = (query: string) => searchOperations(createSearchSpace([{ index }]), query, 1).hits[0]?.operation.id;
  expect(first("order a dish")).toBe("orders/place");
  expect(first("orders of today")).toBe("orders/list");
  expect(first("who follows ana")).toBe("users/listFollowers");
  expect(first("does ben follow ana")).toBe("users/checkFollower");
});

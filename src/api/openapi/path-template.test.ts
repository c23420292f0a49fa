import { describe, expect, it } from "vitest";
import { call, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { Parameter, Place } from "../operation.ts";
import { fitParameters, readTemplate } from "./path-template.ts";

describe("paths of documents", () => {
  it.each([
    ["/a/{id}", "/a/{id}", ""],
    ["a/{id}/", "/a/{id}/", ""],
    ["/a b/ü/{user id}", "/a%20b/%C3%BC/{user id}", ""],
    ["/a%20b", "/a%20b", ""],
    ["/{owner}/{repo}.git", "/{owner}/{repo}.git", ""],
    ["/rpc?action=List&v=1", "/rpc", "action=List&v=1"],
    ["/rpc?flag", "/rpc", "flag"],
    ["/#X-Target=DynamoDB.Get", "/", ""],
    ["/rpc?a=1#frag", "/rpc", "a=1"],
    ["/a/{id:[0-9]{3}}/{rest:.*}", "/a/{id}/{rest}", ""],
    ["/v1/{name=projects/*/items/*}:cancel", "/v1/{name}:cancel", ""],
    ["/v1/{+name}/{ids*}", "/v1/{name}/{ids}", ""],
    ["/a{.format}{;v}", "/a{format}{v}", ""],
    ["/a{?limit,offset}{&more*}", "/a", ""],
    ["/a?q={query}&type=all", "/a", "type=all"],
    ["/a/{id}?expand={expand}", "/a/{id}", ""],
    ["", "/", ""],
    ["/a{b", "/a%7Bb", ""],
  ])("%s", (template, path, fixedQuery) => {
    expect(readTemplate(template)).toMatchObject({ path, fixedQuery });
  });
});

const declared = (name: string, place: Place): Parameter => ({
  ...{ name, in: place, required: place === "path", description: "" },
  ...{ style: place === "path" ? "simple" : "form", explode: true, allowReserved: false, schema: { type: "string" } },
});

const fitted = (template: string, ...parameters: Parameter[]) =>
  fitParameters(parameters, readTemplate(template)).map(({ name, in: place }) => `${place} ${name}`);

describe("parameters", () => {
  it("that the path does not name cannot be sent; those that nobody declared are added", () => {
    expect(fitted("/a/{id}", declared("gone", "path"), declared("q", "query"))).toEqual(["path id", "query q"]);
    expect(fitted("/a/{id}/{id}")).toEqual(["path id"]);
  });

  it("that the path writes in other letters are those", () => {
    expect(fitted("/a/{petId}/{shop-id}", declared("pet_id", "path"), declared("ShopID", "path"))).toEqual([
      "path petId",
      "path shop-id",
    ]);
    expect(fitted("/a/{id}/{ID}", declared("id", "path"), declared("ID", "path"))).toEqual(["path id", "path ID"]);
  });

  it("of the path's query are sent in the query, under the name that stands there", () => {
    expect(fitted("/a?q={query}", declared("query", "path"))).toEqual(["query q"]);
    expect(fitted("/a?q={query}", declared("query", "query"))).toEqual(["query q"]);
    expect(fitted("/a?q={query}", declared("q", "query"))).toEqual(["query q"]);
    expect(fitted("/a?q={query}")).toEqual(["query q"]);
    expect(fitted("/a{?limit}", declared("limit", "query"))).toEqual(["query limit"]);
  });
});

it("are sent as the path means them", async () => {
  const get = (operationId: string, parameters: object[] = []) => ({ get: { operationId, parameters } });
  const path = (name: string) => ({ name, in: "path", required: true, schema: { type: "string" } });
  const { client, requests } = await openDocumented(
    minimalDocument({
      "/users/{user id}": get("spaced", [path("user id")]),
      "/files/{fileId:.+}": get("routed", [path("fileId")]),
      "/find?q={query}&type=all": get("queried", [path("query")]),
      "/items{?limit}": get("expanded", [{ name: "limit", in: "query", schema: { type: "integer" } }]),
      "/teams/{teamId}": get("misspelt", [path("team_id")]),
    }),
  );
  await call(client, { api: "x", operation: "spaced", path: { "user id": "a b" } });
  await call(client, { api: "x", operation: "routed", path: { fileId: "7" } });
  await call(client, { api: "x", operation: "queried", query: { q: "lamp & co" } });
  await call(client, { api: "x", operation: "expanded", query: { limit: 3 } });
  await call(client, { api: "x", operation: "misspelt", path: { teamId: "red" } });
  expect(requests.map(({ url }) => url)).toEqual([
    "/users/a%20b",
    "/files/7",
    "/find?type=all&q=lamp%20%26%20co",
    "/items?limit=3",
    "/teams/red",
  ]);
});

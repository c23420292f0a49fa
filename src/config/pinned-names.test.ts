import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameProblems, pinnedEntries } from "./pinned-names.ts";

const BUILT_IN = ["call_api", "memory_add", "display_result"];

function namesOf(apis: Record<string, (string | { operation: string; name?: string })[]>): string[] {
  const settings = Object.fromEntries(Object.entries(apis).map(([name, tools]) => [name, { tools }]));
  return pinnedEntries(settings, BUILT_IN).map(({ name }) => name);
}

describe("the names of pinned tools", () => {
  it.each([
    ["getItem", "shop_get_item"],
    ["GET /items/{itemId}", "shop_get_items_item_id"],
    ["issues/create", "shop_issues_create"],
    ["listHTTPServers", "shop_list_http_servers"],
    ["Überblick", "shop_uberblick"],
  ])("say API and operation in snake case: %s", (operation, name) => {
    expect(namesOf({ shop: [operation] })).toEqual([name]);
  });

  it("are those of the configuration where it gives one", () => {
    expect(namesOf({ shop: [{ operation: "getItem", name: "look_at_item" }] })).toEqual(["look_at_item"]);
  });

  it("are cut at 40 characters with a mark that tells them apart", () => {
    const long = "repos/update_information_about_pages_site_of_";
    const [first = "", second = ""] = namesOf({ github: [`${long}one`, `${long}two`] });
    expect(first).toMatch(/^github_repos_update_information_a_[0-9a-z]{6}$/);
    expect(first).toHaveLength(41 - 1);
    expect(second).not.toBe(first);
  });

  it("have a mark where two would be the same, or one ends like another tool", () => {
    expect(namesOf({ shop: ["getItem", "get-item"] })).toEqual([
      expect.stringMatching(/^shop_get_item_[0-9a-z]{6}$/),
      expect.stringMatching(/^shop_get_item_[0-9a-z]{6}$/),
    ]);
    expect(namesOf({ my_shop: ["getItem"], shop: ["getItem"] })).toEqual([
      "my_shop_get_item",
      expect.stringMatching(/^shop_get_item_[0-9a-z]{6}$/),
    ]);
    expect(namesOf({ call: ["api"], x: ["callApi"] })).toEqual([
      expect.stringMatching(/^call_api_[0-9a-z]{6}$/),
      expect.stringMatching(/^x_call_api_[0-9a-z]{6}$/),
    ]);
  });

  it("do not depend on the order of the configuration", () => {
    const one = namesOf({ a: ["x", "X"], b: ["y"] }).sort();
    expect(namesOf({ b: ["y"], a: ["X", "x"] }).sort()).toEqual(one);
  });

  it("are names that every client takes, and all different, whatever operations are called", () => {
    const operations = fc.uniqueArray(
      fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("a", "A", "a b", "a_b", "日本")),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_-]{1,50}$/), operations, { maxKeys: 4 }), (apis) => {
        const names = namesOf(apis);
        for (const name of names) {
          expect(name).toMatch(/^[a-z0-9_]{1,40}$/);
          expect(BUILT_IN.some((other) => other.endsWith(name) || name.endsWith(other))).toBe(false);
        }
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});

describe("names of the configuration", () => {
  const problems = (...tools: { operation: string; name: string }[]) =>
    nameProblems({ shop: { tools } }, BUILT_IN).map(({ key, problem }) => `${key}: ${problem}`);

  it("must be new", () => {
    expect(problems({ operation: "a", name: "call_api" })).toEqual([
      'apis.shop.tools.0: a tool of this server is called "call_api" already',
    ]);
    expect(problems({ operation: "a", name: "item" }, { operation: "b", name: "item" })).toEqual([
      'apis.shop.tools.1: another tool is called "item" already (apis.shop.tools.0)',
    ]);
  });

  it("must not end like another tool", () => {
    expect(problems({ operation: "a", name: "my_call_api" })).toHaveLength(1);
    expect(problems({ operation: "a", name: "item" }, { operation: "b", name: "get_item" })).toHaveLength(1);
    expect(problems({ operation: "a", name: "item_of" }, { operation: "b", name: "item_get" })).toEqual([]);
  });
});

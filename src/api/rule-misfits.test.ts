import { describe, expect, it } from "vitest";
import { findMisfits } from "./rule-misfits.ts";

const CALLS = ["GET /items", "POST /items", "GET /items/{id}", "DELETE /items/{id}", "POST /orders"].map((call) => {
  const [method = "", path = ""] = call.split(" ");
  return { method, path };
});

const misfits = (settings: { allow?: string[]; confirm?: string[] | boolean }, base = "https://x.example/api/v2") =>
  findMisfits({
    name: "shop",
    settings: { allow: settings.allow ?? [], confirm: settings.confirm ?? false },
    base: new URL(base),
    calls: CALLS,
    documented: true,
  });

describe("rules that fit no operation of a document", () => {
  it("are named with the closest one", () => {
    expect(misfits({ allow: ["GET /itmes*", "GET /items", "GET /item/{id}"] })).toMatchObject([
      { key: "allow", rule: "GET /itmes*", message: expect.stringContaining('apis.shop.allow: "GET /itmes*" fits no') },
      { key: "allow", rule: "GET /item/{id}", hint: expect.stringContaining("GET /items/{id}") },
    ]);
    expect(misfits({ allow: ["GET /itmes*"] })[0]!.hint).toContain("GET /items");
  });

  it("are told of a confirm rule with what is asked about until it fits", () => {
    const [misfit] = misfits({ confirm: ["DELETE /item/*"] });
    expect(misfit!.message).toBe(
      'apis.shop.confirm: "DELETE /item/*" fits no operation of the document. Until it fits one, the user is asked before every DELETE.',
    );
    expect(misfit!.hint).toContain("DELETE /items/{id}");
  });

  it("are told that paths are below the base URL, where that is what is wrong", () => {
    expect(misfits({ allow: ["GET /api/v2/items"] })[0]!.hint).toMatch(/without \/api\/v2.*GET \/items\b/);
    expect(misfits({ allow: ["POST /api/v2/*"] })[0]!.hint).toMatch(/without \/api\/v2.*POST \/\*/);
    expect(misfits({ allow: ["GET /v2/items"] })[0]!.hint).toMatch(/without \/v2.*GET \/items\b/);
  });

  it("are told the methods that their path has", () => {
    expect(misfits({ allow: ["PUT /items/{id}"] })[0]!.hint).toMatch(/has GET and DELETE/);
  });

  it("are not those that fit, that mean every path, or that guard more than there is now", () => {
    expect(misfits({ allow: ["GET /items/7", "* /ord*", "GET /items/{other}"] })).toEqual([]);
    expect(misfits({ confirm: ["PUT /*", "DELETE /ITEMS/*", "POST /orders/"] })).toEqual([]);
    expect(misfits({ confirm: true })).toEqual([]);
  });
});

it("looks at the calls that are allowed where there is no document", () => {
  const [misfit] = findMisfits({
    name: "shop",
    settings: { allow: ["DELETE /items/*"], confirm: ["DELETE /item/*"] },
    base: new URL("https://x.example"),
    calls: [{ method: "DELETE", path: "/items/*" }],
    documented: false,
  });
  expect(misfit).toMatchObject({ key: "confirm", message: expect.stringContaining("fits no call that allow has") });
});

it("doubts that rules repeat the base URL on purpose where there is no document", () => {
  const found = findMisfits({
    name: "shop",
    settings: { allow: ["GET /api/*", "GET /items", "GET /apis"], confirm: false },
    base: new URL("https://x.example/v1/api/"),
    calls: [],
    documented: false,
  });
  expect(found).toMatchObject([
    { rule: "GET /api/*", doubtful: true, message: expect.stringContaining("go to https://x.example/v1/api/api/*.") },
  ]);
  expect(found[0]!.hint).toContain("write GET /*");
});

it("does not take long with thousands of operations", () => {
  const calls = Array.from({ length: 15_000 }, (_, at) => ({
    method: "GET",
    path: `/groups/{id}/sites/{site}/lists/${at}/columns`,
  }));
  const settings = { allow: ["GET /groups/{id}/sites/{site}/list/7777/columns"], confirm: false };
  const [misfit] = findMisfits({ name: "x", settings, base: new URL("https://x.example"), calls, documented: true });
  expect(misfit!.hint).toContain("/lists/7777/columns");
});

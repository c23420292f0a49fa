import { describe, expect, it } from "vitest";
import { failure, settings } from "../../test/fixtures/api-client.ts";
import { assertLooksUp, assertReads, isRead, readConsentRules } from "./call-policy.ts";

describe("reads", () => {
  it("are GET and HEAD, and not QUERY, whose body a server may take for that of a POST", () => {
    const methods = ["GET", "HEAD", "QUERY", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"];
    expect(methods.filter(isRead)).toEqual(["GET", "HEAD"]);
  });

  it("are all that a read-only API takes", async () => {
    const api = { name: "shop", settings: { readOnly: true } };
    assertReads(api, "GET");
    expect(() => assertReads(api, "QUERY")).toThrow("QUERY is not possible");
    expect(await failure((async () => assertReads(api, "DELETE"))())).toMatchObject({
      code: "forbidden",
      message: 'API "shop" is read-only: DELETE is not possible.',
    });
    assertReads({ name: "shop", settings: { readOnly: false } }, "DELETE");
  });
});

const CALLS = [
  { method: "DELETE", path: "/items/{id}" },
  { method: "GET", path: "/admin/users" },
  { method: "POST", path: "/files/" },
];

describe("consent", () => {
  const asked = (confirm: boolean | string[], call: string) => {
    const [method = "", path = ""] = call.split(" ");
    return readConsentRules("shop", settings({ confirm }), CALLS)(method, path);
  };

  it.each([
    [false, "DELETE /items/7", false],
    [true, "DELETE /items/7", true],
    [true, "POST /items", true],
    [true, "GET /items", false],
    [true, "HEAD /items", false],
    [true, "QUERY /items", true],
    [["DELETE /items/{id}"], "DELETE /items/7", true],
    [["DELETE /items/{id}"], "PUT /items/7", false],
    [["DELETE /items/{id}"], "DELETE /orders/7", false],
    [["* /admin/*"], "GET /admin/users", true],
    [[], "DELETE /items/7", false],
  ] as const)("with %j, %s is asked about: %s", (confirm, call, expected) => {
    expect(asked(typeof confirm === "boolean" ? confirm : [...confirm], call)).toBe(expected);
  });

  it.each([
    ...[
      "/items/7/",
      "/items%2F7",
      "/items%252f7",
      "//items//7",
      "/Items/7",
      "/items/a%2Fb",
      "/%2549tems/7",
      "/ｉtems/7",
    ],
    ...[
      "/items;v=1/7",
      "/items;a=%2F/7;b",
      "/items./7",
      "/items%20/7.",
      "/items/7%2520",
      "/items.;v=1%20/7",
      "/;v/items/7",
    ],
  ])("is not got around by another spelling of the path: %s", (path) => {
    expect(asked(["DELETE /items/*"], `DELETE ${path}`)).toBe(true);
    expect(asked(["DELETE /items/{id}"], `DELETE ${path}`)).toBe(true);
  });

  it("is asked for by rules that are written with capitals, encodings and dots", () => {
    expect(asked(["DELETE /%49tems/{Id}"], "DELETE /items/7")).toBe(true);
    const calls = [{ method: "GET", path: "/v1./Files;v=1" }];
    const consent = readConsentRules("shop", settings({ confirm: ["GET /v1./Files;v=1"] }), calls);
    expect(consent("GET", "/v1./files;v=1")).toBe(true);
    expect(consent("GET", "/v1./other")).toBe(false);
  });

  it("reads a long path in time that grows with its length", () => {
    expect(asked(["DELETE /items/{id}"], `DELETE /items/7${".%20;".repeat(1600)}/x`)).toBe(false);
  });

  it.each([
    ["DELETE /item/*", "DELETE /items/7", true],
    ["DELETE /item/*", "PUT /items/7", false],
    ["* /amdin/*", "GET /admin/users", true],
    ["POST /files", "POST /items", false],
    ["post /FILES/", "POST /files", true],
  ])("is asked for before every call of the method where a rule fits nothing: %s, %s", (rule, call, expected) => {
    expect(asked([rule], call)).toBe(expected);
  });
});

it("looking things up for data may post, and never change or remove what is there", async () => {
  for (const method of ["GET", "HEAD", "QUERY", "POST"]) assertLooksUp("crm", method);
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    expect(await failure((async () => assertLooksUp("crm", method))())).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining(method),
    });
  }
});

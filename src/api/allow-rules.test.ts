import fc from "fast-check";
import { expect, it } from "vitest";
import { mayAllow, parseAllowRule } from "./allow-rules.ts";

const rule = (text: string) => parseAllowRule(text, "shop");

it.each([
  ["GET /v1/*", "GET", "/v1/items", true],
  ["GET /v1/*", "GET", "/v1/items/1/reviews", true],
  ["GET /v1/*", "GET", "/v1/", true],
  ["GET /v1/*", "GET", "/v1", false],
  ["GET /v1/*", "GET", "/v2/v1/items", false],
  ["GET /v1/*", "POST", "/v1/items", false],
  ["GET /v1/*", "HEAD", "/v1/items", false],
  ["get /v1/*", "GET", "/v1/items", true],
  ["* /v1/*", "DELETE", "/v1/items", true],
  ["GET /v1/items", "GET", "/v1/items", true],
  ["GET /v1/items", "GET", "/v1/items/", false],
  ["GET /v1/items", "GET", "/v1/itemsX", false],
  ["GET /v1/items", "GET", "/v1/Items", false],
  ["GET /v1/items/{id}", "GET", "/v1/items/7", true],
  ["GET /v1/items/{id}", "GET", "/v1/items/", false],
  ["GET /v1/items/{id}", "GET", "/v1/items/7/reviews", false],
  ["GET /v1/items/{id}", "GET", "/v1/items/7%2Freviews", false],
  ["GET /v1/items/{id}", "GET", "/v1/items/7%252Freviews", false],
  ["GET /v1/items/*", "GET", "/v1/items/7%2Freviews", true],
  ["GET /v1/a.b+c(d)", "GET", "/v1/a.b+c(d)", true],
  ["GET /v1/a.b", "GET", "/v1/axb", false],
  ["GET /v1/caf%C3%A9/*", "GET", "/v1/caf%C3%A9/1", true],
  ["GET /v1/caf%C3%A9/*", "GET", "/v1/cafe%CC%81/1", false],
  ["GET /v1/%2561/*", "GET", "/v1/%2561/1", true],
  ["GET /v1/%2561/*", "GET", "/v1/a/1", false],
  ["GET /repos/acme/*", "GET", "/repos/%61cme/x", true],
  ["GET /repos/acme/*", "GET", "/repos/%2561cme/x", false],
  ["GET /repos/acme/*", "GET", "/repos/%EF%BD%81cme/x", false],
  ["GET /repos/acme/*", "GET", "/repos/ａcme/x", false],
  ["GET /repos/acme/*", "GET", "/repos/acm%E2%84%AF/x", false],
  ["GET /repos/acme/*", "GET", "/repos/acme/%2561%EF%BD%81", true],
  ["DELETE /repos/acme/tmp-{x}", "DELETE", "/repos/acme/%EF%BD%94mp-x", false],
  ["GET /*/items", "GET", "/v1/items", true],
  ["GET /*/*", "GET", "/v1/a/b", true],
  ["GET /**", "GET", "/", true],
  ["GET /a{x}{y}b", "GET", "/a12b", true],
  ["GET /a{x}{y}b", "GET", "/a1b", false],
])("%s and %s %s: %s", (text, method, path, allowed) => {
  expect(rule(text).matches(method, path)).toBe(allowed);
});

it("reads many * against a long path at once", () => {
  const long = `/${"a/".repeat(4000)}z`;
  expect(rule("GET /*/*/*/items").matches("GET", long)).toBe(false);
  expect(rule("GET /*/a/*/a/*/a/*/a/z").matches("GET", long)).toBe(true);
  expect(rule(`GET /${"{x}".repeat(20)}/y`).matches("GET", `/${"a".repeat(8000)}`)).toBe(false);
});

it("reads a rule as the regular expression of its wildcards does", () => {
  const letters = fc.constantFrom("a", "b", "/", "*", "{x}");
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 8 }), fc.stringMatching(/^[ab/]{0,10}$/), (parts, text) => {
      const pattern = parts.map((part) => (part === "*" ? ".*" : part === "{x}" ? "[^/]+" : part)).join("");
      const expected = new RegExp(`^/${pattern}$`).test(`/${text}`);
      expect(rule(`GET /${parts.join("")}`).matches("GET", `/${text}`)).toBe(expected);
    }),
  );
});

it.each([
  "GET",
  "/v1/*",
  "GET v1",
  "FETCH /v1",
  "GET /v1?x=1",
  "GET https://x.example/v1",
  "",
  "GET /a\\b",
  "TRACE /x",
])("%j is no rule", (text) => {
  expect(() => rule(text)).toThrow(expect.objectContaining({ code: "invalid_config" }));
});

it.each([
  ["GET /repos/acme/*", "/repos/{owner}/{repo}", true],
  ["GET /repos/acme/*", "/repos/{owner}", false],
  ["GET /repos/acme/*", "/users/{name}/repos", false],
  ["GET /repos/{x}/issues", "/repos/{owner}/issues", true],
  ["GET /repos/{x}/issues", "/repos/acme/{what}", true],
  ["GET /*", "/anything/{at}/all", true],
  ["GET /a*c", "/a/{b}/c", true],
  ["GET /a*c", "/a/{b}/d", false],
  ["POST /repos/*", "/repos/{owner}", false],
])("%s may allow the template %s: %s", (text, template, allowed) => {
  expect(mayAllow([rule(text)], "GET", template)).toBe(allowed);
});

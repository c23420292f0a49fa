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
  ["GET /*/items", "GET", "/v1/items", true],
])("%s and %s %s: %s", (text, method, path, allowed) => {
  expect(rule(text).matches(method, path)).toBe(allowed);
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

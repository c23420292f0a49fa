import { expect, it } from "vitest";
import { configSchema } from "./config-schema.ts";
import { nearKeys } from "./near-keys.ts";
import { schemaAt, viewOf } from "./schema-paths.ts";

const keysAt = (...path: string[]) => Object.keys(viewOf(schemaAt(path) ?? configSchema).shape ?? {});

it.each([
  ["api", "apis"],
  ["memroy", "memory"],
  ["PROVIDER", "providers"],
  ["data_dir", "dataDir"],
  ["models", ""],
  ["constructor", ""],
])("of the sections, %s may mean %s", (key, meant) => {
  expect(nearKeys(key, keysAt()).join(" or ")).toBe(meant);
});

it.each([
  ["url", "apiUrl or openapi"],
  ["base-url", "apiUrl"],
  ["spec", "openapi"],
  ["token", "apiKey"],
  ["alow", "allow"],
  ["readonly", "readOnly"],
  ["ttl", "cacheTtl"],
  ["colour", ""],
])("of the keys of an API, %s may mean %s", (key, meant) => {
  expect(nearKeys(key, keysAt("apis", "a")).join(" or ")).toBe(meant);
});

it("means what the place has", () => {
  expect(nearKeys("url", keysAt("providers", "a"))).toEqual(["baseUrl"]);
  expect(nearKeys("nam", keysAt("apis", "a", "tools", "0"))).toEqual(["name"]);
});

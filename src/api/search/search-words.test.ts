import fc from "fast-check";
import { expect, it } from "vitest";
import { nearestWords } from "./search-spelling.ts";
import { stemsOf, wordsOf } from "./search-words.ts";

it.each([
  ["getUserByID", ["get", "user", "by", "id"]],
  ["list_all-HTTPServers", ["list", "all", "http", "servers"]],
  ["list PRs and IDs", ["list", "prs", "and", "ids"]],
  ["<p>The <b>user's</b> items</p>", ["the", "users", "items"]],
  ["/v1/items/{itemId}.json", ["v1", "items", "item", "id", "json"]],
  ["Über Größen", ["uber", "großen"]],
  ["在庫 a < b", ["在庫", "a", "b"]],
  ["", []],
])("%j has the words %j", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

it("reads a text the same whatever letters stand beside it", () => {
  const ascii = fc.string({ unit: fc.constantFrom(..."aBcDeFzZ09 _-/.'<s>{}\n") });
  fc.assert(
    fc.property(ascii, (text) => {
      expect(wordsOf(`${text} é`)).toEqual([...wordsOf(`${text} e`)]);
    }),
  );
});

it("takes the forms of a word for one, and leaves out what tells nothing", () => {
  expect(stemsOf("The repositories are listed")).toEqual(stemsOf("repository listing"));
});

it.each([
  ["delte", ["delete"]],
  ["isue", ["issue"]],
  ["reqeust", ["request"]],
  ["repositroy", ["repository"]],
  ["zebra", []],
  ["it", []],
  ["lsit", ["list"]],
])("%s may be meant as %j", (word, near) => {
  expect(nearestWords(word, ["delete", "issue", "list", "request", "repository", "item", "is"])).toEqual(near);
});

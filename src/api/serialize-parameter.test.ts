import { expect, it } from "vitest";
import type { Style } from "./operation.ts";
import { serializeInCookie, serializeInHeader, serializeInPath, serializeInQuery } from "./serialize-parameter.ts";

const array = ["blue", "black", "brown"];
const object = { R: 100, G: 200, B: 150 };

/** The cells of "Style Examples" of OpenAPI 3.1.1; `undefined` where the specification has none. */
const PATH: [Style, boolean, string, string, string][] = [
  ["matrix", false, ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"],
  ["matrix", true, ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"],
  ["label", false, ".blue", ".blue,black,brown", ".R,100,G,200,B,150"],
  ["label", true, ".blue", ".blue.black.brown", ".R=100.G=200.B=150"],
  ["simple", false, "blue", "blue,black,brown", "R,100,G,200,B,150"],
  ["simple", true, "blue", "blue,black,brown", "R=100,G=200,B=150"],
];
it.each(PATH)("writes %s, explode %s, into a path", (style, explode, one, many, members) => {
  const how = { name: "color", style, explode, allowReserved: false };
  expect(serializeInPath(how, "blue")).toBe(one);
  expect(serializeInPath(how, array)).toBe(many);
  expect(serializeInPath(how, object)).toBe(members);
});

const QUERY: [Style, boolean, string | undefined, string, string | undefined][] = [
  ["form", false, "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"],
  ["form", true, "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"],
  ["spaceDelimited", false, undefined, "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"],
  ["pipeDelimited", false, undefined, "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"],
  [
    "deepObject",
    true,
    undefined,
    "color=blue&color=black&color=brown",
    "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150",
  ],
];
it.each(QUERY)("writes %s, explode %s, into a query", (style, explode, one, many, members) => {
  const how = { name: "color", style, explode, allowReserved: false };
  if (one !== undefined) expect(serializeInQuery(how, "blue").join("&")).toBe(one);
  expect(serializeInQuery(how, array).join("&")).toBe(many);
  if (members !== undefined) expect(serializeInQuery(how, object).join("&")).toBe(members);
});

it("writes simple values into headers and form values into cookies", () => {
  const header = { name: "X", style: "simple", explode: false, allowReserved: false } as const;
  expect(serializeInHeader(header, array)).toBe("blue,black,brown");
  expect(serializeInHeader({ ...header, explode: true }, object)).toBe("R=100,G=200,B=150");
  const cookie = { name: "c", style: "form", explode: true, allowReserved: false } as const;
  expect(serializeInCookie(cookie, "a b;c")).toEqual(["c=a%20b%3Bc"]);
  expect(serializeInCookie(cookie, array)).toEqual(["c=blue,black,brown"]);
});

it("encodes what would change the structure, and keeps reserved characters where the document allows it", () => {
  const how = { name: "a b", style: "form", explode: true, allowReserved: false } as const;
  expect(serializeInQuery(how, "x&y=z#?/é")).toEqual(["a%20b=x%26y%3Dz%23%3F%2F%C3%A9"]);
  expect(serializeInQuery({ ...how, allowReserved: true }, "a/b?c&d=e#f")).toEqual(["a%20b=a/b?c%26d%3De%23f"]);
});

it("nests deep objects, repeats lists in them, and leaves nulls out", () => {
  const how = { name: "f", style: "deepObject", explode: true, allowReserved: false } as const;
  expect(serializeInQuery(how, { a: { b: 1 }, list: ["x", "y"], none: null, flag: true })).toEqual([
    "f%5Ba%5D%5Bb%5D=1",
    "f%5Blist%5D=x",
    "f%5Blist%5D=y",
    "f%5Bflag%5D=true",
  ]);
});

it("writes JSON where a parameter has a media type", () => {
  const how = { name: "q", style: "json", explode: false, allowReserved: false } as const;
  expect(serializeInQuery(how, { a: [1] })).toEqual([`q=${encodeURIComponent('{"a":[1]}')}`]);
  expect(serializeInPath(how, { a: 1 })).toBe(encodeURIComponent('{"a":1}'));
});

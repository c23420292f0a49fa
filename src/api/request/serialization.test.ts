import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { Place, Style } from "../operation.ts";

/**
 * Every cell of "Style Examples" of OpenAPI 3.0.4, 3.1.1 and 3.2.0, as a server receives it. What the specification leaves open
 * ("n/a", "implementation-defined") is marked: it is our choice, and kept.
 */

const list = ["blue", "black", "brown"];
const object = { R: 100, G: 200, B: 150 };
const nested = { a: 1, b: { c: [1, 2] } };

interface Declared {
  in: Place | "querystring";
  name?: string;
  [key: string]: unknown;
}

/** What a server receives of a parameter's value, at the parameter's place; undefined where there is nothing. */
async function received(parameter: Declared, value: unknown, version = "3.1.1"): Promise<string | undefined> {
  const { in: place } = parameter;
  const name = parameter.name ?? (place === "header" ? "X-Color" : "color");
  const path = place === "path" ? `/colors/{${name}}/end` : "/colors";
  const declared = { schema: {}, ...parameter, name, ...(place === "path" && { required: true }) };
  if (parameter.content !== undefined) delete (declared as { schema?: unknown }).schema;
  const document = minimalDocument({ [path]: { get: { operationId: "paint", parameters: [declared] } } });
  const { client, requests } = await openDocumented({ ...document, openapi: version });
  await call(client, { api: "x", operation: "paint", [place === "querystring" ? "query" : place]: { [name]: value } });
  const [request] = requests;
  if (place === "path") return /^\/colors\/(.*)\/end$/.exec(request?.url ?? "")?.[1];
  if (place === "query" || place === "querystring") return /\?(.*)$/.exec(request?.url ?? "")?.[1];
  return request?.headers[place === "header" ? name.toLowerCase() : "cookie"] as string | undefined;
}

type Cell = [style: Style | undefined, explode: boolean | undefined, value: unknown, expected: string | undefined];

const PATH: Cell[] = [
  ["matrix", false, "", ";color"],
  ["matrix", false, "blue", ";color=blue"],
  ["matrix", false, 7, ";color=7"],
  ["matrix", false, -1.5, ";color=-1.5"],
  ["matrix", false, true, ";color=true"],
  ["matrix", false, list, ";color=blue,black,brown"],
  ["matrix", false, object, ";color=R,100,G,200,B,150"],
  ["matrix", true, "", ";color"],
  ["matrix", true, "blue", ";color=blue"],
  ["matrix", true, list, ";color=blue;color=black;color=brown"],
  ["matrix", true, object, ";R=100;G=200;B=150"],
  ["matrix", undefined, list, ";color=blue,black,brown"],
  ["label", false, "blue", ".blue"],
  ["label", false, false, ".false"],
  ["label", false, list, ".blue,black,brown"],
  ["label", false, object, ".R,100,G,200,B,150"],
  ["label", true, "blue", ".blue"],
  ["label", true, list, ".blue.black.brown"],
  ["label", true, object, ".R=100.G=200.B=150"],
  ["label", undefined, object, ".R,100,G,200,B,150"],
  ["simple", false, "blue", "blue"],
  ["simple", false, 1e21, "1e%2B21"],
  ["simple", false, list, "blue,black,brown"],
  ["simple", false, object, "R,100,G,200,B,150"],
  ["simple", true, "blue", "blue"],
  ["simple", true, list, "blue,black,brown"],
  ["simple", true, object, "R=100,G=200,B=150"],
  [undefined, undefined, object, "R,100,G,200,B,150"],
  // RFC 6570, 2.3: what is undefined is left out.
  ["simple", false, ["a", null, "b"], "a,b"],
  ["matrix", true, { a: 1, b: null }, ";a=1"],
  // Characters that separate values are encoded where they are values.
  ["simple", false, ["a,b", "c/d"], "a%2Cb,c%2Fd"],
  ["matrix", true, { "k=;": "v=;" }, ";k%3D%3B=v%3D%3B"],
  ["label", true, ["ä ö", "😀"], ".%C3%A4%20%C3%B6.%F0%9F%98%80"],
  // Ours: a nested value is JSON.
  ["simple", true, nested, "a=1,b=%7B%22c%22%3A%5B1%2C2%5D%7D"],
];

const QUERY: Cell[] = [
  ["form", false, "", "color="],
  ["form", false, "blue", "color=blue"],
  ["form", false, 0, "color=0"],
  ["form", false, false, "color=false"],
  ["form", false, list, "color=blue,black,brown"],
  ["form", false, object, "color=R,100,G,200,B,150"],
  ["form", true, "", "color="],
  ["form", true, "blue", "color=blue"],
  ["form", true, list, "color=blue&color=black&color=brown"],
  ["form", true, object, "R=100&G=200&B=150"],
  [undefined, undefined, list, "color=blue&color=black&color=brown"],
  ["spaceDelimited", false, list, "color=blue%20black%20brown"],
  ["spaceDelimited", false, object, "color=R%20100%20G%20200%20B%20150"],
  ["spaceDelimited", undefined, list, "color=blue%20black%20brown"],
  ["pipeDelimited", false, list, "color=blue%7Cblack%7Cbrown"],
  ["pipeDelimited", false, object, "color=R%7C100%7CG%7C200%7CB%7C150"],
  ["deepObject", true, object, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"],
  // The specification has nothing for these.
  ["spaceDelimited", false, "blue", "color=blue"],
  ["spaceDelimited", true, "blue", "color=blue"],
  ["spaceDelimited", true, list, "color=blue&color=black&color=brown"],
  ["spaceDelimited", true, object, "R=100&G=200&B=150"],
  ["pipeDelimited", false, "blue", "color=blue"],
  ["pipeDelimited", true, "blue", "color=blue"],
  ["pipeDelimited", true, list, "color=blue&color=black&color=brown"],
  ["pipeDelimited", true, object, "R=100&G=200&B=150"],
  ["deepObject", false, object, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"],
  ["deepObject", true, "blue", "color=blue"],
  ["deepObject", true, list, "color%5B%5D=blue&color%5B%5D=black&color%5B%5D=brown"],
  [
    "deepObject",
    true,
    { a: { b: 1 }, list: ["x"], rows: [{ n: 1 }], none: null },
    "color%5Ba%5D%5Bb%5D=1&color%5Blist%5D%5B%5D=x&color%5Brows%5D%5B0%5D%5Bn%5D=1",
  ],
  ["form", true, nested, "a=1&b=%7B%22c%22%3A%5B1%2C2%5D%7D"],
  ["form", true, [], undefined],
  ["form", false, [], undefined],
  ["form", true, {}, undefined],
  ["deepObject", true, {}, undefined],
  ["form", true, [null, "a"], "color=a"],
  ["form", true, null, undefined],
  // What separates is encoded where it is a value.
  ["form", false, ["a,b", "c&d=e#f"], "color=a%2Cb,c%26d%3De%23f"],
  ["form", true, { "a&b": "c+d" }, "a%26b=c%2Bd"],
  ["form", true, "100% a+b/c?d é 😀", "color=100%25%20a%2Bb%2Fc%3Fd%20%C3%A9%20%F0%9F%98%80"],
  ["deepObject", true, { "x[y]": "]=" }, "color%5Bx%5By%5D%5D=%5D%3D"],
];

const HEADER: Cell[] = [
  ["simple", false, "", ""],
  ["simple", false, "blue", "blue"],
  ["simple", false, 7, "7"],
  ["simple", false, true, "true"],
  ["simple", false, list, "blue,black,brown"],
  ["simple", false, object, "R,100,G,200,B,150"],
  ["simple", true, "blue", "blue"],
  ["simple", true, list, "blue,black,brown"],
  ["simple", true, object, "R=100,G=200,B=150"],
  [undefined, undefined, object, "R,100,G,200,B,150"],
  // Headers are not encoded.
  ["simple", false, 'W/"a b%20;c"', 'W/"a b%20;c"'],
];

const COOKIE: Cell[] = [
  ["form", false, "", "color="],
  ["form", false, "blue", "color=blue"],
  ["form", false, 7, "color=7"],
  ["form", false, list, "color=blue,black,brown"],
  ["form", false, object, "color=R,100,G,200,B,150"],
  ["form", true, "blue", "color=blue"],
  // 3.0 and 3.1 would separate pairs by &, which no server reads: they are cookies of their own, as 3.2 writes them.
  ["form", true, list, "color=blue; color=black; color=brown"],
  ["form", true, object, "R=100; G=200; B=150"],
  [undefined, undefined, list, "color=blue; color=black; color=brown"],
  ["form", true, "a b;c,d=é", "color=a%20b%3Bc%2Cd%3D%C3%A9"],
  ["form", true, [], undefined],
  ["cookie", false, "", "color="],
  ["cookie", false, "blue", "color=blue"],
  ["cookie", false, list, "color=blue,black,brown"],
  ["cookie", false, object, "color=R,100,G,200,B,150"],
  ["cookie", true, "blue", "color=blue"],
  ["cookie", true, list, "color=blue; color=black; color=brown"],
  ["cookie", true, object, "R=100; G=200; B=150"],
  ["cookie", undefined, object, "R=100; G=200; B=150"],
  ["cookie", true, 'a%20b/c="d"', 'color=a%20b/c="d"'],
];

describe.each([
  ["path", PATH],
  ["query", QUERY],
  ["header", HEADER],
  ["cookie", COOKIE],
] as [Place, Cell[]][])("in: %s", (place, cells) => {
  it.each(cells)("style %s, explode %s, %j: %s", async (style, explode, value, expected) => {
    const parameter = { in: place, ...(style && { style }), ...(explode !== undefined && { explode }) };
    expect(await received(parameter, value, style === "cookie" ? "3.2.0" : "3.1.1")).toBe(expected);
  });
});

it.each([
  ["3.0.4", "path", { style: "matrix", explode: true }, list, ";color=blue;color=black;color=brown"],
  ["3.0.4", "query", { style: "pipeDelimited" }, list, "color=blue%7Cblack%7Cbrown"],
  ["3.0.4", "query", { style: "deepObject", explode: true }, { R: 1 }, "color%5BR%5D=1"],
  ["3.2.0", "path", { style: "label", explode: true }, object, ".R=100.G=200.B=150"],
  ["3.2.0", "query", { style: "spaceDelimited", explode: false }, list, "color=blue%20black%20brown"],
] as [string, Place, object, unknown, string][])("%s, in: %s, %j", async (version, place, how, value, expected) => {
  expect(await received({ in: place, ...how }, value, version)).toBe(expected);
});

describe("names", () => {
  it.each([
    ["filter[name]", "filter%5Bname%5D=x"],
    ["a b", "a%20b=x"],
    ["❤️", "%E2%9D%A4%EF%B8%8F=x"],
    ["$top", "%24top=x"],
    ["a&b=c", "a%26b%3Dc=x"],
  ])("%j are encoded in a query", async (name, expected) => {
    expect(await received({ in: "query", name }, "x")).toBe(expected);
  });

  it("are encoded in a cookie, but where it is sent as it is", async () => {
    expect(await received({ in: "cookie", name: "a b[c]" }, "x")).toBe("a%20b%5Bc%5D=x");
    const asItIs = { in: "cookie" as const, name: "a;b", style: "cookie" };
    expect(await failure(received(asItIs, "x", "3.2.0") as Promise<unknown>)).toMatchObject({ code: "invalid_input" });
  });

  it("are encoded where a path shows them", async () => {
    expect(await received({ in: "path", name: "a b", style: "matrix" }, "x")).toBe(";a%20b=x");
  });
});

describe("allowReserved", () => {
  const all = ":/?#[]@!$&'()*+,;=";
  it.each([
    // `#`, `[` and `]` cannot be in a query (RFC 3986, 3.4); `&` and `+` would be read as something else than the value.
    ["query", "3.1.1", all, "color=:/?%23%5B%5D@!$%26%27()*%2B,;="],
    ["query", "3.1.1", "a b^é%2Fc%zz 50%", "color=a%20b%5E%C3%A9%2Fc%25zz%2050%25"],
    ["query", "3.1.1", ["a/b", "c:d"], "color=a/b&color=c:d"],
    ["query", "3.1.1", { "a/b=": "c=d" }, "a/b%3D=c=d"],
    // What OpenAPI forbids in a path is encoded there (3.2.0, "Path Templating").
    ["path", "3.2.0", all, ":%2F%3F%23%5B%5D@!$&'()*+,;="],
    ["path", "3.2.0", "a%20b:c", "a%20b:c"],
    ["path", "3.1.1", "a:b", "a%3Ab"],
    ["cookie", "3.2.0", "a/b=c; d,e", "color=a/b=c%3B%20d%2Ce"],
    ["cookie", "3.1.1", "a/b", "color=a%2Fb"],
  ] as [Place, string, unknown, string][])("in: %s of %s, %j: %s", async (place, version, value, expected) => {
    expect(await received({ in: place, allowReserved: true }, value, version)).toBe(expected);
  });
});

describe("allowEmptyValue", () => {
  it("sends a name without a value, whatever the schema says, where it is given as empty or null", async () => {
    const flag = { in: "query" as const, allowEmptyValue: true, schema: { type: "integer" } };
    expect(await received(flag, "")).toBe("color=");
    expect(await received(flag, null)).toBe("color=");
    expect(await received({ in: "query", schema: { type: "integer" } }, null)).toBeUndefined();
  });
});

describe("content", () => {
  const json = { "application/json": { schema: { type: "object" } } };
  const value = { a: [1, "ü"], b: "x&y" };
  const text = '{"a":[1,"ü"],"b":"x&y"}';
  it.each([
    ["query", json, value, `color=${encodeURIComponent(text)}`],
    ["path", json, value, encodeURIComponent(text)],
    ["header", json, value, '{"a":[1,"\\u00fc"],"b":"x&y"}'],
    ["cookie", json, value, `color=${encodeURIComponent(text)}`],
    ["query", { "application/json": { schema: {} } }, "a", "color=%22a%22"],
    ["query", { "application/json": { schema: {} } }, [], "color=%5B%5D"],
    ["query", { "text/plain": { schema: {} } }, "a b", "color=a%20b"],
    ["query", { "application/x-www-form-urlencoded": {} }, { a: "1&2", b: 3 }, "color=a%3D1%25262%26b%3D3"],
  ] as [Place, object, unknown, string][])("in: %s %j %j: %s", async (place, content, given, expected) => {
    expect(await received({ in: place, content }, given)).toBe(expected);
  });
});

describe("in: querystring", () => {
  const form = { "application/x-www-form-urlencoded": { schema: { type: "object" } } };
  it.each([
    [form, { foo: "a + b", bar: true }, "foo=a+%2B+b&bar=true"],
    [form, { list: ["x", "y"], o: { k: 1 } }, "list=x&list=y&o=%7B%22k%22%3A1%7D"],
    [{ "application/json": { schema: {} } }, { numbers: [1, 2] }, "%7B%22numbers%22%3A%5B1%2C2%5D%7D"],
    [{ "application/jsonpath": { schema: { type: "string" } } }, "$.a.b[1:1]", "%24.a.b%5B1%3A1%5D"],
    [{ "text/plain": { schema: { type: "string" } } }, "a=1&b=x y", "a=1&b=x%20y"],
  ])("%j %j: %s", async (content, value, expected) => {
    expect(await received({ in: "querystring", name: "all", content }, value, "3.2.0")).toBe(expected);
  });

  it("may be given as query itself", async () => {
    const parameters = [{ in: "querystring", name: "all", content: form }];
    const document = { ...minimalDocument({ "/find": { get: { parameters } } }), openapi: "3.2.0" };
    const { client, requests } = await openDocumented(document);
    await call(client, { api: "x", operation: "GET /find", query: { a: 1, b: ["x", "y"] } });
    expect(requests[0]?.url).toBe("/find?a=1&b=x&b=y");
  });
});

describe("Swagger 2.0", () => {
  it.each([
    ["query", "csv", "color=blue,black,brown"],
    ["query", "ssv", "color=blue%20black%20brown"],
    ["query", "tsv", "color=blue%09black%09brown"],
    ["query", "pipes", "color=blue%7Cblack%7Cbrown"],
    ["query", "multi", "color=blue&color=black&color=brown"],
    ["query", undefined, "color=blue,black,brown"],
    ["path", "csv", "blue,black,brown"],
    ["path", "pipes", "blue%7Cblack%7Cbrown"],
    ["header", "ssv", "blue black brown"],
    ["header", "pipes", "blue|black|brown"],
  ])("in: %s, collectionFormat %s: %s", async (place, collectionFormat, expected) => {
    const name = place === "header" ? "X-Color" : "color";
    const parameter = { name, in: place, type: "array", items: { type: "string" }, required: true, collectionFormat };
    const path = place === "path" ? "/colors/{color}/end" : "/colors";
    const paths = { [path]: { get: { operationId: "paint", parameters: [parameter] } } };
    const { client, requests } = await openDocumented({ swagger: "2.0", info: { title: "x", version: "1" }, paths });
    await call(client, { api: "x", operation: "paint", [place]: { [name]: list } });
    const [request] = requests;
    const [seen] = [request?.headers["x-color"], request?.url.split("?")[1], request?.url.split("/")[2]].filter(
      Boolean,
    );
    expect(seen).toBe(expected);
  });
});

describe("values that cannot be sent", () => {
  it.each([
    ["header", "a\r\nX-Evil: 1"],
    ["header", ["a", "b\nc"]],
    ["header", { "k\r\nX-Evil": "v" }],
    ["header", "日本"],
    ["query", ["x", "\ud800"]],
    ["query", { "\ud800": 1 }],
    ["path", ["\udfff"]],
  ] as [Place, unknown][])("in: %s %j", async (place, value) => {
    expect(await failure(received({ in: place }, value) as Promise<unknown>)).toMatchObject({ code: "invalid_input" });
  });

  it.each(["a; b=c", "a\r\nb", "é", "\u0000"])("%j in a cookie that is sent as it is", async (value) => {
    const cookie = { in: "cookie" as const, style: "cookie" };
    expect(await failure(received(cookie, value, "3.2.0") as Promise<unknown>)).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "/cookie/color" }],
    });
  });
});

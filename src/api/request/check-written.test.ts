import { describe, expect, it } from "vitest";
import { failure } from "../../../test/fixtures/api-client.ts";
import { openWith, sent } from "../../../test/fixtures/sent-body.ts";

const schema = {
  type: "object",
  required: ["n"],
  properties: {
    n: { type: "integer" },
    e: { type: "string", enum: ["asc"] },
    l: { type: "array", items: { type: "integer" } },
  },
};
const FORM = "application/x-www-form-urlencoded";
const base64 = (text: string) => Buffer.from(text).toString("base64");

async function refused(content: object, given: object) {
  const { send, requests } = await openWith(content);
  const { code, issues } = await failure(send(given));
  expect(code).toBe("invalid_input");
  expect(requests).toEqual([]);
  return issues?.map(({ path, message }) => `${path} ${message}`);
}

describe.each([
  ["body_text", (text: string) => ({ bodyText: text })],
  ["body_base64", (text: string) => ({ bodyBase64: base64(text) })],
])("%s", (name, given) => {
  it.each([
    ["application/json", '{"n":5,"e":"asc"}'],
    ["application/json", ' {"n": 9007199254740993,\n"more":1.0}'],
    ["application/jsonl", '{"n":1}\n{"n":2}\n'],
    ["application/json-seq", '\u001e{"n":1}\n'],
    [FORM, "n=5&e=asc&l=1&l=2"],
  ])("of %s that is right goes as it is: %s", async (type, text) => {
    expect((await sent({ [type]: { schema } }, given(text))).body).toBe(text);
  });

  it("of JSON is checked as it is sent, not as it may be meant", async () => {
    expect(await refused({ "application/json": { schema } }, given('{"n":"5","e":"ASC"}'))).toEqual([
      '/body/n must be integer, not "5"',
      '/body/e must be one of "asc", not "ASC"',
    ]);
    const list = { type: "array", items: { type: "integer" } };
    expect(await refused({ "application/json": { schema: list } }, given('[1,"2"]'))).toEqual([
      '/body/1 must be integer, not "2"',
    ]);
  });

  it.each([
    ["application/json", '{"n":', `/${name} must be JSON: `],
    ["application/jsonl", '{"n":1}\n{"n":', `/${name} must be JSON in line 2: `],
    ["application/jsonl", '{"n":1}\n{"n":"2"}', '/body/n must be integer, not "2"'],
    [FORM, "e=asc", "/body/n is required"],
    [FORM, "n=x", '/body/n must be integer, not "x"'],
    [FORM, "n=1&l=1&l=y", '/body/l/1 must be integer, not "y"'],
  ])("of %s that is wrong is refused: %s", async (type, text, issue) => {
    const issues = await refused({ [type]: { schema } }, given(text));
    expect(issues).toEqual([expect.stringContaining(issue)]);
  });
});

it("a sequence that its schema describes as a list is checked as one", async () => {
  const content = { "application/jsonl": { schema: { type: "array", maxItems: 2, items: schema } } };
  expect((await sent(content, { bodyText: '{"n":1}\n{"n":2}' })).body).toBe('{"n":1}\n{"n":2}');
  expect(await refused(content, { bodyText: '{"n":1}\n{"n":"2"}' })).toEqual(['/body/1/n must be integer, not "2"']);
  expect(await refused(content, { bodyText: '{"n":1}\n'.repeat(3) })).toHaveLength(1);
});

it("bytes that are no UTF-8 are no JSON", async () => {
  expect(await refused({ "application/json": { schema } }, { bodyBase64: "/w==" })).toEqual([
    "/body_base64 must be UTF-8",
  ]);
});

it.each([
  [{ o: { style: "deepObject", explode: true } }, "n=1&o[a]=x"],
  [undefined, "n=1&o[a]=x&l[]=1"],
  [{ l: { explode: false } }, "l=1,2"],
])("a form whose fields are spread over several names is left to the API: encoding %j, %s", async (encoding, text) => {
  const content = { [FORM]: { schema: { ...schema, additionalProperties: false }, ...(encoding && { encoding }) } };
  expect((await sent(content, { bodyText: text })).body).toBe(text);
});

it("undeclared names are told", async () => {
  const { send } = await openWith({ "application/json": { schema } });
  expect((await send({ bodyText: '{"n":1,"nn":2}' })).warnings).toEqual([
    expect.stringContaining("/body/nn is not declared by the document"),
  ]);
});

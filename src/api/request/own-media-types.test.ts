import { describe, expect, it } from "vitest";
import { failure } from "../../../test/fixtures/api-client.ts";
import { openWith, sent } from "../../../test/fixtures/sent-body.ts";

const XML = "application/xml; charset=utf-8";
const object = { type: "object", required: ["a"], properties: { a: { type: "integer" } } };
const MULTIPART = "multipart/form-data";
const FORM = "application/x-www-form-urlencoded";

const contentOf = (media: string, schema: object, contentType: string) => ({
  [media]: { schema: { type: "object", properties: { hist: schema } }, encoding: { hist: { contentType } } },
});

/** Headers and text of the only part. */
async function partOf(content: object, hist: unknown) {
  const { body } = await sent(content, { body: { hist } });
  return /^--[^\r]+\r\n(?<head>.*?)\r\n\r\n(?<text>.*)\r\n--[^\r]+--\r\n$/s.exec(body)?.groups;
}

describe("a part with a media type of its own that is no JSON", () => {
  it.each([
    ["an object", object],
    ["a list of objects", { type: "array", items: object }],
    ["anything", {}],
    ["a text", { type: "string" }],
  ])("takes its text where its schema is %s", async (_what, schema) => {
    const part = await partOf(contentOf(MULTIPART, schema, XML), "<a/>");
    expect(part).toMatchObject({ head: expect.stringContaining(`Content-Type: ${XML}`), text: "<a/>" });
  });

  it("also where that text is JSON", async () => {
    const part = await partOf(contentOf(MULTIPART, object, "application/yaml"), '{"a": 1}');
    expect(part?.text).toBe('{"a": 1}');
  });

  it.each([MULTIPART, FORM])("is no object: %s", async (media) => {
    const { send, requests } = await openWith(contentOf(media, object, XML));
    expect(await failure(send({ body: { hist: { a: 1 } } }))).toMatchObject({
      code: "invalid_input",
      issues: [{ path: "/body/hist", message: "is sent as application/xml: give the text of it" }],
    });
    expect(requests).toEqual([]);
  });

  it("has its text in a form as it is", async () => {
    expect((await sent(contentOf(FORM, object, XML), { body: { hist: "<a/>" } })).body).toBe("hist=%3Ca%2F%3E");
  });
});

it.each([
  ["application/json", "application/json"],
  ["application/xml, application/vnd.x+json", "application/vnd.x+json"],
  ["text/plain", "text/plain"],
])("an object goes as JSON where %s is said", async (contentType, type) => {
  const part = await partOf(contentOf(MULTIPART, object, contentType), { a: "1" });
  expect(part).toMatchObject({ head: expect.stringContaining(`Content-Type: ${type}`), text: '{"a":1}' });
});

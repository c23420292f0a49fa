import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { ApiRequest } from "../api-request.ts";

/** What the operation `send` of a document sends as its media types. */
async function sentTypes(document: object, given: Partial<ApiRequest>) {
  const { client, requests } = await openDocumented(document);
  await call(client, { api: "x", operation: "send", ...given });
  const [{ headers, body } = { headers: {}, body: "" }] = requests;
  return { type: headers["content-type"], accept: headers.accept, body };
}

const taking = (content: object, responses: object = {}) =>
  minimalDocument({ "/send": { post: { operationId: "send", requestBody: { content }, responses } } });

describe("the parameters of a media type", () => {
  it.each([
    ["application/json; odata=verbose", { body: { a: 1 } }, "application/json; odata=verbose"],
    ["application/vnd.x+json;version=2", { body: { a: 1 } }, "application/vnd.x+json;version=2"],
    ['Application/JSON; Profile="a;b"', { body: { a: 1 } }, 'application/json; Profile="a;b"'],
    ["application/json;charset=UTF-8", { bodyText: "[1]" }, "application/json;charset=UTF-8"],
    [
      "application/x-www-form-urlencoded; charset=utf-8",
      { body: { a: 1 } },
      "application/x-www-form-urlencoded; charset=utf-8",
    ],
    ["text/csv; header=present", { bodyText: "a;b" }, "text/csv; header=present"],
    ["application/octet-stream; version=3", { bodyBase64: "QUI=" }, "application/octet-stream; version=3"],
  ])("%s are sent as the document writes them", async (type, given, sent) => {
    expect((await sentTypes(taking({ [type]: { schema: {} } }), given)).type).toBe(sent);
  });

  it.each([
    ["application/json;", "application/json"],
    // Texts are sent in UTF-8, whatever the document says.
    ["application/json; charset=iso-8859-1; version=2", "application/json; version=2"],
    ["application/json; q=0.9", "application/json"],
    ["application/json; a=1\r\nx-evil: 1", "application/json; a=1"],
    ["application/json; ü=1", "application/json"],
  ])("%j are left out where they cannot be sent or would not be true", async (type, sent) => {
    expect((await sentTypes(taking({ [type]: { schema: {} } }), { body: { a: 1 } })).type).toBe(sent);
  });

  it("tell contents of one type apart where the header names them, each with its own schema", async () => {
    const versions = taking({
      "application/json; version=1": { schema: { type: "object", properties: { a: { type: "integer" } } } },
      "application/json; version=2": { schema: { type: "object", properties: { a: { type: "boolean" } } } },
    });
    const header = { "Content-Type": "application/json;version=2" };
    expect(await sentTypes(versions, { body: { a: 1 } })).toMatchObject({ type: "application/json; version=1" });
    expect(await sentTypes(versions, { header, body: { a: true } })).toMatchObject({ body: '{"a":true}' });
    expect(await failure(sentTypes(versions, { header, body: { a: 1 } }))).toMatchObject({
      issues: [{ path: "/body/a" }],
    });
  });

  it("are those of Swagger's consumes and produces, too", async () => {
    const parameters = [{ name: "body", in: "body", schema: { type: "object" } }];
    const types = ["application/json;odata=verbose"];
    const operation = { operationId: "send", parameters, responses: { 200: { schema: { type: "object" } } } };
    const paths = { "/send": { post: { ...operation, consumes: types, produces: types } } };
    const document = { swagger: "2.0", info: { title: "x", version: "1" }, paths };
    expect(await sentTypes(document, { body: { a: 1 } })).toMatchObject({
      type: "application/json;odata=verbose",
      accept: "application/json;odata=verbose, */*;q=0.5",
    });
  });

  it("are asked for in Accept, but for the charset", async () => {
    const content = {
      "application/vnd.x+json; version=2; charset=utf-8": {},
      "application/json; charset=utf-8": {},
      "application/json": {},
      "text/csv; header=present": {},
    };
    const { accept } = await sentTypes(taking({ "*/*": {} }, { 200: { description: "", content } }), {});
    expect(accept).toBe(
      "application/vnd.x+json; version=2, application/json, text/csv; header=present;q=0.9, */*;q=0.5",
    );
  });
});

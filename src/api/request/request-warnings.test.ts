import { expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";

const schema = { type: "object", properties: { title: { type: "string" } } };
const operation = {
  operationId: "op",
  parameters: [{ name: "old", in: "query", deprecated: true, schema: {} }],
  requestBody: { content: { "application/json": { schema } } },
};
const given = { api: "x", operation: "op", query: { old: 1 }, body: { titel: "t" } };
const warnings = ["/query/old is deprecated", expect.stringContaining("/body/titel is not declared by the document")];

it("what is worth knowing of a request is told with the API's error, too", async () => {
  const { client } = await openDocumented(
    minimalDocument({ "/op": { post: operation } }),
    {},
    {
      status: 422,
      json: { message: "title is missing" },
    },
  );
  const error = await failure(call(client, given));
  expect(error.toResult()).toMatchObject({
    code: "upstream_error",
    message: expect.stringContaining("title is missing"),
    http_status: 422,
    warnings,
  });
  expect(
    (await failure(call(client, { api: "x", operation: "op", body: { title: "t" } }))).toResult(),
  ).not.toHaveProperty("warnings");
});

it("and with its success", async () => {
  const { client } = await openDocumented(minimalDocument({ "/op": { post: operation } }));
  expect((await call(client, given)).warnings).toEqual(warnings);
});

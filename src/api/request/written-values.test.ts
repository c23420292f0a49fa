import { expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";

const texts = { type: "array", items: { type: "string" } };
const numbers = { $ref: "#/components/schemas/Numbers" };
const more = { components: { schemas: { Numbers: { type: "array", items: { type: "integer" } } } } };

async function sentTo(operation: string, parameter: object, template = "/s/{v}"): Promise<string | undefined> {
  const parameters = [{ name: "v", required: template.includes("{"), ...parameter }];
  const { client, requests } = await openDocumented(minimalDocument({ [template]: { get: { parameters } } }, more));
  await call(client, { api: "x", operation });
  return requests[0]?.url;
}

it.each([
  [{ schema: texts }, "GET /s/a,b", "/s/a,b"],
  [{ schema: texts }, "GET /s/a%2Cb,c%20d", "/s/a%2Cb,c%20d"],
  [{ schema: texts }, "GET /s/a", "/s/a"],
  [{ schema: numbers, explode: true }, "GET /s/1,2", "/s/1,2"],
  [{ schema: { type: "string" } }, "GET /s/a,b", "/s/a%2Cb"],
  [{ schema: numbers, style: "label" }, "GET /s/.1,2", "/s/.1,2"],
  [{ schema: numbers, style: "label", explode: true }, "GET /s/.1.2", "/s/.1.2"],
  [{ schema: { type: "string" }, style: "label" }, "GET /s/.a", "/s/.a"],
  [{ schema: numbers, style: "matrix" }, "GET /s/;v=1,2", "/s/;v=1,2"],
  [{ schema: numbers, style: "matrix", explode: true }, "GET /s/;v=1;v=2", "/s/;v=1;v=2"],
  [{ schema: { type: "integer" }, style: "matrix" }, "GET /s/;v=1", "/s/;v=1"],
])("a list that is written out in a path stays one: %j, %s", async (parameter, operation, url) => {
  expect(await sentTo(operation, { in: "path", ...parameter })).toBe(url);
});

it.each([
  [{ schema: texts, explode: false }, "GET /q?v=x,y", "/q?v=x,y"],
  [{ schema: texts, explode: false }, "GET /q?v=x%2Cy,z+w", "/q?v=x%2Cy,z%20w"],
  [{ schema: numbers, explode: false }, "GET /q?v=1,2", "/q?v=1,2"],
  [{ schema: texts, style: "pipeDelimited", explode: false }, "GET /q?v=x|y", "/q?v=x%7Cy"],
  [{ schema: texts, style: "pipeDelimited", explode: false }, "GET /q?v=x%7Cy", "/q?v=x%7Cy"],
  [{ schema: texts, style: "spaceDelimited", explode: false }, "GET /q?v=x%20y+z", "/q?v=x%20y%20z"],
  [{ schema: texts }, "GET /q?v=x,y&v=z", "/q?v=x%2Cy&v=z"],
  [{ schema: { type: "string" }, explode: false }, "GET /q?v=x,y", "/q?v=x%2Cy"],
  [{ schema: texts, explode: false }, "GET /q?v={v}", "/q"],
])("and one in a query: %j, %s", async (parameter, operation, url) => {
  expect(await sentTo(operation, { in: "query", ...parameter }, "/q")).toBe(url);
});

it("each item of which is checked", async () => {
  expect(await failure(sentTo("GET /s/1,x", { in: "path", schema: numbers }))).toMatchObject({
    code: "invalid_input",
    issues: [{ path: "/path/v/1" }],
  });
});

import { describe, expect, it } from "vitest";
import { call, failure, minimalDocument, openDocumented } from "../../../test/fixtures/api-client.ts";
import type { ApiRequest } from "../api-request.ts";

interface Body {
  schema: object;
  type?: string;
  schemas?: object;
}

async function open({ schema, type = "application/json", schemas = {} }: Body) {
  const operation = { operationId: "op", requestBody: { content: { [type]: { schema } } } };
  const document = minimalDocument({ "/op": { post: operation } }, { components: { schemas } });
  const { client, requests } = await openDocumented(document);
  return { requests, send: (given: Partial<ApiRequest>) => call(client, { api: "x", operation: "op", ...given }) };
}

/** The warnings of a body that is sent. */
async function warnings(body: Body, given: unknown): Promise<string[] | undefined> {
  const { requests, send } = await open(body);
  const { warnings } = await send({ body: given });
  expect(requests).toHaveLength(1);
  return warnings;
}

async function issues(body: Body, given: unknown) {
  const { requests, send } = await open(body);
  const error = await failure(send({ body: given }));
  expect(requests).toEqual([]);
  return error.issues;
}

const labels = { type: "array", items: { type: "string" } };
const issue = { type: "object", required: ["title"], properties: { title: { type: "string" }, labels, assignee: {} } };
const sentAllTheSame = "is not declared by the document, and is sent all the same";

describe("names that the document does not declare", () => {
  it("are sent, and told with what may have been meant", async () => {
    const { requests, send } = await open({ schema: issue });
    const body = { title: "t", lables: ["bug"], asignee: "x", colour: 1 };
    for (const dryRun of [true, false]) {
      expect((await send({ body, dryRun })).warnings).toEqual([
        `/body/lables ${sentAllTheSame}; did you mean "labels"?`,
        `/body/asignee ${sentAllTheSame}; did you mean "assignee"?`,
        `/body/colour ${sentAllTheSame}`,
      ]);
    }
    expect(JSON.parse(requests[0]?.body ?? "")).toEqual(body);
  });

  it("mean none that is given, too", async () => {
    expect(await warnings({ schema: issue }, { title: "t", label: "a", labels: ["b"] })).toEqual([
      `/body/label ${sentAllTheSame}`,
    ]);
  });

  it("are told as deep as they stand, and of texts", async () => {
    const schema = { type: "object", properties: { "a/b": { type: "array", items: issue } } };
    const body = { "a/b": [{ title: "t" }, { title: "t", "x~y": 1 }] };
    expect(await warnings({ schema }, body)).toEqual([`/body/a~1b/1/x~0y ${sentAllTheSame}`]);
    const { send } = await open({ schema });
    expect((await send({ bodyText: JSON.stringify(body) })).warnings).toHaveLength(1);
  });

  it.each(["application/x-www-form-urlencoded", "multipart/form-data", "application/x-ndjson"])(
    "are told of a body as %s",
    async (type) => {
      expect(await warnings({ schema: issue, type }, { title: "t", lables: "x" })).toEqual([
        `/body/lables ${sentAllTheSame}; did you mean "labels"?`,
      ]);
    },
  );

  it("are told up to ten", async () => {
    const many = Object.fromEntries(Array.from({ length: 13 }, (_, index) => [`field${index}`, index]));
    const told = await warnings({ schema: issue }, { title: "t", ...many });
    expect(told).toHaveLength(11);
    expect(told?.[10]).toBe("3 more names are not declared");
  });

  const schemas = {
    Named: { type: "object", properties: { name: {} } },
    Tree: { type: "object", properties: { child: { $ref: "#/components/schemas/Tree" } } },
    Text: { type: "string" },
  };
  it.each([
    ["of a schema that it is made of", { allOf: [{ $ref: "#/components/schemas/Named" }, { properties: { a: {} } }] }],
    ["of one of several alternatives", { anyOf: [{ properties: { name: {} } }, { properties: { a: {} } }] }],
    ["of an alternative besides its own", { properties: { a: {} }, oneOf: [{ $ref: "#/components/schemas/Named" }] }],
    ["where a condition holds", { properties: { a: {} }, if: { required: ["b"] }, else: { properties: { name: {} } } }],
    ["where any may be", { properties: { a: {} }, additionalProperties: true }],
    ["where any of a type may be", { properties: { a: {} }, additionalProperties: { type: "string" } }],
    ["where a pattern tells them", { properties: { a: {} }, patternProperties: { "^n": {} } }],
    ["where an alternative is any object", { anyOf: [{ properties: { a: {} } }, { type: "object" }] }],
    ["where no name is declared", { type: "object" }],
    [
      "where the schema is extended by others",
      { properties: { a: {} }, discriminator: { propertyName: "a", mapping: { x: "#/components/schemas/Named" } } },
    ],
  ])("are not told %s", async (_where, schema) => {
    expect(await warnings({ schema, schemas }, { a: "x", name: "y" })).toBeUndefined();
  });

  it("are told where alternatives only say what is required, or are no objects", async () => {
    const conditions = { anyOf: [{ required: ["a"] }, { required: ["b"] }] };
    const schema = { properties: { a: {}, b: {} }, ...conditions };
    expect(await warnings({ schema }, { a: 1, c: 2 })).toHaveLength(1);
    const mixed = { anyOf: [{ $ref: "#/components/schemas/Text" }, { $ref: "#/components/schemas/Tree" }] };
    expect(await warnings({ schema: mixed, schemas }, { child: { child: { chld: 1 } } })).toEqual([
      `/body/child/child/chld ${sentAllTheSame}; did you mean "child"?`,
    ]);
  });

  it("do no harm where they are called as what every object has", async () => {
    const body = JSON.parse('{"title":"t","__proto__":1,"constructor":2}') as unknown;
    expect(await warnings({ schema: issue }, body)).toHaveLength(2);
  });
});

describe("an error", () => {
  const item = { type: "object", required: ["item_id"], properties: { item_id: { type: "string" }, count: {} } };

  it("of a missing name names the one that was given instead", async () => {
    const schema = { type: "object", properties: { items: { type: "array", items: item } } };
    expect(await issues({ schema }, { items: [{ itemId: "7" }] })).toEqual([
      { path: "/body/items/0/item_id", message: 'is required; did you mean it by "itemId"?' },
    ]);
    expect(await issues({ schema }, { items: [{ number: "7" }] })).toEqual([
      { path: "/body/items/0/item_id", message: "is required" },
    ]);
  });

  it("does so where others may be, too", async () => {
    expect(await issues({ schema: { ...item, additionalProperties: true } }, { itemID: "7" })).toEqual([
      { path: "/body/item_id", message: 'is required; did you mean it by "itemID"?' },
    ]);
  });

  it("takes no declared name for another", async () => {
    const schema = { type: "object", required: ["name"], properties: { name: {}, names: {} } };
    expect(await issues({ schema }, { names: [] })).toEqual([{ path: "/body/name", message: "is required" }]);
  });

  it("of a name that may not be there says what was meant", async () => {
    expect(await issues({ schema: { ...item, additionalProperties: false } }, { item_id: "7", cuont: 1 })).toEqual([
      { path: "/body/cuont", message: 'is not known here; did you mean "count"?' },
    ]);
  });
});

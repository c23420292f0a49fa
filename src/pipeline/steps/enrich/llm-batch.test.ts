import { describe, expect, it } from "vitest";
import { compileSchema } from "../../../llm/check-schema.ts";
import { batchSchema } from "./llm-batch.ts";

const check = async (schema: Record<string, unknown>, answers: unknown[]) =>
  (await compileSchema(batchSchema(answers.length, schema)))({
    answers: answers.map((answer, index) => ({ id: index + 1, answer })),
  });

describe("the schema of a batch", () => {
  it("wants an answer that satisfies the schema of one for each id, and no other", async () => {
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    expect(await check(schema, [{ n: 1 }, { n: 2 }])).toEqual([]);
    expect(await check(schema, [{ n: 1 }, { n: "2" }])).toMatchObject([{ path: "/answers/1/answer/n" }]);
    const two = await compileSchema(batchSchema(2, schema));
    expect(two({ answers: [{ id: 1, answer: { n: 1 } }] })).not.toEqual([]);
    expect(two({ answers: [1, 3].map((id) => ({ id, answer: { n: 1 } })) })).not.toEqual([]);
    expect(batchSchema(1, undefined)).toHaveProperty("properties.answers.items.properties.answer", { type: "string" });
  });

  it("keeps references where they lead, also to the schema itself", async () => {
    const tree = {
      type: "object",
      properties: {
        name: { $ref: "#/$defs/name" },
        default: { $ref: "#/$defs/name" },
        inner: { type: "array", items: { $ref: "#" } },
      },
      required: ["name"],
      additionalProperties: false,
      $defs: { name: { type: "string", enum: ["a", "b", "#/$defs/name"] } },
    };
    expect(await check(tree, [{ name: "a", inner: [{ name: "#/$defs/name" }] }])).toEqual([]);
    expect(await check(tree, [{ name: "a", inner: [{ name: "c" }] }])).not.toEqual([]);
    expect(await check(tree, [{ name: "a", default: 1 }])).not.toEqual([]);
    expect(await check({ ...tree, $id: "https://example.com/tree" }, [{ name: "a", inner: [{}] }])).not.toEqual([]);
    const draft7 = {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { n: { type: "null" } },
      $ref: "#/definitions/n",
    };
    expect(await check(draft7, [null])).toEqual([]);
    expect(await check(draft7, [1])).not.toEqual([]);
  });
});

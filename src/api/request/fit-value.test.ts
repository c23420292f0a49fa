import { describe, expect, it } from "vitest";
import { call } from "../../../test/fixtures/api-client.ts";
import { openOperation, refused, sent } from "../../../test/fixtures/checked-operation.ts";

describe("what has one meaning only is taken", () => {
  const integers = { type: "array", items: { type: "integer" } };
  it.each([
    [{ type: "integer" }, "7", "v=7"],
    [{ type: ["integer", "null"] }, " 7 ", "v=7"],
    [{ type: "integer" }, [7], "v=7"],
    // Ids beyond 2^53 are not rounded.
    [{ type: "integer", format: "int64" }, "1234567890123456789", "v=1234567890123456789"],
    [{ type: "number" }, "1.50", "v=1.5"],
    [{ type: "boolean" }, "True", "v=true"],
    [{ type: "string" }, 7, "v=7"],
    [{ type: "string" }, true, "v=true"],
    [{ type: "string" }, "007", "v=007"],
    [{ type: "string", enum: ["asc", "desc"] }, "ASC", "v=asc"],
    [{ enum: [1, 2] }, "2", "v=2"],
    [integers, 7, "v=7"],
    [integers, "7", "v=7"],
    [integers, "[7, 8]", "v=7&v=8"],
    [integers, "7,8", "v=7&v=8"],
    [{ type: "array", items: { type: "string" } }, "a,b", "v=a%2Cb"],
    [{ type: "array", items: { type: "string", enum: ["a", "b"] } }, "A, b", "v=a&v=b"],
    [{ type: "array", items: { type: "string" } }, [1, "b"], "v=1&v=b"],
    [{ type: "object", properties: { n: { type: "integer" } } }, '{"n":"1"}', "n=1"],
    [{ anyOf: [{ type: "integer" }, { type: "string" }] }, "7", "v=7"],
    [{ $ref: "#/components/schemas/Count" }, "7", "v=7"],
    [{ allOf: [{ $ref: "#/components/schemas/Count" }, { maximum: 9 }] }, "7", "v=7"],
  ])("%j from %j: %s", async (schema, value, url) => {
    const more = { components: { schemas: { Count: { type: "integer" } } } };
    const request = await sent({ query: { v: schema }, more }, { query: { v: value } });
    expect(request.url).toBe(`/op/7?${url}`);
  });

  it.each([
    [{ type: "integer" }, "7a"],
    [{ type: "integer" }, ""],
    [{ type: "integer" }, "0x10"],
    [{ type: "integer" }, [7, 8]],
    [{ type: "boolean" }, "yes"],
    [{ type: "boolean" }, 1],
    [{ type: "string", enum: ["a", "A"] }, "á"],
    [{ type: "object" }, "{broken"],
    [{ type: "object" }, "[1]"],
  ])("%j but not from %j", async (schema, value) => {
    expect(await refused({ query: { v: schema } }, { query: { v: value } })).toMatchObject([{ path: "/query/v" }]);
  });

  it("in bodies, too", async () => {
    const body = {
      type: "object",
      properties: {
        count: { type: "integer" },
        on: { type: "boolean" },
        tags: { type: "array", items: { type: "string" } },
        meta: { type: "object", properties: { level: { enum: ["low", "high"] } } },
        name: { type: "string" },
      },
    };
    const given = { count: "3", on: "false", tags: "new", meta: '{"level":"LOW"}', name: 7, extra: "7" };
    expect(JSON.parse((await sent({ body }, { body: given })).body)).toEqual({
      count: 3,
      on: false,
      tags: ["new"],
      meta: { level: "low" },
      name: "7",
      extra: "7",
    });
  });

  it.each([
    [{ type: "string" }, 7, "7"],
    [{ type: "string" }, -0.5, "-0.5"],
    [{ type: "string" }, true, "true"],
    [{ type: ["string", "null"] }, 7, "7"],
    [{ enum: ["1", "2"] }, 2, "2"],
    [{ type: "array", items: { type: "string" } }, [1, "b", false], ["1", "b", "false"]],
    [{ type: "array", items: { type: "string" } }, 7, ["7"]],
    [{ type: "string" }, [7], "7"],
    // Each of these is taken as it is.
    [{ type: ["string", "integer"] }, 7, 7],
    [{ oneOf: [{ type: "string" }, { type: "integer" }] }, 7, 7],
    [{}, 7, 7],
  ])("%j of a JSON body from %j: %j", async (schema, value, expected) => {
    const body = { type: "object", properties: { v: schema } };
    expect(JSON.parse((await sent({ body }, { body: { v: value } })).body)).toEqual({ v: expected });
  });

  it.each([
    // There are several texts for it, or several things that it may become.
    [{ type: "string" }, 1e21, "must be string, not 1e+21"],
    [
      { oneOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
      7,
      "must be string or array, not 7",
    ],
    [{ type: "string", maxLength: 1 }, 70, 'must NOT have more than 1 characters, not "70"'],
    [{ type: "string", format: "email" }, 2026, 'must be an e-mail address, not "2026"'],
    [{ type: "string" }, { a: 1 }, "must be string"],
  ])("%j of a JSON body but not from %j", async (schema, value, message) => {
    const body = { type: "object", properties: { v: schema } };
    expect(await refused({ body }, { body: { v: value } })).toEqual([{ path: "/body/v", message }]);
  });

  it("in the alternative that is meant", async () => {
    const more = {
      components: {
        schemas: {
          Card: {
            type: "object",
            required: ["kind"],
            properties: { kind: { const: "card" }, cvc: { type: "integer" } },
          },
          Bank: {
            type: "object",
            required: ["kind"],
            properties: { kind: { const: "bank" }, cvc: { type: "string" } },
          },
        },
      },
    };
    const body = { oneOf: [{ $ref: "#/components/schemas/Card" }, { $ref: "#/components/schemas/Bank" }] };
    expect((await sent({ body, more }, { body: { kind: "card", cvc: "12" } })).body).toBe('{"kind":"card","cvc":12}');
    expect((await sent({ body, more }, { body: { kind: "bank", cvc: "12" } })).body).toBe('{"kind":"bank","cvc":"12"}');
  });

  it("and ends for schemas that refer to themselves", async () => {
    const more = {
      components: {
        schemas: {
          Json: {
            anyOf: [
              { $ref: "#/components/schemas/Json" },
              { type: "array", items: { $ref: "#/components/schemas/Json" } },
              { type: "integer" },
            ],
          },
        },
      },
    };
    const { client } = await openOperation({ body: { $ref: "#/components/schemas/Json" }, more });
    await expect(
      call(client, { api: "x", operation: "op", path: { id: 1 }, body: ["1", ["2"]] }),
    ).resolves.toBeDefined();
  });
});

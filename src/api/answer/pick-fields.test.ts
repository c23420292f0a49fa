import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pickFields } from "./pick-fields.ts";

const shop = {
  total: 2,
  items: [
    { id: 1, name: "cup", owner: { id: 7, mail: "a@x" }, tags: [{ key: "k", value: "v" }] },
    { id: 2, owner: null, "a.b": 5 },
  ],
};

describe("fields", () => {
  it.each([
    [["total"], { total: 2 }],
    [["items.id"], { items: [{ id: 1 }, { id: 2 }] }],
    [["items[].id"], { items: [{ id: 1 }, { id: 2 }] }],
    [["items.*.id"], { items: [{ id: 1 }, { id: 2 }] }],
    [["$.items[*].id"], { items: [{ id: 1 }, { id: 2 }] }],
    [["/items/id"], { items: [{ id: 1 }, { id: 2 }] }],
    [["/items/a.b"], { items: [{}, { "a.b": 5 }] }],
    [["items.owner.id"], { items: [{ owner: { id: 7 } }, { owner: null }] }],
    [["items.tags.key"], { items: [{ tags: [{ key: "k" }] }, {}] }],
    [["items", "items.id"], { items: shop.items }],
    [["total", "items.name"], { total: 2, items: [{ name: "cup" }, {}] }],
  ])("%j of an answer", (paths, expected) => {
    expect(pickFields(shop, paths)).toEqual({ value: expected, warnings: [] });
  });

  it("walk through a list at the top, and keep its order and length", () => {
    expect(pickFields([{ id: 2 }, { x: 1 }, 5, null], ["id"]).value).toEqual([{ id: 2 }, {}, null, null]);
  });

  it("keep the order of names of the answer", () => {
    expect(Object.keys(pickFields({ b: 1, a: 2, c: 3 }, ["c", "b"]).value as object)).toEqual(["b", "c"]);
  });

  it.each([
    [["nmae"], 'There is no field "nmae". There are: total, items.'],
    [["items.titel"], 'There is no field "items.titel". In "items" there are: id, name, owner, tags, a.b.'],
    [["itmes.id"], 'There is no field "itmes.id". There are: total, items.'],
    [["total.id"], 'There is no field "total.id": "total" is no object with names.'],
  ])("that are nowhere are told with those that there are: %j", (paths, warning) => {
    expect(pickFields(shop, paths).warnings).toEqual([warning]);
  });

  it("of an empty list cannot be missed", () => {
    expect(pickFields({ items: [] }, ["items.id"])).toEqual({ value: { items: [] }, warnings: [] });
    expect(pickFields([], ["id"])).toEqual({ value: [], warnings: [] });
  });

  it("with names that objects inherit are names like others", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2,"b":3}') as object;
    expect(JSON.stringify(pickFields(value, ["__proto__.a", "constructor"]).value)).toBe(
      '{"__proto__":{"a":1},"constructor":2}',
    );
    expect(pickFields({ b: 1 }, ["toString"]).warnings).toHaveLength(1);
  });

  it("give a part of what there is, the same each time, and all of it where all top names are asked for", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue()), (value) => {
        const names = Object.keys(value);
        expect(pickFields(value, names).value).toEqual(value);
        const some = names.filter((_name, place) => place % 2 === 0);
        const { value: once } = pickFields(value, some);
        expect(Object.keys(once as object)).toEqual(some);
        expect(pickFields(once, some).value).toEqual(once);
      }),
    );
  });
});

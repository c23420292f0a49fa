import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findLists, replacedAt } from "./find-lists.ts";
import { type Place, type PlacedPart, partAt, readPlace, writePlace } from "./part-at.ts";

/** All parts that follow each other from the first one on. No place comes twice, and none is longer than the limit. */
function partsOf(value: unknown, maxLength: number): PlacedPart[] {
  const parts: PlacedPart[] = [];
  const seen = new Set<string>();
  for (let place: Place | undefined = {}; place; ) {
    const id = writePlace(place);
    expect(readPlace(id)).toEqual(place);
    expect(seen).not.toContain(id);
    seen.add(id);
    const part = partAt(value, maxLength, place);
    if (!part) break;
    expect(JSON.stringify(part.data).length).toBeLessThanOrEqual(maxLength);
    parts.push(part);
    place = part.next;
  }
  return parts;
}

/** The value that the parts give together; what was shortened does not count. */
function joined(parts: readonly PlacedPart[]): unknown {
  const [first] = parts as [PlacedPart];
  if (typeof first.data === "string" && !first.abridged) return parts.map(({ data }) => data).join("");
  if (first.unit === "characters") {
    return JSON.parse(
      parts
        .slice(1)
        .map(({ data }) => data)
        .join(""),
    );
  }
  const items: unknown[] = [];
  let text = "";
  for (const { data, jsonText, abridged, path, from, given, total } of parts) {
    if (jsonText) {
      expect(jsonText.item).toBe(items.length);
      text += data as string;
      if (from + given === total) items.push(JSON.parse(text));
    } else if (!abridged) {
      expect(from).toBe(items.length);
      items.push(...(findLists(data).find((list) => list.path.join() === path.join())?.list ?? []));
    } else text = "";
  }
  return replacedAt(first.data, first.path, items);
}

const big = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: "x".repeat(30) }));

describe("the parts of an answer", () => {
  it.each<[string, unknown]>([
    ["two long lists", { a: big(500), b: big(500) }],
    ["one long text in an object", { id: 1, html: "z".repeat(9000) }],
    ["one long item", ["w".repeat(5000)]],
    ["a last item that is long", [{ id: 1 }, { t: "y".repeat(9000) }]],
    ["long items between short ones", [{ id: 1 }, big(200), { id: 2 }, big(100), { id: 3 }]],
    ["many names", Object.fromEntries(big(400).map((each) => [`name ${each.id}`, each]))],
    ["a list in a list", { data: { rows: [big(100), big(3)], n: 1 }, pad: "p".repeat(900) }],
    ["a text", 'a "b"\n'.repeat(1000)],
  ])("of %s end and leave nothing out", (_what, value) => {
    const parts = partsOf(value, 2000);
    expect(parts.length).toBeGreaterThan(1);
    expect(joined(parts)).toEqual(value);
  });

  it("let an item that is too long be left out", () => {
    const [first, second] = partsOf([{ id: 1 }, { t: "y".repeat(9000) }, { id: 2 }], 2000) as [PlacedPart, PlacedPart];
    expect(first.next).toEqual({ from: 1 });
    expect(second).toMatchObject({ abridged: true, next: { from: 1, character: 0 }, skip: { from: 2 } });
  });

  it("of any answer end and leave nothing out", () => {
    const long = fc.tuple(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 100 }));
    const text = long.map(([piece, times]) => piece.repeat(times));
    const list = fc
      .tuple(fc.array(fc.oneof(fc.jsonValue({ maxDepth: 2 }), text), { maxLength: 5 }), fc.integer({ min: 1, max: 20 }))
      .map(([items, times]) => Array.from({ length: times }, () => items).flat());
    const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "data", "…"));
    const object = fc.dictionary(name, fc.oneof(fc.jsonValue(), text, list), { maxKeys: 6 });
    const value = fc.oneof(text, list, object, fc.array(object, { maxLength: 5 }), fc.dictionary(name, object));
    fc.assert(
      fc.property(value, fc.integer({ min: 500, max: 2000 }), (made, maxLength) => {
        const answer = JSON.parse(JSON.stringify(made)) as unknown;
        const parts = partsOf(answer, maxLength);
        if (parts.length > 0) expect(JSON.stringify(joined(parts))).toBe(JSON.stringify(answer));
        else expect(JSON.stringify(answer).length).toBeLessThanOrEqual(maxLength);
      }),
      { numRuns: 100 },
    );
  });

  it("begin where their ids say, and nowhere else", () => {
    expect(readPlace("")).toEqual({});
    expect(readPlace(".7.c2000")).toEqual({ from: 7, character: 2000 });
    for (const text of [".", ".c", "c1", ".1.2", ".c1.2", ".12345678901"]) expect(readPlace(text)).toBeUndefined();
  });
});

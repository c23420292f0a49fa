import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valueAt } from "./find-lists.ts";
import { fitJson, fitText, type Part } from "./fit-answer.ts";

/** All parts of a value, one after the other. */
function partsOf(partAt: (from: number) => Part | undefined): Part[] {
  const parts: Part[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const part = partAt(from);
    if (!part) break;
    expect(part.from).toBe(from);
    parts.push(part);
    from = part.next;
  }
  return parts;
}

const item = (id: number) => ({ id, name: `item ${id}`, text: "x".repeat(50) });
const items = Array.from({ length: 100 }, (_, n) => item(n));

describe("a long answer", () => {
  it("that fits is no part of anything", () => {
    expect(fitJson(items, 100_000)).toBeUndefined();
    expect(fitText("abc", 500)).toBeUndefined();
  });

  it("is never given whole where it is longer", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 20, max: 300 }), (value, maxLength) => {
        if (fitJson(value, maxLength) === undefined)
          expect(JSON.stringify(value).length).toBeLessThanOrEqual(maxLength);
      }),
    );
  });

  it("that is a list is given in whole items", () => {
    const part = fitJson(items, 1000) as Part;
    expect(part).toMatchObject({ unit: "items", from: 0, total: 100, abridged: false });
    expect(part.data).toEqual(items.slice(0, part.given));
    expect(JSON.stringify([...(part.data as object[]), items[part.given]]).length).toBeGreaterThan(1000);
    expect(part.next).toBe(part.given);
  });

  it("with a list in it keeps what else there is, in the first part", () => {
    const value = { total: 100, page: { list: items, next: "abc" }, other: [1, 2] };
    const [first, second] = partsOf((from) => fitJson(value, 1000, from));
    expect(first?.data).toEqual({ ...value, page: { list: items.slice(0, first?.given), next: "abc" } });
    expect(first?.path).toEqual(["page", "list"]);
    const end = (first as Part).given + (second as Part).given;
    expect(second?.data).toEqual({ page: { list: items.slice(first?.given, end) } });
  });

  it("with one item that is too long alone has it shortened, and goes on after it", () => {
    const value = [item(0), { id: 1, text: "y".repeat(5000), tags: ["a"] }, item(2)];
    const parts = partsOf((from) => fitJson(value, 600, from));
    expect(parts.map(({ abridged }) => abridged)).toEqual([false, true, false]);
    const [long] = (parts[1] as Part).data as [{ id: number; text: string; tags: string[] }];
    expect(long).toMatchObject({ id: 1, tags: ["a"] });
    expect(long.text).toMatch(/^y+… \(\d+ more characters\)$/);
    expect(JSON.stringify(parts[1]?.data).length).toBeLessThanOrEqual(600);
  });

  it("without a list keeps what is short and shortens what is long", () => {
    const value = { id: 7, html: "<p>".repeat(5000), nested: { note: "z".repeat(3000), ok: true } };
    const part = fitJson(value, 1000) as Part;
    expect(part).toMatchObject({ unit: "characters", abridged: true, next: undefined });
    expect(part.data).toMatchObject({ id: 7, html: expect.stringMatching(/more characters/), nested: { ok: true } });
  });

  it("with several long lists shows the beginning of each", () => {
    const part = fitJson({ nodes: items, edges: items.map(({ id }) => [id, "e".repeat(40)]) }, 2000) as Part;
    const { nodes, edges } = part.data as { nodes: unknown[]; edges: unknown[] };
    expect(nodes[0]).toEqual(items[0]);
    expect(nodes.at(-1)).toMatch(/^… \(\d+ more of 100 items\)$/);
    expect(edges.length).toBeGreaterThan(2);
  });

  it("that is an object of very many names says how many more there are", () => {
    const value = Object.fromEntries(items.map((each) => [`name ${each.id}`, each]));
    const part = fitJson(value, 1000) as Part;
    expect((part.data as Record<string, string>)["…"]).toMatch(/^\d+ more of 100 names$/);
  });

  it("that is a text is given in whole lines", () => {
    const text = items.map(({ id }) => `line ${id} "quoted"\n`).join("");
    const parts = partsOf((from) => fitText(text, 500, from));
    for (const part of parts) expect(part.data).toMatch(/\n$/);
    expect(parts.map(({ data }) => data).join("")).toBe(text);
  });
});

describe("for any answer", () => {
  const limit = fc.integer({ min: 500, max: 2000 });
  const rows = fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: "binary", maxLength: 400 })), { maxLength: 200 });

  it("no part is longer than the limit, and the items of all parts together are the list", () => {
    const places: fc.Arbitrary<[string[], (list: unknown[]) => unknown]> = fc.constantFrom(
      [[], (list) => list],
      [["items"], (list) => ({ total: 5, items: list, end: "x" })],
      [["data", "rows"], (list) => ({ data: { rows: list, n: [1] }, id: null })],
    );
    fc.assert(
      fc.property(rows, places, limit, (list, [path, wrap], maxLength) => {
        const value = JSON.parse(JSON.stringify(wrap(list))) as unknown;
        const parts = partsOf((from) => fitJson(value, maxLength, from));
        const joined: unknown[] = [];
        for (const part of parts) {
          expect(JSON.stringify(part.data).length).toBeLessThanOrEqual(maxLength);
          const given = valueAt(part.data, path) as unknown[];
          expect(given).toHaveLength(part.given);
          const original = (valueAt(value, path) as unknown[]).slice(part.from, part.from + part.given);
          joined.push(...(part.abridged ? original : given));
        }
        if (parts.length > 0) expect(joined).toEqual(valueAt(value, path));
        else expect(JSON.stringify(value).length).toBeLessThanOrEqual(maxLength);
      }),
      { numRuns: 300 },
    );
  });

  it("what has no list to go through is shortened to the limit too", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }),
        fc.jsonValue(),
        fc.string({ unit: "binary" }),
        limit,
        (a, b, text, max) => {
          const value = { a, b: [b, a], text: text.repeat(300), deep: { text: text.repeat(500), list: [a, b] } };
          const part = fitJson(value, max);
          if (part) expect(JSON.stringify(part.data).length).toBeLessThanOrEqual(max);
          else expect(JSON.stringify(value).length).toBeLessThanOrEqual(max);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("the parts of a text are the text, each as JSON within the limit and without half a character", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme-composite", maxLength: 60 }), { maxLength: 200 }),
        limit,
        (lines, max) => {
          const text = lines.join("\n");
          const parts = partsOf((from) => fitText(text, max, from));
          for (const { data } of parts) {
            expect(JSON.stringify(data).length).toBeLessThanOrEqual(max);
            expect((data as string).isWellFormed()).toBe(true);
          }
          if (parts.length > 0) expect(parts.map(({ data }) => data).join("")).toBe(text);
        },
      ),
      { numRuns: 300 },
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FacetRow, facetsOfFilter, facetsOfRow, timeFacets } from "./facets.ts";
import { tokenize } from "./tokenize.ts";

const row: FacetRow = { tags: '["Work","Ärger"]', kind: "fact", source: "Chat 7", speaker: "Ana", time: 0 };

describe("facets", () => {
  it("of a memory hold those of each filter that it satisfies", () => {
    const facets = facetsOfRow(row);
    for (const filter of [{ tag: "work" }, { tag: "ärger", kind: "fact" }, { source: "chat 7", speaker: "ana" }]) {
      for (const facet of facetsOfFilter(filter)) expect(facets).toContain(facet);
    }
    for (const filter of [{ tag: "fact" }, { kind: "work" }, { source: "ana" }, { speaker: "chat 7" }]) {
      for (const facet of facetsOfFilter(filter)) expect(facets).not.toContain(facet);
    }
  });

  it("are no terms of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(tokenize(`${text}\uE000m202601 \uE000`).some((term) => term.includes("\uE000"))).toBe(false);
      }),
    );
  });

  it("of a time are within the ranges of a filter exactly where the filter takes the time, to the day", () => {
    const time = fc.integer({ min: Date.UTC(1, 0), max: Date.UTC(9999, 11) });
    const near = fc.integer({ min: Date.UTC(2023, 10, 28), max: Date.UTC(2024, 3, 3) });
    const times = fc.oneof(time, near);
    const day = (ms: number): number => Math.floor(ms / 86_400_000) * 86_400_000;
    const bound = fc.option(fc.oneof(times, times.map(day)), { nil: undefined });
    fc.assert(
      fc.property(times, bound, bound, (at, after, before) => {
        const filter = { ...(after !== undefined && { after }), ...(before !== undefined && { before }) };
        const found = timeFacets(filter);
        if (!found) {
          expect(filter).toEqual({});
          return;
        }
        const facets = facetsOfRow({ ...row, time: at });
        const within = found.ranges.some(({ first, last }) => facets.some((facet) => facet >= first && facet <= last));
        const taken = (after === undefined || at >= after) && (before === undefined || at < before);
        if (taken) expect(within).toBe(true);
        if (found.exact) expect(within).toBe(taken);
      }),
      { numRuns: 5000 },
    );
  });
});

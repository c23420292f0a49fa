import fc from "fast-check";
import { expect, it } from "vitest";
import { parseLinkHeader } from "./link-header.ts";

it.each([
  ['<https://x/2>; rel="next"', [["https://x/2", ["next"]]]],
  [
    '<https://x/?a=1,2&b=;>; rel="next", </1>; rel=prev',
    [
      ["https://x/?a=1,2&b=;", ["next"]],
      ["/1", ["prev"]],
    ],
  ],
  ['<a>; title="x, <b>; rel=\\"next\\""; rel="last NEXT"', [["a", ["last", "next"]]]],
  ["<a>;rel=next;rel=prev", [["a", ["next"]]]],
  ["<a> ; REL = next ; ; b", [["a", ["next"]]]],
  [
    "<a>, <b>; rel=next",
    [
      ["a", []],
      ["b", ["next"]],
    ],
  ],
  ["nonsense <a>; rel=next", [["a", ["next"]]]],
  ["<>; rel=next", [["", ["next"]]]],
  ["<unfinished", []],
  ["", []],
])("the links of %s", (header, links) => {
  expect(parseLinkHeader(header)).toEqual((links as [string, string[]][]).map(([target, rels]) => ({ target, rels })));
});

it("links are read as they were written, whatever stands in them", () => {
  const target = fc.webUrl({ withQueryParameters: true, withFragments: true }).filter((url) => !/[<>]/.test(url));
  const title = fc.string({ unit: "grapheme-ascii" }).map((text) => text.replace(/["\\]/g, (char) => `\\${char}`));
  const link = fc.record({ target, title, rel: fc.constantFrom("next", "prev", "last") });
  fc.assert(
    fc.property(fc.array(link), (links) => {
      const header = links.map((each) => `<${each.target}>; title="${each.title}"; rel="${each.rel}"`).join(", ");
      expect(parseLinkHeader(header)).toEqual(links.map((each) => ({ target: each.target, rels: [each.rel] })));
    }),
  );
});

it("any text is read in time that grows with its length", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'<>;,=" \\rel') }), (text) => void parseLinkHeader(text)));
  const before = performance.now();
  for (const text of ["<", "<a>;", '<a>;x="', " ,", "<a>; ", '<a>;x="\\']) parseLinkHeader(text.repeat(20_000));
  expect(performance.now() - before).toBeLessThan(3000);
});

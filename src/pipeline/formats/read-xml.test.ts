import { describe, expect, it } from "vitest";
import { cut, plain, readText } from "../../../test/fixtures/read-text.ts";
import { refusalOf } from "../../../test/fixtures/refusal.ts";
import { readXml } from "./read-xml.ts";
import type { InputOptions } from "./row-reader.ts";

const xml = (text: string | readonly string[], options?: InputOptions) => readText(readXml, text, options);

describe("xml", () => {
  it.each<[string, string, unknown[]]>([
    [
      "attributes, text, empty and repeated elements",
      '<?xml version="1.0"?>\n<rows>\n <row id="1"><a> x </a><b/></row>\n <row><a>1</a><a>2</a><c k="v">t</c></row>\n</rows>',
      [
        { "@id": "1", a: "x", b: "" },
        { a: ["1", "2"], c: { "@k": "v", "#text": "t" } },
      ],
    ],
    [
      "CDATA and references",
      "<r><o><![CDATA[<x> & ]]>y</o><o>&lt;&#65;&amp;&#x1F600;</o></r>",
      [{ "#text": "<x> & y" }, { "#text": "<A&😀" }],
    ],
    ["mixed content", "<r><o>a<b>c</b>d</o><o/></r>", [{ "#text": "ad", b: "c" }, {}]],
    [
      "comments and instructions",
      "<r><!-- c --><?pi x?><o>1</o><!-- d --><o>a<!-- x -->b</o></r>",
      [{ "#text": "1" }, { "#text": "ab" }],
    ],
    [
      "prefixes",
      '<r><n:o xmlns:n="u" n:a="1"><n:b>1</n:b></n:o><n:o xmlns:n="u"/></r>',
      [{ "@xmlns:n": "u", "@n:a": "1", "n:b": "1" }, { "@xmlns:n": "u" }],
    ],
    ["names that are encoded", "<r><o><a_x0020_b>1</a_x0020_b></o></r>", [{ "a b": "1" }]],
    [
      "white space that counts",
      '<r><o xml:space="preserve"> x </o><o> y </o></r>',
      [{ "#text": " x " }, { "#text": "y" }],
    ],
    ["no rows", "<rows/>", []],
    ["one row of a list", "<orders><order><id>1</id></order></orders>", [{ id: "1" }]],
    [
      "a single record",
      '<person id="7"><name>Ana</name><address><city>Rome</city></address></person>',
      [{ "@id": "7", name: "Ana", address: { city: "Rome" } }],
    ],
    ["nothing but text", "<a>5</a>", [{ "#text": "5" }]],
    [
      "names of every object",
      '<r><o __proto__="5"><__proto__>1</__proto__><constructor>2</constructor></o><o/></r>',
      [JSON.parse('{"@__proto__":"5","__proto__":"1","constructor":"2"}'), {}],
    ],
    [
      "a DOCTYPE",
      '<!DOCTYPE r SYSTEM "r.dtd" [<!ELEMENT r ANY>]><r><o>1</o><o>2</o></r>',
      [{ "#text": "1" }, { "#text": "2" }],
    ],
  ])("with %s is read in pieces of any size", (_, text, rows) => {
    for (const size of [1, 2, 7, 1000]) {
      const read = xml(cut(text, new Array(text.length).fill(size)));
      expect(plain(read)).toEqual(rows);
      expect(read.numbers).toEqual(rows.map((_row, index) => index + 1));
    }
  });

  it("tells where children of the root are of several kinds", () => {
    const { rows, notes } = xml("<e><meta><at>1</at></meta><o><id>1</id></o><o><id>2</id></o></e>");
    expect(rows).toEqual([{ at: "1" }, { id: "1" }, { id: "2" }]);
    expect(notes.row_path).toMatch(/taken as rows: meta \(1\), o \(2\)/);
  });

  it("has its rows where row_path says, from the root or below it", () => {
    const text = "<rss><channel><title>T</title><item><t>1</t></item><item><t>2</t></item></channel></rss>";
    for (const rowPath of ["channel.item", "rss.channel.item", "item"]) {
      expect(xml(text, { rowPath }).rows).toEqual([{ t: "1" }, { t: "2" }]);
    }
    expect(refusalOf(() => xml(text, { rowPath: "tem" }))).toMatchObject({
      code: "invalid_input",
      message: 'The xml input has no elements at "tem".',
      hint: expect.stringContaining("There are: channel, channel.title, channel.item"),
    });
    expect(xml("<rows/>", { rowPath: "row" }).rows).toEqual([]);
  });

  it("has its rows by the name of their elements only where these are at one place", () => {
    const text = "<c><new><book>1</book><set><book>2</book></set></new><old><book>3</book></old></c>";
    expect(refusalOf(() => xml(text, { rowPath: "book" }))).toMatchObject({
      message: 'The xml input has elements "book" in several places.',
      hint: expect.stringContaining('such as "c.new.book" or "c.new.set.book"'),
    });
    expect(xml(text, { rowPath: "old.book" }).rows).toEqual([{ "#text": "3" }]);
    expect(xml("<n><x><n><n>1</n></n><n/></x></n>", { rowPath: "x.n" }).rows).toEqual([{ n: "1" }, {}]);
  });

  it("tells of lists in a root that was taken as one row", () => {
    const { rows, notes, warned } = xml(
      "<c><meta><at>1</at></meta><books><book><t>1</t></book><book><t>2</t></book></books></c>",
    );
    expect(rows).toHaveLength(1);
    expect(notes.row_path).toMatch(/^The root was taken as one row.*: "books.book" \(2\)\.$/);
    expect(warned).toEqual(["row_path"]);
  });

  it.each([
    ["<r><o>", /at line 1, column 6: unclosed tag: o/],
    ["<r>\n<o></r>", /at line 2, column \d+: unexpected close tag/],
    ['<r a="1" a="2"/>', /duplicate attribute: a/],
    ["<r><o>\u0001</o></r>", /disallowed character/],
    ["<r><o>a & b</o></r>", /at line 1/],
    ["<r/><r/>", /only one root/],
    ["a,b\n1,2", /outside of root/],
    ["", /must contain a root element/],
  ])("%j is refused with line and column", (text, message) => {
    expect(refusalOf(() => xml(text))).toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [
      "entities that multiply",
      `<!DOCTYPE x [<!ENTITY a "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${"bcdefghij"[n]} "${`&${"abcdefghi"[n]};`.repeat(10)}">`).join("")}]><r><o>&j;</o></r>`,
    ],
    ["external entities", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><r><o>&e;</o></r>'],
    ["entities of HTML", "<r><o>&nbsp;</o></r>"],
    ["names that objects inherit", "<r><o>&constructor;</o></r>"],
  ])("with %s is refused, for entities are not known", (_, text) => {
    expect(refusalOf(() => xml(text))).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("undefined entity"),
      hint: expect.stringContaining("DOCTYPE are not taken"),
    });
  });

  it("nested without end, or with a row, text or DOCTYPE that does not end, is refused before it fills the memory", () => {
    const endless = function* (start: string, part: string): Iterable<string> {
      yield start;
      for (;;) yield part.repeat(100_000 / part.length);
    };
    const texts: [string, string, InputOptions?][] = [
      ["", "<a>"],
      ["", "<a>", { rowPath: "b" }],
      ["<r><o>", "x "],
      ["<r><o>", "<b>1</b>"],
      ["<r ", "x"],
      ["<!DOCTYPE ", "x"],
      ["<r><!--", "x", { rowPath: "o" }],
    ];
    for (const [start, part, options] of texts) {
      expect(refusalOf(() => xml(endless(start, part) as unknown as string[], options)).code).toBe("too_large");
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detectFormat, INPUT_FORMATS } from "./detect-format.ts";

describe("the format of a file", () => {
  it.each([
    ["a.csv", "csv"],
    ["A.CSV", "csv"],
    ["a.tsv", "tsv"],
    ["x/y.tab", "tsv"],
    ["a.json", "json"],
    ["a.ndjson", "ndjson"],
    ["a.b.jsonl", "ndjson"],
    ["a.yaml", "yaml"],
    ["a.yml", "yaml"],
    ["a.xml", "xml"],
    ["README.md", "markdown"],
  ])("%s is told by its ending: %s", (name, format) => {
    expect(detectFormat(name, "a,b\n1,2\n")).toBe(format);
  });

  it.each(["a.txt", "a", "a.log", "csv", "a.constructor", undefined])("%s is told by its text", (name) => {
    expect(detectFormat(name, '[{"a": 1}]')).toBe("json");
    expect(detectFormat(name, "a,b\n1,2\n")).toBe("csv");
  });

  it("called json with a value on each line is ndjson", () => {
    expect(detectFormat("a.json", '{"a":1}\n{"a":2}\n')).toBe("ndjson");
    expect(detectFormat("a.json", '{\n"a":1}\n')).toBe("json");
    expect(detectFormat("a.json", '{"a":1}\n')).toBe("json");
  });
});

describe("text", () => {
  it.each<[string, string]>([
    ["json", '[{"a": 1}, {"a": 2}]'],
    ["json", '\uFEFF  \n[\n  {\n    "a": 1\n  }\n]\n'],
    ["json", '{"rows": [\n  {"a": 1}\n]}'],
    ["json", '{ "a": 1 }'],
    ["json", "[]"],
    ["json", "{}"],
    ["json", "[1, 2, 3]"],
    ["json", "[\n1,\n2]"],
    ["json", '["a", "b"]'],
    ["json", "[[1,2],[3,4]]"],
    ["json", "[null, true]"],
    ["json", "42"],
    ["json", '"text"'],
    ["json", "null"],
    ["json", ""],
    ["json", " \n"],
    ["json", '[{"a": 1}, {"a": '],
    ["json", '{"a":1, "b":\n{"c":2}\n}'],
    ["ndjson", '{"a":1}\n{"a":2}\n'],
    ["ndjson", '{"a":1}\r\n\r\n{"b": {"c": []}}'],
    ["ndjson", '{"a":1}\n{"a":\n'],
    ["ndjson", "[1,2]\n[3,4]\n"],
    ["xml", '<?xml version="1.0"?>\n<rows><row/></rows>'],
    ["xml", "<rows>\n  <row>a,b</row>\n</rows>"],
    ["xml", "<!-- a --><a/>"],
    ["xml", "<ns:data xmlns:ns='x'></ns:data>"],
    ["markdown", "| a | b |\n|---|---|\n| 1 | 2 |\n"],
    ["markdown", "a | b\n--- | :-:\n1 | 2\n"],
    ["markdown", "# Title\n\nSome text, with commas.\n\n| a, b | c |\n|:--|--:|\n| 1 | 2 |\n"],
    ["markdown", "Here are the rows:\n\n| a |\n|---|\n| 1 |"],
    ["yaml", "- id: 1\n  name: Smith, Ana\n- id: 2\n  name: Li, Bo\n"],
    ["yaml", "---\nrows:\n  - a: 1\n"],
    ["yaml", "# comment\nname: x\nlist:\n- 1\n- 2\n"],
    ["yaml", "id: 1\nname: |\n  a, b\n  c, d\n"],
    ["yaml", "- a\n- b\n"],
    ["yaml", "'quoted key': 1\nother key: 2\n"],
    ["yaml", "{a: 1, b: 2}"],
    ["yaml", "[{a: 1}, {a: 2}]"],
    ["yaml", "-\n  id: 1\n-\n  id: 2\n"],
    ["tsv", "a\tb\n1\t2\n"],
    ["tsv", "name\tnote\nLi\tx, y; z\n"],
    ["csv", "a,b\n1,2\n"],
    ["csv", '"id","name"\n"1","x"\n'],
    ["csv", "id;name\n1;x\n"],
    ["csv", "id|name|x\n1|x|y\n"],
    ["csv", "name\nAna\nBo\n"],
    ["csv", "time: utc,value\n12:00,3\n"],
    ["csv", "date,note\n2026-01-01,key: value\n"],
    ["csv", "[id],[name]\n1,x\n"],
    ["csv", "1,2\n3,4\n"],
    ["csv", "-1,2\n-3,4\n"],
    ["csv", "<5,>5\n1,2\n"],
    ["csv", "a|b\n--|--x\n1|2\n"],
    ["csv", "sep=;\na;b\n1;2\n"],
    ["csv", "# made by x\nid,name\n1,y\n"],
    ["csv", "true,false\n1,2\n"],
    ["csv", "http://a.b/c,x\nhttp://d,y\n"],
    ["csv", "key: value,other\nfoo,bar\n"],
  ])("is %s: %j", (format, text) => {
    expect(detectFormat(undefined, text)).toBe(format);
  });

  it("that is cut is told by what there is", () => {
    const record = `{"a": "${"x".repeat(200)}"}\n`;
    expect(detectFormat(undefined, record.repeat(1000))).toBe("ndjson");
    expect(detectFormat(undefined, `[${`${record},`.repeat(1000)}`)).toBe("json");
    expect(detectFormat(undefined, `a,b\n${"1,2\n".repeat(100_000)}`)).toBe("csv");
    expect(detectFormat(undefined, `a\tb\n1\t${"x,".repeat(100_000)}`)).toBe("tsv");
    expect(detectFormat(undefined, `- a: 1\n  b: ${"x ".repeat(100_000)}`)).toBe("yaml");
  });

  it("of any kind has a format, in little time", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(INPUT_FORMATS).toContain(detectFormat(undefined, text));
      }),
    );
    const started = performance.now();
    for (const piece of [" ", "a ", "- ", "'", '"', '"\\', "|", "|-", "<a", "{", "[1", "a:", "a b", "\n", "1."]) {
      detectFormat(undefined, piece.repeat(100_000));
      detectFormat(undefined, `a\n${piece.repeat(100_000)}\n`);
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

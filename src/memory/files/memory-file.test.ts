import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentsOf, memoriesOf, stored, write } from "../../../test/fixtures/memory-files.ts";
import type { StoredMemory } from "../store.ts";
import { decodeText, readMemoryFile } from "./memory-file.ts";

/** What the reader gives for what a store had. */
function asRead({ created_at, updated_at, ...memory }: StoredMemory): Record<string, unknown> {
  return { ...memory, created: Date.parse(created_at), updated: Date.parse(updated_at) };
}

const anyText = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.string({ unit: "binary", minLength: 1 }).map((text) => text.replaceAll("\u0000", "x")),
  // What Markdown, JSON and line ends are made of.
  fc
    .array(
      fc.constantFrom(
        "\n",
        "\r",
        " ",
        "  ",
        "\t",
        "- ",
        "* ",
        "#",
        "# ",
        "`",
        "```",
        "~~~",
        ">",
        "<",
        "<!--",
        "-->",
        "1. ",
        '"',
        "\\",
        "tags: x",
        "id: y",
        "---",
        "===",
        ",",
        "{",
        "}",
        "[",
        "\u2028",
        "\u0085",
        "\ufeff",
        "\u3000",
        "a",
        "日本",
        "🎉",
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);
const time = fc
  .date({ noInvalidDate: true, min: new Date("1970-01-01"), max: new Date("9999-12-31") })
  .map((date) => date.toISOString());
const details = {
  kind: anyText,
  importance: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
  source: anyText,
  speaker: anyText,
  occurred_at: time,
  expires_at: time,
};
const version = fc.record(
  {
    version: fc.integer({ min: 1, max: 99 }),
    content: anyText,
    tags: fc.array(anyText),
    origin: anyText,
    updated_at: time,
    replaced_at: time,
    ...details,
  },
  { requiredKeys: ["version", "content", "tags", "origin", "updated_at", "replaced_at"] },
);
const memory: fc.Arbitrary<StoredMemory> = fc.record(
  {
    id: fc.uuid(),
    content: anyText,
    tags: fc.array(anyText, { maxLength: 4 }),
    created_at: time,
    updated_at: time,
    version: fc.integer({ min: 1, max: 99 }),
    origin: anyText,
    superseded_by: fc.uuid(),
    history: fc.array(version, { minLength: 1, maxLength: 3 }),
    ...details,
  },
  { requiredKeys: ["id", "content", "tags", "created_at", "updated_at", "version", "origin"] },
) as fc.Arbitrary<StoredMemory>;

describe("memory files", () => {
  it.each(["ndjson", "json"] as const)("gives back every field of every memory from %s", async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.array(memory, { maxLength: 5 }), async (memories) => {
        const text = await write(memories, format);
        expect(memoriesOf(readMemoryFile(text))).toEqual(memories.map(asRead));
        expect(readMemoryFile(text, format)).toEqual(readMemoryFile(text));
      }),
      { numRuns: 300 },
    );
  });

  it("gives back everything but the history from Markdown, also with the line ends of Windows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(memory, { maxLength: 5 }), fc.boolean(), async (memories, windows) => {
        const text = await write(memories, "markdown");
        const expected = memories.map(({ history, ...rest }) => asRead(rest as StoredMemory));
        expect(memoriesOf(readMemoryFile(windows ? text.replaceAll("\n", "\r\n") : text))).toEqual(expected);
        // Editors that strip blanks at the ends of lines change nothing.
        expect(memoriesOf(readMemoryFile(text.replace(/[ \t]+$/gm, ""), "markdown"))).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("gives back what mem0's list and Open-WebUI's have a place for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(memory, { minLength: 1, maxLength: 5 }), async (memories) => {
        expect(memoriesOf(readMemoryFile(await write(memories, "mem0")))).toEqual(
          memories.map(({ history, version, origin, superseded_by, ...rest }) => asRead(rest as StoredMemory)),
        );
        expect(contentsOf(readMemoryFile(await write(memories, "open-webui")))).toEqual(
          memories.map((each) => each.content),
        );
      }),
    );
  });

  it("reads any text to its end, and puts every problem at a place", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.json(),
          fc.array(fc.json()).map((lines) => lines.join("\n")),
        ),
        (text) => {
          try {
            for (const { where, memory, problem } of readMemoryFile(text)) {
              expect(where).toMatch(/^(?:line|entry|entity|relation|end)/);
              expect((memory === undefined) !== (problem === undefined)).toBe(true);
            }
          } catch (error) {
            expect(error).toMatchObject({ code: "invalid_input" });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("files that cannot be read", () => {
  const problem = (text: string) => readMemoryFile(text).map(({ where, problem }) => `${where}: ${problem}`);

  it("are refused with the line where JSON breaks", async () => {
    const list = await write([stored(), stored()], "json");
    expect(problem(list.slice(0, -8))).toEqual([
      "line 3: is the end, but the JSON is not complete: the file is cut off",
    ]);
    expect(problem(list.replace(",\n", "\n"))).toEqual(["line 3: is not valid JSON"]);
    expect(problem('{"answer":\n42}')).toEqual(["line 1: is JSON, but no list of memories"]);
    expect(problem('{\n  "results": [\n    {"memory": "x"}')).toEqual([
      "line 3: is the end, but the JSON is not complete: the file is cut off",
    ]);
  });

  it("are refused as a whole where nothing in them is a memory", () => {
    for (const text of ["name,age\nAna,5", "hello", "\u0000\u0001", "<html>", "%PDF-1.7\nx"]) {
      expect(() => readMemoryFile(text)).toThrow(/in no format that can be imported/);
    }
    expect(readMemoryFile("")).toEqual([]);
    expect(readMemoryFile(" \r\n\ufeff")).toEqual([]);
  });

  it("may be long in any way", () => {
    const long = "x".repeat(10_000_000);
    expect(readMemoryFile(JSON.stringify({ content: long }))).toMatchObject([{ memory: { content: long } }]);
    expect(readMemoryFile(`- ${long}`)).toMatchObject([{ memory: { content: long } }]);
    expect(readMemoryFile(`[${"[".repeat(1_000_000)}`)).toHaveLength(1);
    expect(readMemoryFile(`- ${" ".repeat(1_000_000)}x\n  - tags: ${'"'.repeat(100_000)}`)).toHaveLength(1);
    expect(readMemoryFile("- x\n".repeat(100_000))).toHaveLength(100_000);
    expect(readMemoryFile(`- a\n${"\n".repeat(500_000)}- b\n  - ${"-".repeat(100_000)}`)).toHaveLength(2);
    expect(readMemoryFile(`- a\n${"\n".repeat(500_000)}  b\n`)).toHaveLength(1);
    for (const sign of [
      "# ",
      "- ",
      "* ",
      "_ ",
      "`",
      "<!-- ",
      "#",
      " ",
      "\t",
      "=",
      "-",
      ", ",
      '"',
      "\\",
      "1. ",
      "> ",
      "{",
      "\u2028",
    ]) {
      const run = sign.repeat(200_000);
      for (const text of [
        `- a\n${run}x`,
        `- a\n# b${run}x`,
        `- a\n  - tags: ${run}x`,
        `- ${run}x`,
        `- a\n  <!-- {${run}`,
      ]) {
        expect(() => readMemoryFile(text, "markdown")).not.toThrow();
      }
    }
  });
});

describe("the bytes of a file", () => {
  it("are UTF-8, or UTF-16 with a byte order mark", () => {
    const text = '{"content":"ä 日本 🎉"}\r\n';
    expect(decodeText(Buffer.from(text))).toBe(text);
    expect(readMemoryFile(decodeText(Buffer.from(`\ufeff${text}`)))).toMatchObject([
      { memory: { content: "ä 日本 🎉" } },
    ]);
    expect(decodeText(Buffer.from(`\ufeff${text}`, "utf16le"))).toBe(text);
  });

  it("are refused with the line that is something else", () => {
    const bytes = Buffer.concat([Buffer.from("- one\n- two\n- thr"), Buffer.from([0xe4]), Buffer.from("e\n")]);
    expect(() => decodeText(bytes)).toThrow("line 3: is not valid UTF-8.");
    expect(() => decodeText(Buffer.from([0xf0, 0x9f, 0x8e]))).toThrow("line 1");
  });
});

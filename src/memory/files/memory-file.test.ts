import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredMemory } from "../store.ts";
import type { FileEntry, MemoryFormat } from "./file-entry.ts";
import { readMemoryFile, writeMemoryFile } from "./memory-file.ts";

const ID = "01a2138e-1b14-7103-a717-140f00000001";

/** A memory as a store gives it. */
function stored(memory: Partial<StoredMemory> = {}): StoredMemory {
  return {
    id: ID,
    content: "Ana prefers green tea",
    tags: [],
    created_at: "2026-01-02T03:04:05.678Z",
    updated_at: "2026-01-03T03:04:05.678Z",
    version: 1,
    origin: "memory_add",
    ...memory,
  };
}

async function write(memories: readonly StoredMemory[], format: MemoryFormat): Promise<string> {
  async function* all() {
    yield* memories;
  }
  let text = "";
  for await (const piece of writeMemoryFile(all(), format, "ana")) text += piece;
  return text;
}

const memoriesOf = (entries: readonly FileEntry[]) => entries.map(({ memory, problem }) => memory ?? { problem });
const contentsOf = (entries: readonly FileEntry[]) =>
  entries.map(({ memory, problem }) => memory?.content ?? { problem });

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

describe("Markdown", () => {
  it("is a list that people can read", async () => {
    const text = await write(
      [
        stored({ tags: ["drinks", "hot, not iced"], kind: "preference", importance: 0.8, source: "chat 7" }),
        stored({ content: "first line\n\n  indented `code`", speaker: " Ana" }),
      ],
      "markdown",
    );
    expect(text.slice(text.indexOf("\n- ") + 1)).toBe(`- Ana prefers green tea
  - tags: drinks, "hot, not iced"
  - kind: preference
  - importance: 0.8
  - source: chat 7
  <!-- {"id":"${ID}","created_at":"2026-01-02T03:04:05.678Z","updated_at":"2026-01-03T03:04:05.678Z","version":1,"origin":"memory_add"} -->
- \`\`\`text
  first line

    indented \`code\`
  \`\`\`
  - speaker: " Ana"
  <!-- {"id":"${ID}","created_at":"2026-01-02T03:04:05.678Z","updated_at":"2026-01-03T03:04:05.678Z","version":1,"origin":"memory_add"} -->
`);
  });

  it("takes a list of facts as people write it", () => {
    const text = `---
title: notes
---
About me
========

<!-- to be
     sorted -->
* Likes **tea**, and
  drinks it at five
* Has two cats
lazily continued

## Work
1. Works at ACME
   - Tags: job, "R&D, Lisbon"
   - occurred_at: 2026-03-01

   more of the same
2. Speaks:
   - Portuguese
   - German
### Projects #
+ \`\`\`js
  - not an item
  \`\`\`
10) last
`;
    expect(readMemoryFile(text)).toEqual([
      { where: "line 9", memory: { content: "Likes **tea**, and\ndrinks it at five", tags: [] } },
      { where: "line 11", memory: { content: "Has two cats\nlazily continued", tags: [] } },
      {
        where: "line 15",
        memory: {
          content: 'Works at ACME\n- Tags: job, "R&D, Lisbon"\n- occurred_at: 2026-03-01\n\nmore of the same',
          tags: ["Work"],
        },
      },
      { where: "line 20", memory: { content: "Speaks:\n- Portuguese\n- German", tags: ["Work"] } },
      { where: "line 24", memory: { content: "```js\n- not an item\n```", tags: ["Work", "Projects"] } },
      { where: "line 27", memory: { content: "last", tags: ["Work", "Projects"] } },
    ]);
    const fields =
      '- Works at ACME\n\t- Tags: job, "R&D, Lisbon", job 2\n\t- importance: 1\n\t- source: "The Book" by X\n';
    expect(memoriesOf(readMemoryFile(fields))).toEqual([
      { content: "Works at ACME", tags: ["job", "R&D, Lisbon", "job 2"], importance: 1, source: '"The Book" by X' },
    ]);
  });

  it("names what is no item and what is wrong with one", () => {
    const text = `- good
  - importance: much

Some text,
in two lines

| a | b |
- \`\`\`text
  without an end
- \`\`\`json-string
  no string
  \`\`\`
- x
  <!-- {"id": -->
`;
    expect(readMemoryFile(text)).toEqual([
      { where: "line 1", problem: '"importance" is no number' },
      { where: "line 4", problem: 'is no item of a list; write "- " before each memory' },
      { where: "line 7", problem: 'is no item of a list; write "- " before each memory' },
      { where: "line 8", problem: "has a code block without an end" },
      { where: "line 10", problem: "has a code block of kind json-string that is no JSON string" },
      { where: "line 13", problem: "has a comment that is not valid JSON" },
    ]);
  });
});

describe("JSON lines", () => {
  it("name the line that was altered, and tell a file that was cut off", async () => {
    const text = await write([stored(), stored({ content: "plays chess" })], "ndjson");
    const [header = "", first = "", second = "", end = ""] = text.split("\n");
    const problems = (lines: string[]) =>
      readMemoryFile(lines.join("\n")).flatMap(({ where, problem }) => (problem ? [`${where}: ${problem}`] : []));

    expect(problems([header, first, second, end])).toEqual([]);
    expect(problems([header, first.replace("green", "black"), second, end])).toEqual([
      expect.stringMatching(/^line 2: was altered/),
      expect.stringMatching(/^line 4: the lines before it were altered/),
    ]);
    expect(problems([header, second, first, end])).toEqual([expect.stringMatching(/^line 4: the lines before/)]);
    expect(problems([header, first, end])).toEqual(["line 3: 2 memories were exported, but 1 are here"]);
    expect(problems([first, second, end])).toEqual([expect.stringMatching(/^line 3: the lines before/)]);
    expect(problems([header, first, second])).toEqual([
      "end of file: the last line of the export is missing: the file is cut off",
    ]);
    expect(problems([header, first, second.slice(0, 40)])).toEqual([
      "line 3: is not valid JSON",
      "end of file: the last line of the export is missing: the file is cut off",
    ]);
    expect(problems([header.replace("1}", "2}"), end])).toEqual([
      "line 1: is of version 2; only 1 can be read",
      "line 2: 2 memories were exported, but 0 are here",
    ]);
    // Single lines, several files in one, and lines without checksums are fine.
    expect(problems([second, first])).toEqual([]);
    expect(problems([header, first, second, end, header, first, second, end])).toEqual([]);
    expect(problems(['{"content":"by hand"}', "", '{"content":"by hand too"}'])).toEqual([]);
  });

  it("can be checked with sha256sum", async () => {
    const text = await write([stored(), stored({ content: "likes 🎉" })], "ndjson");
    const end = text.trimEnd().lastIndexOf("\n") + 1;
    const sum = createHash("sha256").update(text.slice(0, end)).digest("hex");
    expect(JSON.parse(text.slice(end))).toEqual({ end: "patchbay-memories", memories: 2, sha256: sum });
  });

  it("say what is wrong with each line", () => {
    const lines = [
      '{"content":5}',
      "{",
      "[1]",
      '"text"',
      "null",
      '{"content":"x","tags":"t"}',
      '{"content":"x","tags":[1]}',
      '{"content":"x","created_at":"soon"}',
      '{"content":"x","importance":"high"}',
      '{"content":"x","version":0}',
      '{"content":"x","history":[{"version":1}]}',
      `{"content":"x","history":[{"version":1,"content":"a\\u0000","updated_at":0}]}`,
      `{"crc32":"0","content":"x","meta":${"[".repeat(200_000)}${"]".repeat(200_000)}}`,
    ];
    expect(readMemoryFile(lines.join("\r\n")).map(({ where, problem }) => `${where}: ${problem}`)).toEqual([
      'line 1: "content" is no text',
      "line 2: is not valid JSON",
      "line 3: is no object",
      "line 4: is no object",
      "line 5: is no object",
      'line 6: "tags" is no list of texts',
      'line 7: "tags" is no list of texts',
      "line 8: has a time that is neither ISO 8601 nor seconds",
      'line 9: "importance" is no number',
      'line 10: "version" is no whole number from 1',
      'line 11: "history" 1: "version" or "content" is missing',
      'line 12: "history" 1: "history" contains a NUL character, which text must not contain.',
      "line 13: is nested too deeply",
    ]);
  });
});

describe("files of other programs", () => {
  it("server-memory's entities, observations and relations come in and go out again", async () => {
    const graph = [
      '{"type":"entity","name":"Ana","entityType":"person","observations":["likes tea","lives in Lisbon"]}',
      '{"type":"entity","name":"ACME","entityType":"company","observations":[]}',
      '{"type":"relation","from":"Ana","to":"ACME","relationType":"works at"}',
    ].join("\n");
    const entries = readMemoryFile(graph);
    expect(entries).toEqual([
      { where: "line 1, observation 1", memory: { content: "likes tea", source: "Ana", tags: ["Ana", "person"] } },
      {
        where: "line 1, observation 2",
        memory: { content: "lives in Lisbon", source: "Ana", tags: ["Ana", "person"] },
      },
      {
        where: "line 2",
        memory: { content: "ACME (company)", kind: "entity", source: "ACME", tags: ["ACME", "company"] },
      },
      {
        where: "line 3",
        memory: { content: "Ana works at ACME", kind: "relation", source: "Ana", tags: ["Ana", "ACME"] },
      },
    ]);
    const memories = entries.map(({ memory }) => stored(memory as Partial<StoredMemory>));
    expect((await write(memories, "server-memory")).trim()).toBe(graph);

    const { entities, relations } = {
      entities: [{ name: "Ana", entityType: "person", observations: ["likes tea", "lives in Lisbon"] }],
      relations: [{ from: "Ana", to: "ACME", relationType: "works at" }],
    };
    expect(contentsOf(readMemoryFile(JSON.stringify({ entities, relations }, null, 2)))).toEqual([
      "likes tea",
      "lives in Lisbon",
      "Ana works at ACME",
    ]);
    expect(
      memoriesOf(readMemoryFile(`${graph}\n{"type":"entity","observations":[1]}\n{"type":"x"}\nx`)).slice(4),
    ).toEqual([
      { problem: '"name" is missing' },
      { problem: '"type" is neither "entity" nor "relation"' },
      { problem: "is not valid JSON" },
    ]);
  });

  it("mem0's list comes in with categories, metadata and times of any offset", () => {
    const item = {
      id: "4f6c1c0e-5d0c-4b6e-9a53-0d8f1a3f8c11",
      memory: "likes jazz",
      user_id: "ana",
      run_id: "session 4",
      actor_id: "Ana",
      hash: "ab12",
      metadata: { category: "music", type: "preference", score: 3 },
      categories: ["hobbies"],
      created_at: "2025-07-23T02:22:12.331187-07:00",
      updated_at: "2025-07-23T02:22:12.331187",
      expiration_date: null,
    };
    const expected = {
      id: item.id,
      content: "likes jazz",
      tags: ["hobbies", "music"],
      kind: "preference",
      source: "session 4",
      speaker: "Ana",
      created: Date.parse("2025-07-23T09:22:12.331Z"),
      updated: Date.parse("2025-07-23T02:22:12.331Z"),
    };
    const bare = { id: 7, memory: "plays chess", metadata: null, categories: null };
    for (const text of [JSON.stringify({ results: [item] }, null, 2), JSON.stringify([item]), JSON.stringify(item)]) {
      expect(memoriesOf(readMemoryFile(text))).toEqual([expected]);
    }
    expect(readMemoryFile(JSON.stringify([{ ...bare, id: "7" }, bare, { memory: 1 }]))).toEqual([
      { where: "entry 1", memory: { content: "plays chess", tags: [] } },
      { where: "entry 2", problem: '"id" is no text' },
      { where: "entry 3", problem: '"memory" is no text' },
    ]);
  });

  it("Open-WebUI's list has times in seconds", async () => {
    const text = await write([stored()], "open-webui");
    expect(JSON.parse(text)).toEqual([
      { id: ID, user_id: "ana", content: "Ana prefers green tea", created_at: 1767323045, updated_at: 1767409445 },
    ]);
    expect(memoriesOf(readMemoryFile(text))).toEqual([
      { id: ID, content: "Ana prefers green tea", created: 1767323045000, updated: 1767409445000 },
    ]);
    expect(memoriesOf(readMemoryFile('["a fact", {"content":"b","created_at":1767323045123}, null]'))).toEqual([
      { content: "a fact" },
      { content: "b", created: 1767323045123 },
      { problem: "is no object" },
    ]);
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
    for (const sign of ["# ", "- ", "* ", "_ ", "`", "<!-- "]) {
      expect(() => readMemoryFile(`- a\n${sign.repeat(100_000)}x`)).not.toThrow();
    }
  });
});

import { describe, expect, it } from "vitest";
import { contentsOf, ID, memoriesOf, stored, write } from "../../../test/fixtures/memory-files.ts";
import { readMemoryFile } from "./memory-file.ts";

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

  it("refuses a field whose name is misspelt, with its line", () => {
    const text = `# Notes

- Her brother lives in Lisbon
  - tags: family
  - occured_at: 2026
- drinks tea
  - Tag: drinks
  - source: chat 7

- \`\`\`text
  in a block
  \`\`\`
  - expires at: 2030
`;
    expect(readMemoryFile(text)).toEqual([
      { where: "line 3", problem: 'has "occured_at" in line 5, which is no field; write "occurred_at"' },
      { where: "line 6", problem: 'has "Tag" in line 7, which is no field; write "tags"' },
      { where: "line 10", problem: 'has "expires at" in line 13, which is no field; write "expires_at"' },
    ]);
  });

  it.each([
    ["ocured_at", "occurred_at"],
    ["occurredAt", "occurred_at"],
    ["occurred", "occurred_at"],
    ["experies-at", "expires_at"],
    ["Expires", "expires_at"],
    ["tgas", "tags"],
    ["kinds", "kind"],
    ["importence", "importance"],
    ["soruce", "source"],
    ["Speeker", "speaker"],
  ])("knows that %s is meant for %s", (name, field) => {
    expect(memoriesOf(readMemoryFile(`- x\n  - ${name}: 2026\n`))).toEqual([
      { problem: `has "${name}" in line 2, which is no field; write "${field}"` },
    ]);
  });

  it("leaves other nested items and code as they are", () => {
    const nested = [
      "Portuguese",
      "important: call Mum",
      "time: five",
      "Source code: on a disk",
      "find: keys",
      "bags: 3",
    ];
    const item = `Ana\n${nested.map((text) => `- ${text}`).join("\n")}\n\`\`\`\n- tag: x\n\`\`\`\n- and: more`;
    expect(contentsOf(readMemoryFile(`- ${item.replaceAll("\n", "\n  ")}\n`))).toEqual([item]);
  });
});

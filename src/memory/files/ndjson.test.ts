import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { stored, write } from "../../../test/fixtures/memory-files.ts";
import { readMemoryFile } from "./memory-file.ts";

describe("JSON lines", () => {
  it("name the line that was altered, and tell a file that was cut off", async () => {
    const three = [stored(), stored({ content: "plays chess" }), stored({ content: "likes jazz" })];
    const [first = "", second = "", third = ""] = (await write(three, "ndjson")).split("\n");
    const problems = (...lines: string[]) =>
      readMemoryFile(lines.join("\n")).flatMap(({ where, problem }) => (problem ? [`${where}: ${problem}`] : []));
    const cutOff = "end of file: the last line of the export is missing";
    const altered = "was altered: its checksum (crc32) is that of another text";
    const others = 'line 3, "export": has the checksum (sha256) of other memories: the file was altered';

    expect(problems(first, second, third)).toEqual([]);
    expect(problems(first, second.replace("chess", "cards"), third)).toEqual([`line 2: ${altered}`, others]);
    expect(problems(first, second, third.replace("likes", "hates"))).toEqual([`line 3: ${altered}`, others]);
    expect(problems(second, first, third)).toEqual([others]);
    expect(problems(first, third)).toEqual(['line 2, "export": says that 3 memories were exported, but 2 are here']);
    expect(problems(first, second)).toEqual([cutOff]);
    expect(problems(first, second.slice(0, 40))).toEqual(["line 2: is not valid JSON", cutOff]);
    expect(problems(first, second, third.slice(0, -1))).toEqual(["line 3: is not valid JSON", cutOff]);
    // Several exports in one, and lines without checksums, are fine.
    expect(problems(first, second, third, "", first, second, third)).toEqual([]);
    expect(problems('{"content":"by hand"}', "", '{"content":"by hand too"}')).toEqual([]);
  });

  it("have one memory each, and a checksum of all", async () => {
    const memories = [stored(), stored({ content: "likes 🎉" })];
    const lines = (await write(memories, "ndjson"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject(memories);
    const sum = createHash("sha256").update(memories.map((each) => `${JSON.stringify(each)}\n`).join(""));
    expect(lines[1].export).toEqual({ memories: 2, sha256: sum.digest("hex") });
    expect(await write([], "ndjson")).toBe("");
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
      "end of file: the last line of the export is missing",
    ]);
  });
});

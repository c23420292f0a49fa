import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { runProcess } from "../../test/fixtures/spawn.ts";

/** The program in one folder, whose `data` holds the memories; files are named from there. */
function setUp() {
  const folder = temporaryFolder();
  const env = { PATH: process.env.PATH ?? "", HOME: folder };
  const memory = (words: string[], input = "") => {
    const args = [resolve("src/main.ts"), "memory", ...words, "--data-dir", join(folder, "data")];
    return runProcess({ command: process.execPath, args, env }, { cwd: folder, input });
  };
  return { folder, memory };
}

const FILE = `{"content":"Ana prefers tea","tags":["drinks"],"created_at":"2026-01-02T03:04:05.000Z"}
{"content":"Ana's brother lives in Lisbon","speaker":"Ana","source":"chat 7"}
`;

describe("patchbay-mcp memory", () => {
  it("imports, counts, exports and imports elsewhere what it exported", async () => {
    const { folder, memory } = setUp();
    writeFileSync(join(folder, "memories.jsonl"), FILE);
    expect(await memory(["import", "memories.jsonl"])).toMatchObject({
      code: 0,
      stdout: 'Imported 2 memories for "local".\n',
    });
    const stats = await memory(["stats"]);
    expect(stats.code).toBe(0);
    expect(stats.stdout).toMatch(
      /^user {8}local\nmemories {4}2 of 1000\ncharacters {2}44\ntags {8}1\noldest {6}2026-01-02T03:04:05.000Z\nnewest /,
    );

    const toFile = await memory(["export", "out.jsonl"]);
    expect(toFile).toMatchObject({ code: 0, stdout: 'Exported 2 memories of "local".\n' });
    expect(statSync(join(folder, "out.jsonl")).mode & 0o777).toBe(0o600);
    const lines = readFileSync(join(folder, "out.jsonl"), "utf8");
    expect(
      lines
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { content: "Ana prefers tea", tags: ["drinks"], created_at: "2026-01-02T03:04:05.000Z" },
      { content: "Ana's brother lives in Lisbon", speaker: "Ana", source: "chat 7" },
    ]);
    expect(await memory(["export"])).toMatchObject({ code: 0, stdout: lines });
    expect(await memory(["export", "out.jsonl"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is there already"),
    });

    expect(await memory(["import", "-"], lines)).toMatchObject({
      code: 0,
      stdout: 'Imported 0 memories for "local". 2 were there already.\n',
    });
    expect(await memory(["import", "out.jsonl", "--user", "ben"])).toMatchObject({
      code: 0,
      stdout: 'Imported 2 memories for "ben".\n',
    });
    expect((await memory(["stats", "--user", "cleo"])).stdout).toBe("user        cleo\nmemories    0 of 1000\n");
  });

  it("imports nothing of a file with a mistake, and says where it is", async () => {
    const { folder, memory } = setUp();
    writeFileSync(join(folder, "bad.jsonl"), `${FILE}{"content":""}\n{\n`);
    const { code, stdout, stderr } = await memory(["import", "bad.jsonl"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("line 3: Memory content is required\nline 4: is not valid JSON\n");
    expect(stderr).toContain("2 of 4 memories cannot be imported.");
    expect((await memory(["stats"])).stdout).toContain("0 of 1000");
    expect(await memory(["import", "none.jsonl"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot be read"),
    });
  });

  it("backs the database up and verifies it", async () => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE);
    expect(await memory(["verify"])).toMatchObject({ code: 0, stdout: "The memory database is sound.\n", stderr: "" });
    expect(await memory(["backup", "copy.db"])).toMatchObject({ code: 0 });
    expect(await memory(["backup", "copy.db"])).toMatchObject({ code: 1, stderr: expect.stringContaining("already") });

    // The copy in place of the database is the database.
    const other = join(folder, "restored");
    mkdirSync(other);
    writeFileSync(join(other, "memory.db"), readFileSync(join(folder, "copy.db")));
    expect((await memory(["export", "--data-dir", other])).stdout).toContain("Ana prefers tea");
  });

  it("exits with 1 and says what is wrong with a damaged database", async () => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE.repeat(200));
    const file = join(folder, "data", "memory.db");
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096 * 8);
    writeFileSync(file, bytes);
    const { code, stdout, stderr } = await memory(["verify"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/damaged/);
    expect(stderr).not.toContain("    at ");
  });

  it("makes no database only to look at it", async () => {
    const { folder, memory } = setUp();
    for (const words of [["stats"], ["verify"], ["export"], ["backup", "copy.db"]]) {
      expect(await memory(words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("There is no memory database in"),
      });
    }
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  it.each([[[]], [["erase"]], [["toString"]], [["import"]], [["backup"]], [["stats", "x"]], [["export", "a", "b"]]])(
    "shows its usage for %j",
    async (words) => {
      const { memory } = setUp();
      const { code, stdout, stderr } = await memory(words);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("memory backup FILE");
    },
  );
});

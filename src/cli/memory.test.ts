import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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
      /^user {8}local\nmemories {4}2 of 1000\ncharacters {2}44\ntags {8}1\noldest {6}2026-01-02T03:04:05.000Z\nnewest .*\nsize {8}44 of 1073741824 bytes\nby tag\n +1 {2}drinks\nby source\n +1 {2}chat 7\n$/,
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

  it("imports what is right of a file with --partial, and names the rest", async () => {
    const { folder, memory } = setUp();
    writeFileSync(join(folder, "bad.jsonl"), `${FILE}{"content":""}\n{\n`);
    const refused = "line 3: Memory content is required\nline 4: is not valid JSON\n";
    expect(await memory(["import", "bad.jsonl", "--dry-run"])).toEqual({
      code: 1,
      stdout: '2 memories would be imported for "local". 2 would be refused.\n',
      stderr: `${refused}Nothing would be imported without --partial.\n`,
    });
    expect(await memory(["import", "bad.jsonl", "--verbose"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(refused),
    });
    expect((await memory(["stats"])).stdout).toContain("0 of 1000");
    expect(await memory(["import", "bad.jsonl", "--partial", "--verbose"])).toEqual({
      code: 0,
      stdout: 'line 1: added\nline 2: added\nImported 2 memories for "local". 2 were refused.\n',
      stderr: refused,
    });
    expect((await memory(["import", "bad.jsonl", "--partial", "--verbose"])).stdout).toBe(
      'line 1: existing\nline 2: existing\nImported 0 memories for "local". 2 were there already. 2 were refused.\n',
    );
  });

  it("notices an export that was cut off or altered", async () => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE);
    const text = (await memory(["export"])).stdout;
    writeFileSync(join(folder, "cut.jsonl"), text.slice(0, text.indexOf("\n") + 1));
    writeFileSync(join(folder, "altered.jsonl"), text.replace("Lisbon", "Madrid"));
    expect((await memory(["import", "cut.jsonl", "--user", "ben"])).stderr).toContain("end of file: the last line");
    expect((await memory(["import", "altered.jsonl", "--user", "ben"])).stderr).toContain("line 2: was altered");
    expect(await memory(["import", "cut.jsonl", "--user", "ben"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `end of file: the last line of the export is missing
patchbay-mcp: The export was cut off or altered.
Nothing was imported. Take a whole export, or import what is right with --partial.
`,
    });
    const torn = text.slice(0, text.indexOf("\n") + 20);
    expect((await memory(["import", "-", "--user", "ben"], torn)).stderr).toContain(
      "1 of 2 memories cannot be imported, and the export was cut off or altered.",
    );
    expect((await memory(["import", "-", "--user", "cleo", "--partial"], torn)).stdout).toBe(
      'Imported 1 memory for "cleo". 1 was refused.\n',
    );
    expect((await memory(["stats", "--user", "ben"])).stdout).toContain("0 of 1000");
  });

  it.each(["", "\ufeff\n", "[]", "# Notes\n"])("says that a file such as %j holds no memories", async (text) => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE);
    writeFileSync(join(folder, "none"), text);
    for (const more of [[], ["--dry-run"], ["--partial"]]) {
      expect(await memory(["import", "none", ...more])).toEqual({
        code: 1,
        stdout: "",
        stderr: "patchbay-mcp: none holds no memories.\n",
      });
    }
  });

  it.runIf(existsSync("/dev/full"))("says so where the disk is full while it exports", async () => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE);
    const script = `${process.execPath} ${resolve("src/main.ts")} memory export --data-dir data > /dev/full`;
    const env = { PATH: process.env.PATH ?? "", HOME: folder };
    expect(await runProcess({ command: "/bin/sh", args: ["-c", script], env }, { cwd: folder })).toEqual({
      code: 1,
      stdout: "",
      stderr: "patchbay-mcp: The output cannot be written to its end: ENOSPC.\nThere is no space left on the disk.\n",
    });
  });

  it("exports Markdown that can be edited, and imports it again", async () => {
    const { folder, memory } = setUp();
    writeFileSync(join(folder, "notes.md"), "# Ana\n- drinks tea\n\n## Work\n1. is an engineer\n   - source: chat 7\n");
    expect((await memory(["import", "notes.md"])).stdout).toBe('Imported 2 memories for "local".\n');
    await memory(["export", "out.md"]);
    const text = readFileSync(join(folder, "out.md"), "utf8");
    expect(text).toContain("- is an engineer\n  - tags: Work\n  - source: chat 7\n");
    expect((await memory(["import", "-"], text.replace("- drinks tea", "- by hand\n- drinks tea"))).stdout).toBe(
      'Imported 1 memory for "local". 2 were there already.\n',
    );
    expect((await memory(["export", "--format", "mem0"])).stdout).toMatch(/^\{"results":\[/);
    for (const words of [
      ["export", "--format", "xml"],
      ["import", "notes.md", "--format", "xml"],
    ]) {
      expect(await memory(words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(
          '--format must be one of ndjson, markdown, json, open-webui, mem0, server-memory, not "xml".',
        ),
      });
    }
  });

  it("lists and searches, without what a terminal would obey", async () => {
    const { memory } = setUp();
    const wild = JSON.stringify({ content: "cats \u001b[2J and\ntwo lines", tags: ["pets"], source: "chat 7" });
    await memory(["import", "-"], `${FILE}${wild}\n`);
    const { code, stdout } = await memory(["search", "cats", "and", "dogs", "--tag", "pets"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ +\d+\.\d{3} {2}cats \\u001b\[2J and ⏎ two lines\n +[0-9a-f-]{36} {2}tags: pets {2}source: chat 7 /,
    );
    expect(stdout).toMatch(/matched: cats.*\nFound 1 of the memories of "local".\n$/);
    expect((await memory(["list", "--limit", "1"])).stdout).toMatch(
      /^\d{4}-\d\d-\d\d {2}cats .*\n.*\n1 of 3 memories of "local". There are more: --offset 1\n$/,
    );
    expect((await memory(["list", "--offset", "1", "--sort", "Oldest"])).stdout).toMatch(
      /^.*Ana's brother .*\n.*\n.*cats .*\n.*\n2 of 3 memories of "local".\n$/,
    );
    expect((await memory(["search", "ana", "--limit", "1"])).stdout).toContain("There are more: --offset 1\n");
    expect((await memory(["search", "ana", "--offset", "1"])).stdout).toMatch(/Found 2 of the memories of "local".\n$/);
    expect((await memory(["users"])).stdout).toBe("       3  local\n");
  });

  it("shows them as JSON", async () => {
    const { memory } = setUp();
    await memory(["import", "-"], `${FILE}{"content":"cats","tags":["pets"]}\n`);
    const json = async (...words: string[]) => JSON.parse((await memory([...words, "--json"])).stdout);
    const page = await json("list", "--limit", "2", "--sort", "oldest");
    expect(page).toMatchObject({
      memories: [{ content: "Ana prefers tea", tags: ["drinks"] }, { content: "Ana's brother lives in Lisbon" }],
      total: 3,
      offset: 0,
      next_offset: 2,
    });
    expect(await json("list", "--offset", "2")).toEqual({ memories: [page.memories[0]], total: 3, offset: 2 });
    expect(await json("search", "ana", "--limit", "1")).toMatchObject({
      results: [{ score: expect.any(Number) }],
      next_offset: 1,
    });
    const wild = "\u001b[2J \u009b2J \u202e x\ny";
    await memory(["import", "-", "--user", "ben"], JSON.stringify({ content: wild }));
    const { stdout } = await memory(["list", "--json", "--user", "ben"]);
    expect(stdout).not.toMatch(/[\u001b\u009b\u202e]/);
    expect(JSON.parse(stdout).memories).toMatchObject([{ content: wild }]);
    expect(await json("stats")).toMatchObject({
      user: "local",
      memories: 3,
      byTag: { drinks: 1, pets: 1 },
      superseded: 0,
    });
  });

  it("counts superseded memories among the others, and says so", async () => {
    const { memory } = setUp();
    const ids = ["01a2138e-1b14-7103-a717-140f00000001", "01a2138e-1b14-7103-a717-140f00000002"];
    const lines = [
      { id: ids[0], content: "Ana drinks tea", superseded_by: ids[1] },
      { id: ids[1], content: "Ana drinks coffee" },
    ];
    await memory(["import", "-"], lines.map((line) => JSON.stringify(line)).join("\n"));
    expect((await memory(["stats"])).stdout).toContain("memories    2 of 1000, 1 superseded among them\n");
  });

  it("forgets by id, by filter or everything, and only with --yes", async () => {
    const { memory } = setUp();
    await memory(["import", "-"], `${FILE}{"content":"third","tags":["drinks"]}\n`);
    const count = async () => /memories +(\d+)/.exec((await memory(["stats"])).stdout)?.[1];
    expect((await memory(["forget", "--tag", "DRINKS"])).stdout).toBe(
      '2 memories of "local" would be deleted. Nothing was; --yes does it.\n',
    );
    expect(await count()).toBe("3");
    expect((await memory(["forget", "--tag", "drinks", "--yes"])).stdout).toContain('Deleted 2 memories of "local".');
    const [id = ""] = /[0-9a-f-]{36}/.exec((await memory(["list"])).stdout) ?? [];
    expect((await memory(["forget", id])).stdout).toContain("Ana's brother");
    expect((await memory(["forget", id, "--yes"])).stdout).toContain("Deleted 1 memory");
    expect(await count()).toBe("0");
    expect(await memory(["forget", id, "--yes"])).toMatchObject({
      code: 1,
      stderr: `patchbay-mcp: There is no memory "${id}" of "local".\n\`patchbay-mcp memory list\` and \`patchbay-mcp memory search\` show the ids.\n`,
    });
    for (const words of [
      ["forget", "--yes"],
      ["forget", id, "--all"],
      ["forget", "--all", "--tag", "x", "--yes"],
    ]) {
      expect(await memory(words)).toMatchObject({ code: 2, stderr: expect.stringContaining("what to forget") });
    }
    expect(await memory(["forget", "--all", "--yes", "--user", "ben"])).toMatchObject({ code: 0 });
  });

  it("backs up into a folder for some days, checks backups and restores them", async () => {
    const { folder, memory } = setUp();
    await memory(["import", "-"], FILE);
    const backups = join(folder, "backups");
    mkdirSync(backups);
    const old = "memory-2020-01-01T00-00-00Z.db";
    const others = ["memory.db", "notes.txt", "memory-2020-01-01T00-00-00Z.db.bak"];
    for (const name of [old, ...others]) writeFileSync(join(backups, name), "");
    expect((await memory(["backup", backups, "--keep-days", "7"])).stdout).toContain(`Removed ${old}.`);
    const [made = "", ...more] = readdirSync(backups).filter((name) => !others.includes(name));
    expect([made, more]).toEqual([expect.stringMatching(/^memory-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$/), []]);
    expect(readdirSync(backups)).toHaveLength(4);
    expect(await memory(["backup", "none.db", "--keep-days", "7"])).toMatchObject({ code: 1 });
    for (const words of [
      ["backup", "none/"],
      ["backup", "none/", "--keep-days", "7"],
    ]) {
      expect(await memory(words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("There is no folder none/."),
      });
    }
    expect(readdirSync(folder).filter((name) => name.startsWith("none"))).toEqual([]);

    const backup = join(backups, made);
    await memory(["forget", "--all", "--yes"]);
    await memory(["import", "-", "--user", "ben"], '{"content":"later"}');
    expect((await memory(["verify", backup])).stdout).toBe("The backup is sound. It holds 2 memories, of 1 user.\n");
    for (const more of [[], ["--dry-run"], ["--dry-run", "--yes"]]) {
      expect(await memory(["restore", backup, ...more])).toMatchObject({
        code: 0,
        stdout:
          "2 memories, of 1 user, would be restored, in the place of 1 memory, of 1 user. Nothing was changed; --yes does it.\n",
      });
    }
    expect((await memory(["users"])).stdout).toContain("1  ben");
    const restored = (await memory(["restore", backup, "--yes"])).stdout;
    expect(restored).toContain("Restored 2 memories, of 1 user,");
    const [, before = ""] = /kept as (.*), until you remove it/.exec(restored) ?? [];
    expect((await memory(["verify", before])).stdout).toBe("The backup is sound. It holds 1 memory, of 1 user.\n");
    expect((await memory(["users"])).stdout).toBe("       2  local\n");
    expect((await memory(["search", "tea"])).stdout).toContain("Ana prefers tea");

    writeFileSync(backup, readFileSync(backup).fill(0x5a, 4096 * 4));
    for (const words of [
      ["verify", backup],
      ["restore", backup],
      ["restore", backup, "--yes"],
      ["restore", backup, "--dry-run"],
    ]) {
      expect(await memory(words)).toMatchObject({ code: 1, stderr: expect.stringMatching(/damaged/) });
    }
    expect(await memory(["restore", join(backups, "notes.txt"), "--yes"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is no memory database of Patchbay"),
    });
    expect((await memory(["users"])).stdout).toBe("       2  local\n");
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
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { runProcess } from "../../test/fixtures/spawn.ts";

/** The program in an empty folder. */
function runMemory(words: string[]) {
  const folder = temporaryFolder();
  const env = { PATH: process.env.PATH ?? "", HOME: folder };
  const args = [resolve("src/main.ts"), "memory", ...words];
  return runProcess({ command: process.execPath, args, env }, { cwd: folder });
}

describe("the command line of patchbay-mcp memory", () => {
  it.each<[words: string[], stderr: string]>([
    [[], "Of one user"],
    [["erase"], 'There is no memory command "erase".'],
    [["toString"], 'There is no memory command "toString".'],
    [["import"], "import needs the name of a file."],
    [["backup"], "backup needs the name of a file."],
    [["restore"], "restore needs the name of a file."],
    [["search"], "search needs words to search for."],
    [["stats", "extra"], 'stats takes no "extra".'],
    [["export", "a", "b"], 'export takes no "b".'],
    [["stats", "--all"], "stats takes no --all."],
    [["list", "--limit", "0"], '--limit must be a whole number from 1, not "0".'],
    [["list", "--offset", "x"], '--offset must be a whole number from 0, not "x".'],
    [["list", "--sort", "size"], "--sort must be one of newest, oldest, updated, occurred, importance, not"],
    [["search", "x", "--after", "soon"], '--after must be an ISO 8601 date or time, not "soon".'],
    [["import", "a", "--format", "bogus"], "--format must be one of ndjson, "],
    [["backup", "a", "--keep-days", "0"], "--keep-days must be a whole number from 1"],
    [["forget"], "It must be said what to forget: an ID, a filter such as --tag, or --all."],
    [["forget", "--all", "x"], "It must be said what to forget: one only of an ID, "],
    [["migrate"], "migrate needs --to."],
    [["migrate", "--to", ""], "--to must be sqlite, a postgres:// URL, "],
    [["migrate", "--to", "bogus"], "--to must be sqlite, a postgres:// URL, "],
    [["migrate", "--to", "sqlite", "--tag", "x"], "migrate takes no --tag."],
    [["list", "--user", ""], "--user must not be empty."],
  ])("exits with 2 on %j and says what is wrong, and where its help is", async (words, message) => {
    const { code, stdout, stderr } = await runMemory(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.replace("patchbay-mcp: ", "").startsWith(message), stderr).toBe(true);
    expect(stderr).toContain("patchbay-mcp memory");
  });

  it("shows its commands and options for --help", async () => {
    for (const words of [["--help"], ["stats", "-h"], ["bogus", "--help"]]) {
      const { code, stdout, stderr } = await runMemory(words);
      expect([code, stderr]).toEqual([0, ""]);
      for (const part of ["memory backup FILE", "  --yes ", "  --to DATABASE ", "'${DATABASE_URL}'"])
        expect(stdout).toContain(part);
    }
  });
});

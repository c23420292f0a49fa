// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../test/fixtures/cleanup.ts";
import { NO_POSTGRES, type PostgresServer, startPostgres } from "../../test/fixtures/postgres.ts";
import { runProcess } from "../../test/fixtures/spawn.ts";
import { openPostgresStore } from "../memory/postgres/postgres-store.ts";
import { openSqliteStore } from "../memory/sqlite/sqlite-store.ts";
import type { MemoryStore, StoredMemory } from "../memory/store.ts";

const LIMITS = { maxMemories: 10_000, maxMemoryLength: 1_000_000, enableSearch: true };

async function contentsOf(store: MemoryStore): Promise<Record<string, StoredMemory[]>> {
  const all: Record<string, StoredMemory[]> = {};
  for (const id of (await store.users()).sort()) {
    const memories: StoredMemory[] = [];
    for await (const memory of store.export({ id })) memories.push(memory);
    all[id] = memories;
  }
  return all;
}

/** The program in a folder of its own, whose `data` holds the memories. */
function setUp() {
  const folder = temporaryFolder();
  const file = join(folder, "data", "memory.db");
  const run = (words: string[], env: Record<string, string> = {}) =>
    runProcess({
      command: process.execPath,
      args: [resolve("src/main.ts"), ...words, "--data-dir", join(folder, "data")],
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    });
  return { file, run };
}

/** Memories of three users: changed, superseded, with every field, and many. */
async function fill(store: MemoryStore): Promise<void> {
  const ana = { id: "ana" };
  const first = await store.add(ana, {
    content: "Ana drinks tea — 🎉\n\u2028",
    tags: ["Drinks", "cafe\u0301"],
    kind: "preference",
    importance: 0.1,
    source: "chat 1",
    speaker: "Ana",
    occurred_at: "2026-03",
    expires_at: "2199-01-01T00:00:00Z",
  });
  await store.update(ana, first.id, { content: "Ana drinks coffee", tags: [] });
  await store.add(ana, { content: "Ana drinks water now", supersedes: first.id });
  const other = await store.add(ana, { content: "the same" });
  const same = await store.add(ana, { content: "not the same" });
  await store.update(ana, same.id, { content: "the same" });
  expect(other.id).not.toBe(same.id);
  await store.add({ id: "Ben's 'user'" }, { content: "x".repeat(900_000) });
  for (let part = 0; part < 25; part++) {
    const some = Array.from({ length: 100 }, (_, index) => ({ content: `memory ${part * 100 + index}`, tags: ["t"] }));
    await store.addAll({ id: "cleo" }, some);
  }
}

describe.skipIf(NO_POSTGRES)(NO_POSTGRES ?? "patchbay-mcp memory migrate", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  it("copies the memories of all users to PostgreSQL and back, and says of each that the copy is the same", async () => {
    const { file, run } = setUp();
    const sqlite = await openSqliteStore({ ...LIMITS, file });
    await fill(sqlite);
    const before = await contentsOf(sqlite);
    await sqlite.close();

    const url = await server.newDatabase();
    const password = new URL(url).password;
    const copied = await run(["memory", "migrate", "--to", "${DATABASE_URL}"], { DATABASE_URL: url });
    expect(copied).toMatchObject({ code: 0, stderr: "" });
    const [ana, ben, cleo, end] = copied.stdout.split("\n");
    expect(ana).toMatch(/^ana: 4 memories \(4 copied\), checksum [0-9a-f]{16}$/);
    expect(ben).toMatch(/^Ben's 'user': 1 memory \(1 copied\), checksum [0-9a-f]{16}$/);
    expect(cleo).toMatch(/^cleo: 2500 memories \(2500 copied\), checksum [0-9a-f]{16}$/);
    expect(end).toMatch(/^Copied 2505 memories of 3 users; read back, they are the same\./);
    expect(copied.stdout).not.toContain(password);

    const postgres = await openPostgresStore({ ...LIMITS, url });
    expect(await contentsOf(postgres)).toEqual(before);
    expect(await postgres.verify()).toEqual([]);
    const { results } = await postgres.search({ id: "ana" }, { query: "what does Ana drink" });
    expect(results.map((memory) => memory.content)).toEqual(["Ana drinks water now"]);
    await postgres.close();

    const again = await run(["memory", "migrate", "--to", url]);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout.split("\n")[0]).toBe(ana?.replace("4 copied", "0 copied, 4 there already"));
    expect(again.stdout).toContain("Copied 0 memories; 2505 were there already, of all 2505 of 3 users; read back,");

    const back = setUp();
    const returned = await back.run(["memory", "migrate", "--to", "sqlite"], { PATCHBAY_MEMORY_DATABASE: url });
    expect(returned).toMatchObject({ code: 0, stdout: copied.stdout, stderr: "" });
    const copy = await openSqliteStore({ ...LIMITS, file: back.file });
    expect(await contentsOf(copy)).toEqual(before);
    expect(await copy.verify()).toEqual([]);
    await copy.close();
  });

  it("exits with 1 and names the user and the memory where the copy differs", async () => {
    const { file, run } = setUp();
    const sqlite = await openSqliteStore({ ...LIMITS, file });
    const { id } = await sqlite.add({ id: "ana" }, { content: "Ana prefers tea" });
    await sqlite.add({ id: "ben" }, { content: "Ben prefers tea" });
    await sqlite.close();
    const url = await server.newDatabase();
    expect(await run(["memory", "migrate", "--to", url])).toMatchObject({ code: 0 });

    const postgres = await openPostgresStore({ ...LIMITS, url });
    await postgres.update({ id: "ana" }, id, { content: "Ana prefers coffee" });
    await postgres.close();
    const { code, stdout, stderr } = await run(["memory", "migrate", "--to", url]);
    expect(code).toBe(1);
    expect(stderr).toContain(`ana: 1 of 1 memories differ in the copy: ${id}\n`);
    expect(stderr).toContain("1 of 2 users were not copied as they are");
    expect(stdout).toContain("ben: 1 memory (0 copied, 1 there already)");
  });

  it("says what is wrong with the target, without its password", async () => {
    const { file, run } = setUp();
    const sqlite = await openSqliteStore({ ...LIMITS, file });
    await sqlite.add({ id: "ana" }, { content: "x" });
    await sqlite.close();
    const url = await server.newDatabase();
    const { password } = new URL(url);
    const wrong: [to: string, code: number, stderr: string | RegExp][] = [
      [url.replace(password, "wrong-password"), 1, "PostgreSQL refused the user or the password."],
      [url.replace("/test_", "/no_test_"), 1, "The PostgreSQL server has no such database."],
      [url.replace(/host=.*/, "host=%2Fnowhere"), 1, "The memory database (PostgreSQL) cannot be reached."],
      ["mysql://user:a-password@host/db", 2, /^patchbay-mcp: --to must be sqlite, a postgres:\/\/ URL/],
      ["${NOT_SET}", 1, /^patchbay-mcp: --to: the environment variable NOT_SET is not set\./],
      ["sqlite", 1, "The memories are there already"],
      ["", 2, "--to must be sqlite"],
    ];
    for (const [to, code, message] of wrong) {
      const result = await run(["memory", "migrate", "--to", to]);
      expect(result, to).toMatchObject({ code, stdout: "" });
      expect(result.stderr).toMatch(message);
      if (to.startsWith("postgres")) expect(result.stderr).toMatch(/--to names\.\n.* --to\b/);
      expect(result.stderr).not.toMatch(new RegExp(`${password}|wrong-password|a-password|    at `));
    }
    expect(await run(["memory", "migrate"])).toMatchObject({ code: 2 });
  });

  it("serves from PostgreSQL where memory.database names it, and checks it without showing the URL", async () => {
    const { run } = setUp();
    const url = await server.newDatabase();
    const { password } = new URL(url);
    const env = { PATCHBAY_MEMORY_DATABASE: url };
    const checked = await run(["doctor"], env);
    expect(checked.stdout).toContain("PostgreSQL, 0 of 1000 memories");
    expect(checked.stdout + checked.stderr).not.toContain(password);
    const shown = await run(["config"], env);
    expect(shown.stdout + shown.stderr).not.toContain(password);
    const broken = await run(["doctor"], { PATCHBAY_MEMORY_DATABASE: url.replace(password, "wrong-password") });
    expect(broken.stdout).toContain("PostgreSQL refused the user or the password.");
    expect(broken.stdout + broken.stderr).not.toContain("wrong-password");
    expect(await run(["memory", "backup", "copy.db"], env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("pg_dump"),
    });
    expect((await run(["memory", "verify"], env)).code).toBe(0);
  });
});

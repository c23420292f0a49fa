import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "./fixtures/cleanup.ts";
import { roadOf } from "./fixtures/clients.ts";
import { runProcess, serverCommand, startHttpServer } from "./fixtures/spawn.ts";

/** The command line on a data folder. */
function commandLine(dataDir: string) {
  const { command, env } = serverCommand();
  return async (...words: string[]) => {
    const args = [resolve("src/main.ts"), "memory", ...words, "--data-dir", dataDir];
    const { code, stdout, stderr } = await runProcess({ command, args, env });
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
  };
}

describe("server-memory", () => {
  /** The real one on a file. */
  async function startServerMemory(file: string): Promise<(name: string, args?: object) => Promise<unknown>> {
    const entry = resolve("node_modules/@modelcontextprotocol/server-memory/dist/index.js");
    const env = { PATH: process.env.PATH ?? "", MEMORY_FILE_PATH: file };
    const client = new Client({ name: "test", version: "0" });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [entry], env, stderr: "ignore" }));
    whenDone(() => client.close());
    return async (name, args = {}) => {
      const { content } = await client.callTool({ name, arguments: args as Record<string, unknown> });
      return JSON.parse((content as { text: string }[])[0]?.text ?? "null") as unknown;
    };
  }

  it("has its graph back after it was imported here and exported again", async () => {
    const folder = temporaryFolder();
    const memory = commandLine(join(folder, "data"));
    const [before, after, whole] = ["before.jsonl", "after.jsonl", "graph.json"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const old = await startServerMemory(before);
    await old("create_entities", {
      entities: [
        { name: "Ana", entityType: "person", observations: ["likes tea", 'said "hi"\nin two lines', "日本語 🎉"] },
        { name: "ACME Ltd", entityType: "company", observations: [] },
      ],
    });
    await old("create_relations", { relations: [{ from: "Ana", to: "ACME Ltd", relationType: "works_at" }] });
    const graph = (await old("read_graph")) as object;

    expect(await memory("import", before)).toBe('Imported 5 memories for "local".\n');
    expect(await memory("import", before)).toBe('Imported 0 memories for "local". 5 were there already.\n');
    expect(await memory("search", "what does Ana like")).toContain("likes tea");
    await memory("export", after, "--format", "server-memory");
    expect(await (await startServerMemory(after))("read_graph")).toEqual(graph);

    // What its read_graph answers is read too.
    writeFileSync(whole, JSON.stringify(graph, null, 2));
    expect(await memory("import", whole, "--user", "ben")).toBe('Imported 5 memories for "ben".\n');
  });
});

describe("a running server", () => {
  it("goes on while its database is backed up and restored", async () => {
    const folder = temporaryFolder();
    const dataDir = join(folder, "data");
    const memory = commandLine(dataDir);
    const backups = mkdtempSync(join(folder, "backups-"));
    const http = await startHttpServer({ config: { dataDir, memory: { maxMemories: 100_000 } } });
    const client = await roadOf("2026-07-28 over HTTP").connect({ http, command: serverCommand() });
    whenDone(() => client.close());
    const add = (content: string) => client.call("memory_add", { content });
    await add("Ana prefers tea");

    let going = true;
    const errors: unknown[] = [];
    const writing = (async () => {
      for (let count = 0; going; count++) {
        const { isError, json } = await add(`written meanwhile ${count}`);
        if (isError) errors.push(json);
      }
    })();
    const file = join(backups, "copy.db");
    expect(await memory("backup", file)).toContain("Copied the database");
    const saved = readFileSync(file);
    await add("Ana prefers coffee now");
    expect(await memory("restore", file, "--yes")).toMatch(/^Restored \d+ memories, of 1 user,/);
    going = false;
    await writing;

    expect(errors).toEqual([]);
    const found = async (query: string) => {
      const { json } = await client.call("memory_search", { query });
      return (json.results as { content: string }[]).map(({ content }) => content);
    };
    expect(await found("tea")).toEqual(["Ana prefers tea"]);
    expect(await found("coffee")).toEqual([]);
    expect((await add("Ana goes on")).isError).toBe(false);
    expect(await memory("verify")).toBe("The memory database is sound.\n");
    expect(readFileSync(file).equals(saved)).toBe(true);
  });
});

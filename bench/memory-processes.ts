import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openSqliteStore } from "../src/memory/sqlite/sqlite-store.ts";
import { type Figure, round } from "./figure.ts";
import { withFolder } from "./folder.ts";

const EACH = 2_000;
/** Adds that a process makes at once. */
const AT_ONCE = 4;
const USER = { id: "local" };

/** Two and four processes that add memories of one user to one file at once, which they make themselves. */
export async function benchMemoryProcesses(): Promise<Figure[]> {
  return [await withProcesses(2), await withProcesses(4)];
}

async function withProcesses(count: number): Promise<Figure> {
  return withFolder(async (folder) => {
    const file = join(folder, "memory.db");
    const startedAt = performance.now();
    const outputs = await Promise.all(Array.from({ length: count }, (_, index) => runWriter(file, `p${index}n`)));
    const seconds = (performance.now() - startedAt) / 1000;
    const lines = outputs.flatMap((output) => output.split("\n").slice(1, -1));
    const acknowledged = lines.filter((line) => !line.startsWith("failed "));
    const store = await openSqliteStore({ file, maxMemories: 1_000_000, maxMemoryLength: 500, enableSearch: true });
    const stored = new Set<string>();
    for await (const { content } of store.export(USER)) stored.add(content);
    const problems = await store.verify();
    await store.close();
    for (const problem of problems) console.error(`  ${problem}`);
    const lost = acknowledged.filter((content) => !stored.has(content)).length;
    const failed = count * EACH - acknowledged.length;
    return {
      what: `memories that ${count} processes lost, or failed to add, writing to one file at once`,
      measured: `${lost} lost and ${failed} failed of ${(count * EACH).toLocaleString("en")}, ${round((count * EACH) / seconds)}/s with their start`,
      ratio: lost + failed + problems.length,
      limit: { atMost: 0 },
    };
  });
}

async function runWriter(file: string, prefix: string): Promise<string> {
  const words = [file, USER.id, prefix, EACH, AT_ONCE].map(String);
  const child = spawn(process.execPath, ["test/fixtures/memory-writer.ts", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await once(child, "close");
  return output;
}

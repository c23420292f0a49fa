import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../src/config/load-config.ts";
import { temporaryFolder } from "./fixtures/cleanup.ts";

/** The YAML blocks of a page. */
const blocksOf = (page: string) =>
  [...readFileSync(page, "utf8").matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1]!);

/** Whatever a block refers to is there. */
function environmentOf(block: string): Record<string, string> {
  const names = [...block.matchAll(/\$\{([A-Z_][A-Z0-9_]*)/g)].map((match) => match[1]!);
  const madeUp = (name: string) =>
    /URL|DATABASE/.test(name) ? "postgres://ana@127.0.0.1/patchbay" : `the value of ${name}`.replaceAll(" ", "-");
  return Object.fromEntries(names.map((name) => [name, madeUp(name)]));
}

describe.each(["README.md", ...globSync("docs/*.md").sort()].filter((page) => blocksOf(page).length > 0))(
  "%s",
  (page) => {
    it.each(blocksOf(page).map((block, index) => [index + 1, block] as const))(
      "shows a configuration that loads: block %i",
      async (_number, block) => {
        const folder = temporaryFolder();
        const file = join(folder, "patchbay.yaml");
        writeFileSync(file, block);
        const { config } = await loadConfig({ file, env: environmentOf(block), cwd: folder, flags: {} });
        expect(config.dataDir).toBeTruthy();
      },
    );
  },
);

import { globSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { namedExports } from "../scripts/named-exports.ts";
import { temporaryFolder } from "./fixtures/cleanup.ts";
import { runProcess } from "./fixtures/spawn.ts";

const onDemand = new Set(
  globSync("src/**/*.ts")
    .flatMap((file) => [...readFileSync(file, "utf8").matchAll(/\bimport\("([^."][^"]*)"\)/g)])
    .map((match) => match[1] ?? "")
    .filter((name) => !name.startsWith("node:")),
);

it("packages that are loaded on demand have the same exports in a bundle as in the sources", async () => {
  expect([...onDemand]).toContain("undici");
  const folder = temporaryFolder();
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  const lines = [...onDemand].map(
    (name) => `  ${JSON.stringify(name)}: Object.keys(await import(${JSON.stringify(name)})),`,
  );
  writeFileSync(join(folder, "entry.ts"), `console.log(JSON.stringify({\n${lines.join("\n")}\n}));\n`);
  await build({
    entryPoints: { main: join(folder, "entry.ts") },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    external: ["better-sqlite3"],
    plugins: [namedExports],
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    logLevel: "error",
  });
  const fromBundle = await exportsOf(join(folder, "main.mjs"));
  const fromSource = await exportsOf(join(folder, "entry.ts"));
  expect(Object.keys(fromBundle)).toEqual([...onDemand]);
  for (const name of onDemand) expect(fromBundle[name], name).toEqual(fromSource[name]);
});

/** What the program prints, without the names that only Node or only a compiler gives. */
async function exportsOf(program: string): Promise<Record<string, string[]>> {
  const { stdout, stderr } = await runProcess({ command: process.execPath, args: [program], env: {} });
  const printed = JSON.parse(stdout || stderr) as Record<string, string[]>;
  for (const [name, keys] of Object.entries(printed)) {
    printed[name] = keys.filter((key) => key !== "module.exports" && key !== "__esModule").sort();
  }
  return printed;
}

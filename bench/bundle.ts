import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { namedExports } from "../scripts/named-exports.ts";

/**
 * Bundles a program of the bench into `folder` as the published one is, so that it starts as fast. The file is `<name>.mjs`.
 * `helpers` are the sources of what it starts itself, by the names of their files.
 */
export async function bundle(
  name: string,
  source: string,
  folder: string,
  helpers: Record<string, string> = {},
): Promise<void> {
  await build({
    entryPoints: { [name]: source, ...helpers },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22",
    plugins: [namedExports],
    minifyWhitespace: true,
    minifySyntax: true,
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const helper of Object.keys(helpers)) writeFileSync(join(folder, `${helper}.js`), `import "./${helper}.mjs";\n`);
}

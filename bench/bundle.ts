import { build } from "esbuild";
import { namedExports } from "../scripts/named-exports.ts";

/** Bundles a program of the bench into `folder` as the published one is, so that it starts as fast. The file is `<name>.mjs`. */
export async function bundle(name: string, source: string, folder: string): Promise<void> {
  await build({
    entryPoints: { [name]: source },
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
}

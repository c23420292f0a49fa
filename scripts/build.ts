import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { configSchema } from "../src/config/config-schema.ts";
import { describeTool } from "../src/mcp/tool-schema.ts";
import { tools } from "../src/tools/index.ts";
import { buildApp } from "./build-app.ts";
import { leanStart } from "./lean-start.ts";
import { namedExports } from "./named-exports.ts";
import { thirdPartyLicenses } from "./third-party-licenses.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

rmSync("dist", { recursive: true, force: true });
// Code that only some calls need becomes chunks of their own, so that starting the server reads little.
const { metafile } = await build({
  // Beside the chunks, where the one that makes threads looks for them (src/worker/task-runner.ts).
  entryPoints: {
    main: "src/main.ts",
    "chunks/expressions-process": "src/worker/expressions-main.ts",
    "chunks/pipelines-process": "src/pipeline/process/process-main.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  platform: "node",
  format: "esm",
  target: "node22",
  external: ["better-sqlite3"],
  plugins: [leanStart, namedExports],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
  define: {
    __VERSION__: JSON.stringify(version),
    __CONFIG_DEFAULTS__: JSON.stringify(configSchema.parse({})),
    __TOOL_DEFINITIONS__: JSON.stringify(Object.fromEntries(tools.map((tool) => [tool.name, describeTool(tool)]))),
  },
  banner: {
    js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  logLevel: "warning",
  metafile: true,
});
writeFileSync(
  "dist/THIRD-PARTY-LICENSES.txt",
  thirdPartyLicenses([...Object.keys(metafile.inputs), ...(await buildApp())]),
);
chmodSync("dist/main.js", 0o755);

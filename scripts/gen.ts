import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Writes what follows from the sources: the tool registry, the reference pages, the JSON Schema. `--check` only compares. */
const check = process.argv.includes("--check");
const drifted: string[] = [];

function emit(path: string, content: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  if (check) drifted.push(path);
  else writeFileSync(path, content);
}

// Beside the tools stand files that several of them use.
const files = readdirSync("src/tools").filter(
  (file) =>
    !file.endsWith(".test.ts") && /^export default defineTool\(/m.test(readFileSync(`src/tools/${file}`, "utf8")),
);
const order = [
  "memory-add",
  "memory-list",
  "memory-search",
  "memory-update",
  "memory-delete",
  "llm-processor",
  "mixture-of-agents",
  "api-search",
  "api-describe",
  "call-api",
  "run-pipeline",
  "collect-input",
  "confirm-action",
  "display-result",
];
const rank = (file: string): number => {
  const index = order.indexOf(file.slice(0, -3));
  return index === -1 ? order.length : index;
};
files.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
const camel = (file: string): string =>
  file.slice(0, -3).replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());

emit(
  "src/tools/index.ts",
  [
    "// Written by `npm run gen` from the files of this folder.",
    ...[...files]
      .sort()
      .map((file) => `import ${camel(file)} from "./${file}";`)
      .sort(),
    'import type { AnyTool } from "./define-tool.ts";',
  ]
    .sort((a, b) => (a.startsWith("//") ? -1 : b.startsWith("//") ? 1 : importPath(a).localeCompare(importPath(b))))
    .join("\n") +
    `\n\n/** Every tool, in the order of \`tools/list\`. */\nexport const tools: readonly AnyTool[] = [\n${files.map((file) => `  ${camel(file)},\n`).join("")}];\n`,
);
function importPath(line: string): string {
  return /"(.+)"/.exec(line)?.[1] ?? "";
}

const { tools } = (await import(
  pathToFileURL(resolve("src/tools/index.ts")).href
)) as typeof import("../src/tools/index.ts");
const { describeTool } = await import("../src/mcp/tool-schema.ts");
const { toolsPage } = await import("./reference-tools.ts");
const { errorsPage } = await import("./reference-errors.ts");
const { writeReference } = await import("../src/pipeline/definitions/reference.ts");
const { configurationPage, configurationSchema } = await import("./reference-configuration.ts");
const { openWebUiTool } = await import("./open-webui-tool.ts");

const described = tools.map(describeTool);
emit("test/__snapshots__/tools.json", `${JSON.stringify(described, null, 2)}\n`);
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
emit("open-webui/patchbay.py", openWebUiTool(readFileSync("open-webui/patchbay.py", "utf8"), version, described));
emit("docs/tools.md", toolsPage(described));
emit("docs/errors.md", errorsPage());
emit("docs/pipeline-reference.md", `<!-- Written by \`npm run gen\`. -->\n\n${writeReference()}`);
emit("docs/configuration.md", configurationPage());
emit("patchbay.schema.json", `${JSON.stringify(configurationSchema(), null, 2)}\n`);

if (drifted.length > 0) {
  console.error(`Generated files are out of date: ${drifted.join(", ")}. Run \`npm run gen\` and commit them.`);
  process.exit(1);
}

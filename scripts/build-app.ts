import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { build, transform } from "esbuild";

const SOURCES = "src/apps/display-result";

/**
 * Writes the MCP App of display_result, one HTML file that needs no other (SEP-1865). Its own policy lets nothing run or be
 * loaded but what the build put in, whatever its host allows.
 * @returns the paths of the files that went into it
 */
export async function buildApp(): Promise<string[]> {
  const { outputFiles, metafile } = await build({
    entryPoints: [`${SOURCES}/main.ts`],
    bundle: true,
    minify: true,
    write: false,
    outdir: "dist/apps",
    platform: "browser",
    format: "iife",
    target: ["chrome123", "firefox120", "safari17.5"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  // An end of the script in it would end the element (HTML, "Restrictions on the contents of script elements").
  const script = (outputFiles[0]?.text ?? "")
    .trim()
    .replace(/<\/(script)/gi, "<\\/$1")
    .replaceAll("<!--", "<\\!--");
  const { code } = await transform(readFileSync(`${SOURCES}/style.css`, "utf8"), { loader: "css", minify: true });
  const style = code.trim();
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  mkdirSync("dist/apps", { recursive: true });
  writeFileSync(
    "dist/apps/display-result.html",
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Result</title>
<style>${style}</style>
</head>
<body>
<main aria-busy="true"></main>
<script>${script}</script>
</body>
</html>
`,
  );
  return Object.keys(metafile.inputs);
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

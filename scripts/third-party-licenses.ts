import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The licence texts of every package that went into a bundle, given the paths of its input files. */
export function thirdPartyLicenses(inputs: readonly string[]): string {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const sections = [...folders].map((folder) => {
    const { name, version, license, repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      name: string;
      version: string;
      license?: string;
      repository?: string | { url?: string };
    };
    const source = typeof repository === "object" ? repository.url : repository;
    const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : "";
    // Some licences want to be told where the source is (MPL-2.0, 3.2).
    const from = source === undefined ? "" : `\nSource: ${source}`;
    return `${name} ${version} (${license ?? "licence not stated"})${from}\n\n${text}`;
  });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `dist/ contains code of these packages.${rule}${sections.sort().join(rule)}\n`;
}

import { z } from "zod";
import { configSchema } from "../src/config/config-schema.ts";
import { environmentName } from "../src/config/environment.ts";

interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
}

/** The JSON Schema of the configuration file, for editors. */
export function configurationSchema(): Record<string, unknown> {
  return { title: "Patchbay configuration", ...z.toJSONSchema(configSchema, { io: "input" }) };
}

/** The reference page of the configuration. */
export function configurationPage(): string {
  const rows: string[] = [];
  visit(configurationSchema() as Schema, [], rows);
  return `# Configuration

Written by \`npm run gen\` from the configuration's own schema. No configuration at all is fine: memory, pipelines, interaction and status work at once.

The file is \`patchbay.yaml\` (or \`.yml\`, \`.json\`): the one that \`--config\` names, else \`$PATCHBAY_CONFIG\`, else in the working folder, else in
\`~/.config/patchbay-mcp/\`. Environment variables win over the file, options of the command line over both. \`\${NAME}\` in a value reads a variable,
\`\${NAME:-text}\` has a default, \`$\${\` stands for \`\${\` itself, \`file:PATH\` in a secret reads a file. Lists in a variable are JSON or
separated by commas, mappings JSON or YAML. Relative paths are relative to the file where they stand in it, else to the working folder. \`patchbay-mcp config\` prints what is in effect and where each value comes from; \`patchbay.schema.json\` serves editors:
put \`# yaml-language-server: $schema=./patchbay.schema.json\` at the top of the file.

| key | type, default | environment variable | meaning |
|---|---|---|---|
${rows.join("\n")}
`;
}

function visit(schema: Schema, path: string[], rows: string[]): void {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const at = [...path, key];
    const entries = typeof child.additionalProperties === "object" ? child.additionalProperties : undefined;
    if (child.properties) {
      visit(child, at, rows);
      continue;
    }
    const items = child.items?.properties ? child.items : undefined;
    const fallback = child.default === undefined ? "" : `, \`${JSON.stringify(child.default)}\``;
    const variable = at.includes("*") ? "" : `\`${environmentName(at)}\``;
    rows.push(
      `| \`${at.join(".")}\` | ${typeName(child)}${fallback} | ${variable} | ${(child.description ?? "").replaceAll("|", "\\|")} |`,
    );
    if (entries?.properties) visit(entries, [...at, "*"], rows);
    if (items) visit(items, [...at, "*"], rows);
  }
}

function typeName(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" or ");
  if (schema.type === "array") return `list of ${schema.items?.type ?? "any"}`;
  return schema.type ?? "any";
}

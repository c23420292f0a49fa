import type { Tool } from "@modelcontextprotocol/server";

type Schema = {
  type?: string;
  description?: string;
  default?: unknown;
  items?: Schema;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
};

/** The reference page of the tools: what each does, its parameters, the first level of its result. */
export function toolsPage(tools: readonly Tool[]): string {
  return `# Tools

Written by \`npm run gen\` from the tools' own schemas. A successful result carries \`status: "success"\` besides the fields below; a failed one is
\`{status: "error", code, message, hint?, retryable, retry_after_ms?, issues?}\` with \`isError\`. Codes are listed in [errors.md](errors.md).

${tools.map(section).join("\n")}`;
}

function section(tool: Tool): string {
  const input = tool.inputSchema as Schema;
  const required = new Set(input.required ?? []);
  const hints = tool.annotations ?? {};
  const effect = [
    hints.readOnlyHint ? "read-only" : hints.destructiveHint ? "destructive" : "writes",
    hints.idempotentHint ? "idempotent" : "",
    hints.openWorldHint ? "open world" : "",
  ].filter(Boolean);
  const rows = Object.entries(input.properties ?? {}).map(
    ([name, schema]) =>
      `| \`${name}\` | ${typeName(schema)} | ${required.has(name) ? "yes" : schema.default === undefined ? "no" : `no, \`${JSON.stringify(schema.default)}\``} | ${cell(schema.description ?? "")} |`,
  );
  const output = Object.keys(((tool.outputSchema ?? {}) as Schema).properties ?? {}).filter(
    (name) => name !== "status",
  );
  return `## ${tool.name}

${tool.description ?? ""}

*${tool.title ?? tool.name}: ${effect.join(", ")}.*

| parameter | type | required, default | meaning |
|---|---|---|---|
${rows.join("\n")}

Result: ${output.map((name) => `\`${name}\``).join(", ")}.
`;
}

function typeName(schema: Schema): string {
  if (schema.type === "array") return `list of ${schema.items?.type ?? "any"}`;
  return schema.type ?? "any";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

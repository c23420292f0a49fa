import { sep } from "node:path";
import type { LoadedConfig } from "../config/loaded-config.ts";
import { tools } from "../tools/index.ts";
import { brokenParts, type Check, unusableTools } from "./checks.ts";

/** The tools, each on or off with the reason, the models that they ask, and what the checks found broken or left out. */
export function toolTable(checks: readonly Check[], config: LoadedConfig["config"]): string {
  const off = unusableTools(checks, tools, config);
  const width = Math.max(...tools.map((tool) => tool.name.length));
  const lines = tools.map((tool) => {
    const reason = off.get(tool.name);
    const impaired = brokenParts(checks, tool).length > 0 ? " (not all of it works, see below)" : "";
    return `  ${reason === undefined ? "on " : "off"}  ${tool.name.padEnd(width)}  ${reason ?? `${tool.title}${impaired}`}`;
  });
  const notes = checks
    .filter((check) => check.state !== "ok")
    .map((check) => `  ${check.name}: ${check.detail}\n${check.hint === undefined ? "" : `    ${check.hint}\n`}`);
  const models = checks
    .filter(({ service, state }) => service === "llm" && state === "ok")
    .map(({ name, detail }) => `  ${name}: ${detail}\n`);
  const asked = models.length > 0 ? `\nModels\n${models.join("")}` : "";
  return `Tools\n${lines.join("\n")}\n${asked}${notes.length > 0 ? `\nWhat is off or broken\n${notes.join("")}` : ""}`;
}

/**
 * How each kind of client connects to the server at `url`, ready to copy. `program` is the file that this process runs: in a
 * checkout clients start it by its path.
 */
export function connectionHelp(url: string, hasKeys: boolean, program: string): string {
  const installed = program.split(sep).includes("node_modules");
  const start = installed
    ? { command: "npx", args: ["-y", "patchbay-mcp"] }
    : { command: process.execPath, args: [program] };
  const header = hasKeys ? ` --header "Authorization: Bearer <your key>"` : "";
  const mcpoHeader = hasKeys ? ` --header '{"Authorization": "Bearer <your key>"}'` : "";
  return `Connect
  Open-WebUI   Admin Settings > External Tools > +, type MCP (Streamable HTTP), URL ${url}/mcp,
               authentication ${hasKeys ? "Bearer with your key" : "None"}
  mcpo         pip install "mcpo==0.0.20" "mcp<2" "fastapi<=0.140"
               mcpo --host 127.0.0.1 --port 8000 --api-key <a new key> --server-type streamable-http${mcpoHeader} -- ${url}/mcp
               then in Open-WebUI an OpenAPI connection to http://127.0.0.1:8000 with that key
  Inspector    npx @modelcontextprotocol/inspector --cli ${url}/mcp --transport http${header} --method tools/list
  stdio        ${JSON.stringify({ mcpServers: { patchbay: start } })}
               (for Claude, VS Code, Cursor and others)
${hasKeys ? "" : "\nNo keys are configured: everybody on this machine is one user. auth.apiKeys in patchbay.yaml adds users.\n"}`;
}

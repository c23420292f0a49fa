import type { LoadedConfig } from "../config/loaded-config.ts";
import { tools } from "../tools/index.ts";
import { type Check, unusableTools } from "./checks.ts";

/** The tools, each on or off with the reason, and what the checks found broken. */
export function toolTable(checks: readonly Check[], config: LoadedConfig["config"]): string {
  const off = unusableTools(checks, tools, config);
  const width = Math.max(...tools.map((tool) => tool.name.length));
  const lines = tools.map(({ name, title }) => {
    const reason = off.get(name);
    return `  ${reason === undefined ? "on " : "off"}  ${name.padEnd(width)}  ${reason ?? title}`;
  });
  const notes = checks
    .filter((check) => check.hint !== undefined && check.state !== "ok")
    .map((check) => `  ${check.name}: ${check.detail}${check.state === "off" ? "" : "."}\n    ${check.hint}\n`);
  return `Tools\n${lines.join("\n")}\n${notes.length > 0 ? `\nTo switch on what is off\n${notes.join("")}` : ""}`;
}

/** How each kind of client connects to the server at `url`, ready to copy. */
export function connectionHelp(url: string, hasKeys: boolean): string {
  const header = hasKeys ? ` --header "Authorization: Bearer <your key>"` : "";
  const mcpoHeader = hasKeys ? ` --header '{"Authorization": "Bearer <your key>"}'` : "";
  return `Connect
  Open-WebUI   Admin Settings > External Tools > +, type MCP (Streamable HTTP), URL ${url}/mcp,
               authentication ${hasKeys ? "Bearer with your key" : "None"}
  mcpo         pip install "mcpo==0.0.20" "mcp<2" "fastapi<=0.140"
               mcpo --port 8000 --server-type streamable-http${mcpoHeader} -- ${url}/mcp
               then in Open-WebUI an OpenAPI connection to http://127.0.0.1:8000
  Inspector    npx @modelcontextprotocol/inspector --cli ${url}/mcp --transport http${header} --method tools/list
  stdio        {"mcpServers": {"patchbay": {"command": "npx", "args": ["-y", "patchbay-mcp"]}}}
               (mcp.config.json; for Claude, VS Code, Cursor and others)
${hasKeys ? "" : "\nNo keys are configured: everybody on this machine is one user. auth.apiKeys in patchbay.yaml adds users.\n"}`;
}

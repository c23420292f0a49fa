import { existsSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import type { LoadedConfig } from "../config/loaded-config.ts";
import type { Check } from "./checks.ts";
import { toolStates } from "./tool-states.ts";

/** The tools, each on or off with the reason, the models and APIs that there are, and what the checks found broken or left out. */
export function toolTable(checks: readonly Check[], config: LoadedConfig["config"]): string {
  const states = toolStates(checks, config);
  const width = Math.max(...states.map(({ name }) => name.length));
  const lines = states.map(({ name, title, off, without }) => {
    const impaired = without.length > 0 ? " (not all of it works, see below)" : "";
    return `  ${off === undefined ? "on " : "off"}  ${name.padEnd(width)}  ${off ?? `${title}${impaired}`}\n`;
  });
  const found = (service: Check["service"]) =>
    checks.filter((check) => check.service === service && check.state === "ok" && check.tool === undefined);
  const models = found("llm").map(({ name, detail }) => `  ${name}: ${detail}\n`);
  const apis = found("apis").map(({ name, detail }) => `  ${name.replace(/^API /, "")}: ${detail}\n`);
  const notes = checks
    // What is wrong with an API as a whole is told once.
    .filter((check) => check.state !== "ok" && !(check.tool !== undefined && check.state === "off"))
    .map((check) => `  ${check.name}: ${check.detail}\n${check.hint === undefined ? "" : `    ${check.hint}\n`}`);
  const sections = { Tools: lines, Models: models, APIs: apis, "What is off, doubtful or broken": notes };
  return Object.entries(sections)
    .filter(([, list]) => list.length > 0)
    .map(([title, list]) => `${title}\n${list.join("")}`)
    .join("\n");
}

/** What a client starts to have this very server, with its configuration and its data, over stdio. */
export function stdioCommand(
  { file, origins, config }: LoadedConfig,
  program: string,
): { command: string; args: string[] } {
  const fromOutside = (key: string) => /^(--|PATCHBAY_)/.test(origins.get(key) ?? "");
  const args = [
    ...(file === undefined ? [] : ["--config", file]),
    ...(fromOutside("dataDir") ? ["--data-dir", config.dataDir] : []),
    ...(fromOutside("user") ? ["--user", config.user] : []),
  ];
  if (program.split(sep).includes("node_modules")) return { command: "npx", args: ["-y", "patchbay-mcp", ...args] };
  const root = dirname(dirname(program));
  // The files of a checkout that stay when it is built anew.
  const [node, start] = [join(root, "node_modules", ".bin", "node"), join(root, "bin", "patchbay-mcp.js")];
  const isOwn = existsSync(node) && realpathSync(node) === realpathSync(process.execPath);
  return { command: isOwn ? node : process.execPath, args: [existsSync(start) ? start : program, ...args] };
}

/** How a caller says who it is. */
export interface CallerHelp {
  mode: LoadedConfig["config"]["auth"]["mode"];
  /** Whether no credential is asked for. */
  open: boolean;
  /** Of mode `trusted-header`. */
  header?: string;
}

/**
 * How each kind of client connects to the server at `url`, ready to copy; over stdio by the command. `served`: models are
 * offered at `/v1`.
 */
export function connectionHelp(
  url: string,
  { served, ...caller }: CallerHelp & { served: boolean },
  start: { command: string; args: string[] },
): string {
  const header = caller.open ? "" : ` --header "Authorization: Bearer <your key>"`;
  const mcpoHeader = caller.open ? "" : ` --header '{"Authorization": "Bearer <your key>"}'`;
  const native = openWebUiHelp(caller).map((line) => `               ${line}\n`);
  const models = served
    ? `               Admin Settings > Connections > OpenAI API > +, URL ${url}/v1: the mixture and the presets as models\n`
    : "";
  return `Connect
  Open-WebUI   Admin Settings > External Tools > +, type MCP (Streamable HTTP), URL ${url}/mcp,
${native.join("")}${models}  mcpo         pip install "mcpo==0.0.20" "mcp<2" "fastapi<=0.140"
               mcpo --host 127.0.0.1 --port 8000 --api-key <a new key> --server-type streamable-http${mcpoHeader} -- ${url}/mcp
               then in Open-WebUI an OpenAPI connection to http://127.0.0.1:8000 with that key
  Inspector    npx @modelcontextprotocol/inspector --cli ${url}/mcp --transport http${header} --method tools/list
  stdio        ${JSON.stringify({ mcpServers: { patchbay: start } })}
               (for Claude, VS Code, Cursor and others)
${notes(caller)}`;
}

function openWebUiHelp({ mode, open, header }: CallerHelp): string[] {
  if (open) return ["authentication None"];
  switch (mode) {
    case "oauth":
      return ["authentication OAuth 2.1"];
    case "open-webui-jwt":
      return [
        "authentication Bearer with the key of Open-WebUI (patchbay-mcp keys add --service); Open-WebUI runs with",
        "ENABLE_FORWARD_USER_INFO_HEADERS=true and FORWARD_USER_INFO_HEADER_JWT_SECRET=<the secret of auth.openWebuiJwt>",
      ];
    case "open-webui-session":
      return ["authentication Session"];
    case "trusted-header":
      return [
        `through the proxy, which sends its key and ${header}; else authentication Bearer with the key of a user`,
      ];
    default:
      return ["authentication Bearer with your key"];
  }
}

function notes({ mode, open }: CallerHelp): string {
  if (open && mode === "api-key")
    return "\nNo keys are configured: everybody on this machine is one user. auth.apiKeys in patchbay.yaml, or patchbay-mcp keys add, adds users.\n";
  if (open) return "\nEverybody on this machine is one user (auth.mode static-user).\n";
  return "\nA key is made with patchbay-mcp keys add --user NAME, and counts at once. docs/identity.md has every way to tell users apart.\n";
}

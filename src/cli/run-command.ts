import { parseArgs } from "node:util";
import { loadConfig } from "../config/load-config.ts";
import { ToolError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./command-context.ts";
import { MEMORY_OPTIONS, type MemoryOptions } from "./memory-options.ts";

const USAGE = `patchbay-mcp ${VERSION}

  patchbay-mcp                    serve MCP over stdio (what a client's configuration starts)
  patchbay-mcp http               serve MCP over streamable HTTP, on /mcp
  patchbay-mcp doctor             check configuration, database, providers and APIs
  patchbay-mcp config [--schema]  show the effective configuration, or its JSON Schema
  patchbay-mcp memory             look after the memories: search, export, import, forget, backup, restore, …

  --config FILE     configuration file (patchbay.yaml)
  --data-dir DIR    folder of the database
  --user NAME       the user over stdio, and of the memory commands
  --host, --port    where http listens
  --version, --help
`;

/**
 * Runs the command that the arguments name and gives the exit code: 0 done, 1 failed, 2 wrong usage. Servers resolve when
 * they have ended.
 */
export async function runCommand(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const { values, positionals } = parseArguments(argv);
    if (values.help) {
      return print(positionals[0] === "memory" ? (await import("./memory-usage.ts")).MEMORY_USAGE : USAGE);
    }
    if (values.version) return print(`${VERSION}\n`);
    const [command = "stdio", ...words] = positionals;
    const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (!run) return misused(`There is no command "${command}".`);
    if (words.length > 0 && command !== "memory") return misused(`${command} takes no "${words[0]}".`);
    const options: MemoryOptions = Object.fromEntries(
      Object.entries(values).filter(([name]) => Object.hasOwn(MEMORY_OPTIONS, name)),
    );
    const [foreign] = command === "memory" ? [] : Object.keys(options);
    if (foreign !== undefined) return misused(`--${foreign} is an option of the memory commands.`);
    if (values.schema && command === "config") return (await import("./show-config.ts")).showSchema();
    if (values.user?.trim() === "") return misused("--user must not be empty.");
    const flags: Record<string, unknown> = {};
    if (values["data-dir"] !== undefined) flags.dataDir = values["data-dir"];
    if (values.user !== undefined) flags.user = values.user;
    if (values.host !== undefined) flags["http.host"] = values.host;
    if (values.port !== undefined) flags["http.port"] = /^\d+$/.test(values.port) ? Number(values.port) : values.port;
    const loaded = await loadConfig({ file: values.config, env, cwd: process.cwd(), flags });
    return await run({ loaded, env, words, options });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === "invalid_input") return misused(error.message);
    process.stderr.write(`patchbay-mcp: ${error.message}\n${error.hint ? `${error.hint}\n` : ""}`);
    return 1;
  }
}

const COMMANDS: Record<string, (context: CommandContext) => Promise<number>> = {
  stdio: async (context) => (await import("./serve-stdio.ts")).serveStdioCommand(context),
  http: async (context) => (await import("./serve-http.ts")).serveHttpCommand(context),
  doctor: async (context) => (await import("./doctor.ts")).doctorCommand(context),
  config: async ({ loaded, env }) => (await import("./show-config.ts")).showConfig(loaded, env),
  memory: async (context) => (await import("./memory.ts")).memoryCommand(context),
};

function parseArguments(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        config: { type: "string" },
        "data-dir": { type: "string" },
        user: { type: "string" },
        host: { type: "string" },
        port: { type: "string" },
        ...MEMORY_OPTIONS,
        schema: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
    });
  } catch (error) {
    throw new ToolError("invalid_input", (error as Error).message);
  }
}

function misused(what: string): number {
  process.stderr.write(`patchbay-mcp: ${what}\n\n${USAGE}`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

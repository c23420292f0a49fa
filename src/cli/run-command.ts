import { parseArgs } from "node:util";
import { loadConfig } from "../config/load-config.ts";
import { ToolError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { CommandContext } from "./command-context.ts";
import { ALL_OPTIONS, foreignOption, ownOptions } from "./command-options.ts";
import { printableText } from "./terminal-text.ts";

const USAGE = `patchbay-mcp ${VERSION}

  patchbay-mcp                    serve MCP over stdio (what a client's configuration starts)
  patchbay-mcp http               serve MCP over streamable HTTP, on /mcp
  patchbay-mcp doctor             check configuration, database, providers, models and APIs
  patchbay-mcp config [--schema]  show the effective configuration, or its JSON Schema
  patchbay-mcp ask "QUESTION"     the answer of a mixture of agents
  patchbay-mcp eval moa           whether a mixture is worth its price on your own questions
  patchbay-mcp usage              tokens, requests and cost by day, user and model, and what budgets have left
  patchbay-mcp keys               make, list and revoke the keys by which callers over HTTP say who they are
  patchbay-mcp memory             look after the memories: search, export, import, forget, backup, restore, …

  --config FILE     configuration file (patchbay.yaml)
  --data-dir DIR    folder of the database
  --user NAME       the user over stdio, and of the commands
  --host, --port    where http listens
  --version, --help (also after a command)
`;

/**
 * Runs the command that the arguments name and gives the exit code: 0 done, 1 failed, 2 wrong usage, 128 and the signal's number
 * where one ended it. Servers resolve when they have ended.
 */
export async function runCommand(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  let named = argv.find((word) => !word.startsWith("-"));
  try {
    const { values, positionals } = parseArguments(argv);
    const [command = "stdio", ...words] = positionals;
    if (values.help) return print(await usageOf(command));
    if (values.version) return print(`${VERSION}\n`);
    const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (!run) return misused(`There is no command "${command}".`);
    named = command;
    const options = ownOptions(values);
    const foreign = foreignOption(command, options);
    if (foreign !== undefined) return misused(foreign, command);
    if (words.length > 0 && !TAKES_WORDS.includes(command))
      return misused(`${command} takes no "${words[0]}".`, command);
    if (options.schema) return (await import("./show-config.ts")).showSchema();
    if (values.user?.trim() === "") return misused("--user must not be empty.", command);
    const flags: Record<string, unknown> = {};
    if (values["data-dir"] !== undefined) flags.dataDir = values["data-dir"];
    if (values.user !== undefined) flags.user = values.user;
    if (values.host !== undefined) flags["http.host"] = values.host;
    if (values.port !== undefined) flags["http.port"] = /^\d+$/.test(values.port) ? Number(values.port) : values.port;
    const needed = command === "keys" ? KEYS_NEED : undefined;
    const loaded = await loadConfig({ file: values.config, env, cwd: process.cwd(), flags, needed });
    return await run({ loaded, env, words, options });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === "invalid_input") return misused(error.message, named);
    process.stderr.write(printableText(`patchbay-mcp: ${error.message}\n${error.hint ? `${error.hint}\n` : ""}`));
    return 1;
  }
}

const COMMANDS: Record<string, (context: CommandContext) => Promise<number>> = {
  stdio: async (context) => (await import("./serve-stdio.ts")).serveStdioCommand(context),
  http: async (context) => (await import("./serve-http.ts")).serveHttpCommand(context),
  doctor: async (context) => (await import("./doctor.ts")).doctorCommand(context),
  config: async ({ loaded, env }) => (await import("./show-config.ts")).showConfig(loaded, env),
  ask: async (context) => (await import("./ask.ts")).askCommand(context),
  eval: async (context) => (await import("./eval.ts")).evalCommand(context),
  usage: async (context) => (await import("./usage.ts")).usageCommand(context),
  keys: async (context) => (await import("./keys.ts")).keysCommand(context),
  memory: async (context) => (await import("./memory.ts")).memoryCommand(context),
};
/** What of the configuration keys are made by: the secrets of everything else may be missing where they are made. */
const KEYS_NEED = ["dataDir", "user", "auth.mode"];
const TAKES_WORDS = ["ask", "eval", "keys", "memory"];

async function usageOf(command: string): Promise<string> {
  if (command === "memory") return (await import("./memory-usage.ts")).MEMORY_USAGE;
  const { COMMAND_USAGE } = await import("./command-usage.ts");
  return Object.hasOwn(COMMAND_USAGE, command) ? COMMAND_USAGE[command]! : USAGE;
}

function parseArguments(argv: string[]) {
  try {
    return parseArgs({ args: argv, allowPositionals: true, options: ALL_OPTIONS });
  } catch (error) {
    const unknown = /^Unknown option '--?([^']+)'/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new ToolError("invalid_input", (error as Error).message);
    const near = Object.keys(ALL_OPTIONS).find((name) => name.startsWith(unknown) || unknown.startsWith(name));
    const question = near === undefined ? "" : ` Did you mean --${near}?`;
    throw new ToolError("invalid_input", `There is no option --${unknown}.${question}`);
  }
}

/** One line that says what is wrong, and one where the help is. */
function misused(what: string, command?: string): number {
  const known = command !== undefined && command !== "stdio" && Object.hasOwn(COMMANDS, command);
  const help = `patchbay-mcp ${known ? `${command} ` : ""}--help`;
  process.stderr.write(`patchbay-mcp: ${printableText(what)}\n${help} shows how it is used.\n`);
  return 2;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

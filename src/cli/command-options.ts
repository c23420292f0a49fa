import { MEMORY_OPTIONS } from "./memory-options.ts";
import { USAGE_OPTIONS } from "./usage-options.ts";

/** What mixtures of ask and eval are made of. */
const MIXTURE_OPTIONS = {
  models: { type: "string" },
  aggregator: { type: "string" },
  layers: { type: "string" },
  agents: { type: "string" },
  seed: { type: "string" },
  json: { type: "boolean" },
} as const;

const ASK_OPTIONS = {
  ...MIXTURE_OPTIONS,
  strategy: { type: "string" },
  picture: { type: "string" },
  analysis: { type: "boolean" },
  trace: { type: "boolean" },
  quiet: { type: "boolean" },
} as const;

const EVAL_OPTIONS = {
  ...MIXTURE_OPTIONS,
  questions: { type: "string" },
  contestants: { type: "string" },
  judge: { type: "string" },
  baseline: { type: "string" },
  limit: { type: "string" },
  concurrency: { type: "string" },
  out: { type: "string" },
  yes: { type: "boolean" },
  "max-cost": { type: "string" },
} as const;

const KEYS_OPTIONS = {
  name: { type: "string" },
  service: { type: "boolean" },
  expires: { type: "string" },
  scopes: { type: "string" },
  json: { type: "boolean" },
} as const;

const DOCTOR_OPTIONS = { "no-probe": { type: "boolean" } } as const;
const CONFIG_OPTIONS = { schema: { type: "boolean" } } as const;

/** Options of every command. */
const GLOBAL_OPTIONS = {
  config: { type: "string" },
  "data-dir": { type: "string" },
  user: { type: "string" },
  host: { type: "string" },
  port: { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** The options of single commands, as `parseArgs` of node:util takes them. A name has the same type in all of them. */
const OWN_OPTIONS = {
  ask: ASK_OPTIONS,
  eval: EVAL_OPTIONS,
  doctor: DOCTOR_OPTIONS,
  config: CONFIG_OPTIONS,
  keys: KEYS_OPTIONS,
  memory: MEMORY_OPTIONS,
  usage: USAGE_OPTIONS,
} as const;

export const ALL_OPTIONS = {
  ...ASK_OPTIONS,
  ...EVAL_OPTIONS,
  ...DOCTOR_OPTIONS,
  ...CONFIG_OPTIONS,
  ...KEYS_OPTIONS,
  ...MEMORY_OPTIONS,
  ...USAGE_OPTIONS,
  ...GLOBAL_OPTIONS,
} as const;

type OwnOption = Exclude<keyof typeof ALL_OPTIONS, keyof typeof GLOBAL_OPTIONS>;

/** The options of single commands that were given. */
export type CommandOptions = {
  [Name in OwnOption]?: ((typeof ALL_OPTIONS)[Name]["type"] extends "boolean" ? boolean : string) | undefined;
};

/** Those that belong to single commands. */
export function ownOptions(values: Record<string, unknown>): CommandOptions {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !Object.hasOwn(GLOBAL_OPTIONS, name)));
}

/** What is wrong where an option was given that the command does not have. */
export function foreignOption(command: string, given: CommandOptions): string | undefined {
  const owners = Object.entries(OWN_OPTIONS);
  const known = owners.find(([name]) => name === command)?.[1] ?? {};
  const foreign = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (foreign === undefined) return undefined;
  const names = owners.filter(([, options]) => Object.hasOwn(options, foreign)).map(([name]) => name);
  const shown = names.map((name) => (name === "memory" ? "the memory commands" : name));
  const last = shown.pop();
  return `--${foreign} is an option of ${shown.length > 0 ? `${shown.join(", ")} and ` : ""}${last}.`;
}

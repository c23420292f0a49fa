/** The options of the memory commands, as `parseArgs` of node:util takes them. */
export const MEMORY_OPTIONS = {
  to: { type: "string" },
  format: { type: "string" },
  partial: { type: "boolean" },
  "dry-run": { type: "boolean" },
  verbose: { type: "boolean" },
  limit: { type: "string" },
  offset: { type: "string" },
  sort: { type: "string" },
  json: { type: "boolean" },
  tag: { type: "string" },
  source: { type: "string" },
  speaker: { type: "string" },
  kind: { type: "string" },
  after: { type: "string" },
  before: { type: "string" },
  all: { type: "boolean" },
  yes: { type: "boolean" },
  "keep-days": { type: "string" },
} as const;

export type MemoryOption = keyof typeof MEMORY_OPTIONS;

/** Those that were given. */
export type MemoryOptions = {
  [Name in MemoryOption]?: ((typeof MEMORY_OPTIONS)[Name]["type"] extends "boolean" ? boolean : string) | undefined;
};

/** What is wrong with the value of an option. */
export function wrongValue(name: MemoryOption, value: unknown): string | undefined {
  const given = JSON.stringify(value);
  const least = LEAST[name];
  if (least !== undefined && !(/^\d{1,9}$/.test(String(value)) && Number(value) >= least)) {
    return `--${name} must be a whole number from ${least}, not ${given}.`;
  }
  const choices = CHOICES[name];
  if (choices && !choices.includes(String(value).toLowerCase())) {
    return `--${name} must be one of ${choices.join(", ")}, not ${given}.`;
  }
  try {
    if (name === "after" || name === "before") readTime(`--${name}`, value as string);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return `${error.message.replace(/^"(.*?)"/, "$1")} ${error.hint}`;
  }
  return undefined;
}

const LEAST: { [Name in MemoryOption]?: number } = { limit: 1, offset: 0, "keep-days": 1 };
const CHOICES: { [Name in MemoryOption]?: readonly string[] } = { format: MEMORY_FORMATS, sort: SORT_ORDERS };

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

/** The options of `usage`, as `parseArgs` of node:util takes them. */
export const USAGE_OPTIONS = {
  days: { type: "string" },
  json: { type: "boolean" },
} as const;

export type UsageOptions = { days?: string | undefined; json?: boolean | undefined };

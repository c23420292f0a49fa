import type { Config } from "../config/config-schema.ts";
import type { MemoryFilter, MemoryStore, MemoryUser } from "../memory/store.ts";
import type { MemoryOptions } from "./memory-options.ts";

/** What a memory command works with. */
export interface MemoryCall {
  /** Opens the memories when first asked. @throws ToolError `storage_…` */
  open(): Promise<MemoryStore>;
  user: MemoryUser;
  /** Words after the command's name. */
  words: readonly string[];
  options: MemoryOptions;
  config: Config & { dataDir: string };
}

/** The options that choose among memories. */
export const FILTER = ["tag", "source", "speaker", "kind", "after", "before"] as const;

/** What the options ask for. */
export function filterOf(options: MemoryOptions): MemoryFilter {
  return Object.fromEntries(FILTER.map((name) => [name, options[name]]));
}

/** The number that an option was given, which `wrongValue` has checked. */
export function numberOf(value: string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

/** Such as `1 memory`. */
export function memoriesOf(count: number): string {
  return count === 1 ? "1 memory" : `${count} memories`;
}

/** Text of a memory or a file for a terminal: in one line, and without what a terminal would obey. */
export function printable(text: string): string {
  return escapeSigns(text.replace(/\r?\n/g, " ⏎ "));
}

/** The value as JSON over several lines, without what a terminal would obey. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).split("\n").map(escapeSigns).join("\n");
}

/** With JSON's escapes for control characters and for those that change the direction of writing. */
function escapeSigns(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

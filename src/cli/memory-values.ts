// biome-ignore-all lint/suspicious/noTemplateCurlyInString: configuration refers to variables that way
import { ToolError } from "../errors.ts";
import { MEMORY_FORMATS } from "../memory/files/file-entry.ts";
import { readTime } from "../memory/memory-time.ts";
import { SORT_ORDERS } from "../memory/store.ts";
import type { MemoryOption } from "./memory-options.ts";

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
  if (name === "to" && !DATABASE.test(String(value))) {
    return "--to must be sqlite, a postgres:// URL, or ${VARIABLE} (the value may be a secret and is not shown).";
  }
  try {
    if (name === "after" || name === "before") readTime(`--${name}`, value as string);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return `${error.message.replace(/^"(.*?)"/, "$1")} ${error.hint}`;
  }
  return undefined;
}

/** What may be a database once variables of the environment are put in. */
const DATABASE = /^\s*(?:sqlite\s*$|postgres(?:ql)?:\/\/|\$\{)/i;
const LEAST: { [Name in MemoryOption]?: number } = { limit: 1, offset: 0, "keep-days": 1 };
const CHOICES: { [Name in MemoryOption]?: readonly string[] } = { format: MEMORY_FORMATS, sort: SORT_ORDERS };

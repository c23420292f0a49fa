import { stringify } from "yaml";
import { z } from "zod";
import { configSchema } from "../config.ts";
import { type Origins, redactConfig } from "../load-config.ts";
import type { CommandContext } from "./run-command.ts";

/** Prints the effective configuration with the origin of each value, or its JSON Schema. */
export async function showConfigCommand({ loaded, options }: CommandContext): Promise<number> {
  if (options.schema) {
    process.stdout.write(`${JSON.stringify(z.toJSONSchema(configSchema, { io: "input" }), null, 2)}\n`);
    return 0;
  }
  process.stdout.write(`# ${loaded.file ? `read from ${loaded.file}` : "no configuration file"}\n`);
  for (const line of lines(redactConfig(loaded.config), [], loaded.origins)) process.stdout.write(`${line}\n`);
  return 0;
}

/** YAML, one value a line, each with its origin as a comment. */
function* lines(value: unknown, path: string[], origins: Origins): Generator<string> {
  for (const [key, child] of Object.entries(value as Record<string, unknown>)) {
    const at = [...path, key];
    const indent = "  ".repeat(path.length);
    const isSection = typeof child === "object" && child !== null && !Array.isArray(child) && Object.keys(child).length > 0;
    if (isSection) {
      yield `${indent}${key}:`;
      yield* lines(child, at, origins);
    } else {
      const text = stringify(child, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
      yield `${indent}${key}: ${text.includes("\n") ? JSON.stringify(child) : text}  # ${origins.get(at.join(".")) ?? "default"}`;
    }
  }
}

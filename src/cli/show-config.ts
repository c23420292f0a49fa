import { stringify } from "yaml";
import { z } from "zod";
import { configSchema } from "../config/config-schema.ts";
import { redactConfig } from "../config/load-config.ts";
import type { LoadedConfig, Origins } from "../config/loaded-config.ts";
import { createRedactor, secretsOfEnvironment } from "../redact/redact.ts";

/** Prints the JSON Schema of the configuration. */
export function showSchema(): number {
  process.stdout.write(`${JSON.stringify(z.toJSONSchema(configSchema, { io: "input" }), null, 2)}\n`);
  return 0;
}

/** Prints the effective configuration with the origin of each value. */
export function showConfig(loaded: LoadedConfig, env: NodeJS.ProcessEnv): number {
  const redact = createRedactor([...loaded.secrets, ...secretsOfEnvironment(env)]);
  process.stdout.write(`# ${loaded.file ? `read from ${loaded.file}` : "no configuration file"}\n`);
  for (const line of lines(redactConfig(loaded.config, loaded.secretPaths), [], loaded.origins, redact)) {
    process.stdout.write(`${line}\n`);
  }
  for (const warning of loaded.warnings) process.stderr.write(`${warning}\n`);
  return 0;
}

/** YAML, one value a line, each with its origin as a comment. */
function* lines(value: unknown, path: string[], origins: Origins, redact: (text: string) => string): Generator<string> {
  for (const [key, child] of Object.entries(value as Record<string, unknown>)) {
    const at = [...path, key];
    // Patterns such as "*" mean something else to YAML.
    const name = `${"  ".repeat(path.length)}${stringify(key).trimEnd()}`;
    if (isSection(child)) {
      yield `${name}:`;
      yield* lines(child, at, origins, redact);
    } else {
      const text = stringify(child, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
      const line = redact(text.includes("\n") ? JSON.stringify(child) : text);
      yield `${name}: ${line}  # ${originOf(at, origins)}`;
    }
  }
}

function isSection(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

/** A value inside a record or a list that came as a whole has the whole's origin. */
function originOf(path: string[], origins: Origins): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin && (length === path.length || origin.startsWith("PATCHBAY_"))) return origin;
  }
  return "default";
}

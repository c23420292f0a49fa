import { dataDirOf, findConfigFile } from "./config-file.ts";
import type { Config } from "./config-schema.ts";
import type { LoadedConfig, LoadOptions } from "./loaded-config.ts";

/** The defaults of every value; the build puts them in. */
declare const __CONFIG_DEFAULTS__: Omit<Config, "dataDir"> | undefined;

/**
 * The effective configuration: defaults, then the file, then the environment, then the command line.
 *
 * Most clients start the server with no configuration at all. Then the prepared defaults are taken, and the schema, which is
 * dear to build, is not even loaded.
 * @throws ToolError `invalid_config` that names every wrong key with its value and line
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { cwd, env, flags = {} } = options;
  const file = findConfigFile(options.file ?? env.PATCHBAY_CONFIG, cwd, env);
  const { dataDir, ...otherFlags } = flags;
  const configured =
    file !== undefined ||
    Object.keys(otherFlags).length > 0 ||
    dataDir === "" ||
    Object.keys(env).some((name) => name.startsWith("PATCHBAY_"));
  if (configured || typeof __CONFIG_DEFAULTS__ !== "object")
    return (await import("./merge-config.ts")).mergeConfig(file, options);
  return {
    config: { dataDir: dataDirOf(dataDir as string | undefined, cwd, env), ...__CONFIG_DEFAULTS__ },
    origins: new Map(dataDir === undefined ? [] : [["dataDir", "--data-dir"]]),
    file: undefined,
    secrets: [],
    secretPaths: new Set(),
    writtenPaths: new Map(),
    warnings: [],
  };
}

/** The configuration as it may be shown: every secret replaced, and every header of an API, whatever it is called. */
export function redactConfig(value: unknown, secretPaths: ReadonlySet<string>, path: readonly string[] = []): unknown {
  if (secretPaths.has(path.join(".")) || (path[0] === "apis" && path.at(-2) === "headers")) return "[redacted]";
  if (Array.isArray(value))
    return value.map((item, index) => redactConfig(item, secretPaths, [...path, String(index)]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, redactConfig(item, secretPaths, [...path, key])]),
  );
}

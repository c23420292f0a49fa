import type { Config } from "./config-schema.ts";

/** Where a value came from, such as `patchbay.yaml:12`, `PATCHBAY_HTTP_PORT`, `--port`. */
export type Origins = Map<string, string>;

export interface LoadedConfig {
  config: Config & { dataDir: string };
  /** Path of each value (`memory.maxMemories`) → its origin. What is missing is a default. */
  origins: Origins;
  /** The file that was read, if any. */
  file: string | undefined;
  /** Every secret value, for redaction. */
  secrets: string[];
  /** Paths of the values that are secrets. */
  secretPaths: ReadonlySet<string>;
  /** What was written for a value that is a path, such as `apis.shop.openapi`; the value itself is absolute. */
  writtenPaths: ReadonlyMap<string, string>;
  /** What is probably not meant, but no error. */
  warnings: string[];
}

export interface LoadOptions {
  /** `--config`; otherwise `$PATCHBAY_CONFIG`, the working folder, the user's configuration folder. */
  file?: string | undefined;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Values of command-line options by path, such as `{ "http.port": 8080 }`; they win over everything. */
  flags?: Record<string, unknown>;
  /**
   * Paths of all that is needed: where a reference elsewhere cannot be read, such as a variable that is not set here, the rest of
   * the configuration is left out instead of refused.
   */
  needed?: readonly string[] | undefined;
}

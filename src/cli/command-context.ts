import type { LoadedConfig } from "../config/loaded-config.ts";

/** A command's whole input. */
export interface CommandContext {
  loaded: LoadedConfig;
  env: NodeJS.ProcessEnv;
  /** Words after the command's name. */
  words: string[];
  /** `--to`: where `memory migrate` copies to. */
  to?: string | undefined;
}

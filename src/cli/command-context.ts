import type { LoadedConfig } from "../config/loaded-config.ts";
import type { CommandOptions } from "./command-options.ts";

/** A command's whole input. */
export interface CommandContext {
  loaded: LoadedConfig;
  env: NodeJS.ProcessEnv;
  /** Words after the command's name. */
  words: string[];
  /** Of the command's own options: those that were given. */
  options?: CommandOptions;
}

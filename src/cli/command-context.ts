import type { LoadedConfig } from "../config/loaded-config.ts";
import type { MemoryOptions } from "./memory-options.ts";

/** A command's whole input. */
export interface CommandContext {
  loaded: LoadedConfig;
  env: NodeJS.ProcessEnv;
  /** Words after the command's name. */
  words: string[];
  /** Of the memory commands: those that were given. */
  options?: MemoryOptions;
}

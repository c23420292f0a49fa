// Written by `npm run gen` from the files of this folder.
import type { AnyTool } from "./define-tool.ts";

/** Every tool, in the order of `tools/list`. */
export const tools: readonly AnyTool[] = [
];

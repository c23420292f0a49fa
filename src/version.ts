import { readFileSync } from "node:fs";

declare const __VERSION__: string | undefined;

/** Version of the package; the build puts it in, from sources it is read. */
export const VERSION: string =
  typeof __VERSION__ === "string"
    ? __VERSION__
    : (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;

import { readFile } from "node:fs/promises";

/** Where the build puts apps (scripts/build-app.ts); the same from the sources as from the chunks of the bundle. */
const BUILT = new URL("../../dist/apps/", import.meta.url);

const read = new Map<string, Promise<string>>();

/** The page of an MCP App, one HTML file that needs no other. @throws where the program was not built */
export function readApp(name: "display-result"): Promise<string> {
  let page = read.get(name);
  if (!page) {
    page = readFile(new URL(`${name}.html`, BUILT), "utf8");
    read.set(name, page);
    page.catch(() => read.delete(name));
  }
  return page;
}

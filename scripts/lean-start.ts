import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

/** Says so to whoever uses it after all. */
const LEFT_OUT = `new Proxy({}, {
  get() {
    throw new Error("The bundle leaves this out (scripts/lean-start.ts).");
  },
})`;

/**
 * Leaves out of the bundle what every start would build and nothing uses: the languages of zod's messages besides English,
 * the SDK's own JSON Schema validator, which every server of ours replaces (src/mcp/server.ts), and its schemas of OAuth
 * messages, of which a server that checks API keys sends and receives none.
 */
export const leanStart: Plugin = {
  name: "lean-start",
  setup(build) {
    // zod asks for it to know Cloudflare's workers, and Node loads worker_threads to answer.
    build.initialOptions.define = { navigator: "undefined", ...build.initialOptions.define };
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
    build.onLoad({ filter: /@modelcontextprotocol[\\/]core[\\/]dist[\\/]auth-[^\\/]+\.mjs$/ }, ({ path }) => {
      const names = [...readFileSync(path, "utf8").matchAll(/\w+Schema as (\w+)/g)].map((match) => match[1]);
      const exports = names.map((name) => `leftOut as ${name}`).join(", ");
      return { contents: `const leftOut = ${LEFT_OUT};\nexport { ${exports} };` };
    });
    build.onResolve({ filter: /^@modelcontextprotocol\/server\/_shims$/ }, ({ path }) => ({
      path,
      namespace: "lean-start",
    }));
    build.onLoad({ filter: /.*/, namespace: "lean-start" }, () => ({
      contents: `export const process = globalThis.process;
export class DefaultJsonSchemaValidator {
  getValidator() {
    throw new Error("A server was made without a jsonSchemaValidator.");
  }
}`,
    }));
  },
};

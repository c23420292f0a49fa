import type { Plugin } from "esbuild";

/**
 * Leaves out of the bundle what every start would read and nothing uses: the languages of zod's messages besides English, and
 * the SDK's own JSON Schema validator, which every server of ours replaces (src/mcp/server.ts).
 */
export const leanStart: Plugin = {
  name: "lean-start",
  setup(build) {
    // zod asks for it to know Cloudflare's workers, and Node loads worker_threads to answer.
    build.initialOptions.define = { navigator: "undefined", ...build.initialOptions.define };
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
    }));
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

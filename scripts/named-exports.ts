import { createRequire, isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { types } from "node:util";
import type { Plugin } from "esbuild";

const require = createRequire(import.meta.url);

/**
 * Of a CommonJS package that is imported dynamically, esbuild leaves only `default` where code is split: `const { request } =
 * await import("undici")` works in the sources and gives undefined in the bundle. This puts a module in between that has
 * the names, too.
 */
export const namedExports: Plugin = {
  name: "named-exports",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ kind, path, resolveDir }) => {
      if (kind !== "dynamic-import" || isBuiltin(path) || build.initialOptions.external?.includes(path))
        return undefined;
      const loaded: unknown = require(fileURLToPath(import.meta.resolve(path)));
      if (types.isModuleNamespaceObject(loaded)) return undefined;
      const names = Object.keys(loaded as object).filter((name) => /^[A-Za-z$_][\w$]*$/.test(name));
      return { path, namespace: "named-exports", pluginData: { names, resolveDir } };
    });
    build.onLoad({ filter: /.*/, namespace: "named-exports" }, ({ path, pluginData }) => {
      const { names, resolveDir } = pluginData as { names: string[]; resolveDir: string };
      const named = names.filter((name) => name !== "default" && name !== "__esModule");
      return {
        contents: `const all = require(${JSON.stringify(path)});\nexport const { ${named.join(", ")} } = all;\nexport default all;`,
        resolveDir,
      };
    });
  },
};

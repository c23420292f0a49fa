import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

/**
 * Which room may import which. A room is a folder of src or a file directly in it; every room may import itself. `types` may
 * be imported with `import type` only, which is gone when the program runs.
 */
const ROOMS: Record<string, { values: string[]; types?: string[] }> = {
  errors: { values: [] },
  version: { values: [] },
  redact: { values: [] },
  edits: { values: [] },
  "exact-numbers": { values: ["errors"] },
  status: { values: ["errors"] },
  fence: { values: [] },
  memory: { values: ["errors"] },
  interaction: { values: ["errors", "redact"] },
  pages: { values: ["errors", "interaction"] },
  "json-schema": { values: [] },
  worker: { values: [] },
  llm: { values: ["errors", "fence", "json-schema", "redact"], types: ["status"] },
  usage: { values: ["errors"], types: ["llm"] },
  api: { values: ["edits", "errors", "json-schema", "redact", "worker"], types: ["status"] },
  moa: { values: ["errors", "fence"], types: ["llm", "status"] },
  eval: { values: ["errors", "fence"], types: ["llm", "moa"] },
  pipeline: { values: ["edits", "errors", "exact-numbers", "json-schema", "worker"], types: ["status"] },
  config: { values: ["edits", "errors", "redact"] },
  identity: { values: ["errors"], types: ["config"] },
  "open-webui": { values: ["errors", "identity"], types: ["status"] },
  "model-provider": { values: ["errors", "llm", "status"], types: ["config", "moa", "services"] },
  log: { values: ["redact"] },
  services: {
    values: ["api", "interaction", "llm", "memory", "moa", "pages", "pipeline", "usage", "errors"],
    types: ["config"],
  },
  display: { values: ["errors"] },
  apps: { values: ["display"] },
  tools: {
    values: ["display", "errors", "exact-numbers"],
    types: ["api", "interaction", "llm", "memory", "moa", "pipeline", "services", "status"],
  },
  resources: { values: ["apps", "errors"], types: ["api", "memory", "moa", "pipeline", "services", "tools"] },
  prompts: { values: ["errors", "fence"], types: ["memory", "services", "tools"] },
  mcp: {
    values: ["status", "errors", "exact-numbers"],
    types: ["interaction", "tools", "resources", "prompts", "services"],
  },
  http: { values: ["errors"], types: ["identity", "mcp", "model-provider", "open-webui", "services"] },
  start: {
    values: ["mcp", "services", "tools", "resources", "prompts", "log", "redact", "errors", "config"],
  },
  cli: {
    values: [
      "start",
      "http",
      "identity",
      "mcp",
      "model-provider",
      "open-webui",
      "memory",
      "eval",
      "services",
      "tools",
      "config",
      "errors",
      "redact",
      "version",
      "usage",
    ],
    types: ["log", "api", "llm", "moa", "status"],
  },
  main: { values: ["cli"] },
};

/** Which rooms may import which package. */
const PACKAGES: Record<string, string[]> = {
  "@hono/node-server": ["http", "pages"],
  "@huggingface/tokenizers": ["memory"],
  "@jmespath-community/jmespath": ["worker"],
  "@modelcontextprotocol/ext-apps": ["apps"],
  "@modelcontextprotocol/server": ["mcp"],
  ajv: ["api", "json-schema", "llm", "pipeline"],
  "better-sqlite3": ["identity", "memory", "usage"],
  chardet: ["pipeline"],
  dompurify: ["apps"],
  "eventsource-parser": ["api", "llm"],
  hono: ["http", "pages"],
  "ipaddr.js": ["api", "identity"],
  jose: ["identity"],
  jsonata: ["worker"],
  "js-yaml": ["api", "pipeline"],
  marked: ["apps"],
  "lru-cache": ["api", "identity", "llm", "moa"],
  "p-queue": ["api", "eval", "llm"],
  "openid-client": ["api"],
  pg: ["memory"],
  pino: ["log"],
  re2js: ["interaction", "json-schema", "pipeline", "worker"],
  saxes: ["pipeline"],
  stemmer: ["api", "memory"],
  undici: ["api", "llm", "open-webui"],
  yaml: ["cli", "config", "pipeline"],
  zod: ["cli", "config", "mcp", "model-provider", "tools"],
};

/** What runs before the server has answered its first message over stdio. Each package and each file costs every start. */
const START = {
  entries: ["src/main.ts", "src/cli/run-command.ts", "src/cli/serve-stdio.ts"],
  packages: ["@modelcontextprotocol/server", "@modelcontextprotocol/server/stdio", "zod"],
  rooms: [
    ...["main", "cli", "config", "start", "log", "redact", "services", "errors", "exact-numbers", "version"],
    ...["mcp", "status", "tools", "resources", "prompts", "fence"],
  ],
};

/** What the folders beside src may import of this repository. */
const FOLDERS: Record<string, RegExp> = {
  scripts: /^(src|scripts)\/(?!.*\.test\.ts$)/,
  bench: /^(src|scripts|bench|test\/fixtures)\/(?!.*\.test\.ts$)/,
  "test/fixtures": /^(src|test\/fixtures)\/(?!.*\.test\.ts$)/,
  test: /^(src|scripts|test\/fixtures)\/(?!.*\.test\.ts$)/,
};

interface Import {
  from: string;
  /** A path from the root of the repository, or a package or built-in module as it is written. */
  to: string;
  kind: "value" | "type" | "dynamic";
}

const STATIC_IMPORT = /^\s*(?:import|export)\s+(type\s+)?(?:[\w*{][^"';]*?\sfrom\s+)?"([^"]+)"/gm;
const DYNAMIC_IMPORT = /\bimport\("([^"]+)"\)/g;

function importsOf(file: string): Import[] {
  return parseImports(file, readFileSync(file, "utf8"));
}

function parseImports(file: string, text: string): Import[] {
  const found: [name: string, kind: Import["kind"]][] = [
    ...[...text.matchAll(STATIC_IMPORT)].map((match): [string, Import["kind"]] => [
      match[2] ?? "",
      match[1] ? "type" : "value",
    ]),
    ...[...text.matchAll(DYNAMIC_IMPORT)].map((match): [string, Import["kind"]] => [match[1] ?? "", "dynamic"]),
  ];
  return found.map(([name, kind]) => ({
    from: file,
    to: name.startsWith(".") ? normalize(join(dirname(file), name)) : name,
    kind,
  }));
}

const isFile = (name: string) => name.endsWith(".ts");
/** Tests, and the suites (`*-behaviour.ts`) that several of them share. */
const isTest = (file: string) => /(\.test|-behaviour)\.ts$/.test(file);
const isPackage = (name: string) => !isFile(name) && !name.startsWith("node:") && !name.endsWith(".json");
const packageOf = (name: string) =>
  name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
const roomOf = (file: string) => (file.split("/")[1] ?? "").replace(/\.ts$/, "");
const show = ({ from, to, kind }: Import) => `${from} → ${to} (${kind})`;

const files = globSync("src/**/*.ts").filter((file) => !isTest(file));
const imports = files.flatMap(importsOf);
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;

it("every form of import is seen", () => {
  const text = [
    'import "./a.ts";',
    'import b, { type B } from "../b.ts";',
    'import {\n  c,\n} from "c";',
    'import type { D } from "./d.ts";',
    'export { e } from "./e.ts";',
    'export * from "./f.ts";',
    'const g = await import("g");',
    'export function notAnImport() { return "./h.ts"; }',
  ].join("\n");
  expect(parseImports("src/room/x.ts", text).map(({ to, kind }) => `${to} ${kind}`)).toEqual([
    "src/room/a.ts value",
    "src/b.ts value",
    "c value",
    "src/room/d.ts type",
    "src/room/e.ts value",
    "src/room/f.ts value",
    "g dynamic",
  ]);
});

describe("rooms", () => {
  it("are all in the table, and the table has no others", () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(ROOMS).sort());
  });

  it("import only what the table allows", () => {
    const wrong = imports.filter(({ from, to, kind }) => {
      if (!isFile(to)) return false;
      if (!to.startsWith("src/") || isTest(to)) return true;
      const room = ROOMS[roomOf(from)];
      if (roomOf(from) === roomOf(to) || room?.values.includes(roomOf(to))) return false;
      return !(kind === "type" && room?.types?.includes(roomOf(to)));
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it("depend on each other in one direction", () => {
    const graph = Object.entries(ROOMS).map(([room, { values, types = [] }]) => [room, [...values, ...types]] as const);
    expect(findCycle(new Map(graph))).toBeUndefined();
  });

  it("keep tools apart: a tool imports no other tool", () => {
    const allowed = [
      "define-tool",
      "memory-fields",
      "api-result",
      "api-media",
      "api-confirmation",
      "loose-values",
      "pinned-tool",
    ].map((name) => `src/tools/${name}.ts`);
    const wrong = imports.filter(
      ({ from, to }) =>
        from.startsWith("src/tools/") &&
        from !== "src/tools/index.ts" &&
        to.startsWith("src/tools/") &&
        !allowed.includes(to),
    );
    expect(wrong.map(show)).toEqual([]);
  });
});

describe("files", () => {
  it("of src do not import each other in circles", () => {
    const graph = new Map(
      files.map((file) => [
        file,
        imports.filter(({ from, to, kind }) => from === file && kind === "value" && isFile(to)).map(({ to }) => to),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });

  it.each(Object.entries(FOLDERS))("of %s import only what is theirs to import", (folder, allowed) => {
    const own = globSync(`${folder}/${folder === "test" ? "*" : "**/*"}.ts`);
    const wrong = own.flatMap(importsOf).filter(({ to }) => isFile(to) && !allowed.test(to));
    expect(wrong.map(show)).toEqual([]);
  });
});

describe("packages", () => {
  it("are imported by the rooms that the table names, and by no others", () => {
    const wrong = imports.filter(({ from, to }) => isPackage(to) && !PACKAGES[packageOf(to)]?.includes(roomOf(from)));
    expect(wrong.map(show)).toEqual([]);
  });

  it("that the program imports are named in package.json", () => {
    const imported = new Set(
      imports
        .map(({ to }) => to)
        .filter(isPackage)
        .map(packageOf),
    );
    const named = { ...manifest.dependencies, ...manifest.devDependencies };
    expect([...imported].filter((name) => !(name in named))).toEqual([]);
  });

  it("are part of the bundle, but for the native one, so that users install nothing else", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(["better-sqlite3"]);
  });
});

describe("the start over stdio", () => {
  const loaded = closure(START.entries);

  it("loads no domain room: these come with the first call that needs them", () => {
    expect([...new Set(loaded.map(roomOf))].filter((room) => !START.rooms.includes(room))).toEqual([]);
  });

  it("loads exactly the packages that it needs", () => {
    const packages = imports.filter(({ from, to, kind }) => loaded.includes(from) && kind === "value" && isPackage(to));
    expect([...new Set(packages.map(({ to }) => to))].sort()).toEqual(START.packages);
  });
});

/** The files and every file that they load at once. */
function closure(entries: readonly string[]): string[] {
  const found = new Set<string>(entries);
  for (const file of found)
    for (const { from, to, kind } of imports) if (from === file && kind === "value" && isFile(to)) found.add(to);
  return [...found];
}

/** The names along a circle, or undefined where there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, path: string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const cycle = visit(name, []);
    if (cycle) return cycle;
  }
  return undefined;
}

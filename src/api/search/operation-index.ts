import type { Operation } from "../operation.ts";
import { CREATE, DELETE, intentOf, READ, UPDATE } from "./search-thesaurus.ts";
import { stemOf, stemsOf, wordsOf } from "./search-words.ts";

/** The words of one API's operations. */
export interface OperationIndex {
  operations: readonly Operation[];
  /** Operations that have a word, by its stem. */
  postings: ReadonlyMap<string, Posting>;
  /** What each operation is, by its place in the list. */
  traits: readonly Traits[];
  /** Operations by id, by path, and by method and path, in lower case. */
  named: ReadonlyMap<string, readonly number[]>;
  /** Stems of the API's name. */
  nameWords: ReadonlySet<string>;
}

export interface Posting {
  /** Places of the operations, ascending. */
  at: Uint32Array;
  /** Weight of the word in each, 0 to K1 + 1: more of it helps ever less. */
  weights: Float32Array;
  /** CORE and TARGET where the word is one of those. */
  roles: Uint8Array;
}

/** A word that says what the operation is. */
export const CORE = 1;
/** A word of the last part of the path: what the operation is about, where the parts before only say whose. */
export const TARGET = 2;

export interface Traits {
  /** The stem of its verb; empty where it has none. */
  verb: string;
  /** What it does: READ, CREATE, UPDATE, DELETE. */
  intent: number;
  /** Whether it is about all of a kind, one, or neither can be said. */
  scope: "all" | "one" | undefined;
  /** Number of words that say what it is. */
  core: number;
  /** Parts of the path. */
  depth: number;
}

/** Weight of a word by where it stands, and how many words there usually are; the same for all APIs, so that they compare. */
const FIELDS = {
  id: [3, 4],
  path: [2.5, 4],
  placeholders: [0.8, 2],
  summary: [3, 6],
  tags: [1, 2],
  parameters: [0.5, 6],
  body: [0.3, 8],
  opening: [1.2, 10],
  description: [0.5, 30],
  about: [1, 3],
} as const satisfies Record<string, [weight: number, usual: number]>;
type Field = keyof typeof FIELDS;

const K1 = 1.2;
/** How much the length of a text takes from the weight of its words. */
const B = 0.5;
const MAX_DESCRIPTION = 800;
const MAX_FIELD = 2000;
/** Fields whose words say what the operation is. */
const CORE_FIELDS: ReadonlySet<Field> = new Set(["id", "summary"]);

/** Reads the words of one API's operations, and of what is said of them all. */
export function createOperationIndex(operations: readonly Operation[], about = ""): OperationIndex {
  const shared = stemsOf(about.slice(0, MAX_FIELD));
  const lists = new Map<string, { at: number[]; weights: number[]; roles: number[] }>();
  const named = new Map<string, number[]>();
  const traits = operations.map((operation, at) => {
    for (const name of new Set(namesOf(operation))) {
      const list = named.get(name);
      if (list) list.push(at);
      else named.set(name, [at]);
    }
    const weights = new Map<string, number>();
    const core = new Set<string>();
    const texts = { ...textsOf(operation), about: shared };
    for (const [field, [weight, usual]] of Object.entries(FIELDS) as [Field, (typeof FIELDS)[Field]][]) {
      const words = texts[field];
      const each = weight / (1 - B + (B * words.length) / usual);
      for (const word of words) weights.set(word, (weights.get(word) ?? 0) + each);
      if (CORE_FIELDS.has(field)) for (const word of words) core.add(word);
    }
    if (core.size === 0) for (const word of texts.path) core.add(word);
    const target = targetOf(operation.path);
    for (const [word, weight] of weights) {
      let posting = lists.get(word);
      if (!posting) {
        posting = { at: [], weights: [], roles: [] };
        lists.set(word, posting);
      }
      posting.at.push(at);
      posting.weights.push((weight * (K1 + 1)) / (weight + K1));
      posting.roles.push((core.has(word) ? CORE : 0) | (target.has(word) ? TARGET : 0));
    }
    return traitsOf(operation, core.size);
  });
  const postings = new Map<string, Posting>();
  for (const [word, { at, weights, roles }] of lists) {
    postings.set(word, {
      at: Uint32Array.from(at),
      weights: Float32Array.from(weights),
      roles: Uint8Array.from(roles),
    });
  }
  const api = operations[0]?.api ?? "";
  return {
    operations,
    postings,
    traits,
    named,
    nameWords: new Set([...stemsOf(api), stemOf(api.toLowerCase())]),
  };
}

/** What an operation is called, in lower case. */
function namesOf({ id, method, path }: Operation): string[] {
  return [id, `${method} ${path}`, path].map((name) => name.toLowerCase());
}

function textsOf(operation: Operation): Record<Exclude<Field, "about">, string[]> {
  const { id, path, summary, tags, parameterNames } = operation;
  const description = operation.description.slice(0, MAX_DESCRIPTION);
  const end = /[.!?]\s|\n/.exec(description)?.index ?? description.length;
  const opening = stemsOf(description.slice(0, end));
  return {
    id: id.includes(" ") ? [] : stemsOf(id.slice(0, MAX_FIELD)),
    path: stemsOf(path.slice(0, MAX_FIELD).replace(/\{[^{}]*\}/g, " ")),
    placeholders: (path.slice(0, MAX_FIELD).match(/\{[^{}]*\}/g) ?? []).flatMap(stemsOf),
    summary: stemsOf(summary.slice(0, MAX_FIELD)),
    tags: stemsOf(tags.join(" ").slice(0, MAX_FIELD)),
    parameters: stemsOf(parameterNames.join(" ").slice(0, MAX_FIELD)),
    body: stemsOf((operation.bodyNames?.() ?? []).join(" ").slice(0, MAX_FIELD)),
    opening,
    description: opening.concat(stemsOf(description.slice(end))),
  };
}

const METHOD_INTENTS: Readonly<Record<string, number>> = {
  GET: READ,
  HEAD: READ,
  QUERY: READ,
  OPTIONS: READ,
  DELETE,
  PATCH: UPDATE,
  PUT: UPDATE | CREATE,
  POST: CREATE | UPDATE,
};

function traitsOf(operation: Operation, core: number): Traits {
  const { method, path } = operation;
  const parts = path.split("/").filter((part) => part !== "");
  const verb = leadingVerb(operation);
  let intent = METHOD_INTENTS[method] ?? 0;
  // The POST of an API that knows little else may do anything: its words say what.
  if (method === "POST" && verb !== "") intent = intentOf(verb);
  return { verb, intent, scope: scopeOf(operation, parts), core: Math.max(1, core), depth: parts.length };
}

/** The words of the path's last literal part, and of the one before where the last only says what is done. */
function targetOf(path: string): ReadonlySet<string> {
  const parts = path
    .slice(0, MAX_FIELD)
    .split("/")
    .filter((part) => part !== "" && !part.includes("{"));
  const target = new Set<string>();
  for (const part of parts.reverse()) {
    const stems = stemsOf(part.replace(/\.(?:json|xml)$/, ""));
    for (const stem of stems) target.add(stem);
    if (stems.some((stem) => intentOf(stem) === 0)) break;
  }
  return target;
}

function scopeOf({ id, method, summary }: Operation, parts: readonly string[]): Traits["scope"] {
  if (method !== "GET" && method !== "POST") return undefined;
  if (/^(?:list|search|find) |\ball\b/i.test(summary) || /(?:^|[^a-z])list(?![a-z])/i.test(id)) return "all";
  const last = parts.at(-1) ?? "";
  if (method === "GET") return last.includes("{") || !/[^su]s(?:\.json)?$/i.test(last) ? "one" : "all";
  return undefined;
}

/** The stem of the first verb of the summary, else of the id; empty where there is none. */
function leadingVerb({ id, summary }: Operation): string {
  const first = stemOf(wordsOf(summary.slice(0, 60))[0] ?? "");
  if (intentOf(first) !== 0) return first;
  const words = id.includes(" ") ? [] : wordsOf(id.slice(0, 120));
  // In ids such as `PostCharges` it is the method.
  return (
    words
      .filter((word) => !/^(?:get|post|put|patch)$/.test(word))
      .map(stemOf)
      .find((stem) => intentOf(stem) !== 0) ?? ""
  );
}

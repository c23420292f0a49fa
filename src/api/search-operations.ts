import type { Operation } from "./operation.ts";

/** Finds operations by what they do: fielded BM25 with aliases, and verbs as hints at the method. */
export interface OperationIndex {
  /** Best first; nothing where no word fits. */
  search(query: string, limit: number): { operation: Operation; score: number }[];
}

/** Weight of a word by where it stands. */
const FIELDS = { id: 3, path: 2.5, summary: 3, tags: 1.5, parameters: 0.5, description: 0.7, api: 1 } as const;
type Field = keyof typeof FIELDS;

const K1 = 1.2;
const B = 0.6;
/** Weight of a word that was not asked for but means the same. */
const ALIAS_WEIGHT = 0.55;
/** Share of the score that an operation loses for the words that it does not fit. */
const COVERAGE = 0.6;
const PREFIX_WEIGHT = 0.5;
const VERB_BONUS = 1.35;
const DEPRECATED_FACTOR = 0.6;
const MAX_QUERY_WORDS = 32;
const MAX_DESCRIPTION = 600;

const STOP_WORDS = new Set(
  "a an the of to for in on at by with and or from into as all any my me i we you our your is are be do does how what which who where when can could would should want need please that this these those it its via using use api endpoint operation".split(
    " ",
  ),
);

/** Verbs that say nearly the same, the methods that do it, and how much of one's weight the others have. */
const VERBS: [words: string, methods: string, weight: number][] = [
  ["create add new make insert register open submit post upload start send publish assign attach", "POST", 0.35],
  ["get list show fetch read retrieve view find search lookup query see display browse download check", "GET", 0.35],
  ["update edit change modify set rename patch replace put adjust close reopen", "PATCH PUT POST", 0.35],
  ["delete remove destroy cancel drop revoke unassign clear", "DELETE", 0.8],
];
const ALIASES: string[] = [
  "repo repository",
  "pr pull",
  "org organization organisation",
  "user account member person",
  "config configuration setting",
  "auth authentication authorization login",
  "message msg",
  "doc document documentation",
  "info information detail",
  "picture image photo img",
  "mail email",
  "bug issue ticket",
  "comment reply note",
  "customer client",
  "invoice bill",
  "payment charge pay",
  "subscription plan",
  "weather forecast",
  "file content",
  "label tag",
  "folder directory",
  "picture avatar",
  "job task run",
  "ci workflow action",
];

interface Entry {
  operation: Operation;
  /** Weighted count of each stem. */
  weights: Map<string, number>;
}

export function createOperationIndex(operations: readonly Operation[]): OperationIndex {
  const texts = operations.map((operation) => textsOf(operation));
  const averages = {} as Record<Field, number>;
  for (const field of Object.keys(FIELDS) as Field[]) {
    averages[field] = texts.reduce((sum, text) => sum + text[field].length, 0) / Math.max(1, texts.length) || 1;
  }
  const postings = new Map<string, number[]>();
  const entries: Entry[] = operations.map((operation, index) => {
    const weights = new Map<string, number>();
    for (const [field, boost] of Object.entries(FIELDS) as [Field, number][]) {
      const words = texts[index]![field];
      const norm = 1 - B + (B * words.length) / averages[field];
      for (const word of words) weights.set(word, (weights.get(word) ?? 0) + boost / norm);
    }
    for (const word of weights.keys()) {
      const list = postings.get(word);
      if (list) list.push(index);
      else postings.set(word, [index]);
    }
    return { operation, weights };
  });
  const vocabulary = [...postings.keys()].sort();

  return {
    search(query, limit) {
      const { terms, methods } = readQuery(query, vocabulary);
      const scores = new Map<number, number>();
      const covered = new Map<number, number>();
      for (const group of terms) {
        // Of the words that mean the same, the best one counts.
        const best = new Map<number, number>();
        for (const [word, weight] of group) {
          const found = postings.get(word);
          if (!found) continue;
          const idf = Math.log(1 + (entries.length - found.length + 0.5) / (found.length + 0.5));
          for (const index of found) {
            const count = entries[index]!.weights.get(word) ?? 0;
            const score = (weight * idf * count * (K1 + 1)) / (count + K1);
            if (score > (best.get(index) ?? 0)) best.set(index, score);
          }
        }
        for (const [index, score] of best) {
          scores.set(index, (scores.get(index) ?? 0) + score);
          covered.set(index, (covered.get(index) ?? 0) + 1);
        }
      }
      const exact = query.trim().toLowerCase();
      for (const [index, { operation }] of entries.entries()) {
        if (operation.id.toLowerCase() === exact || `${operation.method} ${operation.path}`.toLowerCase() === exact) {
          scores.set(index, (scores.get(index) ?? 0) + 1000);
        }
      }
      return [...scores]
        .map(([index, score]) => {
          const { operation } = entries[index]!;
          const factor =
            (methods.has(operation.method) ? VERB_BONUS : 1) * (operation.deprecated ? DEPRECATED_FACTOR : 1);
          const coverage = 1 - COVERAGE * (1 - (covered.get(index) ?? 0) / Math.max(1, terms.length));
          return { operation, score: score * factor * coverage, index };
        })
        .sort((a, b) => b.score - a.score || a.operation.path.length - b.operation.path.length || a.index - b.index)
        .slice(0, limit)
        .map(({ operation, score }) => ({ operation, score }));
    },
  };
}

/** The operations whose names are nearest to one that does not exist. */
export function closestOperations(operations: readonly Operation[], named: string, limit: number): Operation[] {
  return createOperationIndex(operations)
    .search(named.slice(0, 200), limit)
    .map(({ operation }) => operation);
}

function textsOf(operation: Operation): Record<Field, string[]> {
  const id = operation.id.includes(" ") ? "" : operation.id;
  return {
    id: stemsOf(id),
    path: stemsOf(operation.path),
    summary: stemsOf(operation.summary),
    tags: stemsOf(operation.tags.join(" ")),
    parameters: stemsOf(operation.parameterNames.join(" ")),
    description: stemsOf(operation.description.slice(0, MAX_DESCRIPTION)),
    api: stemsOf(operation.api),
  };
}

type Term = Map<string, number>;

function readQuery(query: string, vocabulary: readonly string[]): { terms: Term[]; methods: Set<string> } {
  const methods = new Set<string>();
  const terms: Term[] = [];
  const words = wordsOf(query.slice(0, 2000)).filter((word) => !STOP_WORDS.has(word));
  const verbs = new Map<object, Term>();
  for (const word of [...new Set(words)].slice(0, MAX_QUERY_WORDS)) {
    const stem = stemOf(word);
    const group = VERB_GROUPS.find(({ stems }) => stems.has(stem));
    // "Create a new …" asks for one thing, not for two.
    const earlier = group && verbs.get(group);
    if (earlier) {
      earlier.set(stem, 1);
      continue;
    }
    const term: Term = new Map([[stem, 1]]);
    const add = (other: string, weight: number) => term.set(other, Math.max(term.get(other) ?? 0, weight));
    if (group) {
      verbs.set(group, term);
      for (const method of group.methods) methods.add(method);
      for (const other of group.stems) add(other, group.weight);
    }
    for (const stems of ALIAS_GROUPS) if (stems.has(stem)) for (const other of stems) add(other, ALIAS_WEIGHT);
    if (stem.length >= 4) for (const other of withPrefix(vocabulary, stem)) add(other, PREFIX_WEIGHT);
    terms.push(term);
  }
  return { terms, methods };
}

/** The words of a sorted list that begin with a text. */
function* withPrefix(sorted: readonly string[], prefix: string): Generator<string> {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) < prefix) low = middle + 1;
    else high = middle;
  }
  for (let at = low; at < sorted.length && (sorted[at] as string).startsWith(prefix); at++) yield sorted[at] as string;
}

function wordsOf(text: string): string[] {
  return (
    text
      .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, "$1 $2")
      .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
      .normalize("NFKD")
      .toLowerCase()
      .replace(/\p{M}/gu, "")
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function stemsOf(text: string): string[] {
  return wordsOf(text)
    .filter((word) => !STOP_WORDS.has(word))
    .map(stemOf);
}

/** Plurals and the endings of verbs, taken off the same way everywhere. */
function stemOf(word: string): string {
  let stem = word;
  if (stem.length > 4 && stem.endsWith("ies")) stem = `${stem.slice(0, -3)}y`;
  else if (/(?:ss|x|ch|sh)es$/.test(stem)) stem = stem.slice(0, -2);
  else if (stem.length > 3 && /[^su]s$/.test(stem) && !stem.endsWith("is")) stem = stem.slice(0, -1);
  if (stem.length > 5 && stem.endsWith("ing")) stem = stem.slice(0, -3);
  else if (stem.length > 4 && stem.endsWith("ed")) stem = stem.slice(0, -2);
  return stem.length > 4 && stem.endsWith("e") ? stem.slice(0, -1) : stem;
}

const VERB_GROUPS = VERBS.map(([words, methods, weight]) => ({
  weight,
  stems: new Set(words.split(" ").map(stemOf)),
  methods: methods.split(" "),
}));
const ALIAS_GROUPS = ALIASES.map((words) => new Set(words.split(" ").map(stemOf)));

import { ToolError } from "../../errors.ts";
import { type ApiDescription, documentTitle } from "../configured-api.ts";
import type { Operation } from "../operation.ts";
import { fitSearchReply } from "./fit-search-reply.ts";
import { createOperationIndex, type OperationIndex } from "./operation-index.ts";
import { indexOf, searchOperations } from "./search-operations.ts";
import { createSearchSpace, type SearchSource, type SearchSpace } from "./search-space.ts";

export interface SearchRequest {
  /** What the operation should do, in words; empty lists. */
  query: string;
  api?: string | undefined;
  limit: number;
}

export interface FoundOperation {
  api: string;
  /** What call_api and api_describe take as `operation`; never cut. */
  operation: string;
  method?: string;
  /** May be cut, which `…` at its end shows. */
  path?: string;
  summary?: string;
}

export interface SearchReply {
  /** Fewer than the limit where their names leave no room for more. */
  operations: FoundOperation[];
  /** Operations that there are, or that fit about as well as the best; 0 where nothing fits, though calls may be listed. */
  total: number;
  /** The APIs, where nothing was asked for, or nothing was found that fits well. */
  apis?: { name: string; description?: string; operations: number }[];
  warnings?: string[];
}

/** Bytes of a reply of up to five operations, with what the tool adds; further ones have as much room each. */
const MAX_BYTES = 1000;
const BYTES_EACH = 200;
const ADDED_BYTES = 40;

/**
 * Search over all APIs, or over a named one; a broken document takes only its own API out. Replies keep to a size, whatever the
 * documents say. `read` gives those APIs, each or why it cannot be had.
 */
export function createApiSearch(
  read: (api: string | undefined) => Promise<(ApiDescription | ToolError)[]>,
): (request: SearchRequest) => Promise<SearchReply> {
  const indexes = new WeakMap<ApiDescription, OperationIndex>();
  const spaces = new WeakMap<ApiDescription, SearchSpace>();
  let last: { apis: readonly ApiDescription[]; space: SearchSpace } | undefined;

  function sourceOf(api: ApiDescription): SearchSource {
    const about = aboutOf(api);
    if (api.document) return { index: indexOf(api.operations), about };
    // What a plain API's calls are for is told by what it is called and by where it is, if at all.
    const words = `${api.name} ${placeOf(api.base)}`;
    return {
      index: remembered(indexes, api, () => createOperationIndex(api.operations, words)),
      about,
      isPlain: true,
    };
  }

  /** The words of the APIs; an API that comes or goes changes nothing of the others'. */
  function spaceOfAll(apis: readonly ApiDescription[]): SearchSpace {
    const [only] = apis;
    if (only && apis.length === 1) return remembered(spaces, only, () => createSearchSpace([sourceOf(only)]));
    if (last?.apis.length !== apis.length || !apis.every((api, at) => api === last?.apis[at])) {
      last = { apis, space: createSearchSpace(apis.map(sourceOf)) };
    }
    return last.space;
  }

  return async ({ query, api, limit }) => {
    const loaded = await read(api);
    const apis = loaded.filter((entry): entry is ApiDescription => !(entry instanceof ToolError));
    const failures = loaded.filter((entry): entry is ToolError => entry instanceof ToolError);
    if (apis.length === 0 && failures[0]) throw failures[0];

    const asked = query.trim() !== "";
    const { operations, total, note } = asked ? search(spaceOfAll(apis), query, limit, apis) : list(apis, limit);
    const listsApis = !asked || total === 0 || (note !== undefined && apis.length > 1);
    return fitSearchReply(
      {
        operations,
        total,
        ...(listsApis && { apis: apis.map(toApi) }),
        warnings: [...(note === undefined ? [] : [note]), ...failures.map((failure) => failure.message)],
      },
      Math.max(MAX_BYTES, BYTES_EACH * limit) - ADDED_BYTES,
    );
  };
}

interface Outcome {
  operations: readonly Operation[];
  total: number;
  /** What is to be said of the operations. */
  note?: string;
}

function search(space: SearchSpace, query: string, limit: number, apis: readonly ApiDescription[]): Outcome {
  const { hits, total, weak } = searchOperations(space, query, limit);
  const operations = hits.map(({ operation }) => operation);
  if (weak) return { operations, total, note: "None has most of what the query asks for: these are only the nearest." };
  if (total > 0) return { operations, total };
  const all = list(apis, limit);
  if (all.total === 0 || (all.total > limit && apis.length > 1)) return { operations, total };
  if (all.total > limit)
    return { operations, total, note: "Nothing fits the query. Without one, operations are listed." };
  return {
    operations: all.operations,
    total,
    note: "Nothing fits the query: these are all operations that there are.",
  };
}

function list(apis: readonly ApiDescription[], limit: number): Outcome {
  const operations = apis.flatMap((api) => api.operations.slice(0, limit)).slice(0, limit);
  return { operations, total: apis.reduce((sum, api) => sum + api.operations.length, 0) };
}

function remembered<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make();
    known.set(key, value);
  }
  return value;
}

/** The words of a URL that may tell what is there: of `https://api.open-meteo.com/v1/forecast`, `open meteo forecast`. */
export function placeOf({ hostname, pathname }: URL): string {
  const isName = /[a-z]/.test(hostname) && !hostname.includes(":");
  const labels = isName ? hostname.split(".").slice(0, -1) : [];
  const words = [...labels, ...pathname.split("/")].flatMap((part) => part.split(/[-_.]/));
  return words.filter((word) => word.length > 2 && !COMMON_IN_URLS.has(word) && !/^v?\d/.test(word)).join(" ");
}

const COMMON_IN_URLS = new Set(
  "api apis www rest com org net gov edu http https localhost json public prod dev".split(" "),
);

function aboutOf(api: ApiDescription): string {
  return `${api.settings.description.slice(0, 200)} ${documentTitle(api).slice(0, 200)}`;
}

function toApi(api: ApiDescription) {
  const description = api.settings.description || documentTitle(api);
  return { name: api.name, description, operations: api.operations.length };
}

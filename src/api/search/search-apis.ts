import { ToolError } from "../../errors.ts";
import { type ApiDescription, documentTitle } from "../configured-api.ts";
import { fitSearchReply } from "./fit-search-reply.ts";
import { indexOf, searchOperations, spaceOf } from "./search-operations.ts";
import { createSearchSpace, type SearchSpace } from "./search-space.ts";

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
  /** Operations that there are, or that fit at all. */
  total: number;
  /** The APIs, where nothing was asked for or nothing was found. */
  apis?: { name: string; description?: string; operations: number }[];
  warnings?: string[];
}

/** Bytes of a reply of up to five operations, with what the tool adds; further ones have as much room each. */
const MAX_BYTES = 1000;
const BYTES_EACH = 200;
const ADDED_BYTES = 40;

/** Search over all APIs; a broken document takes only its own API out. Replies keep to a size, whatever the documents say. */
export function createApiSearch(
  names: () => string[],
  describe: (name: string) => Promise<ApiDescription>,
): (request: SearchRequest) => Promise<SearchReply> {
  let last: { apis: readonly ApiDescription[]; space: SearchSpace } | undefined;
  /** The words of the APIs; an API that comes or goes changes nothing of the others'. */
  function spaceOfAll(apis: readonly ApiDescription[]): SearchSpace {
    const [only] = apis;
    if (only && apis.length === 1) return spaceOf(only.operations);
    if (last?.apis.length !== apis.length || !apis.every((api, at) => api === last?.apis[at])) {
      const sources = apis.map((api) => ({ index: indexOf(api.operations), about: aboutOf(api) }));
      last = { apis, space: createSearchSpace(sources) };
    }
    return last.space;
  }

  return async ({ query, api, limit }) => {
    const wanted = api === undefined ? names() : [api];
    const loaded = await Promise.all(
      wanted.map((name) =>
        describe(name).catch((error: unknown) => {
          if (error instanceof ToolError && wanted.length > 1) return error;
          throw error;
        }),
      ),
    );
    const apis = loaded.filter((entry): entry is ApiDescription => !(entry instanceof ToolError));
    const failures = loaded.filter((entry): entry is ToolError => entry instanceof ToolError);
    if (apis.length === 0 && failures[0]) throw failures[0];

    const asked = query.trim() !== "";
    const { operations, total } = asked ? search(spaceOfAll(apis), query, limit) : list(apis, limit);
    return fitSearchReply(
      {
        operations,
        total,
        ...((total === 0 || !asked) && { apis: apis.map(toApi) }),
        warnings: failures.map((failure) => failure.message),
      },
      Math.max(MAX_BYTES, BYTES_EACH * limit) - ADDED_BYTES,
    );
  };
}

function search(space: SearchSpace, query: string, limit: number) {
  const { hits, total } = searchOperations(space, query, limit);
  return { operations: hits.map(({ operation }) => operation), total };
}

function list(apis: readonly ApiDescription[], limit: number) {
  const operations = apis.flatMap((api) => api.operations.slice(0, limit)).slice(0, limit);
  return { operations, total: apis.reduce((sum, api) => sum + api.operations.length, 0) };
}

function aboutOf(api: ApiDescription): string {
  return `${api.settings.description.slice(0, 200)} ${documentTitle(api).slice(0, 200)}`;
}

function toApi(api: ApiDescription) {
  const description = api.settings.description || documentTitle(api);
  return { name: api.name, description, operations: api.operations.length };
}

import { ToolError } from "../errors.ts";
import { type ApiDescription, documentTitle } from "./configured-api.ts";
import type { Operation } from "./operation.ts";
import { createOperationIndex, type OperationIndex } from "./search-operations.ts";

export interface SearchRequest {
  /** What the operation should do, in words; empty lists. */
  query: string;
  api?: string | undefined;
  limit: number;
}

export interface FoundOperation {
  api: string;
  /** What call_api and api_describe take as `operation`. */
  operation: string;
  method: string;
  path: string;
  summary?: string;
}

export interface SearchReply {
  operations: FoundOperation[];
  /** Operations that there are, or that fit at all. */
  total: number;
  /** The APIs, where nothing was asked for or nothing was found. */
  apis?: { name: string; description?: string; operations: number }[];
  warnings?: string[];
}

const MAX_LINE = 120;

/** Search over all APIs; a broken document takes only its own API out. */
export function createApiSearch(
  names: () => string[],
  describe: (name: string) => Promise<ApiDescription>,
): (request: SearchRequest) => Promise<SearchReply> {
  const indexes = new Map<string, OperationIndex>();

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
    const all = apis.flatMap(({ operations }) => operations);

    const key = JSON.stringify(apis.map(({ name }) => name));
    const asked = query.trim() !== "";
    if (asked && !indexes.has(key)) indexes.set(key, createOperationIndex(all));
    const hits = asked
      ? indexes
          .get(key)!
          .search(query, all.length)
          .map(({ operation }) => operation)
      : all;
    const warnings = failures.map((failure) => failure.message);
    return {
      operations: hits.slice(0, limit).map(toFound),
      total: hits.length,
      ...(hits.length === 0 || !asked ? { apis: apis.map(toApi) } : {}),
      ...(warnings.length > 0 && { warnings }),
    };
  };
}

function toFound({ api, id, method, path, summary, description }: Operation): FoundOperation {
  const line = (summary || description).split("\n")[0]!.trim();
  const short = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
  return { api, operation: id, method, path, ...(short !== "" && { summary: short }) };
}

function toApi(api: ApiDescription): NonNullable<SearchReply["apis"]>[number] {
  const description = (api.settings.description || documentTitle(api)).slice(0, 200);
  return { name: api.name, ...(description !== "" && { description }), operations: api.operations.length };
}

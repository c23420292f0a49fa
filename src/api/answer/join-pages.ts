import type { FetchedAnswer } from "../fetch-answer.ts";
import { isObject } from "../openapi/document.ts";
import { type FoundList, findLists, replacedAt, valueAt } from "./find-lists.ts";
import { CURSOR_FIELDS } from "./next-page.ts";
import { isHolder, isPageField, plainName } from "./page-fields.ts";

/** Names of lists that are the items of a page, rather than something about it. */
const ITEMS =
  /^(?:data|items?|results?|values?|records?|rows|list|entries|entities|objects?|content|contents|hits|docs|documents|elements|members?|resources|nodes|edges|embedded)$/;

/**
 * The names that lead to the items of a page; none: the answer itself is the list. Undefined where it has no list. Of several
 * lists it is one that is named so, else one that is named like the path that was asked for, else the longest.
 */
export function pageListPath(data: unknown, pathname: string): readonly string[] | undefined {
  return likelyLists(data, pathname)[0]?.path;
}

/**
 * The list that is the items of a first page, as the page after it shows: the one that was taken for it, unless that is the
 * same on both, or gone, and another one is not.
 */
export function turningListPath(
  first: unknown,
  second: unknown,
  taken: readonly string[],
  pathname: string,
): readonly string[] {
  const turns = (path: readonly string[]) => {
    const items = itemsOf(second, path) ?? [];
    return items.length > 0 && !isSame(items, itemsOf(first, path));
  };
  return turns(taken) ? taken : (likelyLists(first, pathname).find(({ path }) => turns(path))?.path ?? taken);
}

function likelyLists(data: unknown, pathname: string): FoundList[] {
  const segments = pathname.split("/").map(plainName);
  const rank = ({ path, list }: FoundList) => {
    const name = plainName(path.at(-1) ?? "");
    if (ITEMS.test(name)) return [2, 0, list.length];
    return name !== "" && segments.includes(name) ? [1, segments.lastIndexOf(name), list.length] : [0, 0, list.length];
  };
  return findLists(data)
    .map((found) => ({ found, rank: rank(found) }))
    .sort((a, b) => b.rank.map((own, place) => own - (a.rank[place] as number)).find((more) => more !== 0) ?? 0)
    .map(({ found }) => found);
}

export function isSame(items: readonly unknown[], others: readonly unknown[] | undefined): boolean {
  return items.length === others?.length && JSON.stringify(items) === JSON.stringify(others);
}

export function itemsOf(data: unknown, path: readonly string[]): readonly unknown[] | undefined {
  const list = valueAt(data, path);
  return Array.isArray(list) ? list : undefined;
}

/**
 * Pages as one answer: the first one with the items of all in the place of its own. What else a page says, such as the next
 * cursor, is that of the last page; other lists, such as what items refer to, are joined too, each thing once. `ending`: a page
 * without items that was named as the next one.
 */
export function joinPages(
  pages: readonly FetchedAnswer[],
  path: readonly string[],
  warnings: readonly string[],
  ending?: FetchedAnswer,
): FetchedAnswer {
  const first = pages[0] as FetchedAnswer;
  const last = ending ?? (pages.at(-1) as FetchedAnswer);
  if (last === first && warnings.length === 0) return first;
  const all = [...new Set([...pages.flatMap((page) => page.warnings), ...warnings])];
  if (last === first) return { ...first, warnings: all };
  const items = pages.flatMap(({ data }) => itemsOf(data, path) ?? []);
  const around = [...pages, ...(ending ? [ending] : [])]
    .map(({ data }) => data)
    .reduce((whole, page) => joined(whole, page, path));
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

/** What is beside the items, of both pages; but what says where the next one is, of the second alone. */
function joined(whole: unknown, page: unknown, path: readonly string[]): unknown {
  if (!isObject(whole) || !isObject(page)) return whole;
  const [name, ...rest] = path;
  const entries = Object.entries({ ...whole, ...page }).flatMap(([key, value]): [string, unknown][] => {
    const before = whole[key];
    if (key === name) return [[key, rest.length === 0 ? before : joined(before, page[key] ?? {}, rest)]];
    if (!Object.hasOwn(page, key)) return withoutPageFields(key, value);
    if (Array.isArray(before) && Array.isArray(value)) return [[key, areLinks(value) ? value : union(before, value)]];
    return [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** A field that the last page does not have any more: nothing where it said what comes next. */
function withoutPageFields(key: string, value: unknown): [string, unknown][] {
  const name = plainName(key);
  if (!isObject(value)) return areLinks(value) || isPageField(name) || CURSOR_FIELDS.has(name) ? [] : [[key, value]];
  if (name.startsWith("next")) return [];
  if (!isHolder(name)) return [[key, value]];
  const kept = Object.entries(value).flatMap(([inner, item]) => withoutPageFields(inner, item));
  return kept.length === 0 && Object.keys(value).length > 0 ? [] : [[key, Object.fromEntries(kept)]];
}

/** Whether it is a list of links by what they lead to. */
function areLinks(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((link) => isObject(link) && (link.rel ?? link.relation) !== undefined)
  );
}

function union(before: readonly unknown[], after: readonly unknown[]): unknown[] {
  const seen = new Set(before.map((item) => JSON.stringify(item)));
  return [...before, ...after.filter((item) => !seen.has(JSON.stringify(item)))];
}

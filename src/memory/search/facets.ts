import { crc32 } from "node:zlib";
import type { CheckedFilter } from "../memory-filter.ts";
import { tagKey } from "../memory-input.ts";

/**
 * Facets: terms of the search index that stand for what filters go by. They begin with a character that no text gives, so that
 * no word is one. Two values may have the same facet (CRC-32): what is found by one has to be compared.
 */
const SIGN = "\uE000";
/** All words come before it, but for what is beyond the Basic Multilingual Plane. */
export const FACETS_FROM = SIGN;
/** A facet that no memory has. */
export const NO_FACET = SIGN;
const LETTERS = { tag: "t", source: "s", speaker: "p", kind: "k" } as const;
const MONTH = `${SIGN}m`;
const DAY = `${SIGN}d`;
const DAY_MS = 86_400_000;

/** What the facets of a memory come from. */
export interface FacetRow {
  /** JSON array. */
  tags: string;
  kind: string | null;
  source: string | null;
  speaker: string | null;
  /** When it happened, or else when it was added, in milliseconds since 1970. */
  time: number;
}

export function facetsOfRow(row: FacetRow): string[] {
  const tags = row.tags === "[]" ? [] : (JSON.parse(row.tags) as string[]);
  return [
    ...new Set(tags.map((tag) => facetOf("tag", tagKey(tag)))),
    ...(row.kind === null ? [] : [facetOf("kind", tagKey(row.kind))]),
    ...(row.source === null ? [] : [facetOf("source", tagKey(row.source))]),
    ...(row.speaker === null ? [] : [facetOf("speaker", tagKey(row.speaker))]),
    monthOf(row.time),
    dayOf(row.time),
  ];
}

/** The facets that a memory must have, but for the times. */
export function facetsOfFilter(filter: CheckedFilter): string[] {
  return (["tag", "source", "speaker", "kind"] as const).flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [facetOf(name, value)];
  });
}

/** A range of facets, by their order; both ends belong to it. */
export interface FacetRange {
  first: string;
  last: string;
}

/**
 * Ranges one of whose facets a memory of the filter's time must have: whole months, and days of the months that are not whole.
 * Undefined without a time. `exact` says that no other memory has them: the filter begins and ends with a day of UTC.
 */
export function timeFacets({ after, before }: CheckedFilter): { ranges: FacetRange[]; exact: boolean } | undefined {
  if (after === undefined && before === undefined) return undefined;
  const from = Math.max(after ?? EARLIEST, EARLIEST);
  const to = Math.min(before ?? LATEST, LATEST) - 1;
  const exact = (after ?? 0) % DAY_MS === 0 && (before ?? 0) % DAY_MS === 0;
  if (from > to) return { ranges: [], exact };
  const firstMonth = startOfMonth(from) === from ? from : nextMonth(from);
  const afterLast = nextMonth(to) === to + 1 ? to + 1 : startOfMonth(to);
  if (firstMonth >= afterLast) return { ranges: [{ first: dayOf(from), last: dayOf(to) }], exact };
  const ranges = [{ first: monthOf(firstMonth), last: monthOf(afterLast - 1) }];
  if (from < firstMonth) ranges.push({ first: dayOf(from), last: dayOf(firstMonth - 1) });
  if (to >= afterLast) ranges.push({ first: dayOf(afterLast), last: dayOf(to) });
  return { ranges, exact };
}

const EARLIEST = Date.UTC(-1, 0);
const LATEST = Date.UTC(10_001, 0);

function facetOf(name: keyof typeof LETTERS, value: string): string {
  return `${SIGN}${LETTERS[name]}${crc32(value).toString(36)}`;
}

function monthOf(time: number): string {
  const date = new Date(time);
  return `${MONTH}${yearOf(date)}${two(date.getUTCMonth() + 1)}`;
}

function dayOf(time: number): string {
  const date = new Date(time);
  return `${DAY}${yearOf(date)}${two(date.getUTCMonth() + 1)}${two(date.getUTCDate())}`;
}

/** In five digits that sort as numbers do: year -1 of a time zone's edge and year 10000 exist. */
function yearOf(date: Date): string {
  return String(date.getUTCFullYear() + 10_000).padStart(5, "0");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function startOfMonth(time: number): number {
  const date = new Date(time);
  date.setUTCDate(1);
  return date.setUTCHours(0, 0, 0, 0);
}

function nextMonth(time: number): number {
  const date = new Date(startOfMonth(time));
  return date.setUTCMonth(date.getUTCMonth() + 1);
}

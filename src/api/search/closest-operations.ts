import { editsBetween } from "../../edits.ts";
import type { Operation } from "../operation.ts";
import { searchOperations, spaceOf } from "./search-operations.ts";

/** What counts against an operation, in path segments: another method, and a value where its path has a parameter. */
const OTHER_METHOD = 0.5;
const ANY_VALUE = 0.1;
const MAX_NAME = 200;

/** The operations whose names are nearest to one that does not exist, nearest first: by path where it is METHOD /path, else by words. */
export function closestOperations(operations: readonly Operation[], named: string, limit: number): Operation[] {
  const text = named.slice(0, MAX_NAME);
  const near = nearestPaths(operations, text);
  if (near.length >= limit) return near.slice(0, limit);
  const { hits } = searchOperations(spaceOf(operations), text, limit);
  return [...new Set([...near, ...hits.map(({ operation }) => operation)])].slice(0, limit);
}

function nearestPaths(operations: readonly Operation[], named: string): Operation[] {
  const [, verb = "", path] = /^(?:([A-Za-z]+)\s+)?(\/[^?#\s]*)/.exec(named) ?? [];
  if (path === undefined) return [];
  const method = verb.toUpperCase();
  const wanted = segmentsOf(path);
  const near = operations.flatMap((operation) => {
    const own = segmentsOf(operation.path);
    const isOther = method !== "" && operation.method !== "*" && operation.method !== method;
    const away = distanceOf(wanted, own) + (isOther ? OTHER_METHOD : 0);
    return away <= OTHER_METHOD + 0.5 * Math.max(wanted.length, own.length) ? [{ operation, away }] : [];
  });
  return near.sort((a, b) => a.away - b.away).map(({ operation }) => operation);
}

function segmentsOf(path: string): string[] {
  return path
    .toLowerCase()
    .split("/")
    .filter((segment) => segment !== "");
}

/** How many segments two paths differ by: a segment more or less is 1, another one as much as its letters differ. */
function distanceOf(wanted: readonly string[], own: readonly string[]): number {
  let last = Array.from({ length: own.length + 1 }, (_, at) => at);
  for (const [i, segment] of wanted.entries()) {
    const row = [i + 1];
    for (const [j, other] of own.entries()) {
      row.push(Math.min(last[j + 1]! + 1, row[j]! + 1, last[j]! + differenceOf(segment, other)));
    }
    last = row;
  }
  return last[own.length]!;
}

function differenceOf(wanted: string, own: string): number {
  if (wanted === own) return 0;
  if (/[*{]/.test(own)) return ANY_VALUE;
  const longer = Math.max(wanted.length, own.length);
  return Math.min(1, editsBetween(wanted, own, longer) / longer);
}

import type { CheckedFilter } from "../memory-filter.ts";
import { withoutTimes } from "./dates.ts";
import type { Query, QueryTerm } from "./query.ts";
import type { Hit } from "./rank-rows.ts";
import { tokenize } from "./tokenize.ts";

/** What a question for a time says of memories in general. */
const OF_ANY_MEMORY: ReadonlySet<string> = new Set(
  tokenize(
    "happen happened add added note noted store stored save saved record recorded say said memory memories date day",
    "query",
  ),
);

/**
 * The terms of a query that names a time which are about something else: where no memory has any of them, the query asks for
 * the memories of that time. Undefined for a query that names none.
 */
export function termsBesideTime(query: Query): QueryTerm[] | undefined {
  if (query.times.length === 0 || query.phrases.length > 0) return undefined;
  const rest = new Set(tokenize(withoutTimes(query.asked), "query"));
  return query.terms.filter(({ text }) => rest.has(text) && !OF_ANY_MEMORY.has(text));
}

/** The filter, with a stretch of time in milliseconds since 1970. */
export function within(filter: CheckedFilter, from: number, to: number): CheckedFilter {
  return { ...filter, after: Math.max(from, filter.after ?? from), before: Math.min(to, filter.before ?? to) };
}

/**
 * The answer to a query that is only a time: what has all of its numbers, as terms have found it, then the memories of that
 * time, the newest first, then what has some of its numbers or words.
 */
export function withMemoriesOfTime(query: Query, hits: readonly Hit[], ofTime: readonly number[]): Hit[] {
  const beside = new Set(tokenize(withoutTimes(query.asked), "query"));
  const said = query.terms.filter(({ text }) => !beside.has(text)).map(({ text }) => text);
  const hasNumbers = said.some((text) => /\d/.test(text));
  const saysAll = ({ terms }: Hit): boolean => {
    const own = new Set(terms.split(" "));
    return hasNumbers && said.every((text) => own.has(text));
  };
  const full = hits.filter(saysAll);
  const wanted = new Set(ofTime);
  const known = new Map(hits.map((hit) => [hit.number, hit]));
  const score = Math.max(1, ...hits.map((hit) => hit.score));
  const then = ofTime
    .filter((number) => !full.some((hit) => hit.number === number))
    .map((number): Hit => {
      const { terms, reason } = known.get(number) ?? { terms: "", reason: { matched: [] } };
      const boosts = [...new Set([...(reason.boosts ?? []), "time"])];
      return { number, terms, score, reason: { ...reason, boosts } };
    });
  const others = hits.filter((hit) => !full.includes(hit) && !wanted.has(hit.number));
  return [...full.map((hit) => ({ ...hit, score })), ...then, ...others];
}

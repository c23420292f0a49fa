import { fuse } from "../embeddings/fuse.ts";
import type { Nearness } from "../embeddings/nearness.ts";
import type { CheckedFilter } from "../memory-filter.ts";
import {
  CANDIDATES,
  MAX_RANKED_LENGTH,
  pickCandidates,
  SCANNED,
  SCANNED_LENGTH,
  wantPhrases,
} from "../search/candidates.ts";
import { stretchesOf } from "../search/dates.ts";
import type { Query } from "../search/query.ts";
import { EVERY_PART, inverseFrequency, REACH, type SearchParts } from "../search/rank.ts";
import {
  type Hit,
  type NeighbourRows,
  passes,
  rankRows,
  type SearchRow,
  unrankedHits,
  withNeighbours,
} from "../search/rank-rows.ts";
import { termsBesideTime, within, withMemoriesOfTime } from "../search/time-query.ts";
import type { Session } from "./connection.ts";
import { readMeant } from "./embeddings.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { lookUpPhrase, lookUpTerms, readAmong } from "./look-up.ts";
import { integers, type Owner } from "./rows.ts";

/**
 * The memories of one user that satisfy the filter and answer the query, best first: first those that have the most telling
 * terms are picked from the index, then they are ranked. The work is bounded however many memories there are.
 */
export async function findMemories(
  session: Session,
  owner: Owner,
  query: Query,
  options: {
    filter: CheckedFilter;
    parts?: Partial<SearchParts> | undefined;
    /** How near the memories are in meaning. */
    nearness?: Nearness | undefined;
  },
): Promise<Hit[]> {
  const { filter, nearness } = options;
  const parts: SearchParts = { ...EVERY_PART, ...options.parts };
  const hits = await findByTerms(session, owner, query, { filter, parts });
  const ofTime = await findByTime(session, owner, query, { filter, parts });
  if (ofTime.length > 0) return withMemoriesOfTime(query, hits, ofTime).slice(0, CANDIDATES);
  // Who quotes a phrase wants these words, and what asks for anything is near to nothing.
  if (!nearness || query.phrases.length > 0 || query.asksForAnything) return hits;
  const byTerms = hits.filter((hit) => hit.score > 0 || hit.reason.matched.length > 0);
  const meant = await readMeant(session, owner, query, byTerms, nearness, { filter, speaker: parts.speaker });
  return meant.length > 0 ? fuse(byTerms, meant, nearness.relation).slice(0, CANDIDATES) : hits;
}

async function findByTerms(
  session: Session,
  owner: Owner,
  query: Query,
  { filter, parts: searchParts }: { filter: CheckedFilter; parts: SearchParts },
): Promise<Hit[]> {
  const among = await readAmong(session, owner, filter);
  const { terms, matches } = await lookUpTerms(session, owner, query.terms, among, searchParts);
  if (matches.every((match) => match.numbers.length === 0)) {
    const found = query.text === "" ? [] : await readContaining(session, owner, filter, query.text);
    if (found.length > 0) return unrankedHits(found, query.text);
    return query.asksForAnything ? unrankedHits(await readNewest(session, owner, filter)) : [];
  }
  const phrases = await Promise.all(query.phrases.map((phrase) => lookUpPhrase(session, phrase, among)));
  const hasPhrases = wantPhrases(phrases);
  const idf = Float64Array.from(matches, (match) => inverseFrequency(match.frequency, owner.n));
  const now = Date.now();
  const allowed = (row: SearchRow): boolean => hasPhrases(row.number) && passes(row, filter, now);
  const rows = await readRows(session, owner, pickCandidates(matches, idf, hasPhrases));
  const asked = { ...query, terms };
  const neighbours = await readNeighbours(session, owner, withNeighbours(asked, idf, rows, searchParts));
  return rankRows(asked, idf, rows, neighbours, { parts: searchParts, allowed });
}

/** The memories of the time that a query asks for, the newest first, where no memory has a word of what else it says. */
async function findByTime(
  session: Session,
  owner: Owner,
  query: Query,
  { filter, parts }: { filter: CheckedFilter; parts: SearchParts },
): Promise<number[]> {
  const beside = termsBesideTime(query);
  if (!beside || !parts.time) return [];
  const { matches } = await lookUpTerms(session, owner, beside, await readAmong(session, owner, filter), parts);
  if (matches.some((match) => match.numbers.length > 0)) return [];
  const found = new Set<number>();
  for (const { from, to } of stretchesOf(query.times)) {
    for (const number of await readNewest(session, owner, within(filter, from, to))) found.add(number);
  }
  return [...found].sort((a, b) => b - a).slice(0, CANDIDATES);
}

const SEARCH_COLUMNS = `m.number, m.terms, right(rtrim(m.content, E' \\t\\n\\r'), 1) as ending, m.tags, m.source, m.speaker, m.kind,
  m.importance, m.time, m.expires, m.superseded_by`;

/** The picked memories in their order, up to the length that is ranked. */
async function readRows(session: Session, owner: Owner, numbers: readonly number[]): Promise<SearchRow[]> {
  const lengths = await session.rows<{ number: number; length: number }>(
    "select number, length(terms) as length from patchbay.memory where uid = $1 and number = any($2::integer[])",
    [owner.uid, integers(numbers)],
  );
  const lengthOf = new Map(lengths.map((row) => [row.number, row.length]));
  let length = 0;
  const fitting = numbers.filter((number) => {
    const fits = length <= MAX_RANKED_LENGTH;
    length += lengthOf.get(number) ?? 0;
    return fits;
  });
  const rows = await session.rows<SearchRow>(
    `select ${SEARCH_COLUMNS} from patchbay.memory m where m.uid = $1 and m.number = any($2::integer[])`,
    [owner.uid, integers(fitting)],
  );
  const byNumber = new Map(rows.map((row) => [row.number, row]));
  return fitting.flatMap((number) => byNumber.get(number) ?? []);
}

async function readNeighbours(session: Session, owner: Owner, rows: readonly SearchRow[]): Promise<NeighbourRows[]> {
  if (rows.length === 0) return [];
  const side = (before: boolean): string => `
    (select ${SEARCH_COLUMNS}, ${before} as before from patchbay.memory m
     where m.uid = $1 and m.source = c.source and m.number ${before ? "<" : ">"} c.number and m.superseded_by is null
     order by m.number ${before ? "desc" : "asc"} limit ${REACH})`;
  const found = await session.rows<SearchRow & { of: number; before: boolean }>(
    `select c.number as of, n.* from unnest($2::integer[], $3::text[]) as c (number, source)
     cross join lateral (${side(true)} union all ${side(false)}) n order by abs(n.number - c.number)`,
    [owner.uid, rows.map((row) => row.number), rows.map((row) => row.source)],
  );
  return rows.map((row) => {
    const own = found.filter((neighbour) => neighbour.of === row.number);
    return { of: row.number, before: own.filter(({ before }) => before), after: own.filter(({ before }) => !before) };
  });
}

/** Among the newest memories, those that contain the text in any case: for signs that are no terms, and parts of words. */
async function readContaining(session: Session, owner: Owner, filter: CheckedFilter, text: string): Promise<number[]> {
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const rows = await session.rows<{ number: number }>(
    `select number from (select m.number, substr(m.content, 1, ${SCANNED_LENGTH}) as beginning from patchbay.memory m
       where ${sql} order by m.number desc limit ${SCANNED}) as newest
     where position(lower($${parameters.length + 1}) in lower(beginning)) > 0 order by number desc limit ${CANDIDATES}`,
    [...parameters, text],
  );
  return rows.map((row) => row.number);
}

async function readNewest(session: Session, owner: Owner, filter: CheckedFilter): Promise<number[]> {
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const rows = await session.rows<{ number: number }>(
    `select m.number from patchbay.memory m where ${sql} order by m.number desc limit ${CANDIDATES}`,
    parameters,
  );
  return rows.map((row) => row.number);
}

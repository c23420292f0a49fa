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
import type { Database } from "./database.ts";
import { readMeant } from "./embeddings.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { allFacets, lookUpFiltered, lookUpPhrase, lookUpTerms, readSearched, type Searched } from "./look-up.ts";
import { baseOf, type UserRow } from "./rows.ts";

/** Times that a search looks for neighbours that do not stand next to a memory in the table. */
const MAX_SOURCE_READS = 80;

/**
 * The memories of one user that satisfy the filter and answer the query, best first: first those that have the most telling
 * terms are picked from the index, then they are ranked. The work is bounded however many memories there are.
 */
export function findMemories(
  database: Database,
  user: UserRow,
  query: Query,
  options: {
    filter: CheckedFilter;
    parts?: Partial<SearchParts> | undefined;
    /** How near the memories are in meaning. */
    nearness?: Nearness | undefined;
  },
): Hit[] {
  const { filter, nearness } = options;
  const parts: SearchParts = { ...EVERY_PART, ...options.parts };
  const hits = findByTerms(database, user, query, { filter, parts });
  const ofTime = findByTime(database, user, query, { filter, parts });
  if (ofTime.length > 0) return withMemoriesOfTime(query, hits, ofTime).slice(0, CANDIDATES);
  // Who quotes a phrase wants these words, and what asks for anything is near to nothing.
  if (!nearness || query.phrases.length > 0 || query.asksForAnything) return hits;
  const byTerms = hits.filter((hit) => hit.score > 0 || hit.reason.matched.length > 0);
  const meant = readMeant(database, user, query, byTerms, nearness, { filter, speaker: parts.speaker });
  return meant.length > 0 ? fuse(byTerms, meant, nearness.relation).slice(0, CANDIDATES) : hits;
}

function findByTerms(
  database: Database,
  user: UserRow,
  query: Query,
  { filter, parts: searchParts }: { filter: CheckedFilter; parts: SearchParts },
): Hit[] {
  const searched = readSearched(database, user, filter);
  const now = Date.now();
  const current = (numbers: readonly number[]): number[] =>
    readRows(database, user, numbers.slice(0, CANDIDATES))
      .filter((row) => passes(row, filter, now))
      .map((row) => row.number);
  const { terms, matches } = lookUpTerms(database, user, query.terms, searched, searchParts);
  if (matches.every((match) => match.numbers.length === 0)) {
    const among = readNewest(database, user, filter, searched);
    const found = query.text === "" ? [] : containing(database, user, among, query.text);
    if (found.length > 0) return unrankedHits(current(found), query.text);
    return query.asksForAnything ? unrankedHits(current(among)) : [];
  }
  const phrases = query.phrases.map((phrase) => lookUpPhrase(database, user, phrase, searched));
  const hasPhrases = wantPhrases(phrases);
  const idf = Float64Array.from(matches, (match) => inverseFrequency(match.frequency, user.n));
  const allowed = (row: SearchRow): boolean => hasPhrases(row.number) && passes(row, filter, now);
  const rows = readRows(database, user, pickCandidates(matches, idf, hasPhrases));
  const asked = { ...query, terms };
  const neighbours = readNeighbours(database, user, withNeighbours(asked, idf, rows, searchParts));
  return rankRows(asked, idf, rows, neighbours, { parts: searchParts, allowed });
}

/** The memories of the time that a query asks for, the newest first, where no memory has a word of what else it says. */
function findByTime(
  database: Database,
  user: UserRow,
  query: Query,
  { filter, parts }: { filter: CheckedFilter; parts: SearchParts },
): number[] {
  const beside = termsBesideTime(query);
  if (!beside || !parts.time) return [];
  const { matches } = lookUpTerms(database, user, beside, readSearched(database, user, filter), parts);
  if (matches.some((match) => match.numbers.length > 0)) return [];
  const now = Date.now();
  const found = new Set<number>();
  for (const { from, to } of stretchesOf(query.times)) {
    const then = within(filter, from, to);
    const newest = readNewest(database, user, then, readSearched(database, user, then)).slice(0, CANDIDATES);
    for (const row of readRows(database, user, newest)) if (passes(row, then, now)) found.add(row.number);
  }
  return [...found].sort((a, b) => b - a).slice(0, CANDIDATES);
}

const SEARCH_COLUMNS = `select id - ? as number, terms, substr(rtrim(content, ' ' || char(9, 10, 13)), -1) as ending, tags, source, speaker, kind,
   importance, time, expires, superseded_by`;

function readRows(database: Database, user: UserRow, numbers: readonly number[]): SearchRow[] {
  const base = baseOf(user);
  const rows: SearchRow[] = [];
  let length = 0;
  for (const number of numbers) {
    if (length > MAX_RANKED_LENGTH) break;
    const row = database.get<SearchRow>(`${SEARCH_COLUMNS} from memory where id = ?`, base, base + number);
    if (!row) continue;
    length += row.terms.length;
    rows.push(row);
  }
  return rows;
}

/**
 * The neighbours of each. A dialogue is mostly stored turn by turn, so what stands around the memories in the table is read
 * first, in as few pieces as there are; only where something else stands there, the index of sources is asked.
 */
function readNeighbours(database: Database, user: UserRow, rows: readonly SearchRow[]): NeighbourRows[] {
  const around = readAround(database, user, rows);
  let asked = 0;
  const neighbours = (row: SearchRow, step: -1 | 1): SearchRow[] => {
    const found: SearchRow[] = [];
    for (let distance = 1; distance <= REACH; distance++) {
      const number = row.number + step * distance;
      if (number < 1 || number > user.last) return found;
      const next = around.get(number);
      if (next?.source === row.source && next.superseded_by === null) found.push(next);
      else if (asked >= MAX_SOURCE_READS) return found;
      else {
        asked++;
        return readInSource(database, user, row, step);
      }
    }
    return found;
  };
  return rows.map((row) => ({ of: row.number, before: neighbours(row, -1), after: neighbours(row, 1) }));
}

/** What stands in the table around each of the memories, by number. */
function readAround(database: Database, user: UserRow, rows: readonly SearchRow[]): Map<number, SearchRow> {
  const base = baseOf(user);
  const around = new Map<number, SearchRow>();
  const numbers = rows.map((row) => row.number).sort((a, b) => a - b);
  for (let index = 0; index < numbers.length; index++) {
    const from = (numbers[index] as number) - REACH;
    while (
      index + 1 < numbers.length &&
      (numbers[index + 1] as number) - REACH <= (numbers[index] as number) + REACH + 1
    ) {
      index++;
    }
    const to = (numbers[index] as number) + REACH;
    const sql = `${SEARCH_COLUMNS} from memory where id >= ? and id <= ?`;
    const read = database.all<SearchRow>(sql, base, base + Math.max(from, 1), base + Math.min(to, user.last));
    for (const row of read) around.set(row.number, row);
  }
  return around;
}

function readInSource(database: Database, user: UserRow, row: SearchRow, step: -1 | 1): SearchRow[] {
  const base = baseOf(user);
  const order = step < 0 ? "id < ? order by id desc" : "id > ? order by id";
  return database.all<SearchRow>(
    `${SEARCH_COLUMNS} from memory where uid = ? and source = ? and superseded_by is null and ${order} limit ${REACH}`,
    base,
    user.uid,
    row.source,
    base + row.number,
  );
}

/** The newest memories that satisfy the filter. */
function readNewest(database: Database, user: UserRow, filter: CheckedFilter, searched: Searched): number[] {
  if (allFacets(searched) !== "") return lookUpFiltered(database, user, searched, SCANNED);
  const { sql, parameters } = satisfying(user, filter, currentMemories(user));
  const newest = `select id - ? from memory where ${sql} order by id desc limit ${SCANNED}`;
  return database.column<number>(newest, baseOf(user), ...parameters);
}

/** Those that contain the text in any ASCII case, newest first: for signs that are no terms, and parts of words. */
function containing(database: Database, user: UserRow, numbers: readonly number[], text: string): number[] {
  const base = baseOf(user);
  const sql = `select id - ? from memory where id in (select ? + value from json_each(?))
    and instr(lower(substr(content, 1, ${SCANNED_LENGTH})), lower(?)) > 0 order by id desc limit ${CANDIDATES}`;
  return database.column<number>(sql, base, base, JSON.stringify(numbers), text);
}

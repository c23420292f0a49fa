import type { CheckedFilter } from "../memory-filter.ts";
import type { Query } from "../search/query.ts";
import { type Candidate, createCounter, inverseFrequency, type Occurrences, REACH, score } from "../search/rank.ts";
import { tokenize } from "../search/tokenize.ts";
import type { Session } from "./connection.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { lookUpPhrase, lookUpTerms, readAmong, type TermMatches } from "./look-up.ts";
import type { Owner } from "./rows.ts";

/** A memory found, by its number. */
export interface Hit {
  number: number;
  score: number;
}

/** Memories that are ranked. */
const CANDIDATES = 200;
/** Characters of terms that are ranked; beyond them only as many memories, the best picked first, as fit. */
const MAX_RANKED_LENGTH = 2_000_000;
/** Of these, how many also bring their neighbours in the same source. */
const WITH_NEIGHBOURS = 20;
/** Memories, the newest, that are looked through for a text that no term finds, and how far each. */
const SCANNED = 5_000;
const SCANNED_LENGTH = 10_000;

export async function findMemories(
  session: Session,
  owner: Owner,
  query: Query,
  { limit, filter }: { limit: number; filter: CheckedFilter },
): Promise<Hit[]> {
  const among = await readAmong(session, owner, filter);
  const { terms, matches } = await lookUpTerms(session, owner, query.terms, among);
  const expired = await readExpired(session, owner);
  if (matches.every((match) => match.numbers.length === 0)) {
    const found = await containing(session, owner, filter, query.text);
    const numbers =
      found.length === 0 && query.terms.length === 0 && /\p{L}/u.test(query.text)
        ? await newest(session, owner, filter)
        : found;
    return numbers.slice(0, limit).map((number) => ({ number, score: 0 }));
  }
  const phrases: Set<number>[] = [];
  for (const phrase of query.phrases) phrases.push(await lookUpPhrase(session, phrase, among));
  const hasPhrases = (number: number): boolean => phrases.every((phrase) => phrase.has(number));
  const phrasesCount = [...(phrases[0] ?? [])].some(hasPhrases);
  const idf = Float64Array.from(matches, (match) => inverseFrequency(match.frequency, owner.n));
  const allowed = (number: number): boolean => !expired.has(number) && (!phrasesCount || hasPhrases(number));
  const picked = pickCandidates(matches, idf, allowed);
  const hits = await rank(session, owner, { ...query, terms }, idf, picked);
  return hits.slice(0, limit);
}

function pickCandidates(
  matches: readonly TermMatches[],
  idf: Float64Array,
  allowed: (number: number) => boolean,
): number[] {
  const termSets = new Map<number, number>();
  matches.forEach(({ numbers }, index) => {
    const bit = 1 << index;
    for (const number of numbers) termSets.set(number, (termSets.get(number) ?? 0) | bit);
  });
  const byTermSet = new Map<number, number[]>();
  for (const [number, set] of termSets) {
    const group = byTermSet.get(set);
    if (group) group.push(number);
    else byTermSet.set(set, [number]);
  }
  const weightOf = (set: number): number =>
    idf.reduce((sum, weight, index) => sum + (set & (1 << index) ? weight : 0), 0);
  const groups = [...byTermSet].map(([set, numbers]) => ({ weight: weightOf(set), numbers }));
  groups.sort((a, b) => b.weight - a.weight);
  const picked: number[] = [];
  for (const { numbers } of groups) {
    for (const number of numbers.sort((a, b) => b - a)) {
      if (!allowed(number)) continue;
      picked.push(number);
      if (picked.length === CANDIDATES) return picked;
    }
  }
  return picked;
}

interface Loaded {
  number: number;
  terms: string;
  source: string | null;
  speaker: string | null;
  own: Occurrences;
  previous?: Loaded;
  next?: Loaded;
}

type LoadedRow = Pick<Loaded, "number" | "terms" | "source" | "speaker">;

async function rank(
  session: Session,
  owner: Owner,
  query: Query,
  idf: Float64Array,
  picked: readonly number[],
): Promise<Hit[]> {
  const count = createCounter(query.terms);
  const loaded = new Map<number, Loaded>();
  const load = (row: LoadedRow): Loaded => {
    const known = loaded.get(row.number);
    if (known) return known;
    const memory: Loaded = { ...row, own: count(row.terms) };
    loaded.set(row.number, memory);
    return memory;
  };
  const rows = await readRanked(session, owner, picked);
  for (const row of rows) load(row);
  const own = [...loaded.values()];
  const centres = own.filter((memory) => memory.source !== null).slice(0, WITH_NEIGHBOURS);
  for (const { of, before, ...row } of await readNeighbours(session, owner, centres)) {
    let at = loaded.get(of) as Loaded;
    const side = before ? "previous" : "next";
    while (at[side] && (before ? at[side].number > row.number : at[side].number < row.number)) at = at[side];
    const neighbour = load(row);
    if (neighbour === at[side]) continue;
    at[side] = neighbour;
    neighbour[before ? "next" : "previous"] = at;
  }
  const speakers = new Map<string, readonly string[]>();
  const speakerTerms = (name: string | null): readonly string[] => {
    if (name === null) return [];
    const known = speakers.get(name) ?? tokenize(name);
    speakers.set(name, known);
    return known;
  };
  const hits: Hit[] = [];
  for (const memory of loaded.values()) {
    const candidate: Candidate = {
      terms: memory.terms,
      own: memory.own,
      speaker: speakerTerms(memory.speaker),
      before: along(memory, "previous"),
      after: along(memory, "next"),
    };
    const points = score(query, idf, candidate);
    if (points > 0) hits.push({ number: memory.number, score: points });
  }
  return hits.sort((a, b) => b.score - a.score || b.number - a.number);
}

function along(memory: Loaded, side: "previous" | "next"): Occurrences[] {
  const found: Occurrences[] = [];
  for (let at = memory[side]; at && found.length < REACH; at = at[side]) found.push(at.own);
  return found;
}

/** The picked memories in their order, up to the length that is ranked. */
async function readRanked(session: Session, owner: Owner, picked: readonly number[]): Promise<LoadedRow[]> {
  return session.rows<LoadedRow>(
    `select m.number, m.terms, m.source, m.speaker from patchbay.memory m join (
       select number, sum(octet_length(terms)) over (order by at) - octet_length(terms) as before
       from unnest($2::integer[]) with ordinality as picked (number, at) join patchbay.memory using (number)
       where uid = $1) picked on m.number = picked.number
     where m.uid = $1 and before <= ${MAX_RANKED_LENGTH} order by array_position($2::integer[], m.number)`,
    [owner.uid, picked],
  );
}

async function readNeighbours(
  session: Session,
  owner: Owner,
  centres: readonly Loaded[],
): Promise<(LoadedRow & { of: number; before: boolean })[]> {
  if (centres.length === 0) return [];
  const side = (before: boolean): string => `
    (select m.number, m.terms, m.source, m.speaker, ${before} as before from patchbay.memory m
     where m.uid = $1 and m.source = c.source and m.number ${before ? "<" : ">"} c.number
     order by m.number ${before ? "desc" : "asc"} limit ${REACH})`;
  return session.rows(
    `select c.number as of, n.* from unnest($2::integer[], $3::text[]) as c (number, source)
     cross join lateral (${side(true)} union all ${side(false)}) n
     order by c.number, n.before, abs(n.number - c.number)`,
    [owner.uid, centres.map((memory) => memory.number), centres.map((memory) => memory.source)],
  );
}

async function readExpired(session: Session, owner: Owner): Promise<Set<number>> {
  const rows = await session.rows<{ number: number }>(
    "select number from patchbay.memory where uid = $1 and expires <= $2",
    [owner.uid, Date.now()],
  );
  return new Set(rows.map((row) => row.number));
}

/** Among the newest memories, those that contain the text in any case: for signs that are no terms, and parts of words. */
async function containing(session: Session, owner: Owner, filter: CheckedFilter, text: string): Promise<number[]> {
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const rows = await session.rows<{ number: number }>(
    `select number from (select m.number, substr(m.content, 1, ${SCANNED_LENGTH}) as beginning from patchbay.memory m
       where ${sql} order by m.number desc limit ${SCANNED}) newest
     where position(lower($${parameters.length + 1}) in lower(beginning)) > 0 order by number desc`,
    [...parameters, text],
  );
  return rows.map((row) => row.number);
}

async function newest(session: Session, owner: Owner, filter: CheckedFilter): Promise<number[]> {
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const rows = await session.rows<{ number: number }>(
    `select m.number from patchbay.memory m where ${sql} order by m.number desc limit ${CANDIDATES}`,
    parameters,
  );
  return rows.map((row) => row.number);
}

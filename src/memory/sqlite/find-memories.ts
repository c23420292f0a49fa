import type { Query } from "../search/query.ts";
import { type Candidate, createCounter, inverseFrequency, type Occurrences, REACH, score } from "../search/rank.ts";
import { tokenize } from "../search/tokenize.ts";
import type { Database } from "./database.ts";
import { lookUpPhrase, lookUpTerms, readTail, type TermMatches } from "./look-up.ts";
import { baseOf, type UserRow } from "./rows.ts";

/** A memory found, by its number (its id without the user). */
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

/**
 * The memories of one user that answer the query, best first: first those that have the most telling terms are picked from the
 * index, then they are ranked. The work is bounded however many memories there are. `tag` is a key as `tagKey` makes it.
 */
export function findMemories(
  database: Database,
  user: UserRow,
  query: Query,
  options: { limit: number; tag?: string | undefined },
): Hit[] {
  const tail = readTail(database, user);
  const { terms, matches } = lookUpTerms(database, user, query.terms, tail);
  const tagged = options.tag === undefined ? undefined : taggedNumbers(database, user, options.tag);
  if (matches.every((match) => match.numbers.length === 0)) {
    const found = containing(database, user, query.text);
    // A question such as "what do you know about me?" asks for anything.
    const numbers =
      found.length === 0 && query.terms.length === 0 && /\p{L}/u.test(query.text) ? newest(database, user) : found;
    return numbers
      .filter((number) => tagged?.has(number) ?? true)
      .slice(0, options.limit)
      .map((number) => ({ number, score: 0 }));
  }

  const phrases = query.phrases.map((phrase) => lookUpPhrase(database, user, phrase, tail));
  const hasPhrases = (number: number): boolean => phrases.every((phrase) => phrase.has(number));
  const phrasesCount = [...(phrases[0] ?? [])].some(hasPhrases);
  const idf = Float64Array.from(matches, (match) => inverseFrequency(match.frequency, user.n));
  const allowed = (number: number): boolean => (tagged?.has(number) ?? true) && (!phrasesCount || hasPhrases(number));
  const picked = pickCandidates(matches, idf, allowed);
  const hits = rank(database, user, { ...query, terms }, idf, picked);
  // A neighbour may come in that the index did not pick.
  return hits.filter((hit) => allowed(hit.number)).slice(0, options.limit);
}

/** The memories whose terms weigh most together, newer ones first among equals. */
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

/** A memory that is being ranked, with its neighbours as far as they are known. */
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

function rank(database: Database, user: UserRow, query: Query, idf: Float64Array, picked: readonly number[]): Hit[] {
  const count = createCounter(query.terms);
  const loaded = new Map<number, Loaded>();
  const load = (row: LoadedRow): Loaded => {
    const known = loaded.get(row.number);
    if (known) return known;
    const memory: Loaded = { ...row, own: count(row.terms) };
    loaded.set(row.number, memory);
    return memory;
  };
  const base = baseOf(user);
  let length = 0;
  for (const number of picked) {
    if (length > MAX_RANKED_LENGTH) break;
    const row = database.get<LoadedRow>(
      "select id - ? as number, terms, source, speaker from memory where id = ?",
      base,
      base + number,
    );
    if (row) length += load(row).terms.length;
  }
  let withNeighbours = 0;
  for (const memory of [...loaded.values()]) {
    if (memory.source === null) continue;
    if (++withNeighbours > WITH_NEIGHBOURS) break;
    for (const [side, rows] of neighbours(database, user, memory)) {
      let at = memory;
      for (const row of rows) {
        const neighbour = load(row);
        at[side] = neighbour;
        neighbour[side === "previous" ? "next" : "previous"] = at;
        at = neighbour;
      }
    }
  }

  const speakers = new Map<string, readonly string[]>();
  const speakerTerms = (name: string | null): readonly string[] => {
    if (name === null) return [];
    const terms = speakers.get(name) ?? tokenize(name);
    speakers.set(name, terms);
    return terms;
  };
  const hits: Hit[] = [];
  for (const memory of loaded.values()) {
    const candidate: Candidate = {
      terms: memory.terms,
      own: memory.own,
      speaker: speakerTerms(memory.speaker),
      before: occurrencesAlong(memory, "previous"),
      after: occurrencesAlong(memory, "next"),
    };
    const points = score(query, idf, candidate);
    if (points > 0) hits.push({ number: memory.number, score: points });
  }
  return hits.sort((a, b) => b.score - a.score || b.number - a.number);
}

/** What stands before and after a memory in its source, the nearest first. */
function neighbours(database: Database, user: UserRow, memory: Loaded): ["previous" | "next", LoadedRow[]][] {
  const base = baseOf(user);
  const id = base + memory.number;
  const columns = "select id - ? as number, terms, source, speaker from memory where uid = ? and source = ?";
  const before = `${columns} and id < ? order by id desc limit ${REACH}`;
  const after = `${columns} and id > ? order by id limit ${REACH}`;
  return [
    ["previous", database.all<LoadedRow>(before, base, user.uid, memory.source, id)],
    ["next", database.all<LoadedRow>(after, base, user.uid, memory.source, id)],
  ];
}

function occurrencesAlong(memory: Loaded, side: "previous" | "next"): Occurrences[] {
  const along: Occurrences[] = [];
  for (let at = memory[side]; at && along.length < REACH; at = at[side]) along.push(at.own);
  return along;
}

function taggedNumbers(database: Database, user: UserRow, tag: string): Set<number> {
  const sql = "select id - ? from tag where uid = ? and name = ?";
  return new Set(database.column<number>(sql, baseOf(user), user.uid, tag));
}

/** Among the newest memories, those that contain the text in any ASCII case: for signs that are no terms, and parts of words. */
function containing(database: Database, user: UserRow, text: string): number[] {
  const base = baseOf(user);
  const contents = `select id, substr(content, 1, ${SCANNED_LENGTH}) as beginning from memory
    where id > ? and id <= ? order by id desc limit ${SCANNED}`;
  const sql = `select id - ? from (${contents}) where instr(lower(beginning), lower(?)) > 0`;
  return database.column<number>(sql, base, base, base + user.last, text);
}

function newest(database: Database, user: UserRow): number[] {
  const base = baseOf(user);
  const sql = `select id - ? from memory where id > ? and id <= ? order by id desc limit ${SCANNED}`;
  return database.column<number>(sql, base, base, base + user.last);
}

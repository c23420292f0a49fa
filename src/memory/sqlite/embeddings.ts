import type { MeantMemory } from "../embeddings/fuse.ts";
import type { EmbeddedText, TextToEmbed } from "../embeddings/meaning.ts";
import type { Nearness, NearnessScan } from "../embeddings/nearness.ts";
import type { CheckedFilter } from "../memory-filter.ts";
import type { Query } from "../search/query.ts";
import type { Hit } from "../search/rank-rows.ts";
import { tokenize } from "../search/tokenize.ts";
import type { MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { findRow, readUser } from "./read-memories.ts";
import { baseOf, type UserRow } from "./rows.ts";

/** Vectors of memories. A memory that is changed or removed loses its own in the same transaction (memory-table.ts). */

interface MissingRow {
  id: number;
  version: number;
  content: string;
  speaker: string | null;
}

/** Memories that are looked through at once for those without a vector. */
const LOOKED_THROUGH = 500;

export function findModel(database: Database, name: string): number | undefined {
  return database.column<number>("select mid from embedding_model where name = ?", name)[0];
}

/** Numbers of memories, given to a scan at once. */
export const SCANNED_AT_ONCE = 4096;

/**
 * Gives the vectors of the memories numbered up to `last`, SCANNED_AT_ONCE numbers down, that satisfy the filter, to the scan.
 */
export function scanVectors(
  database: Database,
  user: UserRow,
  model: number,
  { filter, last }: { filter: CheckedFilter; last: number },
  scan: NearnessScan,
): void {
  const base = baseOf(user);
  const from = base + Math.max(0, last - SCANNED_AT_ONCE);
  const rows =
    Object.keys(filter).length === 0
      ? database.all<{ number: number; vector: Uint8Array }>(
          "select id - ? as number, vector from embedding where id > ? and id <= ? and model = ? order by id desc",
          base,
          from,
          base + last,
          model,
        )
      : scanSome(database, user, model, filter, from, last);
  for (const { number, vector } of rows) scan.add(number, vector);
}

function scanSome(
  database: Database,
  user: UserRow,
  model: number,
  filter: CheckedFilter,
  from: number,
  last: number,
): { number: number; vector: Uint8Array }[] {
  const { sql, parameters } = satisfying(user, filter, currentMemories(user, { last }));
  return database.all(
    `select memory.id - ? as number, vector from memory join embedding on embedding.id = memory.id
     where ${sql} and memory.id > ? and model = ? order by memory.id desc`,
    baseOf(user),
    ...parameters,
    from,
    model,
  );
}

/**
 * Looks through some memories after the one with this id for those that have no vector of the model. Gives the id of the last
 * one looked at; undefined at the end of the table.
 */
export function readMissing(
  database: Database,
  model: string,
  after: number,
  maxLength: number,
): { texts: TextToEmbed[]; last: number | undefined } {
  const [last] = database.column<number | null>(
    `select max(id) from (select id from memory where id > ? order by id limit ${LOOKED_THROUGH})`,
    after,
  );
  if (last === null || last === undefined) return { texts: [], last: undefined };
  const mid = findModel(database, model) ?? null;
  const memories = database.all<MissingRow>(
    `${MISSING} and id > ? and id <= ? order by id`,
    maxLength,
    mid,
    after,
    last,
  );
  return { texts: memories.map(toText), last };
}

/** Those of a user's memories that have no vector of the model, by their public ids. */
export function readMissingOf(
  database: Database,
  user: MemoryUser,
  model: string,
  ids: readonly string[],
  maxLength: number,
): TextToEmbed[] {
  const owner = readUser(database, user);
  if (!owner) return [];
  const mid = findModel(database, model) ?? null;
  return ids.flatMap((id) => {
    const row = findRow(database, owner, id);
    return row ? database.all<MissingRow>(`${MISSING} and id = ?`, maxLength, mid, row.id).map(toText) : [];
  });
}

const MISSING = `select id, version, substr(content, 1, ?) as content, speaker from memory
   where superseded_by is null and not exists (select 1 from embedding where embedding.id = memory.id and model = ?)`;

/** Who says it is part of what a memory means. */
function toText({ id, version, content, speaker }: MissingRow): TextToEmbed {
  return { id, version, text: speaker === null ? content : `${speaker}: ${content}` };
}

/** Where a scan for memories without vectors may begin, so that several processes do not begin with the same ones. */
export function randomPlace(database: Database, random: number): number {
  const [uid] = database.column<number | null>("select max(uid) from user");
  if (!uid) return 0;
  const among = Math.floor(random * uid) + 1;
  const base = baseOf({ uid: among });
  const next = baseOf({ uid: among + 1 });
  const [last] = database.column<number | null>("select max(id) from memory where id > ? and id < ?", base, next);
  return last ? base + Math.floor(((random * uid) % 1) * (last - base)) : base;
}

/** Part of a transaction of its caller. What has changed meanwhile gets none. */
export function writeVectors(database: Database, model: string, vectors: readonly EmbeddedText[]): void {
  database.run("insert or ignore into embedding_model (name) values (?)", model);
  const mid = findModel(database, model);
  for (const { id, version, bytes } of vectors) {
    database.run(
      `insert or replace into embedding (id, model, vector)
       select id, ?, ? from memory where id = ? and version = ? and superseded_by is null`,
      mid,
      bytes,
      id,
      version,
    );
  }
}

interface PlacedRow {
  number: number;
  terms: string;
  source: string | null;
  speaker: string | null;
}

/** What fusion needs to know of the nearest memories and of those that terms have found. */
export function readMeant(
  database: Database,
  user: UserRow,
  query: Query,
  hits: readonly Hit[],
  nearness: Nearness,
  { filter, speaker }: { filter: CheckedFilter; speaker: boolean },
): MeantMemory[] {
  const numbers = [...new Set([...nearness.nearest, ...hits.map((hit) => hit.number)])];
  const rows = readPlaced(database, user, numbers, filter);
  const sources = readSources(database, user, numbers);
  const asked = new Set(query.terms.map((term) => term.text));
  return rows.flatMap((row) => {
    const own = nearness.of(row.number);
    if (own === undefined) return [];
    const beside = (number: number): number | undefined =>
      row.source !== null && sources.get(number) === row.source ? nearness.of(number) : undefined;
    const speakerNamed = speaker && row.speaker !== null && tokenize(row.speaker).some((term) => asked.has(term));
    const { number, terms } = row;
    return [{ number, terms, nearness: own, before: beside(number - 1), after: beside(number + 1), speakerNamed }];
  });
}

function readPlaced(database: Database, user: UserRow, numbers: readonly number[], filter: CheckedFilter): PlacedRow[] {
  const { sql, parameters } = satisfying(user, filter, currentMemories(user));
  return database.all<PlacedRow>(
    `select memory.id - ? as number, terms, source, speaker from json_each(?) as wanted
     cross join memory on memory.id = wanted.value where ${sql}`,
    baseOf(user),
    idsOf(user, numbers),
    ...parameters,
  );
}

function readSources(database: Database, user: UserRow, numbers: readonly number[]): Map<number, string | null> {
  const beside = [...new Set(numbers.flatMap((number) => [number - 1, number + 1]))];
  const rows = database.all<{ number: number; source: string | null }>(
    `select memory.id - ? as number, source from json_each(?) as wanted
     cross join memory on memory.id = wanted.value and superseded_by is null`,
    baseOf(user),
    idsOf(user, beside),
  );
  return new Map(rows.map(({ number, source }) => [number, source]));
}

function idsOf(user: UserRow, numbers: readonly number[]): string {
  const base = baseOf(user);
  return JSON.stringify(numbers.map((number) => base + number));
}

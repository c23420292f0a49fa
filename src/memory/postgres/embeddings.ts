import type { MeantMemory } from "../embeddings/fuse.ts";
import type { TextToEmbed, VectorTable } from "../embeddings/meaning.ts";
import { createNearnessScan, type Nearness } from "../embeddings/nearness.ts";
import type { Direction } from "../embeddings/vector.ts";
import type { CheckedFilter } from "../memory-filter.ts";
import type { Query } from "../search/query.ts";
import type { Hit } from "../search/rank-rows.ts";
import { tokenize } from "../search/tokenize.ts";
import type { Connection, Session } from "./connection.ts";
import { currentMemories, satisfying } from "./filter-sql.ts";
import { integers, type Owner } from "./rows.ts";
import { readOwner } from "./write-queue.ts";

/** Vectors of memories. A memory that is changed or removed loses its own in the same transaction (memory-table.ts). */

/** An id of a memory among those of all users is `uid * NUMBERS + number`. */
const NUMBERS = 2 ** 32;
/** Memories that are looked through at once for those without a vector. */
const LOOKED_THROUGH = 500;
/** Memories of a user, the newest, that are compared with a query by meaning. */
const MAX_COMPARED = 100_000;
/** Numbers of memories whose vectors are read at once. */
const SCANNED_AT_ONCE = 4_096;

/** The vectors of one model in the database. */
export function createVectorTable(connection: Connection, model: string): VectorTable {
  return {
    missing: (after, maxLength) =>
      connection.read(async (session) => {
        const rows = await session.rows<MissingRow>(
          `${MISSING} from (select uid, number from patchbay.memory where (uid, number) > ($3, $4::bigint)
             order by uid, number limit ${LOOKED_THROUGH}) as looked join patchbay.memory m using (uid, number) ${VECTOR}
           order by m.uid, m.number`,
          [model, maxLength, Math.floor(after / NUMBERS), after % NUMBERS],
        );
        const last = rows.at(-1);
        return { texts: textsOf(rows), last: last && last.uid * NUMBERS + last.number };
      }),
    missingOf: (user, ids, maxLength) =>
      connection.read(async (session) => {
        const owner = await readOwner(session, { id: user });
        if (!owner) return [];
        const sql = `${MISSING} from patchbay.memory m ${VECTOR} where m.uid = $3 and m.uuid = any($4::uuid[])`;
        return textsOf(await session.rows<MissingRow>(sql, [model, maxLength, owner.uid, ids]));
      }),
    range: (user) =>
      connection.read(async (session) => {
        const owner = await readOwner(session, { id: user });
        return owner && { first: owner.uid * NUMBERS, last: owner.uid * NUMBERS + owner.last };
      }),
    somewhere: () =>
      connection.read(async (session) => {
        const row = await session.row<{ uid: number | null }>("select max(uid) as uid from patchbay.owner");
        return Math.floor(Math.random() * ((row?.uid ?? 0) + 1)) * NUMBERS;
      }),
    write: (vectors) =>
      connection.write(async (session) => {
        const places = vectors.map(({ id }) => ({ uid: Math.floor(id / NUMBERS), number: id % NUMBERS }));
        const uids = integers(places.map(({ uid }) => uid));
        // Nobody changes their memories until this is done.
        await session.run("select from patchbay.owner where uid = any($1::integer[]) order by uid for share", [uids]);
        await session.run("insert into patchbay.embedding_model (name) values ($1) on conflict do nothing", [model]);
        await session.run(
          `insert into patchbay.embedding (uid, number, model, vector)
           select m.uid, m.number, (select mid from patchbay.embedding_model where name = $1), v.vector
           from unnest($2::integer[], $3::integer[], $4::integer[], $5::bytea[]) as v (uid, number, version, vector)
           join patchbay.memory m on m.uid = v.uid and m.number = v.number and m.version = v.version
             and m.superseded_by is null
           on conflict (uid, number) do update set model = excluded.model, vector = excluded.vector`,
          [
            model,
            uids,
            integers(places.map(({ number }) => number)),
            integers(vectors.map(({ version }) => version)),
            vectors.map(({ bytes }) => Buffer.from(bytes)),
          ],
        );
      }),
  };
}

interface MissingRow {
  uid: number;
  number: number;
  version: number;
  speaker: string | null;
  /** Null where there is a vector, or none is wanted. */
  content: string | null;
}

const MISSING = `select m.uid, m.number, m.version, m.speaker,
  case when e.number is null and m.superseded_by is null then substr(m.content, 1, $2) end as content`;
const VECTOR = `left join patchbay.embedding e on e.uid = m.uid and e.number = m.number
  and e.model = (select mid from patchbay.embedding_model where name = $1)`;

/** Who says it is part of what a memory means. */
function textsOf(rows: readonly MissingRow[]): TextToEmbed[] {
  return rows.flatMap(({ uid, number, version, speaker, content }) => {
    if (content === null) return [];
    return [{ id: uid * NUMBERS + number, version, text: speaker === null ? content : `${speaker}: ${content}` }];
  });
}

/** Compares a user's memories with a query, some at a time. Undefined without vectors. */
export async function compareMemories(
  session: Session,
  owner: Owner,
  model: string,
  query: Direction,
  filter: CheckedFilter,
): Promise<Nearness | undefined> {
  const known = await session.row<{ mid: number }>("select mid from patchbay.embedding_model where name = $1", [model]);
  if (!known) return undefined;
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const at = parameters.length;
  const scan = createNearnessScan(query);
  for (let last = owner.last; last > Math.max(0, owner.last - MAX_COMPARED); last -= SCANNED_AT_ONCE) {
    const rows = await session.rows<{ number: number; vector: Uint8Array }>(
      `select e.number, e.vector from patchbay.embedding e join patchbay.memory m using (uid, number)
       where ${sql} and e.uid = $1 and e.model = $${at + 1} and e.number > $${at + 2} and e.number <= $${at + 3}
       order by e.number desc`,
      [...parameters, known.mid, Math.max(0, last - SCANNED_AT_ONCE), last],
    );
    for (const { number, vector } of rows) scan.add(number, vector);
  }
  return scan.end();
}

interface PlacedRow {
  number: number;
  terms: string;
  source: string | null;
  speaker: string | null;
}

/** What fusion needs to know of the nearest memories and of those that terms have found. */
export async function readMeant(
  session: Session,
  owner: Owner,
  query: Query,
  hits: readonly Hit[],
  nearness: Nearness,
  { filter, speaker }: { filter: CheckedFilter; speaker: boolean },
): Promise<MeantMemory[]> {
  const numbers = new Set([...nearness.nearest, ...hits.map((hit) => hit.number)]);
  const beside = new Set([...numbers].flatMap((number) => [number - 1, number + 1]));
  const { sql, parameters } = satisfying(filter, currentMemories(owner));
  const [rows, besides] = await Promise.all([
    session.rows<PlacedRow>(
      `select m.number, m.terms, m.source, m.speaker from patchbay.memory m
       where ${sql} and m.number = any($${parameters.length + 1}::integer[])`,
      [...parameters, integers(numbers)],
    ),
    session.rows<{ number: number; source: string | null }>(
      "select number, source from patchbay.memory where uid = $1 and number = any($2::integer[]) and superseded_by is null",
      [owner.uid, integers(beside)],
    ),
  ]);
  const sources = new Map(besides.map(({ number, source }) => [number, source]));
  const asked = new Set(query.terms.map((term) => term.text));
  return rows.flatMap((row) => {
    const own = nearness.of(row.number);
    if (own === undefined) return [];
    const near = (number: number): number | undefined =>
      row.source !== null && sources.get(number) === row.source ? nearness.of(number) : undefined;
    const speakerNamed = speaker && row.speaker !== null && tokenize(row.speaker).some((term) => asked.has(term));
    const { number, terms } = row;
    return [{ number, terms, nearness: own, before: near(number - 1), after: near(number + 1), speakerNamed }];
  });
}

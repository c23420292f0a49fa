import { setImmediate as turn } from "node:timers/promises";
import type { VectorTable } from "../embeddings/meaning.ts";
import { createNearnessScan, type Nearness } from "../embeddings/nearness.ts";
import type { Direction } from "../embeddings/vector.ts";
import type { CheckedFilter } from "../memory-filter.ts";
import type { MemoryUser } from "../store.ts";
import type { Connection } from "./connection.ts";
import {
  findModel,
  randomPlace,
  readMissing,
  readMissingOf,
  SCANNED_AT_ONCE,
  scanVectors,
  writeVectors,
} from "./embeddings.ts";
import type { GroupCommit } from "./group-commit.ts";
import { readUser } from "./read-memories.ts";
import { baseOf } from "./rows.ts";

/** Memories of a user, the newest, that are compared with a query by meaning. */
const MAX_COMPARED = 100_000;

/** The vectors of one model in the database. */
export function createVectorTable(connection: Connection, commits: GroupCommit, model: string): VectorTable {
  return {
    missing: (after, maxLength) => connection.read((database) => readMissing(database, model, after, maxLength)),
    missingOf: (user, ids, maxLength) =>
      connection.read((database) => readMissingOf(database, { id: user }, model, ids, maxLength)),
    range: (user) =>
      connection.read((database) => {
        const owner = readUser(database, { id: user });
        return owner && { first: baseOf(owner), last: baseOf(owner) + owner.last };
      }),
    somewhere: () => connection.read((database) => randomPlace(database, Math.random())),
    // What is known of users does not change with vectors.
    write: (vectors) => commits.write((database) => writeVectors(database, model, vectors), { adds: true }),
  };
}

/** Compares a user's memories with a query, some at a time, so that others are served meanwhile. Undefined without vectors. */
export async function compareMemories(
  connection: Connection,
  user: MemoryUser,
  model: string,
  query: Direction,
  filter: CheckedFilter,
): Promise<Nearness | undefined> {
  const found = await connection.read((database) => {
    const owner = readUser(database, user);
    const mid = findModel(database, model);
    return owner && mid !== undefined ? { owner, mid } : undefined;
  });
  if (!found) return undefined;
  const { owner, mid } = found;
  const scan = createNearnessScan(query);
  for (let last = owner.last; last > Math.max(0, owner.last - MAX_COMPARED); last -= SCANNED_AT_ONCE) {
    if (last < owner.last) await turn();
    const from = last;
    await connection.read((database) => scanVectors(database, owner, mid, { filter, last: from }, scan));
  }
  return scan.end();
}

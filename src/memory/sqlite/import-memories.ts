import type { ImportVerdict } from "../import-outcome.ts";
import type { CheckedImport } from "../memory-input.ts";
import { checkLimits, NOTHING, refuseBeyondLimits } from "../memory-limits.ts";
import type { MemoryLimits, MemoryUser } from "../store.ts";
import type { Database } from "./database.ts";
import { importVersion } from "./history.ts";
import { findSame, knownUser } from "./identities.ts";
import { appendMemory, createUser } from "./memory-table.ts";
import { readIds } from "./read-memories.ts";

/**
 * Adds those that are not there yet, all or none; part of a transaction of its caller. Gives, for each of them, whether it was
 * added; a dry run only looks. With `partial` what is beyond the limits is refused, and the rest added. @throws ToolError `limit_reached`
 */
export function importMemories(
  database: Database,
  user: MemoryUser,
  memories: readonly { memory: CheckedImport; terms: string }[],
  { origin, exact, dryRun, partial }: { origin: string; exact: boolean; dryRun: boolean; partial: boolean },
  limits: MemoryLimits,
): ImportVerdict[] {
  // A dry run writes nothing, so nobody has looked whether other processes have.
  if (dryRun) database.users.delete(user.id);
  const known = knownUser(database, user.id);
  const ids = known ? readIds(database, known) : new Set<string>();
  const seen = new Set<string>();
  const verdicts = memories.map(({ memory }): ImportVerdict => {
    const { id, content, source, speaker, superseded_by } = memory;
    const same = JSON.stringify([content, source ?? null, speaker ?? null]);
    if (id !== undefined && ids.has(id)) return false;
    const bySameness = superseded_by === undefined && !exact;
    if (bySameness && (seen.has(same) || (known && findSame(database, known, memory)))) return false;
    if (id !== undefined) ids.add(id);
    if (superseded_by === undefined) seen.add(same);
    return true;
  });
  if (partial) refuseBeyondLimits(known ?? NOTHING, memories, verdicts, limits);
  const fresh = memories.filter((_, index) => verdicts[index] === true);
  checkLimits(
    known ?? NOTHING,
    fresh.map(({ memory }) => memory),
    limits,
  );
  if (dryRun || fresh.length === 0) return verdicts;
  const owner = known ?? createUser(database, user.id);
  for (const { memory, terms } of fresh) {
    const row = appendMemory(database, owner, memory, terms, memory.origin ?? origin);
    for (const version of memory.history) importVersion(database, row.id, version);
  }
  if (fresh.some(({ memory }) => memory.id !== undefined)) {
    database.run("update user set foreign_ids = 1 where uid = ?", owner.uid);
  }
  return verdicts;
}

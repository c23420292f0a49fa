import type { ImportVerdict } from "../import-outcome.ts";
import type { CheckedImport } from "../memory-input.ts";
import { checkLimits, refuseBeyondLimits } from "../memory-limits.ts";
import type { MemoryLimits } from "../store.ts";
import type { Session } from "./connection.ts";
import { importVersions } from "./history.ts";
import { type Addition, insertRows, newRow } from "./memory-table.ts";
import type { Owner } from "./rows.ts";
import { findSame, sameness } from "./write-memories.ts";

/** Memories that are looked for at once. */
const AT_ONCE = 1_000;

/**
 * Adds those that are not there yet, all or none; part of a transaction that has locked the owner. Gives, for each of them,
 * whether it was added; a dry run only looks. With `partial` what is beyond the limits is refused, and the rest added.
 * @throws ToolError `limit_reached`
 */
export async function importMemories(
  session: Session,
  owner: Owner,
  memories: readonly Addition<CheckedImport>[],
  { origin, exact, dryRun, partial }: { origin: string; exact: boolean; dryRun: boolean; partial: boolean },
  limits: MemoryLimits,
): Promise<ImportVerdict[]> {
  const ids = new Set<string>();
  const seen = new Set<string>();
  const bySameness = (memory: CheckedImport): boolean => !exact && memory.superseded_by === undefined;
  const current = memories.filter(({ memory }) => bySameness(memory));
  for (let start = 0; start < memories.length; start += AT_ONCE) {
    const some = memories.slice(start, start + AT_ONCE).flatMap(({ memory }) => memory.id ?? []);
    const sql = "select uuid from patchbay.memory where uid = $1 and uuid = any($2)";
    for (const { uuid } of await session.rows<{ uuid: string }>(sql, [owner.uid, some])) ids.add(uuid);
  }
  for (let start = 0; start < current.length; start += AT_ONCE) {
    const some = current.slice(start, start + AT_ONCE).map(({ memory }) => memory);
    for (const text of (await findSame(session, owner, some)).keys()) seen.add(text);
  }
  const verdicts = memories.map(({ memory }): ImportVerdict => {
    const text = bySameness(memory) ? sameness(memory) : undefined;
    if ((memory.id !== undefined && ids.has(memory.id)) || (text !== undefined && seen.has(text))) return false;
    if (memory.id !== undefined) ids.add(memory.id);
    if (text !== undefined) seen.add(text);
    return true;
  });
  if (partial) refuseBeyondLimits(owner, memories, verdicts, limits);
  const fresh = memories.filter((_, index) => verdicts[index] === true);
  checkLimits(
    owner,
    fresh.map(({ memory }) => memory),
    limits,
  );
  if (dryRun || fresh.length === 0) return verdicts;
  const rows = fresh.map((addition) => newRow(owner, addition, addition.memory.origin ?? origin));
  await insertRows(session, owner, rows);
  const histories = fresh.map(({ memory }, index) => ({ number: rows[index]?.id ?? 0, history: memory.history }));
  await importVersions(session, owner, histories);
  return verdicts;
}

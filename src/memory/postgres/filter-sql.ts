import type { CheckedFilter } from "../memory-filter.ts";
import { facetOf, type Owner } from "./rows.ts";

/** A condition of SQL on the table memory, called `m`, and its parameters. */
export interface Condition {
  sql: string;
  parameters: unknown[];
}

/** What a user has now: no superseded memories, unless they are asked for, and none that have expired. */
export function currentMemories(owner: Owner, { superseded = false, last = owner.last } = {}): Condition {
  const sql = `m.uid = $1 and m.number <= $2 and (m.expires is null or m.expires > $3)${superseded ? "" : " and m.superseded_by is null"}`;
  return { sql, parameters: [owner.uid, last, Date.now()] };
}

export function satisfying(filter: CheckedFilter, among: Condition): Condition {
  const conditions = [among.sql];
  const parameters = [...among.parameters];
  for (const facet of facetsOf(filter)) {
    parameters.push(facet);
    conditions.push(
      `exists (select from patchbay.posting p where p.uid = m.uid and p.term = $${parameters.length} and p.number = m.number)`,
    );
  }
  if (filter.after !== undefined) conditions.push(`m.time >= $${parameters.push(filter.after)}`);
  if (filter.before !== undefined) conditions.push(`m.time < $${parameters.push(filter.before)}`);
  return { sql: conditions.join(" and "), parameters };
}

/** What the search index has of the memories that satisfy the filter, but for the time. */
export function facetsOf(filter: CheckedFilter): string[] {
  const names = ["tag", "source", "speaker", "kind"] as const;
  return names.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [facetOf(name, value)];
  });
}

import { ToolError } from "../../../errors.ts";
import type { Batch } from "../../batch.ts";
import { keyOf } from "../../row-key.ts";
import { newRow, type Row } from "../../rows.ts";
import { createSpool, type Spool } from "../../spool/spool.ts";
import type { Workspace } from "../../spool/workspace.ts";

/** Bytes of groups in memory beyond which new groups wait, and those beyond which their values are too many. */
const MAX_WEIGHT = 32_000_000;
const TOO_LARGE = 128_000_000;
/** Bytes of a group in memory besides what it says. */
const GROUP_WEIGHT = 300;

/** How rows become groups. */
export interface GroupRules<Group> {
  /** Rows with equal values in these are a group. */
  by: readonly string[];
  /** All fields that are read of a row; undefined: any. */
  fields: readonly string[] | undefined;
  /** The group that begins with this row, which it does not take yet, and the bytes it takes. */
  begin(row: Row, number: number): { group: Group; weight: number };
  /** Takes a row; the bytes by which the group has grown. */
  take(group: Group, row: Row, number: number): number;
}

/** Groups of any number of rows, in the order in which they first appear. */
export interface Grouping<Group> {
  /** @throws ToolError `too_large` where groups keep too many values */
  add(batch: Batch): void;
  /** The groups, once, after the last row. @throws as `add` */
  groups(): Iterable<Group>;
}

/**
 * Holds as many groups as fit into `memory` bytes. Rows of further groups wait in a spool until these are given, and so again,
 * so that any number of groups needs bounded memory.
 */
export function createGrouping<Group>(
  rules: GroupRules<Group>,
  workspace: Workspace,
  memory = MAX_WEIGHT,
): Grouping<Group> {
  let groups = new Map<string, Group>();
  let weight = 0;
  let waiting: Spool | undefined;

  function add({ rows, numbers }: Batch): void {
    const late: Batch = { rows: [], numbers: [] };
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as Row;
      const number = numbers[index] as number;
      const key = keyOf(row, rules.by);
      let group = groups.get(key);
      if (group === undefined) {
        if (weight > memory) {
          late.rows.push(rules.fields ? picked(row, rules.fields) : row);
          late.numbers.push(number);
          continue;
        }
        const begun = rules.begin(row, number);
        group = begun.group;
        groups.set(key, group);
        weight += GROUP_WEIGHT + key.length + begun.weight;
      }
      weight += rules.take(group, row, number);
    }
    if (weight > Math.max(TOO_LARGE, memory)) {
      throw new ToolError("too_large", "The groups keep more values than fit into memory.", {
        hint: "Filter the rows first, name fewer fields, or group by fields with more different values.",
      });
    }
    if (late.rows.length === 0) return;
    waiting ??= createSpool(workspace);
    waiting.add(late);
  }

  return {
    add,
    *groups() {
      for (;;) {
        yield* groups.values();
        if (!waiting) return;
        const rest = waiting;
        waiting = undefined;
        groups = new Map();
        weight = 0;
        for (const batch of rest.batches()) add(batch);
        rest.clear();
      }
    },
  };
}

function picked(row: Row, fields: readonly string[]): Row {
  const made = newRow();
  for (const field of fields) if (row[field] !== undefined) made[field] = row[field];
  return made;
}

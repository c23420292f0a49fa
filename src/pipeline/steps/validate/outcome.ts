import { ToolError } from "../../../errors.ts";
import type { Batch } from "../../batch.ts";
import type { Row } from "../../rows.ts";
import type { StepContext } from "../step.ts";
import type { CheckedRow, FailedRow } from "./check-row.ts";
import type { JsonSchemaCheck } from "./json-schema.ts";
import { addReason, fieldOf, type Violation, wrongValue } from "./violation.ts";

export const MODES = ["stop", "drop", "flag", "quarantine"] as const;
export type Mode = (typeof MODES)[number];

/** Rows that a schema for all rows as a whole may hold. */
const MAX_WHOLE_ROWS = 200_000;
/** Reasons that a flag or a row in quarantine has. */
const MAX_REASONS_OF_ROW = 20;

/** What becomes of rows that fail in one run. */
export interface Outcome {
  /** Records why a row failed, and puts it where the mode says. Whether it goes on to the next step. */
  settle(row: Row, number: number, failed: FailedRow): boolean;
  /** Records what is wrong with the rows as a whole: no dropping and no flag helps against that. */
  failAll(violation: Violation): void;
  /** Whether no rows are to go on. */
  stopped(): boolean;
  rowsInvalid(): number;
  /** Rows that had something else than reasons where their reasons are now. */
  replaced(): number;
}

export function createOutcome(mode: Mode, flagField: string, { reasons, quarantine }: StepContext): Outcome {
  let rowsInvalid = 0;
  let replaced = 0;
  let stopped = false;
  const listed = (row: Row, violations: readonly Violation[], withValues: boolean) =>
    violations.slice(0, MAX_REASONS_OF_ROW).map((violation) => {
      const value = withValues ? (wrongValue(violation, row) ?? null) : undefined;
      return {
        field: fieldOf(violation),
        rule: violation.rule,
        message: violation.message,
        // The row itself stands beside its reasons.
        ...(value !== undefined && value !== row && { value }),
      };
    });
  return {
    settle(row, number, { violations, more }) {
      rowsInvalid++;
      for (const violation of violations) addReason(reasons, number, row, violation);
      if (more > 0) reasons.count(more);
      if (mode === "stop") stopped = true;
      if (mode === "flag") {
        const reasonsNow = listed(row, violations, false);
        const there = row[flagField];
        if (there !== undefined && there !== null && there !== "" && !Array.isArray(there)) replaced++;
        // What an earlier step found stays.
        row[flagField] = Array.isArray(there) ? [...there, ...reasonsNow] : reasonsNow;
      }
      if (mode === "quarantine") quarantine(row, number, listed(row, violations, true));
      return mode === "flag";
    },
    failAll(violation) {
      stopped = true;
      addReason(reasons, 0, undefined, violation);
    },
    stopped: () => stopped,
    rowsInvalid: () => rowsInvalid,
    replaced: () => replaced,
  };
}

/** Holds all rows of a run for a schema that looks at them as a whole. */
export interface WholeRows {
  /** @throws ToolError `too_large` for more rows than are held */
  add(batch: Batch, check: (row: Row, number: number) => CheckedRow): void;
  /** Checks the rows and gives those that go on, in the batches they came in. */
  settle(check: JsonSchemaCheck, outcome: Outcome): Batch[];
}

export function createWholeRows(): WholeRows {
  const batches: Batch[] = [];
  const all: Row[] = [];
  const failures = new Map<number, Violation[]>();
  return {
    add(batch, check) {
      if (all.length + batch.rows.length > MAX_WHOLE_ROWS) {
        throw new ToolError("too_large", `A schema of type array takes at most ${MAX_WHOLE_ROWS} rows.`, {
          hint: 'Describe one row instead ("type": "object"), and use "unique" for what must not repeat.',
        });
      }
      batches.push(batch);
      for (const [index, row] of batch.rows.entries()) {
        const result = check(row, batch.numbers[index] as number);
        if (typeof result !== "string") failures.set(all.length, [...result.violations]);
        all.push(row);
      }
    },
    settle(check, outcome) {
      for (const violation of check(all, all.length)?.listed ?? []) {
        const [index, ...path] = violation.path;
        const place = Number(index);
        if (index === undefined || all[place] === undefined) outcome.failAll(violation);
        else if (failures.has(place)) failures.get(place)?.push({ ...violation, path });
        else failures.set(place, [{ ...violation, path }]);
      }
      let place = 0;
      return batches.map(({ rows, numbers }) => {
        const kept: Batch = { rows: [], numbers: [] };
        for (const [index, row] of rows.entries()) {
          const number = numbers[index] as number;
          const violations = failures.get(place++);
          if (violations && !outcome.settle(row, number, { violations, more: 0 })) continue;
          kept.rows.push(row);
          kept.numbers.push(number);
        }
        return kept;
      });
    },
  };
}

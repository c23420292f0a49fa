import { MAX_REASONS, newRow, type Reasons, type Row } from "../../rows.ts";
import { readPath } from "../../template.ts";

/** One thing that is wrong with a row: where in it, which rule, and what the value must be. */
export interface Violation {
  path: readonly string[];
  rule: string;
  message: string;
  /** Names of fields that are wrong together; where it is left out, those of the path. */
  field?: string;
  /** What is wrong, where it is not what the path leads to. */
  value?: unknown;
  /** Paths to what is wrong together, where no path leads to it. */
  reads?: readonly string[];
}

/** The field's name as reasons have it; null for the row as a whole. */
export function fieldOf({ field, path }: Violation): string | null {
  return field ?? (path.length === 0 ? null : path.length === 1 ? (path[0] as string) : path.join("."));
}

/** Records a violation of a row. `number` is 0 where all rows are wrong together. */
export function addReason(reasons: Reasons, number: number, row: unknown, violation: Violation): void {
  const field = fieldOf(violation);
  const subject =
    field === null ? (number === 0 ? "the rows" : "the row") : violation.field === undefined ? `"${field}"` : field;
  reasons.add({
    row: number,
    field,
    rule: violation.rule,
    message: `${subject} ${violation.message}`,
    // Nobody sees the values of those that are only counted.
    value: reasons.listed.length < MAX_REASONS ? (wrongValue(violation, row) ?? null) : null,
    path: violation.path,
  });
}

/** The value that is wrong. */
export function wrongValue({ value, path, reads = [] }: Violation, row: unknown): unknown {
  if (value !== undefined) return value;
  if (path.length === 0 && reads.length > 0) {
    return newRow(Object.fromEntries(reads.map((name) => [name, readPath(row as Row, name) ?? null])));
  }
  let found: unknown = row;
  for (const part of path) {
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, part) ? (found as Row)[part] : undefined;
  }
  return found;
}

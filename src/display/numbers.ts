const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** The number that a cell is or says, in decimal notation; undefined where it is none. */
export function numberOf(cell: unknown): number | undefined {
  const value = typeof cell === "string" && DECIMAL.test(cell.trim()) ? Number(cell) : cell;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Whether a cell has no value, so that a chart has a gap there. */
export function isEmpty(cell: unknown): boolean {
  return cell === undefined || cell === null || (typeof cell === "string" && cell.trim() === "");
}

/** A number of at most 12 significant digits, which hides what binary fractions add; a whole number as it is. */
export function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12));
}

/** A number as it is shown, `rounded`. */
export function numberText(value: number): string {
  return String(rounded(value));
}

/** A cell as it is shown: a number as `numberText` has it, all else as `textOf`. */
export function cellText(cell: unknown): string {
  return typeof cell === "number" ? numberText(cell) : textOf(cell);
}

/** A cell as text: texts as they are, nothing as "", objects and lists as JSON. */
export function textOf(cell: unknown): string {
  if (cell === undefined || cell === null) return "";
  return typeof cell === "object" ? (JSON.stringify(cell) ?? "") : String(cell);
}

/**
 * A text, number or flag as text; nothing of a list or an object, whose text may be anything: `{"toString": 1}` of a document or
 * a call has none at all, and asking for it is an error.
 */
export function scalarText(value: unknown): string {
  return value === undefined || typeof value === "object" ? "" : String(value);
}

/**
 * The value, a text as a copy of its own: V8 may keep a part of a larger text as a view on it, so that a few values that are
 * kept for long would keep all of the input.
 */
export function ownText(value: unknown): unknown {
  // Shorter ones are always copies.
  return typeof value === "string" && value.length > 12 ? JSON.parse(JSON.stringify(value)) : value;
}

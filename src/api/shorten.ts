/** At most so many characters of a text, and a sign where that is not all of it; no pair of a character's halves is parted. */
export function shorten(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "")}…` : text;
}

/** The beginning of a text in quotation marks, as a message names it. */
export function quoted(text: string, length?: number): string {
  return JSON.stringify(shorten(text, length));
}

/** Characters as wide as a Latin one; those of East Asia are twice as wide. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, each) => sum + (each >= "\u1100" && each !== "↳" && each !== "…" ? 2 : 1), 0);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for XML, in which most control characters may not even be written as entities. */
export function safe(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\ufffe\uffff]/gu, " ")
    .replace(/[&<>"']/g, (each) => ESCAPES[each]!);
}

/** A place or a size in pixels, as exactly as it can be seen. */
export const round = (number: number): number => Math.round(number * 10) / 10;

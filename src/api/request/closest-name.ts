import { editsBetween } from "../../edits.ts";

/** Characters of a name that are compared. */
const MAX_COMPARED = 60;

/** The name that differs least by spelling, if it differs by little: case, `_`, `-`, a plural, a typing error. */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const wanted = bare(name);
  const limit = Math.min(2, Math.floor(wanted.length / 3));
  let best: { name: string; edits: number } | undefined;
  for (const candidate of names) {
    const edits = editsBetween(wanted, bare(candidate), limit);
    if (edits <= limit && (!best || edits < best.edits)) best = { name: candidate, edits };
  }
  return best?.name;
}

function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .slice(0, MAX_COMPARED);
}

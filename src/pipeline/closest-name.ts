import { editsBetween } from "../edits.ts";

/** Characters of a name that is compared. */
const MAX_COMPARED = 80;

/** The candidate that differs by spelling only: by case and separators, or by a letter in three. */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > MAX_COMPARED) return undefined;
  const plain = bare(name);
  let best: string | undefined;
  let least = Math.floor(plain.length / 3) + 1;
  for (const candidate of candidates) {
    if (candidate.length > MAX_COMPARED) continue;
    const distance = editsBetween(plain, bare(candidate), least);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[\s_.-]/g, "");
}

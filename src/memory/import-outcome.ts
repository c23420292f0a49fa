import type { ErrorIssue } from "../errors.ts";
import type { ImportLine, ImportOutcome } from "./store.ts";

const MAX_REFUSED = 100;

/** What was read of a file: `places` has that of each memory, right or wrong, in the order of the file. */
export interface ReadImport<Checked extends { where: string }> {
  checked: Checked[];
  issues: ErrorIssue[];
  places: string[];
}

/** What became of a memory that was right: whether it was added, or why it was refused. */
export type ImportVerdict = boolean | string;

/** What came of an import; `verdicts` has what became of each checked memory. */
export function importOutcome(
  { checked, issues: wrongOnes, places }: ReadImport<{ where: string }>,
  verdicts: readonly ImportVerdict[],
  lines = false,
): ImportOutcome {
  const count = (verdict: boolean): number => verdicts.filter((each) => each === verdict).length;
  const issues = wrongOnes.map(({ path, message }) => ({ where: path, message }));
  verdicts.forEach((verdict, index) => {
    if (typeof verdict === "string") issues.push({ where: checked[index]?.where ?? "", message: verdict });
  });
  const outcome = { added: count(true), existing: count(false), refused: issues.slice(0, MAX_REFUSED) };
  if (!lines) return outcome;
  let right = 0;
  let wrong = 0;
  const all = places.map((where): ImportLine => {
    const issue = wrongOnes[wrong];
    if (issue?.path === where) {
      wrong++;
      return { where, outcome: "refused", message: issue.message };
    }
    const verdict = verdicts[right++];
    if (typeof verdict === "string") return { where, outcome: "refused", message: verdict };
    return { where, outcome: verdict ? "added" : "existing" };
  });
  return { ...outcome, lines: all };
}

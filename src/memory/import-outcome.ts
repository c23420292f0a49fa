import type { ErrorIssue } from "../errors.ts";
import type { ImportLine, ImportOutcome } from "./store.ts";

const MAX_REFUSED = 100;

/** What was read of a file: `places` has that of each memory, right or wrong, in the order of the file. */
export interface ReadImport<Checked extends { where: string }> {
  checked: Checked[];
  issues: ErrorIssue[];
  places: string[];
}

/** What came of an import. `isNew` says of each checked memory whether it was added. */
export function importOutcome(
  { checked, issues, places }: ReadImport<{ where: string }>,
  isNew: readonly boolean[],
  lines = false,
): ImportOutcome {
  const added = isNew.filter(Boolean).length;
  const refused = issues.slice(0, MAX_REFUSED).map(({ path, message }) => ({ where: path, message }));
  const outcome = { added, existing: checked.length - added, refused };
  if (!lines) return outcome;
  let right = 0;
  let wrong = 0;
  const all = places.map((where): ImportLine => {
    const issue = issues[wrong];
    if (issue?.path === where) {
      wrong++;
      return { where, outcome: "refused", message: issue.message };
    }
    return { where, outcome: isNew[right++] ? "added" : "existing" };
  });
  return { ...outcome, lines: all };
}

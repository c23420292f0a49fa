import type { AnswerRecord, JudgementRecord, Question } from "./records.ts";
import type { Outcomes } from "./statistics.ts";

/** What an evaluation has found so far. */
export interface Found {
  questions: readonly Question[];
  answers: readonly AnswerRecord[];
  judgements: readonly JudgementRecord[];
}

/** How a contestant did against the baseline, question by question, and which kind of comparison it was. */
export interface Comparison extends Outcomes {
  /** Questions that could not be compared: not reached, or the judge failed. */
  missing: number;
}

/**
 * Compares two contestants. Where the answer is known, being right beats being wrong; elsewhere the judge decides, and an answer
 * beats a failure.
 */
export function compare(contestant: string, baseline: string, { questions, answers, judgements }: Found): Comparison {
  const of = (name: string) =>
    new Map(answers.filter((answer) => answer.contestant === name).map((answer) => [answer.question, answer]));
  const [ours, theirs] = [of(contestant), of(baseline)];
  const judged = new Map(
    judgements
      .filter((judgement) => judgement.contestant === contestant && judgement.baseline === baseline)
      .map((judgement) => [judgement.question, judgement.outcome]),
  );
  const comparison: Comparison = { wins: 0, ties: 0, losses: 0, missing: 0 };
  for (const { id, answers: known } of questions) {
    const [our, their] = [ours.get(id), theirs.get(id)];
    const good = (answer: AnswerRecord) => (known ? answer.right === true : answer.text !== undefined);
    if (!our || !their) comparison.missing += 1;
    else if (good(our) !== good(their)) comparison[good(our) ? "wins" : "losses"] += 1;
    else if (known || !good(our)) comparison.ties += 1;
    else {
      const outcome = judged.get(id);
      if (outcome === undefined) comparison.missing += 1;
      else comparison[outcome === "win" ? "wins" : outcome === "tie" ? "ties" : "losses"] += 1;
    }
  }
  return comparison;
}

/** The single model that wins most against the first one; the earlier one of equals. */
export function bestSingle(singles: readonly string[], first: string, found: Found): string {
  let best = { name: first, lead: 0 };
  for (const name of singles) {
    const { wins, losses } = compare(name, first, found);
    if (name !== first && wins - losses > best.lead) best = { name, lead: wins - losses };
  }
  return best.name;
}

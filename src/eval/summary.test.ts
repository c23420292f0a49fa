import { describe, expect, it } from "vitest";
import type { Contestant } from "./contestants.ts";
import type { AnswerRecord, Question } from "./records.ts";
import { summarize } from "./summary.ts";

const contestant = (name: string, kind: Contestant["kind"]): Contestant => ({
  name,
  kind,
  settings: {},
  calls: [],
  answer: () => Promise.reject(new Error("is not asked")),
});

/** A single model and a mixture that is right in the given questions, at six times the cost and three times as slow. */
function summaryOf(single: readonly boolean[], mixed: readonly boolean[]) {
  const questions = single.map((_, index): Question => ({ id: `${index}`, question: "?", answers: ["!"] }));
  const answersOf = (name: string, right: readonly boolean[], times: number) =>
    right.map(
      (one, index): AnswerRecord => ({
        ...{ type: "answer", key: `${name} ${index}`, question: `${index}`, contestant: name, text: "…", right: one },
        ...{ ms: 1000 * times, tokens: 100 * times, cost_usd: 0.002 * times },
      }),
    );
  const answers = [...answersOf("p/a", single, 1), ...answersOf("mixed", mixed, 3)];
  const outcome = {
    answers,
    judgements: [],
    baseline: "p/a",
    baselineChosen: false,
    stopped: false,
    costUsd: 1,
    leftOut: [],
  };
  return summarize(questions, [contestant("p/a", "single"), contestant("mixed", "mixed")], "p/a", outcome);
}

const half = (count: number) => Array.from({ length: count }, (_, index) => index % 2 === 0);
const all = (count: number, value: boolean) => Array.from({ length: count }, () => value);

describe("the verdict on a mixture", () => {
  it("says how much better it is, with the interval, and what that costs", () => {
    expect(summaryOf(half(40), all(40, true)).verdicts).toEqual([
      "mixed is better than p/a here: it wins 75 % against p/a, ties counted half; 95 % interval 66 % to 82 %. " +
        "It costs 3.0 × as much and takes 3.0 × as long.",
    ]);
  });

  it("says that it is worse", () => {
    expect(summaryOf(all(40, true), half(40)).verdicts[0]).toMatch(/^mixed is worse than p\/a here: it wins only 25 %/);
  });

  it("says how many questions more could show the difference where these do not", () => {
    const [verdict = ""] = summaryOf([...half(8)], [...all(6, true), ...half(2)]).verdicts;
    expect(verdict).toMatch(/^mixed: no difference from p\/a is shown by these 8 questions \(it wins 69 %/);
    expect(verdict).toMatch(/If the difference is as large as it looks, about \d+ more would be needed to show it\./);
    expect(summaryOf(half(8), half(8)).verdicts[0]).toContain("As many were won as lost");
  });
});

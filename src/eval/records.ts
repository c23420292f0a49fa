/** A question of the user's file. */
export interface Question {
  id: string;
  question: string;
  /** Any of them is right. Unset: a judge compares. */
  answers?: readonly string[] | undefined;
}

export type ContestantKind = "single" | "self" | "mixed";

/** How one contestant answered one question. */
export interface AnswerRecord {
  type: "answer";
  /** Of the question, the contestant and its settings: what makes the answer usable in another run. */
  key: string;
  question: string;
  contestant: string;
  /** Unset where it failed. */
  text?: string;
  error?: string;
  /** Of questions with an expected answer. */
  right?: boolean;
  /** What was taken for the answer. */
  extracted?: string;
  ms: number;
  /** Of all prompts and answers that it took. */
  tokens: number;
  /** USD; null where a price is unknown. */
  cost_usd: number | null;
  degraded?: boolean;
}

/** What the judge says of two answers in one order. */
export type Verdict = "first" | "second" | "tie";

/** How the judge compared a contestant's answer with the baseline's. */
export interface JudgementRecord {
  type: "judgement";
  /** Of the question, both answers and the judge. */
  key: string;
  question: string;
  contestant: string;
  baseline: string;
  /** A tie where the two orders disagree. Unset where the judge failed. */
  outcome?: "win" | "tie" | "loss";
  /** With the contestant first, then with the baseline first. */
  verdicts?: readonly [Verdict, Verdict];
  error?: string;
  tokens: number;
  cost_usd: number | null;
}

export type EvalRecord = AnswerRecord | JudgementRecord;

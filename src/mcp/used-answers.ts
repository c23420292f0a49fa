import { ToolError } from "../errors.ts";

/** Seconds that a human may take to answer, where nothing else is configured. */
export const ANSWER_SECONDS = 900;

/** Beyond this the oldest are forgotten; the state that they came with can then be used once more, by its own user only. */
const MAX_USED = 100_000;

/** Calls whose answers have been used, so that one consent never serves for two. It knows those of this process. */
export interface UsedAnswers {
  /** Takes the answers of the waiting call with this id for a call that may act. @throws ToolError `invalid_input` when they are taken. */
  claim(id: string): void;
  /** Gives them back: the call asked once more instead of acting. */
  release(id: string): void;
}

export interface UsedAnswersOptions {
  /** Milliseconds that sealed answers are accepted. */
  answerMs?: number | undefined;
  /** Milliseconds since 1970. Default: the clock. */
  now?: () => number;
  max?: number;
}

export function createUsedAnswers(options: UsedAnswersOptions = {}): UsedAnswers {
  const { answerMs = ANSWER_SECONDS * 1000, now = Date.now, max = MAX_USED } = options;
  // In the order in which they expire: what a client may still send was sealed before its claim.
  const expiresAt = new Map<string, number>();
  return {
    claim(id) {
      const time = now();
      for (const [other, expiry] of expiresAt) {
        if (expiry > time && expiresAt.size < max) break;
        expiresAt.delete(other);
      }
      if (expiresAt.has(id)) {
        throw new ToolError("invalid_input", "This confirmation was used already.", {
          hint: "If the action is really to be done once more, start the call again without requestState; the user is asked again.",
        });
      }
      expiresAt.set(id, time + answerMs);
    },
    release: (id) => void expiresAt.delete(id),
  };
}

import { ToolError } from "../errors.ts";

export interface OpenQuestions {
  /** Counts the question as one of the user's until it is answered. @throws ToolError `limit_reached` where too many wait already */
  during<T>(user: string, ask: () => Promise<T>): Promise<T>;
}

/** Questions of one user that may wait for an answer at the same time, over all connections. */
const MAX_OPEN = 20;

/** Keeps a caller from burying its human in questions, each of which holds a call open as long as it waits. */
export function createOpenQuestions(max = MAX_OPEN): OpenQuestions {
  const open = new Map<string, number>();
  return {
    async during(user, ask) {
      const others = open.get(user) ?? 0;
      if (others >= max) {
        throw new ToolError("limit_reached", `${others} questions wait for this user; no more can be asked now.`, {
          hint: "Wait until the user has answered those that are open.",
          retryable: true,
        });
      }
      open.set(user, others + 1);
      try {
        return await ask();
      } finally {
        const left = (open.get(user) ?? 1) - 1;
        if (left > 0) open.set(user, left);
        else open.delete(user);
      }
    },
  };
}

import { setImmediate as nextTurn } from "node:timers/promises";
import { ToolError } from "../errors.ts";

export interface OpenQuestions {
  /**
   * Counts the question as one of the user's until it is answered. Where too many wait already, the oldest whose client is gone
   * is given up for it: the signal that its `ask` was given fires.
   * @throws ToolError `limit_reached` where every one of them is heard; `cancelled` by the signal
   */
  during<T>(user: string, ask: (givenUp: AbortSignal) => Promise<T>, options?: QuestionOptions): Promise<T>;
  /** Gives up the user's oldest question whose client is gone, and waits for its end, or that of one given up. False: there is none. */
  giveUp(user: string): Promise<boolean>;
}

export interface QuestionOptions {
  /** Whether the client still reads what it is sent. Default: always. */
  isHeard?: (() => boolean) | undefined;
  /** Whether this goes on with a question that was let in before. Default: no. */
  goesOn?: boolean;
}

interface OpenQuestion {
  isHeard: () => boolean;
  giveUp: AbortController;
  /** Resolves when it waits no more. */
  ended: Promise<void>;
}

/** Questions of one user that may wait for an answer at the same time, over all connections. */
const MAX_OPEN = 20;

/** Keeps a caller from burying its human in questions, each of which holds a call open as long as it waits. */
export function createOpenQuestions(max = MAX_OPEN): OpenQuestions {
  const open = new Map<string, Set<OpenQuestion>>();

  const isWaiting = ({ giveUp }: OpenQuestion) => !giveUp.signal.aborted;
  const waitingOf = (user: string) => [...(open.get(user) ?? [])].filter(isWaiting);

  /** Ends the oldest whose client is gone, and resolves then; undefined where there is none. Its place is free at once. */
  function giveUpOldest(user: string): Promise<void> | undefined {
    const gone = waitingOf(user).find(({ isHeard }) => !isHeard());
    gone?.giveUp.abort(givenUp());
    return gone?.ended;
  }

  return {
    async during(user, ask, { isHeard = () => true, goesOn = false } = {}) {
      const others = waitingOf(user).length;
      const isFull = !goesOn && others >= max;
      const roomMade = isFull ? giveUpOldest(user) : undefined;
      if (isFull && !roomMade) throw tooMany(others);
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const question = { isHeard, giveUp: new AbortController(), ended };
      const own = open.get(user) ?? new Set();
      open.set(user, own.add(question));
      try {
        if (roomMade) await roomMade;
        question.giveUp.signal.throwIfAborted();
        return await ask(question.giveUp.signal);
      } finally {
        own.delete(question);
        if (own.size === 0 && open.get(user) === own) open.delete(user);
        end();
      }
    },
    async giveUp(user) {
      const ends = giveUpOldest(user) ?? [...(open.get(user) ?? [])].find((one) => !isWaiting(one))?.ended;
      if (!ends) return false;
      await ends;
      // What hangs on it, such as its page, is closed in the turn in which it ends.
      await nextTurn();
      return true;
    },
  };
}

function tooMany(others: number): ToolError {
  return new ToolError("limit_reached", `${others} questions wait for this user; no more can be asked now.`, {
    hint: "Wait until the user has answered those that are open.",
    retryable: true,
  });
}

function givenUp(): ToolError {
  return new ToolError(
    "cancelled",
    "The question was given up: its client had gone, and another one needed its place.",
    {
      hint: "Call again if the user still wants it.",
    },
  );
}

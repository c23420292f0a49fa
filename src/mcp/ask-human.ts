import { ToolError } from "../errors.ts";
import type { AskedPage, PageLink } from "../interaction/ladder.ts";
import type { Question } from "../tools/define-tool.ts";
import { isObject } from "./is-object.ts";

/** What a client says to a question (MCP elicitation). The content is untrusted. */
export interface HumanResponse {
  action?: unknown;
  content?: unknown;
}

/**
 * Thrown by `elicit` to end this round of the call, where the protocol lets the client repeat the call with the answer
 * (2026-07-28). The tool runs again from its start then.
 */
export class AwaitingAnswer extends Error {
  readonly key: string;
  readonly question: Question | PageLink;
  constructor(key: string, question: Question | PageLink) {
    super("awaiting an answer");
    this.key = key;
    this.question = question;
  }
}

/** Answers given in earlier rounds of the same call, by question key: of a page, which one. They travel sealed through the client. */
export type Answers = Record<string, Record<string, unknown>>;

export interface Asking {
  /** Whether this client can show a form. */
  canAsk: boolean;
  /** Whether this client can show the address of a page. */
  canOpen: boolean;
  /** Asks over the connection and waits (2025 era). Without it the round ends by `AwaitingAnswer`. */
  ask: ((question: Question | PageLink) => Promise<HumanResponse>) | undefined;
  /** Waits for the human, which does not count as the call's time. */
  wait: <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  /** Gives up a question of this user's whose client is gone; gives whether there was one. */
  giveUpOne: () => Promise<boolean>;
  /** Tells the client that nothing more is to be done on the page. */
  completed: (id: string) => void;
  /** Answers of earlier rounds; the one of this round is added. */
  answers: Answers;
  /** What the client sent back in this round, by question key. */
  responses: Record<string, unknown>;
  /** The page that the question of the last round was about. */
  page: string | undefined;
}

/**
 * Gives the human's answer to a question, or ends the round by throwing `AwaitingAnswer`. The content is untrusted.
 * @throws ToolError `declined`, `cancelled`, `unsupported`
 */
export async function takeAnswer(asking: Asking, key: string, question: Question): Promise<Record<string, unknown>> {
  const known = Object.hasOwn(asking.answers, key) ? asking.answers[key] : undefined;
  if (known) return known;
  let response = Object.hasOwn(asking.responses, key) ? asking.responses[key] : undefined;
  if (response === undefined) {
    if (!asking.canAsk) throw cannot("This client cannot ask the user.");
    if (!asking.ask) throw new AwaitingAnswer(key, question);
    response = await asking.ask(question);
  }
  const content = acceptedContent(response as HumanResponse | null);
  asking.answers[key] = content;
  return content;
}

/**
 * Has the client show the address of a page (MCP elicitation, URL mode) and, once the human has agreed to go there, waits for
 * what becomes of the page; or ends the round by throwing `AwaitingAnswer`.
 * @throws ToolError `declined`, `cancelled`, `unsupported`
 */
export async function takePage<T>(asking: Asking, key: string, asked: AskedPage<T>): Promise<T> {
  const known = Object.hasOwn(asking.answers, key) ? asking.answers[key]?.page : undefined;
  const id = typeof known === "string" ? known : await agreedPage(asking, key, asked);
  asking.answers[key] = { page: id };
  const outcome = await asking
    .wait((signal) => asked.wait(id, signal))
    .catch((error) => {
      // Without rounds nothing comes back to look at the page.
      if (asking.ask) asked.release(id);
      throw error;
    });
  if (known === undefined) asking.completed(id);
  return outcome;
}

async function agreedPage<T>(asking: Asking, key: string, asked: AskedPage<T>): Promise<string> {
  const response = Object.hasOwn(asking.responses, key) ? asking.responses[key] : undefined;
  const agreed = (id: string, response: unknown) => {
    try {
      acceptedContent(response as HumanResponse | null);
    } catch (error) {
      asked.release(id);
      throw error;
    }
    return id;
  };
  if (response !== undefined && asking.page !== undefined) return agreed(asking.page, response);
  if (!asking.canOpen) throw cannot("This client cannot show the address of a page.");
  const link = await openPage(asking, asked);
  if (!asking.ask) throw new AwaitingAnswer(key, link);
  try {
    return agreed(link.id, await asking.ask(link));
  } catch (error) {
    asked.release(link.id);
    throw error;
  }
}

/** Where too many pages are open, those whose client is gone make room. */
async function openPage<T>({ giveUpOne }: Asking, asked: AskedPage<T>): Promise<PageLink> {
  for (;;) {
    try {
      return await asked.open();
    } catch (error) {
      const isFull = error instanceof ToolError && error.code === "limit_reached";
      if (!isFull || !(await giveUpOne())) throw error;
    }
  }
}

function acceptedContent(response: HumanResponse | null): Record<string, unknown> {
  switch (response?.action) {
    case "accept":
      return isObject(response.content) ? response.content : {};
    case "decline":
      throw new ToolError("declined", "Action cancelled by user", {
        hint: "The user said no. Do not repeat the request unless the user asks for it.",
      });
    case "cancel":
      throw new ToolError("cancelled", "Action cancelled by user", {
        hint: "The user closed the form without an answer, or did not answer in time.",
      });
    default:
      throw cannot("This client answered the form with something else than an answer.");
  }
}

const cannot = (message: string) => new ToolError("unsupported", message, { hint: "Ask the user in the chat." });

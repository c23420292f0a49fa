import { ToolError } from "../errors.ts";
import type { Question } from "../tools/define-tool.ts";

/** Thrown by `elicit` to end this round of the call; the tool runs again from its start when the answer has come. */
export class AwaitingAnswer extends Error {
  readonly key: string;
  readonly question: Question;
  constructor(key: string, question: Question) {
    super("awaiting an answer");
    this.key = key;
    this.question = question;
  }
}

/** Answers given in earlier rounds of the same call, by question key. They travel sealed through the client. */
export type Answers = Record<string, Record<string, unknown>>;

export interface Asking {
  /** Whether this client can show a form. */
  canAsk: boolean;
  /** Answers of earlier rounds; the one of this round is added. */
  answers: Answers;
  /** What the client sent back in this round, by question key; untrusted. */
  responses: Record<string, unknown> | undefined;
}

/**
 * Gives the human's answer to a question, or ends the round by throwing `AwaitingAnswer`. The content is untrusted.
 * @throws ToolError `declined`, `cancelled`, `unsupported`
 */
export function takeAnswer(asking: Asking, key: string, question: Question): Record<string, unknown> {
  const known = Object.hasOwn(asking.answers, key) ? asking.answers[key] : undefined;
  if (known) return known;
  const response = asking.responses?.[key] as { action?: unknown; content?: unknown } | undefined;
  if (response?.action === "accept") {
    const content = (response.content ?? {}) as Record<string, unknown>;
    asking.answers[key] = content;
    return content;
  }
  if (response?.action === "decline")
    throw new ToolError("declined", "Action cancelled by user", {
      hint: "The user said no. Do not repeat the request unless the user asks for it.",
    });
  if (response?.action === "cancel")
    throw new ToolError("cancelled", "Action cancelled by user", {
      hint: "The user closed the form without an answer, or did not answer in time.",
    });
  if (!asking.canAsk)
    throw new ToolError("unsupported", "This client cannot ask the user.", { hint: "Ask the user in the chat." });
  throw new AwaitingAnswer(key, question);
}

import { ToolError } from "../errors.ts";
import type { Question } from "../tools/define-tool.ts";
import { isObject } from "./is-object.ts";

/** What a client says to a question (MCP elicitation, form mode). The content is untrusted. */
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
  /** Asks over the connection and waits (2025 era). Without it the round ends by `AwaitingAnswer`. */
  ask: ((question: Question) => Promise<HumanResponse>) | undefined;
  /** Answers of earlier rounds; the one of this round is added. */
  answers: Answers;
  /** What the client sent back in this round, by question key. */
  responses: Record<string, unknown>;
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
    if (!asking.canAsk)
      throw new ToolError("unsupported", "This client cannot ask the user.", { hint: "Ask the user in the chat." });
    if (!asking.ask) throw new AwaitingAnswer(key, question);
    response = await asking.ask(question);
  }
  const content = acceptedContent(response as HumanResponse | null);
  asking.answers[key] = content;
  return content;
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
      throw new ToolError("unsupported", "This client answered the form with something else than an answer.", {
        hint: "Ask the user in the chat.",
      });
  }
}

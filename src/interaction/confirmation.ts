import { createHash } from "node:crypto";
import { ToolError } from "../errors.ts";
import type { FormQuestion } from "./form-question.ts";
import type { Sealer } from "./tokens.ts";

/** A question that is answered by yes or no. */
export interface ConfirmationText {
  message: string;
  title: string;
  confirmLabel: string;
  cancelLabel: string;
}

/** An answer given in the chat. `tool` is named where the answer was for a call of that tool. */
export interface SettledConfirmation {
  confirmed: boolean;
  tool?: string;
}

export interface Confirmation {
  /** The words that ask before a tool runs. */
  question(tool: string): string;
  /** The words that say of a call that it waits for the human. */
  waiting(tool: string): string;
  /**
   * A token for a call that waits for the human's consent: of this user, tool and arguments, in whatever key order.
   * `message` is the whole question that the human is asked. Default: `question`.
   */
  request(user: string, tool: string, args: unknown, message?: string): string;
  /** Whether the human has consented to exactly this call in the last minutes. Consent serves for one call. */
  takeGrant(user: string, tool: string, args: unknown): boolean;
  /** The question as an MCP elicitation. */
  ask(text: ConfirmationText): FormQuestion;
  /** Whether the content of an accepted elicitation says yes. Nothing, and anything unclear, is not consent. */
  isConsent(content: unknown): boolean;
  /** A token for a question that is put to the human in the chat. */
  pend(user: string, message: string): string;
  /**
   * Takes the human's answer to what `request` or `pend` asked. The token ends with it; a yes to a call is kept for
   * `takeGrant`. `message`, where given, has to be the one that was asked, or say no more than which tool asked.
   * @throws ToolError `invalid_input` for a token or a message that does not fit.
   */
  settle(user: string, token: string, answer: boolean, message?: string): SettledConfirmation;
}

export interface ConfirmationOptions {
  sealer: Sealer;
  now: () => number;
  pendingMs: number;
  grantMs: number;
}

const PURPOSE = "confirm_action";
const MAX_GRANTS = 10_000;

/** The words that ask before a tool runs. */
export function confirmationQuestion(tool: string): string {
  return `Are you sure you want to perform this ${tool} action?`;
}

function waitingMessage(tool: string): string {
  return `${confirmationQuestion(tool)} The user has to confirm first; nothing has been done yet.`;
}

/** Questions of yes and no, and the consents given in the chat that wait for their call. */
export function createConfirmation({ sealer, now, pendingMs, grantMs }: ConfirmationOptions): Confirmation {
  const grants = new Map<string, number>();

  function grant(key: string): void {
    const time = now();
    for (const [other, expiresAt] of grants) {
      if (expiresAt <= time || grants.size >= MAX_GRANTS) grants.delete(other);
    }
    grants.set(key, time + grantMs);
  }

  return {
    question: confirmationQuestion,
    waiting: waitingMessage,
    request: (user, tool, args, message = confirmationQuestion(tool)) =>
      sealer.seal(user, PURPOSE, { tool, digest: digest(args), message: digest(message.trim()) }, pendingMs),

    takeGrant(user, tool, args) {
      const key = grantKey(user, tool, digest(args));
      const expiresAt = grants.get(key);
      grants.delete(key);
      return expiresAt !== undefined && expiresAt > now();
    },

    ask: ({ message, title, confirmLabel, cancelLabel }) => ({
      message: `${title}\n\n${message}`,
      schema: {
        type: "object",
        properties: {
          // Unticked is no: a list of labels would come preselected in many clients.
          confirm: {
            type: "boolean",
            title: confirmLabel,
            description: `Tick for “${confirmLabel}”. Not ticked means “${cancelLabel}”.`,
            default: false,
          },
        },
        required: ["confirm"],
      },
    }),

    isConsent(content) {
      if (typeof content !== "object" || content === null || !Object.hasOwn(content, "confirm")) return false;
      const { confirm } = content as { confirm: unknown };
      return confirm === true || confirm === "true";
    },

    pend: (user, message) => sealer.seal(user, PURPOSE, { message: digest(message.trim()) }, pendingMs),

    settle(user, token, answer, message) {
      const opened = sealer.open(user, PURPOSE, token);
      const asked = opened.payload as { message: string } | { message: string; tool: string; digest: string };
      const own = "tool" in asked ? [confirmationQuestion(asked.tool), waitingMessage(asked.tool)] : [];
      const said = message?.trim();
      if (said !== undefined && asked.message !== digest(said) && !own.includes(said)) {
        throw new ToolError("invalid_input", "The message is not the one that this resume_token was made for.", {
          hint: "Repeat the message unchanged or leave it out, or ask again without resume_token.",
        });
      }
      sealer.consume(opened);
      if (!("tool" in asked)) return { confirmed: answer };
      if (answer) grant(grantKey(user, asked.tool, asked.digest));
      return { confirmed: answer, tool: asked.tool };
    },
  };
}

const grantKey = (user: string, tool: string, args: string): string => JSON.stringify([user, tool, args]);

/** SHA-256 of the value as JSON with sorted keys, in base64url. */
function digest(value: unknown): string {
  const canonical = JSON.stringify(value ?? {}, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash("sha256").update(canonical).digest("base64url");
}

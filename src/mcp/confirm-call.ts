import { ToolError } from "../errors.ts";
import type { ServiceContainer, Services } from "../services.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import type { AnyTool, User } from "../tools/define-tool.ts";
import { type Asking, takeAnswer } from "./ask-human.ts";
import { redactJson } from "./redact-json.ts";

/** A call that the configuration wants confirmed. */
export interface UnconfirmedCall {
  tool: AnyTool;
  /** The arguments as the tool takes them; consent counts for these only. */
  input: Record<string, unknown>;
  user: User;
  signal: AbortSignal;
}

export interface ConfirmOptions {
  services: ServiceContainer;
  status: StatusEmitter;
  asking: Asking;
  /** Replaces secrets in a text that leaves the server. */
  redact: (text: string) => string;
}

/** Characters of the arguments, and of what the tool says of them, in a question. */
const MAX_SHOWN = 300;
const KEY = "confirm_action";

/**
 * What a result has besides the tool's own fields where a call waits for the human's answer in the chat. Bridges drop fields
 * that a tool's output schema does not name.
 */
export const CONFIRMATION_FIELDS = {
  code: { type: "string" },
  message: { type: "string" },
  hint: { type: "string" },
  question: { type: "object" },
  resume_token: { type: "string" },
} as const;

/**
 * Asks the human before the call runs, by the client's form or, where the client has none, by the model in the chat.
 * @returns undefined when the human has consented; otherwise the result that hands the question to the model
 * @throws ToolError `declined`, `cancelled`; `confirmation_required` where only a form may ask and the client has none; what
 * the tool's `confirms` throws, for a call that cannot succeed
 */
export async function confirmCall(
  call: UnconfirmedCall,
  options: ConfirmOptions,
): Promise<Record<string, unknown> | undefined> {
  const { tool, input, user } = call;
  const { asking, status } = options;
  const {
    interaction: { confirmation, mode },
  } = await options.services.get(["interaction"]);
  if (confirmation.takeGrant(user.id, tool.name, input)) return undefined;
  const question = confirmation.question(tool.name);
  const message = [question, await aboutCall(call, options)].filter(Boolean).join("\n\n");
  if (mode !== "chat") {
    if (asking.canAsk) status.progress("Waiting for the user's confirmation");
    try {
      const content = await takeAnswer(asking, KEY, {
        message,
        schema: {
          type: "object",
          properties: { confirm: { type: "boolean", title: "Confirm", description: question, default: false } },
          required: ["confirm"],
        },
      });
      if (confirmation.isConsent(content)) return undefined;
      throw new ToolError("declined", "Action cancelled by user", { hint: "The user said no." });
    } catch (error) {
      if (!(error instanceof ToolError) || error.code !== "unsupported") throw error;
    }
    if (mode === "elicitation") {
      throw new ToolError("confirmation_required", `${question} The user has to confirm first.`, {
        hint: "This client cannot ask, and the configuration allows no other way (interaction.form: elicitation).",
      });
    }
  }
  status.success("Asking in the chat");
  return {
    status: "needs_input",
    code: "confirmation_required",
    message: confirmation.waiting(tool.name),
    hint: `Show the user the whole question in the chat and wait for the answer. Then call confirm_action with resume_token and answer (true only if the user clearly said yes), and after a yes call ${tool.name} again with the same arguments. Never answer for the user.`,
    question: { title: "Confirmation", message, confirm_label: "Confirm", cancel_label: "Cancel" },
    resume_token: confirmation.request(user.id, tool.name, input, message),
  };
}

/** What the human has to know of the call: what the tool says of it, and its arguments, a line each. */
async function aboutCall(
  { tool, input, user, signal }: UnconfirmedCall,
  { services, redact }: ConfirmOptions,
): Promise<string> {
  const lines: string[] = [];
  if (tool.confirms) {
    const used = tool.uses.length > 0 ? await services.get(tool.uses) : {};
    const about = await tool.confirms(input, { user, signal, services: used as Services });
    lines.push(shorten(redact(about), MAX_SHOWN));
  }
  const given = Object.entries(redactJson(input, redact) as Record<string, unknown>).filter(
    ([, value]) => value !== undefined,
  );
  const texts = given.map(([name, value]): [name: string, json: string] => [name, JSON.stringify(value)]);
  const shares = fairShares(texts.map(([, json]) => json.length));
  lines.push(...texts.map(([name, json], index) => `${name}: ${shorten(json, shares[index] ?? 0)}`));
  return lines.join("\n");
}

/** Splits `MAX_SHOWN` so that a long argument takes what the short ones leave, and never hides one of them. */
function fairShares(lengths: readonly number[]): number[] {
  const shares = lengths.map(() => 0);
  const shortestFirst = [...lengths.keys()].sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0));
  let left = MAX_SHOWN;
  for (const [position, index] of shortestFirst.entries()) {
    const share = Math.min(lengths[index] ?? 0, Math.floor(left / (shortestFirst.length - position)));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}… (${text.length} characters)`;
}

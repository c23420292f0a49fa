import { ToolError } from "../errors.ts";
import type { ServiceContainer, Services } from "../services.ts";
import type { StatusEmitter } from "../status/status-event.ts";
import type { AnyTool, Question, User } from "../tools/define-tool.ts";
import { type Answers, type Asking, takeAnswer, takePage } from "./ask-human.ts";
import { digestOf } from "./call-state.ts";
import { redactJson } from "./redact-json.ts";
import { type ShownArguments, showArguments } from "./show-arguments.ts";
import { visible } from "./show-text.ts";

/** A call that the configuration wants confirmed. */
export interface UnconfirmedCall {
  tool: AnyTool;
  /** The arguments as the tool takes them; consent counts for these only. */
  input: Record<string, unknown>;
  user: User;
  signal: AbortSignal;
  /** What else there is to say of the call, such as what it may cost, as sentences. */
  remarks?: readonly (string | undefined)[];
}

export interface ConfirmOptions {
  services: ServiceContainer;
  status: StatusEmitter;
  asking: Asking;
  /** Replaces secrets in a text that leaves the server. */
  redact: (text: string) => string;
}

/** Characters of what the tool says of its arguments, in a question. */
const MAX_ABOUT = 1_000;
const NOT_ALL = "It is too long to be shown in full:";
const KEY = "confirm_action";
/** Where the answers of a call keep, for its later rounds, what was asked. */
const WORDS = `${KEY}-words`;
/** Whether these answers of a call that waits for its human are about whether it may run at all. */
export const isConfirming = (answers: Answers): boolean => Object.hasOwn(answers, WORDS);

/** Times that the human is asked about a call that has become another one with each answer. */
const MAX_ROUNDS = 5;

/**
 * What a result has besides the tool's own fields where a call waits for the human's answer in the chat. Bridges drop fields
 * that a tool's output schema does not name.
 */
export const CONFIRMATION_FIELDS = {
  code: { type: "string" },
  message: { type: "string" },
  hint: { type: "string" },
  question: { type: "object" },
  url: { type: "string" },
  resume_token: { type: "string" },
} as const;

/**
 * Asks the human before the call runs: by what the client shows, or else by a page or the chat, through the model. A consent
 * counts for what the question said: where the tool says something else by the time of the answer, the human is asked anew.
 * @returns undefined when the human has consented; otherwise the result that hands the question to the model
 * @throws ToolError `declined`, `cancelled`; `confirmation_required` where the configuration allows no way that is left; what
 * the tool's `confirms` throws, for a call that cannot succeed
 */
export async function confirmCall(
  call: UnconfirmedCall,
  options: ConfirmOptions,
): Promise<Record<string, unknown> | undefined> {
  let words = await wordsFor(call, options);
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const unanswered = await askOnce(call, options, words);
    if (unanswered) return unanswered;
    const { message, of } = words;
    words = await wordsFor(call, options);
    if (words.message === message && words.of === of) return undefined;
  }
  throw new ToolError("confirmation_required", "What this call would do has changed with every answer of the user.", {
    hint: "Tell the user, and call again when nothing else is changing what it is about.",
    retryable: true,
  });
}

/** What the human is asked: the question alone, the whole message with what the call is about, and what that stands for. */
interface Words {
  asked: string;
  message: string;
  of: string | undefined;
}

async function wordsFor(call: UnconfirmedCall, options: ConfirmOptions): Promise<Words> {
  const { interaction } = await options.services.get(["interaction"]);
  const { lines, omitted, of } = await aboutCall(call, options);
  const asked = [interaction.confirmation.question(call.tool.name), ...(call.remarks ?? [])].filter(Boolean).join(" ");
  // First of all, for it is what the human may not see otherwise.
  const question = omitted.length === 0 ? asked : `${asked} ${NOT_ALL} ${omitted.join(", ")}.`;
  return { asked, message: [question, lines.join("\n")].filter(Boolean).join("\n\n"), of };
}

/** As `confirmCall`, for these words. */
async function askOnce(
  call: UnconfirmedCall,
  options: ConfirmOptions,
  { asked, message, of }: Words,
): Promise<Record<string, unknown> | undefined> {
  const { tool, input, user } = call;
  const { asking, status } = options;
  const { interaction } = await options.services.get(["interaction"]);
  const { confirmation } = interaction;
  const asks = { tool: tool.name, args: input, of };
  if (confirmation.takeGrant(user.id, asks, message)) return undefined;
  bindAnswers(asking, await digestOf([message, of]), (page) => confirmation.release(user.id, page));
  if (asking.canAsk || asking.canOpen) {
    status.progress("Waiting for the user's confirmation", undefined, { waiting: true });
  }
  const text = { title: "Confirmation", message, confirmLabel: "Confirm", cancelLabel: "Cancel" };
  const obtained = await confirmation.obtain(
    user.id,
    { key: KEY, text, question: formFor(message), call: asks },
    {
      elicit: (key, form) => takeAnswer(asking, key, form),
      elicitPage: (key, page) => takePage(asking, key, page),
    },
  );
  if (obtained === undefined) {
    const ways = [...interaction.ways].join(", ");
    throw new ToolError("confirmation_required", `${asked} The user has to confirm first.`, {
      hint: `This client cannot ask, and the configuration allows no other way (interaction.form: ${ways}).`,
    });
  }
  if ("confirmed" in obtained) {
    if (obtained.confirmed) return undefined;
    throw new ToolError("declined", "Action cancelled by user", { hint: "The user said no." });
  }
  const { url, chat, resumeToken } = obtained;
  status.success(chat ? "Asking in the chat" : "Asking on a page");
  return {
    status: "needs_input",
    code: "confirmation_required",
    message: confirmation.waiting(tool.name),
    hint: `${howToAnswer(url, chat)} ${tool.name} again with the same arguments. Never answer for the user.`,
    question: { title: text.title, message, confirm_label: text.confirmLabel, cancel_label: text.cancelLabel },
    ...(url !== undefined && { url }),
    resume_token: resumeToken,
  };
}

/** Forgets what the human has said to other words than these, in this call or an earlier round of it. */
function bindAnswers(asking: Asking, words: string, release: (page: string) => void): void {
  const { answers, responses } = asking;
  const asked = answers[WORDS]?.digest;
  if (asked !== undefined && asked !== words) {
    const page = answers[`${KEY}-page`]?.page ?? asking.page;
    if (typeof page === "string") release(page);
    for (const key of [KEY, `${KEY}-page`]) {
      delete answers[key];
      delete responses[key];
    }
  }
  answers[WORDS] = { digest: words };
}

function howToAnswer(url: string | undefined, chat: boolean): string {
  const byChat =
    "Show the user the whole question in the chat and wait for the answer. Then call confirm_action with resume_token and answer (true only if the user clearly said yes), and after a yes call";
  if (url === undefined) return byChat;
  const byPage = "Give the user the url, where the question is answered. Once the user has said yes there, call";
  return chat ? `${byPage} the tool again. Or ask in the chat: ${byChat}` : byPage;
}

function formFor(message: string): Question {
  return {
    message,
    schema: {
      type: "object",
      properties: {
        confirm: { type: "boolean", title: "Confirm", description: "Yes: it is done. No: nothing is done." },
      },
      required: ["confirm"],
    },
  };
}

/** What the human has to know of the call: what the tool says of it, and its arguments, a line each; and what is left out. */
async function aboutCall(
  { tool, input, user, signal }: UnconfirmedCall,
  { services, redact }: ConfirmOptions,
): Promise<ShownArguments & { of?: string }> {
  const shown = showArguments(redactJson(input, redact) as Record<string, unknown>);
  if (!tool.confirms) return shown;
  const used = tool.uses.length > 0 ? await services.get(tool.uses) : {};
  const confirmed = await tool.confirms(input, { user, signal, services: used as Services });
  const said = typeof confirmed === "string" ? { about: confirmed } : confirmed;
  const about = visible(redact(said.about));
  const of = { of: "of" in said ? said.of : about };
  const hidden = about.length - MAX_ABOUT;
  if (hidden <= 0) return { ...shown, ...of, lines: [about, ...shown.lines] };
  const half = MAX_ABOUT / 2;
  const [start, end] = [about.slice(0, half), about.slice(-half)].map((text) => text.toWellFormed());
  return {
    ...of,
    lines: [`${start}"… ${hidden} characters …"${end}`, ...shown.lines],
    omitted: [`${hidden} characters of what it is about are left out`, ...shown.omitted],
  };
}

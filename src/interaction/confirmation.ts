import { ToolError } from "../errors.ts";
import { callKey, createCallConsents, digest } from "./call-consents.ts";
import type { FormQuestion } from "./form-question.ts";
import { type Asker, expired, type Ladder, type Waiting } from "./ladder.ts";
import type { OpenPage, Pages } from "./pages.ts";
import { shownLine, shownWords } from "./shown-words.ts";
import type { Opened, Sealer } from "./tokens.ts";

/** A question that is answered by yes or no. */
export interface ConfirmationText {
  message: string;
  title: string;
  confirmLabel: string;
  cancelLabel: string;
}

/** A call that waits for consent. */
export interface AskedCall {
  tool: string;
  args: unknown;
  /** What the words stand for, where they do not say all of it: the consent counts for that only. */
  of?: string | undefined;
}

/** An answer that the human gave on a page or in the chat. `tool` is named where the answer was for a call of that tool. */
export interface SettledConfirmation {
  confirmed: boolean;
  tool?: string;
}

/** A question that is not answered yet, and how it can be. */
export interface WaitingConfirmation {
  url?: string;
  chat: boolean;
  resumeToken: string;
}

export interface Confirmation {
  /** The words that ask before a tool runs. */
  question(tool: string): string;
  /** The words that say of a call that it waits for the human. */
  waiting(tool: string): string;
  /**
   * Asks the human in the first way that the client and the configuration allow; where the client can show nothing, hands the
   * question to the model. `call` binds a later consent to it. Undefined: there is no way to ask.
   * @throws ToolError `declined`, `cancelled`
   */
  obtain(
    user: string,
    asked: { key: string; text: ConfirmationText; question: FormQuestion; call?: AskedCall },
    asker: Asker,
  ): Promise<{ confirmed: boolean } | WaitingConfirmation | undefined>;
  /**
   * A token for a call that waits for the human's consent in the chat: of this user, tool and arguments, in whatever key order.
   * `message` is the whole question that the human is asked. Default: `question`.
   */
  request(user: string, tool: string, args: unknown, message?: string): string;
  /**
   * Whether the human has consented to exactly this call in the last minutes, having been asked by exactly this message (default:
   * `question`), which stood for the same. Consent serves for one call.
   * @throws ToolError `declined` where a page said no to it; that answer too counts once
   */
  takeGrant(user: string, call: AskedCall, message?: string): boolean;
  /** Closes a page of the user's, for what it asks has become something else. */
  release(user: string, page: string): void;
  /** The words as the human is to see them, on every road: what a model wrote goes through here once. */
  shown(text: ConfirmationText): ConfirmationText;
  /** The question as an MCP elicitation. */
  ask(text: ConfirmationText): FormQuestion;
  /** Whether the content of an accepted elicitation says yes. Nothing, and anything unclear, is not consent. */
  isConsent(content: unknown): boolean;
  /** A token for a question that is put to the human in the chat. */
  pend(user: string, message: string): string;
  /** Waits until the page of the token's question is answered, at most `ms`; without a page not at all. @throws as `settle` */
  awaitPage(user: string, token: string, options: { ms: number; signal: AbortSignal }): Promise<void>;
  /**
   * Takes the human's answer to what was asked: that of the page where there is one, or else `answer`, which the model brings
   * from the chat. The token ends with it; a yes to a call is kept for `takeGrant`. Without an answer the question still waits.
   * `message`, where given, has to be the one that was asked, or say no more than which tool asked.
   * @throws ToolError `invalid_input` for a token or a message that does not fit, for a token whose question has been asked anew
   * since (a no is taken nevertheless, and takes nothing from the newer question), and for an answer that only a page may give;
   * `cancelled` where a page that alone may answer has expired.
   */
  settle(
    user: string,
    token: string,
    answer: boolean | undefined,
    message?: string,
  ): SettledConfirmation | WaitingConfirmation;
}

export interface ConfirmationOptions {
  sealer: Sealer;
  ladder: Ladder;
  pages: Pages | undefined;
  now: () => number;
  pendingMs: number;
  grantMs: number;
}

/**
 * What a token carries: digests of the question and of the call, which of its questions it is, the page that asks, and whether the
 * chat may answer.
 */
interface AskedQuestion {
  message: string;
  tool?: string;
  digest?: string;
  question?: number;
  page?: OpenPage;
  chat?: boolean;
}

const PURPOSE = "confirm_action";

/** The words that ask before a tool runs. */
export function confirmationQuestion(tool: string): string {
  return `Are you sure you want to perform this ${tool} action?`;
}

function waitingMessage(tool: string): string {
  return `${confirmationQuestion(tool)} The user has to confirm first; nothing has been done yet.`;
}

/** Questions of yes and no, and the consents given on pages and in the chat that wait for their call. */
export function createConfirmation(options: ConfirmationOptions): Confirmation {
  const { sealer, ladder, pages, now, pendingMs, grantMs } = options;
  const stateOf = (user: string, page: OpenPage) => pages?.look(user, page.id).state ?? "gone";
  /** A page whose answer has been taken: it serves no second time, by whichever road, for as long as a token may name it. */
  const use = ({ id, expiresAt }: OpenPage) =>
    sealer.consume({ id, payload: undefined, expiresAt: expiresAt + pendingMs });
  const release = (user: string, { id }: OpenPage) => pages?.release(user, id);
  const consents = createCallConsents({ now, grantMs, stateOf, use, release });

  /** How long the question of a token may be answered, in milliseconds. */
  const lifeOf = (page: OpenPage | undefined) => Math.max(pendingMs, (page?.expiresAt ?? 0) - now());

  function seal(user: string, asked: AskedQuestion): string {
    return sealer.seal(user, PURPOSE, asked, lifeOf(asked.page));
  }

  /** What the token of a call's question carries besides; an older question of that call ends. */
  function askFor(user: string, { tool, args, of }: AskedCall, message: string, page: OpenPage | undefined) {
    const call = { tool, digest: digest(args) };
    const expiresAt = now() + lifeOf(page);
    const question = consents.ask(callKey(user, tool, call.digest), meant(message, of), { page, expiresAt });
    return { ...call, question };
  }

  function read(user: string, token: string): { opened: Opened; asked: AskedQuestion } {
    const opened = sealer.open(user, PURPOSE, token);
    const asked = opened.payload as AskedQuestion;
    if (asked.page && sealer.isConsumed(asked.page.id)) use(asked.page);
    return { opened, asked };
  }

  return {
    question: confirmationQuestion,
    waiting: waitingMessage,

    async obtain(user, { key, text, question, call }, asker) {
      const asked = {
        user,
        key,
        message: `${text.title}\n\n${text.message}`,
        page: { kind: "confirmation", text } as const,
      };
      const confirmed = await ladder.ask(asked, asker, {
        byForm: async () => isConsent(await asker.elicit(key, question)),
        byPage: ({ state }) => state === "confirmed",
      });
      if (confirmed !== undefined) return { confirmed };
      // A call that is repeated before its page is answered gets the same page again.
      const open = call && consents.openPage(keyOf(user, call), user, meant(text.message, call.of));
      const waiting = open
        ? { page: open, chat: ladder.ways.has("chat") }
        : await ladder.hand(user, { kind: "confirmation", text }, true);
      if (!waiting) return undefined;
      const token = seal(user, {
        message: wordsOf(text.message),
        ...(call && askFor(user, call, text.message, waiting.page)),
        ...(waiting.page && { page: waiting.page }),
        chat: waiting.chat,
      });
      return waitingFor(waiting, token);
    },

    request: (user, tool, args, message = confirmationQuestion(tool)) =>
      seal(user, { message: wordsOf(message), ...askFor(user, { tool, args }, message, undefined), chat: true }),

    takeGrant: (user, call, message = confirmationQuestion(call.tool)) =>
      consents.take(keyOf(user, call), user, meant(message, call.of)),

    release: (user, page) => pages?.release(user, page),

    shown: ({ message, title, confirmLabel, cancelLabel }) => ({
      message: shownWords(message),
      title: shownLine(title),
      confirmLabel: shownLine(confirmLabel),
      cancelLabel: shownLine(cancelLabel),
    }),

    ask: ({ message, title, confirmLabel, cancelLabel }) => ({
      message: `${title}\n\n${message}`,
      schema: {
        type: "object",
        properties: {
          // Without a default: a client that draws a list would have "no" chosen in it, and sent by who means yes.
          confirm: {
            type: "boolean",
            title: confirmLabel,
            description: `Yes means “${confirmLabel}”, no means “${cancelLabel}”.`,
          },
        },
        required: ["confirm"],
      },
    }),

    isConsent,

    pend: (user, message) => seal(user, { message: wordsOf(message), chat: true }),

    async awaitPage(user, token, waiting) {
      const { asked } = read(user, token);
      if (asked.page) await pages?.wait(user, asked.page.id, waiting);
    },

    settle(user, token, answer, message) {
      const { opened, asked } = read(user, token);
      const own = asked.tool === undefined ? [] : [confirmationQuestion(asked.tool), waitingMessage(asked.tool)];
      const said = message?.trim();
      const asSaid = said === undefined ? [] : [wordsOf(said), wordsOf(shownWords(said))];
      if (said !== undefined && !asSaid.includes(asked.message) && !own.includes(said)) {
        throw new ToolError("invalid_input", "The message is not the one that this resume_token was made for.", {
          hint: "Repeat the message unchanged or leave it out, or ask again without resume_token.",
        });
      }
      const { tool } = asked;
      const key = tool === undefined ? undefined : callKey(user, tool, asked.digest ?? "");
      if (key !== undefined && !consents.isAsking(key, asked.question ?? 0)) {
        if (answer === false) {
          sealer.consume(opened);
          return { confirmed: false, ...(tool !== undefined && { tool }) };
        }
        throw new ToolError(
          "invalid_input",
          "The question of this resume_token is settled, or has been asked anew since.",
          {
            hint: `Call ${tool} again, and ask the user what that says. An answer to the older question does not count.`,
          },
        );
      }
      const state = asked.page && stateOf(user, asked.page);
      const onPage = state === "confirmed" ? true : state === "declined" ? false : undefined;
      if (onPage === undefined && answer !== undefined && !asked.chat) {
        throw new ToolError("invalid_input", "Only the user can answer this question, on its page.", {
          hint: "Give the user the url, and call again with resume_token alone once the user says that it is answered.",
        });
      }
      const confirmed = onPage ?? answer;
      if (confirmed === undefined) {
        if (asked.page && state === "gone" && !asked.chat) throw expired();
        const { page, chat = false } = asked;
        return waitingFor({ page: state === "gone" ? undefined : page, chat }, token);
      }
      sealer.consume(opened);
      if (asked.page) {
        use(asked.page);
        pages?.release(user, asked.page.id);
      }
      if (key === undefined || tool === undefined) return { confirmed };
      consents.settle(key, confirmed);
      return { confirmed, tool };
    },
  };
}

/** What tells questions apart, as they are read. */
const wordsOf = (message: string): string => digest(message.trim());
/** What tells consents apart: the words, and what they stand for. */
const meant = (message: string, of: string | undefined): string => digest([wordsOf(message), of ?? null]);
const keyOf = (user: string, { tool, args }: AskedCall): string => callKey(user, tool, digest(args));

function isConsent(content: unknown): boolean {
  if (typeof content !== "object" || content === null || !Object.hasOwn(content, "confirm")) return false;
  const { confirm } = content as { confirm: unknown };
  return confirm === true || confirm === "true";
}

function waitingFor({ page, chat }: Waiting, resumeToken: string): WaitingConfirmation {
  return { ...(page && { url: page.url }), chat, resumeToken };
}

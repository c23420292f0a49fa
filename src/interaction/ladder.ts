import { ToolError } from "../errors.ts";
import type { FormQuestion } from "./form-question.ts";
import type { OpenPage, PageQuestion, PageState, Pages } from "./pages.ts";

/** The ways in which the human can be asked, the surest first. */
export type AskingWay = "elicitation" | "page" | "chat";

/** How the caller's client asks. Both throw ToolError `unsupported` where it cannot, and `declined` and `cancelled`. */
export interface Asker {
  /** By the client's form; gives the accepted content, unvalidated. */
  elicit(key: string, question: FormQuestion): Promise<Record<string, unknown>>;
  /** By a page whose address the client shows. */
  elicitPage<T>(key: string, asked: AskedPage<T>): Promise<T>;
}

/** The address of a page, and the words that the client shows with it. */
export interface PageLink {
  /** The page's own. */
  id: string;
  url: string;
  message: string;
}

/** A page that is opened once the client is known to show its address, and waited for once the human has agreed to go there. */
export interface AskedPage<T> {
  open(): Promise<PageLink>;
  wait(id: string, signal: AbortSignal): Promise<T>;
  /** The human does not go there. */
  release(id: string): void;
}

/** What is left where the client shows nothing by itself: the model hands on an address, asks in the chat, or either. */
export interface Waiting {
  page: OpenPage | undefined;
  chat: boolean;
}

export interface LadderOptions {
  ways: ReadonlySet<AskingWay>;
  /** Undefined: there are none. */
  pages: Pages | undefined;
  /** Milliseconds that the human has. */
  answerMs: number;
}

export interface Ladder {
  ways: ReadonlySet<AskingWay>;
  /**
   * Asks by what the client shows: its form, or else a page. Gives undefined where it can show neither.
   * @param byForm Undefined where a form must not ask.
   * @throws ToolError `declined`, `cancelled`
   */
  ask<T>(
    asked: { user: string; key: string; message: string; page: PageQuestion },
    asker: Asker,
    steps: { byForm: (() => Promise<T>) | undefined; byPage: (state: PageState) => T },
  ): Promise<T | undefined>;
  /** What the model can do instead, a page opened for it. Undefined: nothing. @param chat Whether the chat may be asked. */
  hand(user: string, question: PageQuestion, chat: boolean): Promise<Waiting | undefined>;
}

/** The one order in which the human is asked, whatever is asked. */
export function createLadder({ ways, pages, answerMs }: LadderOptions): Ladder {
  return {
    ways,

    async ask(asked, asker, { byForm, byPage }) {
      const { user, key, message, page } = asked;
      if (byForm && ways.has("elicitation")) {
        const answer = await unlessUnsupported(byForm());
        if (answer !== undefined) return answer;
      }
      // What only a page can ask, the client asks by the page's address; what it has failed to show otherwise, likewise.
      if (!pages || !(ways.has("page") || (ways.has("elicitation") && !byForm))) return undefined;
      const state = await unlessUnsupported(
        asker.elicitPage(`${key}-page`, {
          async open() {
            const opened = await pages.open(user, page);
            if (!opened) throw new ToolError("unsupported", "There is no page that the user could reach.");
            return { id: opened.id, url: opened.url, message };
          },
          wait: (id, signal) => pages.wait(user, id, { ms: answerMs, signal }),
          release: (id) => pages.release(user, id),
        }),
      );
      if (state === undefined) return undefined;
      if (state.state === "declined") throw declined();
      if (state.state === "open" || state.state === "gone") throw expired();
      return byPage(state);
    },

    async hand(user, question, chat) {
      const asksInChat = chat && ways.has("chat");
      // Where too many pages are open, which all users of a bridge share, the chat is left.
      const opened = ways.has("page") ? pages?.open(user, question) : undefined;
      const page = await (asksInChat ? opened?.catch(unlessFull) : opened);
      return page || asksInChat ? { page, chat: asksInChat } : undefined;
    },
  };
}

function unlessFull(error: unknown): undefined {
  if (!(error instanceof ToolError) || error.code !== "limit_reached") throw error;
}

/** The user has said no. */
export function declined(): ToolError {
  return new ToolError("declined", "Action cancelled by user", {
    hint: "The user said no. Do not repeat the request unless the user asks for it.",
  });
}

/** The user has not answered on the page in time. */
export function expired(): ToolError {
  return new ToolError("cancelled", "Action cancelled by user", {
    hint: "The user did not answer on the page in time.",
  });
}

async function unlessUnsupported<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ToolError && error.code === "unsupported") return undefined;
    throw error;
  }
}

import type { ConfirmationText } from "./confirmation.ts";
import type { Form } from "./form.ts";

/** What a page puts to the human. */
export type PageQuestion = { kind: "form"; form: Form } | { kind: "confirmation"; text: ConfirmationText };

/** How far a page has got. */
export type PageState =
  | { state: "open" }
  /** The checked answers, secrets included: never hand them to a model as they are. */
  | { state: "answered"; data: Record<string, unknown> }
  /** The human said yes or no to a confirmation; a form was left by its cancel button. */
  | { state: "confirmed" }
  | { state: "declined" }
  /** Nobody answered in time, or the page is unknown, or another user's. */
  | { state: "gone" };

/** A page that waits for its human. */
export interface OpenPage {
  id: string;
  /** Whoever has it can answer once, so only the user may see it. */
  url: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** One-time pages of this server that ask the human where the client cannot. They end with the process. */
export interface Pages {
  /** Puts a question on a page. Undefined where no browser could reach one. @throws ToolError `limit_reached` */
  open(user: string, question: PageQuestion): Promise<OpenPage | undefined>;
  /** What has become of the user's page; an answer is given out until it expires. */
  look(user: string, id: string): PageState;
  /** As `look`, after waiting until there is an answer, at most `ms`. */
  wait(user: string, id: string, options: { ms: number; signal: AbortSignal }): Promise<PageState>;
  /** The user's question has its answer by another way: an open page takes none any more, and is gone. */
  release(user: string, id: string): void;
}

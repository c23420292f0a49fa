import { type Confirmation, createConfirmation } from "./confirmation.ts";
import { createForms, type Forms } from "./forms.ts";
import { type AskingWay, createLadder } from "./ladder.ts";
import type { Pages } from "./pages.ts";
import type { Secrets } from "./secrets.ts";
import { createSealer, type Sealer, type SealOptions } from "./tokens.ts";

/** How the human is asked: by one way, by those of a list, or by whichever the client can do. */
export type AskingMode = "auto" | AskingWay | readonly AskingWay[];

export interface InteractionOptions extends SealOptions {
  form?: AskingMode | undefined;
  /** Seconds that the human has for an answer. Default 900. */
  answerTimeout?: number | undefined;
  /** Milliseconds that a question put to the chat can be answered. Default 30 minutes, or `answerTimeout` where that is longer. */
  pendingMs?: number | undefined;
  /** Milliseconds that a consent given in the chat waits for its call. Default 5 minutes. */
  grantMs?: number | undefined;
  /** Asks on pages. Default: nothing is asked on a page. */
  pages?: Pages | undefined;
  /** Keeps what the model must not see. Default: forms with secrets cannot be asked. */
  secrets?: Secrets | undefined;
  /** The configured APIs, which a secret may be for. Default: none. */
  apis?: readonly string[] | undefined;
}

/** Asks the human: forms, confirmations, and the sealed tokens by which a question outlives its call. */
export interface Interaction extends Pick<Sealer, "seal" | "open" | "consume"> {
  /** In the order in which they are tried. */
  ways: ReadonlySet<AskingWay>;
  forms: Forms;
  confirmation: Confirmation;
  /** Undefined: there is no place for secrets. */
  secrets: Secrets | undefined;
}

const ALL_WAYS: readonly AskingWay[] = ["elicitation", "page", "chat"];
const MINUTE = 60_000;

/** The service behind collect_input, confirm_action and the confirmation of other tools. It keeps nothing on disk. */
export function createInteraction(options: InteractionOptions = {}): Interaction {
  const { form = "auto", answerTimeout = 900, pages, secrets, apis = [], now = Date.now } = options;
  const ways = new Set(form === "auto" ? ALL_WAYS : typeof form === "string" ? [form] : form);
  const answerMs = answerTimeout * 1000;
  const pendingMs = options.pendingMs ?? Math.max(30 * MINUTE, answerMs);
  const sealer: Sealer = createSealer({ key: options.key, now });
  const ladder = createLadder({ ways, pages, answerMs });
  const grantMs = options.grantMs ?? 5 * MINUTE;
  return {
    ways,
    secrets,
    seal: sealer.seal,
    open: sealer.open,
    consume: sealer.consume,
    forms: createForms({ sealer, ladder, pages, secrets, apis, now, pendingMs }),
    confirmation: createConfirmation({ sealer, ladder, pages, now, pendingMs, grantMs }),
  };
}

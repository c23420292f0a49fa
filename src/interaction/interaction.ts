import { ToolError } from "../errors.ts";
import { type CheckedAnswers, checkAnswers } from "./answers.ts";
import { type Confirmation, createConfirmation } from "./confirmation.ts";
import { type Form, type FormInput, formDigest, readForm, writeForm } from "./form.ts";
import { type EarlierRound, type FormQuestion, type FormSchema, formQuestion, formSchema } from "./form-question.ts";
import { createSealer, type Opened, type Sealer, type SealOptions } from "./tokens.ts";

/** How the human is asked: by the client's form, by the model in the chat, or by whichever the client can do. */
export type AskingMode = "auto" | AskingWay | readonly AskingWay[];
export type AskingWay = "elicitation" | "page" | "chat";

export interface InteractionOptions extends SealOptions {
  form?: AskingMode | undefined;
  /** Milliseconds that a question put to the chat can be answered. Default 30 minutes. */
  pendingMs?: number | undefined;
  /** Milliseconds that a consent given in the chat waits for its call. Default 5 minutes. */
  grantMs?: number | undefined;
}

/** A form that was put to the human in the chat. */
export interface PendingForm {
  form: Form;
  /** Ends the token: the answers have been taken. @throws ToolError `invalid_input` when they were taken before. */
  settle(): void;
}

export interface Forms {
  /** The form with its defaults. @throws ToolError `invalid_input`, `too_large` */
  read(input: FormInput): Form;
  /** The form as plain JSON. */
  write(form: Form): ReturnType<typeof writeForm>;
  /** The form as an MCP elicitation; after a failed round with what was wrong and what was right. */
  ask(form: Form, earlier?: EarlierRound): FormQuestion;
  /** The JSON Schema of the answers. */
  schema(form: Form): FormSchema;
  /** The values of the right answers and the issues of the wrong ones. */
  check(form: Form, answers: unknown): CheckedAnswers;
  /** A token that carries the form to the call with its answers. */
  pend(user: string, form: Form): string;
  /**
   * The form that the token carries. `input`, where it has fields, has to ask for the same.
   * @throws ToolError `invalid_input`
   */
  resume(user: string, token: string, input: FormInput): PendingForm;
}

/** Asks the human: forms, confirmations, and the sealed tokens by which a question outlives its call. */
export interface Interaction extends Pick<Sealer, "seal" | "open" | "consume"> {
  mode: AskingMode;
  forms: Forms;
  confirmation: Confirmation;
}

const MINUTE = 60_000;
const PURPOSE = "collect_input";

/** The service behind collect_input, confirm_action and the confirmation of other tools. It keeps nothing on disk. */
export function createInteraction(options: InteractionOptions = {}): Interaction {
  const now = options.now ?? Date.now;
  const pendingMs = options.pendingMs ?? 30 * MINUTE;
  const sealer: Sealer = createSealer({ key: options.key, now });

  const forms: Forms = {
    read: readForm,
    write: writeForm,
    ask: formQuestion,
    schema: formSchema,
    check: checkAnswers,
    pend: (user, form) => sealer.seal(user, PURPOSE, writeForm(form), pendingMs),

    resume(user, token, input) {
      const opened: Opened = sealer.open(user, PURPOSE, token);
      const form = readForm(opened.payload as FormInput);
      if (Array.isArray(input.fields) && input.fields.length > 0 && formDigest(readForm(input)) !== formDigest(form)) {
        throw new ToolError("invalid_input", "The fields are not those that this resume_token was made for.", {
          hint: "Repeat the fields unchanged or leave them out, or start again without answers and resume_token.",
        });
      }
      return { form, settle: () => sealer.consume(opened) };
    },
  };

  return {
    mode: options.form ?? "auto",
    seal: sealer.seal,
    open: sealer.open,
    consume: sealer.consume,
    forms,
    confirmation: createConfirmation({ sealer, now, pendingMs, grantMs: options.grantMs ?? 5 * MINUTE }),
  };
}

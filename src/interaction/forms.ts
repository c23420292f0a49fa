import { type ErrorIssue, ToolError } from "../errors.ts";
import { asGiven, type CheckedAnswers, checkAnswers, defaultsOf } from "./answers.ts";
import { type Form, type FormInput, formDigest, hasSecrets, readForm, writeForm } from "./form.ts";
import { formQuestion, formSchema } from "./form-question.ts";
import { quote } from "./form-values.ts";
import { type Asker, declined, expired, type Ladder, type Waiting } from "./ladder.ts";
import type { OpenPage, Pages } from "./pages.ts";
import { isEmpty } from "./read-answer.ts";
import type { Secrets } from "./secrets.ts";
import type { Opened, Sealer } from "./tokens.ts";

/** What has become of a form: the answers, every secret replaced by what stands for it; or how they can still be given. */
export type FormOutcome = { data: Record<string, unknown> } | WaitingForm;

/** A form that is not answered yet. `schema` and `form` are there where the model may bring the answers from the chat. */
export interface WaitingForm {
  url?: string;
  form?: ReturnType<typeof writeForm>;
  schema?: Record<string, unknown>;
  resumeToken: string;
  /** What was wrong with the answers, by field. */
  issues?: ErrorIssue[];
}

export interface Forms {
  /** The form with its defaults. @throws ToolError `invalid_input`, `too_large` */
  read(input: FormInput): Form;
  /**
   * Asks the human in the first way that the client and the configuration allow, again until the answers are right; where the
   * client can show nothing, hands the form to the model.
   * @throws ToolError `declined`, `cancelled`; `unsupported` where there is no way; `validation_failed` after too many rounds
   */
  collect(user: string, form: Form, asker: Asker): Promise<FormOutcome>;
  /**
   * Whether the token's form can still be answered; `input`, where it has fields, has to ask for the same.
   * @throws ToolError `invalid_input`
   */
  check(user: string, token: string, input: FormInput): void;
  /**
   * Takes the answers to a form that was handed to the model: those of its page, or those that the model brings from the chat.
   * Without answers, waits for the page at most `ms`. The token ends with right answers, and with a no.
   * @throws ToolError `invalid_input` for a token that does not count, or answers that only the page may take; `declined`,
   * `cancelled`
   */
  resume(
    user: string,
    token: string,
    input: FormInput & { answers?: Record<string, unknown> | undefined },
    waiting: { ms: number; signal: AbortSignal },
  ): Promise<FormOutcome>;
}

export interface FormsOptions {
  sealer: Sealer;
  ladder: Ladder;
  pages: Pages | undefined;
  secrets: Secrets | undefined;
  /** The configured APIs, which a secret may be for. */
  apis: readonly string[];
  now: () => number;
  pendingMs: number;
}

/** What a token carries: the form, the page that asks, and whether the chat may answer. */
interface Pending {
  form: ReturnType<typeof writeForm>;
  page?: OpenPage;
  chat: boolean;
}

/** Times that a client shows a form before the call gives up; a program that always answers wrongly must not go on for ever. */
const MAX_ROUNDS = 20;
const PURPOSE = "collect_input";
const KEY = "form";

export function createForms({ sealer, ladder, pages, secrets, apis, now, pendingMs }: FormsOptions): Forms {
  /** What the answers of a page with secrets are shown as, while that page is kept. */
  const kept = new WeakMap<Record<string, unknown>, Record<string, unknown>>();

  function open(user: string, token: string, input: FormInput) {
    const opened: Opened = sealer.open(user, PURPOSE, token);
    const { form: written, page, chat } = opened.payload as Pending;
    const form = readForm(written as FormInput);
    if (Array.isArray(input.fields) && input.fields.length > 0 && formDigest(readForm(input)) !== formDigest(form)) {
      throw new ToolError("invalid_input", "The fields are not those that this resume_token was made for.", {
        hint: "Repeat the fields unchanged or leave them out, or start again without answers and resume_token.",
      });
    }
    return { opened, form, waiting: { page, chat } };
  }

  /** The answers of a page, as a model may see them: the same for a client that repeats its call. */
  function fromPage(user: string, form: Form, data: Record<string, unknown>): Record<string, unknown> {
    if (!hasSecrets(form)) return asGiven(form, data);
    if (!secrets) throw noPlaceForSecrets();
    const shown = kept.get(data) ?? secrets.keep(user, form, data);
    kept.set(data, shown);
    return asGiven(form, shown);
  }

  return {
    read(input) {
      const form = readForm(input);
      for (const { name, api } of form.fields) {
        if (api !== undefined && !apis.includes(api)) throw unknownApi(name, apis);
      }
      return form;
    },

    async collect(user, form, asker) {
      const secret = hasSecrets(form);
      if (secret && (!secrets || !pages)) throw noPlaceForSecrets();
      const page = { kind: "form", form } as const;
      const data = await ladder.ask({ user, key: KEY, message: form.title, page }, asker, {
        byForm: secret ? undefined : () => askAgain(form, asker),
        byPage: (state) => fromPage(user, form, state.state === "answered" ? state.data : {}),
      });
      if (data !== undefined) return { data };
      const waiting = await ladder.hand(user, page, !secret);
      if (!waiting) {
        if (secret) throw noPlaceForSecrets();
        throw new ToolError("unsupported", "This client cannot ask the user.", {
          hint: "The configuration allows no other way (interaction.form), or no browser could reach a page.",
        });
      }
      const pending: Pending = {
        form: writeForm(form),
        ...(waiting.page && { page: waiting.page }),
        chat: waiting.chat,
      };
      const token = sealer.seal(user, PURPOSE, pending, Math.max(pendingMs, (waiting.page?.expiresAt ?? 0) - now()));
      return waitingForm(form, waiting, token);
    },

    check: (user, token, input) => void open(user, token, input),

    async resume(user, token, { answers, ...input }, { ms, signal }) {
      const { opened, form, waiting } = open(user, token, input);
      const { page, chat } = waiting;
      const answered = Object.keys(answers ?? {}).length > 0 || (answers !== undefined && !page);
      const state =
        page && pages && (answered ? pages.look(user, page.id) : await pages.wait(user, page.id, { ms, signal }));
      if (state?.state === "answered") {
        const data = fromPage(user, form, state.data);
        sealer.consume(opened);
        return { data };
      }
      if (state?.state === "declined") {
        sealer.consume(opened);
        throw declined();
      }
      const isGone = state?.state === "gone";
      // The chat may have answered it while this call waited.
      if (isGone) open(user, token, input);
      if (answered) {
        if (!chat) {
          throw new ToolError("invalid_input", "Only the user can answer this form, on its page.", {
            hint: "Give the user the url, and call again with resume_token alone once the user has filled it in.",
          });
        }
        const { data, issues } = checkAnswers(form, answers, defaultsOf(form));
        if (issues.length > 0)
          return { ...waitingForm(form, isGone ? { page: undefined, chat } : waiting, token), issues };
        sealer.consume(opened);
        if (page) pages?.release(user, page.id);
        return { data: asGiven(form, data) };
      }
      if (!page) {
        throw new ToolError("invalid_input", "answers is required together with resume_token.", {
          hint: "Ask the user, then call again with the answers as an object keyed by field name.",
        });
      }
      if (isGone && !chat) throw expired();
      return waitingForm(form, isGone ? { page: undefined, chat } : waiting, token);
    },
  };
}

/** Shows the client's form until the answers are right. */
async function askAgain(form: Form, asker: Asker): Promise<Record<string, unknown>> {
  let checked: CheckedAnswers | undefined;
  let missing = defaultsOf(form);
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const content = await asker.elicit(round === 1 ? KEY : `${KEY}-${round}`, formQuestion(form, checked));
    checked = checkAnswers(form, content, missing);
    if (checked.issues.length === 0) return asGiven(form, checked.data);
    const kept = Object.entries({ ...missing, ...checked.data });
    missing = Object.fromEntries(kept.filter(([name]) => !(Object.hasOwn(content, name) && isEmpty(content[name]))));
  }
  const issues = checked?.issues ?? [];
  throw new ToolError("validation_failed", `Validation failed: ${issues.map((issue) => issue.message).join("; ")}`, {
    hint: "Ask the user what to do, or call collect_input again with a simpler form.",
    retryable: true,
    issues,
  });
}

function waitingForm(form: Form, { page, chat }: Waiting, resumeToken: string): WaitingForm {
  return {
    ...(page && { url: page.url }),
    ...(chat && { form: writeForm(form), schema: { ...formSchema(form) } }),
    resumeToken,
  };
}

/** The page names the API in the server's own words, which must not be a model's. */
function unknownApi(field: string, apis: readonly string[]): ToolError {
  const [shown, more] = [apis.slice(0, 50), apis.length - 50];
  return new ToolError("invalid_input", `The api of the field ${quote(field)} is none that the configuration has.`, {
    hint:
      apis.length > 0 ? `APIs: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}.` : "No API is configured.",
  });
}

function noPlaceForSecrets(): ToolError {
  return new ToolError("unsupported", "A secret can only be asked on a page, and no page can be shown to this user.", {
    hint: "Do not ask for secrets in the chat. Tell the user to put them into the configuration or the environment, or to set http.publicUrl and to allow interaction.form: page.",
  });
}

import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { FormOutcome } from "../interaction/forms.ts";
import { defineTool } from "./define-tool.ts";

/** Milliseconds that a call with a token alone waits for the page; bridges wait for one minute. */
const PAGE_WAIT_MS = 20_000;

// Its keys are told in words: several of them take values of several types, which no schema that every bridge takes can say, and
// a bridge such as mcpo refuses or drops what a schema does not say.
const field = z.record(z.string(), z.unknown());
const FIELDS = [
  "Fields to fill in, each {name, label, type, required, placeholder, description, options, default, min, max, pattern, pattern_message, api}.",
  "name is the key of the answer, the rest is optional.",
  "type: text (default), textarea, email, url, number, integer, boolean, select, multiselect, date, datetime, password (min 8 unless set; gives a secret:// reference for call_api).",
  "options: choices, as texts, numbers or {value, label}.",
  "default: what is filled in.",
  "min, max: least and greatest value, date, length or count.",
  "pattern: RE2 for the whole text; pattern_message says what fits.",
  "api: the one API that a password is for.",
  "Default: one required text.",
].join(" ");

export default defineTool({
  name: "collect_input",
  title: "Ask the user with a form",
  description:
    "Shows the user a form and returns the answers by field name. If the result has status needs_input, do what its message says and call again with resume_token. Never ask for passwords or other secrets in the chat.",
  effect: "read",
  uses: ["interaction"],
  input: z.strictObject({
    title: z.string().optional().describe('Title of the form. Default "Input Required".'),
    fields: z.array(field).optional().describe(FIELDS),
    submit_label: z.string().optional().describe('What sending means. Default "Submit".'),
    answers: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("The user's answers by field name, after needs_input only."),
    resume_token: z.string().optional().describe("Token that came with needs_input."),
  }),
  output: z.object({
    status: z.enum(["success", "needs_input"]).optional(),
    action: z.string().optional(),
    data: z.record(z.string(), z.unknown()).optional(),
    message: z.string().optional(),
    url: z.string().optional(),
    form: z.record(z.string(), z.unknown()).optional(),
    schema: z.record(z.string(), z.unknown()).optional(),
    issues: z.array(z.unknown()).optional(),
    resume_token: z.string().optional(),
  }),
  continues({ resume_token: token, answers: _answers, ...input }, { user, services }) {
    if (token === undefined) return false;
    services.interaction.forms.check(user.id, token, input);
    return true;
  },
  async run({ resume_token: token, ...input }, context) {
    const { forms } = context.services.interaction;
    const user = context.user.id;
    if (token !== undefined) {
      context.status.progress("Waiting for the user's input", undefined, { waiting: true });
      const waiting = { ms: PAGE_WAIT_MS, signal: context.signal };
      return resultOf(await forms.resume(user, token, input, waiting));
    }
    // Models like to fill in what is optional: no answers are none.
    if (Object.keys(input.answers ?? {}).length > 0) {
      throw new ToolError("invalid_input", "answers can only be given together with the resume_token of their form.", {
        hint: "Call collect_input without answers first; the user is then asked.",
      });
    }
    const form = forms.read(input);
    context.status.progress("Waiting for the user's input", undefined, { waiting: true });
    return resultOf(await forms.collect(user, form, context));

    function resultOf(outcome: FormOutcome) {
      if ("data" in outcome) {
        context.status.success("Input received");
        return { action: "collect_input", data: outcome.data };
      }
      const { resumeToken, issues, ...waiting } = outcome;
      context.status.success(outcome.schema ? "Asking in the chat" : "Asking on a page");
      return {
        status: "needs_input" as const,
        message: messageFor(outcome),
        ...waiting,
        ...(issues && { issues }),
        resume_token: resumeToken,
      };
    }
  },
});

function messageFor({ url, schema, issues }: Exclude<FormOutcome, { data: unknown }>): string {
  if (issues) {
    const wrong = issues.map(({ message }) => message).join("; ");
    return `Validation failed: ${wrong}. Ask the user again for these, then call collect_input with all answers and the same resume_token. Do not make up answers.`;
  }
  const byChat =
    "Then call collect_input again with answers (an object keyed by field name) and resume_token. Do not make up answers.";
  if (url === undefined) return `Ask the user for these answers in the chat. ${byChat}`;
  const byPage =
    "Give the user the url of the page to fill in. Once the user says that it is done, call collect_input again with resume_token alone.";
  return schema ? `${byPage} Or ask for these answers in the chat. ${byChat}` : `${byPage} Never answer for the user.`;
}

import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { CheckedAnswers } from "../interaction/answers.ts";
import type { Form } from "../interaction/form.ts";
import type { Interaction } from "../interaction/interaction.ts";
import { defineTool, type ToolContext } from "./define-tool.ts";

/** Times that a form is shown before the call gives up. */
const MAX_ROUNDS = 3;

const field = z.looseObject({}).meta({
  properties: {
    name: { type: "string", description: "Key of the answer" },
    label: { type: "string", description: "Default: name" },
    type: {
      type: "string",
      description: "text (default), textarea, email, url, number, integer, boolean, select, date, datetime",
    },
    placeholder: { type: "string", description: "Example or help" },
    required: { type: "boolean", description: "Default false" },
    options: { type: "array", items: { type: "string" }, description: "Choices of a select" },
  },
  required: ["name"],
});

export default defineTool({
  name: "collect_input",
  title: "Ask the user with a form",
  description:
    "Shows the user a form and returns the answers by field name. If the result has status needs_input, ask the user in the chat and call again with answers and resume_token. Not for passwords or other secrets.",
  effect: "read",
  uses: ["interaction"],
  input: z.strictObject({
    title: z.string().optional().describe('Title of the form. Default "Input Required".'),
    fields: z.array(field).optional().describe("Fields to fill in. Default: one required text."),
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
    form: z.record(z.string(), z.unknown()).optional(),
    schema: z.record(z.string(), z.unknown()).optional(),
    resume_token: z.string().optional(),
  }),
  continues({ resume_token: token, ...input }, { user, services }) {
    if (token === undefined) return false;
    services.interaction.forms.resume(user.id, token, input);
    return true;
  },
  async run(input, context) {
    const { forms, mode } = context.services.interaction;
    const answered = (data: Record<string, unknown>) => {
      context.status.success("Input received");
      return { action: "collect_input", data };
    };

    // Models like to fill in what is optional: no answers are none.
    const { resume_token: token } = input;
    if (token !== undefined || Object.keys(input.answers ?? {}).length > 0) {
      if (token === undefined) {
        throw new ToolError(
          "invalid_input",
          "answers can only be given together with the resume_token of their form.",
          {
            hint: "Call collect_input without answers first; the user is then asked.",
          },
        );
      }
      const pending = forms.resume(context.user.id, token, input);
      if (input.answers === undefined) {
        throw new ToolError("invalid_input", "answers is required together with resume_token.", {
          hint: "Ask the user, then call again with the answers as an object keyed by field name.",
        });
      }
      const checked = forms.check(pending.form, input.answers);
      if (checked.issues.length > 0) throw validationFailed(checked, { resume_token: token });
      pending.settle();
      return answered(checked.data);
    }

    const form = forms.read(input);
    if (mode === "chat") return askInChat(form, context);
    context.status.progress("Waiting for the user's input", undefined, { waiting: true });
    try {
      return answered(await askByForm(form, context));
    } catch (error) {
      if (mode === "auto" && error instanceof ToolError && error.code === "unsupported") {
        return askInChat(form, context);
      }
      throw error;
    }
  },
});

type Context = ToolContext<"interaction">;

/** Shows the form until the answers are right. */
async function askByForm(form: Form, context: Context): Promise<Record<string, unknown>> {
  const { forms } = context.services.interaction;
  let checked: CheckedAnswers | undefined;
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const content = await context.elicit(round === 1 ? "form" : `form-${round}`, forms.ask(form, checked));
    checked = forms.check(form, content);
    if (checked.issues.length === 0) return checked.data;
  }
  throw validationFailed(checked as CheckedAnswers);
}

/** Hands the form to the model, which asks the user in the chat. */
function askInChat(form: Form, context: Context) {
  const { forms }: Interaction = context.services.interaction;
  context.status.success("Asking in the chat");
  return {
    status: "needs_input" as const,
    message:
      "Ask the user for these answers in the chat. Then call collect_input again with answers (an object keyed by field name) and resume_token. Do not make up answers.",
    form: forms.write(form),
    schema: { ...forms.schema(form) },
    resume_token: forms.pend(context.user.id, form),
  };
}

function validationFailed({ issues }: CheckedAnswers, details?: Record<string, unknown>): ToolError {
  return new ToolError("validation_failed", `Validation failed: ${issues.map((issue) => issue.message).join("; ")}`, {
    hint: details
      ? "Ask the user again for these, then call collect_input with all answers and the same resume_token."
      : "Ask the user what to do, or call collect_input again with a simpler form.",
    retryable: true,
    issues,
    details,
  });
}

import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { SettledConfirmation, WaitingConfirmation } from "../interaction/confirmation.ts";
import { defineTool } from "./define-tool.ts";

/** Milliseconds that a call with a token alone waits for the page; bridges wait for one minute. */
const PAGE_WAIT_MS = 20_000;

const label = (fallback: string, meaning: string) =>
  z.string().max(100).default(fallback).describe(`${meaning} Default "${fallback}".`);

export default defineTool({
  name: "confirm_action",
  title: "Ask the user for confirmation",
  description:
    "Asks the user yes or no before something is done. If the result has status needs_input, or that of another tool has code confirmation_required, do what its message or hint says and call this with resume_token, and answer where the user gave it in the chat. Never answer for the user.",
  effect: "read",
  uses: ["interaction"],
  input: z.strictObject({
    message: z.string().max(10_000).optional().describe("What to confirm. Required unless resume_token is given."),
    title: label("Confirmation", "Title of the dialog."),
    confirm_label: label("Confirm", "Label of yes."),
    cancel_label: label("Cancel", "Label of no."),
    answer: z.boolean().optional().describe("What the user said in the chat: true for yes. Only with resume_token."),
    resume_token: z.string().optional().describe("Token of the question that the user answered in the chat."),
  }),
  output: z.object({
    status: z.enum(["success", "needs_input"]).optional(),
    confirmed: z.boolean().optional(),
    action: z.string().optional(),
    message: z.string().optional(),
    question: z.record(z.string(), z.unknown()).optional(),
    url: z.string().optional(),
    resume_token: z.string().optional(),
  }),
  async run(input, context) {
    const { confirmation } = context.services.interaction;
    const user = context.user.id;
    const settled = ({ confirmed, tool }: SettledConfirmation) => {
      context.status.success(confirmed ? "Confirmed by user" : "Action cancelled by user");
      if (!confirmed) return { confirmed, action: "declined", message: "Action cancelled by user" };
      if (tool === undefined) return { confirmed };
      return { confirmed, message: `Now call ${tool} again with the same arguments, once, within five minutes.` };
    };
    const waiting = ({ url, chat, resumeToken }: WaitingConfirmation) => {
      context.status.success(chat ? "Asking in the chat" : "Asking on a page");
      return {
        status: "needs_input" as const,
        message: howToAnswer(url, chat),
        ...(url !== undefined && { url }),
        resume_token: resumeToken,
      };
    };

    const { resume_token: token, answer } = input;
    if (token !== undefined) {
      if (answer === undefined) {
        context.status.progress("Waiting for the user's confirmation", undefined, { waiting: true });
        await confirmation.awaitPage(user, token, { ms: PAGE_WAIT_MS, signal: context.signal });
      }
      const result = confirmation.settle(user, token, answer, input.message);
      if ("confirmed" in result) return settled(result);
      if (result.url === undefined) {
        throw new ToolError("invalid_input", "answer is required together with resume_token: true or false.", {
          hint: "Ask the user. Without an answer there is no consent.",
        });
      }
      return waiting(result);
    }
    if (answer !== undefined) {
      throw new ToolError("invalid_input", "answer can only be given together with the resume_token of its question.", {
        hint: "Call confirm_action without answer first; the user is then asked.",
      });
    }

    const message = input.message ?? "";
    if (message.trim() === "") {
      throw new ToolError("invalid_input", "message is required: what should the user confirm?", {
        issues: [{ path: "message", message: "message is required" }],
      });
    }
    if (input.confirm_label.trim().toLowerCase() === input.cancel_label.trim().toLowerCase()) {
      throw new ToolError("invalid_input", "confirm_label and cancel_label must differ.");
    }
    const { title, confirm_label: confirmLabel, cancel_label: cancelLabel } = input;
    const text = confirmation.shown({ message, title, confirmLabel, cancelLabel });
    context.status.progress("Waiting for the user's confirmation", undefined, { waiting: true });
    let obtained: Awaited<ReturnType<typeof confirmation.obtain>>;
    try {
      obtained = await confirmation.obtain(user, { key: "confirm", text, question: confirmation.ask(text) }, context);
    } catch (error) {
      if (error instanceof ToolError && error.code === "declined") return settled({ confirmed: false });
      throw error;
    }
    if (obtained === undefined) {
      throw new ToolError("unsupported", "This client cannot ask the user.", {
        hint: "The configuration allows no other way (interaction.form), or no browser could reach a page.",
      });
    }
    if ("confirmed" in obtained) return settled(obtained);
    const question = {
      title: text.title,
      message: text.message,
      confirm_label: text.confirmLabel,
      cancel_label: text.cancelLabel,
    };
    return { ...waiting(obtained), question };
  },
});

function howToAnswer(url: string | undefined, chat: boolean): string {
  const byChat =
    "Then call confirm_action again with answer (true only if the user clearly said yes) and resume_token.";
  if (url === undefined) return `Ask the user this question in the chat. ${byChat}`;
  const byPage =
    "Give the user the url of the page with this question. Once the user says that it is answered, call confirm_action again with resume_token alone.";
  return chat ? `${byPage} Or ask the question in the chat. ${byChat}` : `${byPage} Never answer for the user.`;
}

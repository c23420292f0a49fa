import { z } from "zod";
import { ToolError } from "../errors.ts";
import type { SettledConfirmation } from "../interaction/confirmation.ts";
import { defineTool } from "./define-tool.ts";

const label = (fallback: string, meaning: string) =>
  z.string().max(100).default(fallback).describe(`${meaning} Default "${fallback}".`);

export default defineTool({
  name: "confirm_action",
  title: "Ask the user for confirmation",
  description:
    "Asks the user yes or no before something is done. If the result has status needs_input, or that of another tool has code confirmation_required, ask the user in the chat and call this with answer and resume_token. Never answer for the user.",
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
    resume_token: z.string().optional(),
  }),
  async run(input, context) {
    const { confirmation, mode } = context.services.interaction;
    const settled = ({ confirmed, tool }: SettledConfirmation) => {
      context.status.success(confirmed ? "Confirmed by user" : "Action cancelled by user");
      if (!confirmed) return { confirmed, action: "declined", message: "Action cancelled by user" };
      if (tool === undefined) return { confirmed };
      return { confirmed, message: `Now call ${tool} again with the same arguments, once, within five minutes.` };
    };

    const { resume_token: token } = input;
    if (token !== undefined || input.answer !== undefined) {
      if (token === undefined) {
        throw new ToolError(
          "invalid_input",
          "answer can only be given together with the resume_token of its question.",
          {
            hint: "Call confirm_action without answer first; the user is then asked.",
          },
        );
      }
      if (input.answer === undefined) {
        throw new ToolError("invalid_input", "answer is required together with resume_token: true or false.", {
          hint: "Ask the user. Without an answer there is no consent.",
        });
      }
      return settled(confirmation.settle(context.user.id, token, input.answer, input.message));
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
    const text = {
      message,
      title: input.title,
      confirmLabel: input.confirm_label,
      cancelLabel: input.cancel_label,
    };
    const askInChat = () => {
      context.status.success("Asking in the chat");
      return {
        status: "needs_input" as const,
        message:
          "Ask the user this question in the chat. Then call confirm_action again with answer (true only if the user clearly said yes) and resume_token.",
        question: {
          title: text.title,
          message,
          confirm_label: text.confirmLabel,
          cancel_label: text.cancelLabel,
        },
        resume_token: confirmation.pend(context.user.id, message),
      };
    };
    if (mode === "chat") return askInChat();
    context.status.progress("Waiting for the user's confirmation", undefined, { waiting: true });
    try {
      return settled({ confirmed: confirmation.isConsent(await context.elicit("confirm", confirmation.ask(text))) });
    } catch (error) {
      if (error instanceof ToolError && error.code === "declined") return settled({ confirmed: false });
      if (error instanceof ToolError && error.code === "unsupported" && mode === "auto") return askInChat();
      throw error;
    }
  },
});

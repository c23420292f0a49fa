import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "display_result",
  title: "Show a result",
  description: "Shows the user a notification and hands on a result.",
  effect: "read",
  idempotent: true,
  uses: [],
  input: z.strictObject({
    message: z
      .string()
      .max(10_000)
      .default("Operation completed successfully")
      .describe('Text of the notification. Default "Operation completed successfully".'),
    notification_type: z
      .enum(["info", "success", "warning", "error"])
      .default("success")
      .describe("Kind of the notification: info, success (default), warning or error."),
    result_data: z.record(z.string(), z.unknown()).default({}).describe("The result as an object. Default {}."),
  }),
  output: z.object({
    action: z.string(),
    data: z.record(z.string(), z.unknown()),
    message: z.string(),
    notification_type: z.string(),
  }),
  async run(input, context) {
    context.status.success(input.message, { notification_type: input.notification_type });
    return {
      action: "display_result",
      data: input.result_data,
      message: input.message,
      notification_type: input.notification_type,
    };
  },
});

import { z } from "zod";
import { imageTypeOf, MAX_MEDIA_BYTES } from "./api-media.ts";
import { defineTool } from "./define-tool.ts";
import { asJson } from "./loose-values.ts";

type Shown = Parameters<typeof import("../display/show-parts.ts").showParts>[0];

const UNSEEN = "This client shows the user no results: put `text` into your answer.";
const PERHAPS_UNSEEN = "Unless this client has shown it to the user, put `text` into your answer.";

const lowered = (given: unknown) => (typeof given === "string" ? given.trim().toLowerCase() : given);

const names = z.preprocess((given) => {
  const value = asJson(given);
  return typeof value === "string" ? [value] : value;
}, z.array(z.string()));

export default defineTool({
  name: "display_result",
  title: "Show a result",
  description:
    "Shows the user a notification and a result: Markdown, a table, a chart of its rows, an image, or several of these. Where the result has a hint, put its text into your answer.",
  effect: "read",
  idempotent: true,
  uses: [],
  app: "ui://patchbay/display-result",
  input: z.strictObject({
    message: z
      .string()
      .max(10_000)
      .default("Operation completed successfully")
      .describe('Text of the notification. Default "Operation completed successfully".'),
    notification_type: z
      .preprocess(lowered, z.enum(["info", "success", "warning", "error"]).default("success"))
      .describe("Kind of the notification: info, success (default), warning or error."),
    result_data: z.record(z.string(), z.unknown()).default({}).describe("The result as an object. Default {}."),
    // Limits that models need not know are not part of the definition, which every conversation pays for.
    markdown: z.string().optional().describe("Markdown to show."),
    rows: z
      .preprocess(asJson, z.array(z.record(z.string(), z.unknown())))
      .optional()
      .describe("Rows of a table, as objects."),
    columns: names.optional().describe('Columns in order, "key" or "key: title". Default all.'),
    chart: z
      .preprocess(lowered, z.enum(["bar", "stacked", "line", "area", "pie", "scatter"]))
      .optional()
      .describe("Draws rows: bar, stacked, line, area, pie or scatter."),
    x: z.string().optional().describe("Column of the x axis. Default that of the labels."),
    y: names.optional().describe("Columns to draw. Default all numbers."),
    title: z.string().optional().describe("Its title."),
    image: z.string().optional().describe("Data URI or base64, no address."),
    alt: z.string().optional().describe("What the image shows."),
  }),
  output: z.object({
    action: z.string(),
    data: z.record(z.string(), z.unknown()),
    message: z.string(),
    notification_type: z.string(),
    parts: z.array(z.unknown()).optional(),
    text: z.string().optional(),
    hint: z.string().optional(),
  }),
  async run({ message, notification_type, result_data, ...shown }, context) {
    const result = { action: "display_result", data: result_data, message, notification_type };
    const isPlain = Object.values(shown).every((value) => value === undefined);
    const content = isPlain ? {} : await showing(shown, context.showsApp);
    context.status.success(message, { notification_type });
    return { ...result, ...content };
  },
  /** An SVG is none that models take: only the app shows it, from the arguments. */
  async media(_output, _context, { image }) {
    if (image === undefined) return [];
    const { bytesOf } = await import("../display/image.ts");
    const bytes = bytesOf(image);
    const mimeType = bytes && imageTypeOf(bytes);
    return bytes && mimeType ? [{ type: "image", data: bytes.toString("base64"), mimeType }] : [];
  },
});

/** The parts are what the app draws. Where there is none, the same as text is enough, which only the model can show. */
async function showing(shown: Shown, showsApp: boolean | undefined) {
  const { showParts } = await import("../display/show-parts.ts");
  const { parts, text } = showParts(shown, { typeOf: imageTypeOf, maxBytes: MAX_MEDIA_BYTES });
  if (parts.length === 0) return {};
  if (showsApp) return { parts, text };
  return showsApp === false ? { text, hint: UNSEEN } : { parts, text, hint: PERHAPS_UNSEEN };
}

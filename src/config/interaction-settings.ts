import { z } from "zod";
import { seconds } from "./setting.ts";

/** The ways in which the human can be asked, in the order in which they are tried. */
const ASKING_WAYS = ["elicitation", "page", "chat"] as const;

const rule = z.strictObject({
  tool: z.string().min(1).optional().describe("The tool. Unset: any."),
  effect: z
    .enum(["read", "write", "destroy", "read-open", "write-open"])
    .optional()
    .describe("What the tool does; `-open` reaches other systems. Unset: anything."),
  costUsd: z
    .number()
    .min(0)
    .optional()
    .describe("Only calls that may cost more than this, in USD, or whose cost is unknown. Unset: whatever it costs."),
});

/** Forms and confirmations. */
export const interaction = z.strictObject({
  buttonLabel: z.string().default("Interact").describe("Label of the button that starts an interaction."),
  confirmationRequired: z
    .union(
      [
        z.boolean(),
        z.array(
          z.union([z.string().min(1), rule], {
            error: "must be the name of a tool or a rule { tool, effect, costUsd }",
          }),
        ),
      ],
      {
        error: "must be true, false or a list of tools and of rules { tool, effect, costUsd }",
      },
    )
    .default(false)
    .describe(
      "Whether the human is asked before a tool runs: false, true, or a list of tools and of rules `{ tool, effect, costUsd }`, of which all parts have to fit.",
    ),
  form: z
    .union(
      [
        z.enum(["auto", ...ASKING_WAYS]),
        z.array(z.enum(ASKING_WAYS)).min(1, "must name a way to ask: elicitation, page or chat; the list is empty"),
      ],
      {
        error: "must be auto, elicitation, page, chat, or a list of the last three",
      },
    )
    .default("auto")
    .describe(
      "How to ask: `elicitation` by the client's form, `page` by a link to a page of this server, `chat` by the model; a list of them allows each, and `auto` all three. The first that the client can do is taken, in this order.",
    ),
  answerTimeout: seconds("Time that the human has for an answer.").default(900),
});

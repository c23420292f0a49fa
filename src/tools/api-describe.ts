import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "api_describe",
  title: "Describe an API operation",
  description:
    "Shows what calling an operation of an external API takes, its parameters and body, and what fields it answers.",
  effect: "read",
  idempotent: true,
  uses: ["apis"],
  input: z.strictObject({
    operation: z
      .string({ error: "Operation is required: an id of api_search, or METHOD /path" })
      .min(1, "Operation is required: an id of api_search, or METHOD /path")
      .max(1000)
      .describe('An operation as api_search lists it: an id, or "GET /v1/items/{id}".'),
    api: z.string().max(200).optional().describe("Its API; needed where several have such an operation."),
    part: z
      .string()
      .max(1000)
      .optional()
      .describe('To see only a part that was left out, such as "/body/items/0", or the body in another media type.'),
  }),
  output: z.strictObject({
    api: z.string(),
    operation: z.string(),
    method: z.string(),
    path: z.string(),
    summary: z.string().optional(),
    description: z.string().optional(),
    deprecated: z.boolean().optional(),
    parameters: z.array(z.looseObject({})),
    body: z.looseObject({}).optional(),
    part: z.looseObject({}).optional(),
    $defs: z.looseObject({}).optional(),
    answers: z.array(z.looseObject({})).optional(),
    notes: z.array(z.string()).optional(),
  }),
  async run(input, { services, status }) {
    const { parameters, body, part, answers, ...operation } = await services.apis.describe(input);
    status.success(`Described ${operation.operation}`);
    return {
      ...operation,
      parameters: parameters.map((parameter) => ({ ...parameter })),
      ...(body && { body: { ...body } }),
      ...(part && { part: { ...part } }),
      ...(answers && { answers: answers.map((answer) => ({ ...answer })) }),
    };
  },
});

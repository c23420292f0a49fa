import { z } from "zod";
import { defineTool } from "./define-tool.ts";
import { asScalar } from "./loose-values.ts";

export default defineTool({
  name: "api_search",
  title: "Find API operations",
  description:
    "Finds operations of the configured external APIs by what they do, best first. Without a query it lists the APIs and " +
    "their first operations. Then call api_describe for the parameters of one, and call_api to call it.",
  effect: "read",
  idempotent: true,
  uses: ["apis"],
  input: z.strictObject({
    query: z.string().max(2000).default("").describe('What the operation should do, such as "create an issue".'),
    api: z.string().max(200).optional().describe("Search this API only."),
    limit: z.preprocess(asScalar, z.int().min(1).max(50).default(5)).describe("Maximum number of operations, 1 to 50."),
  }),
  output: z.strictObject({
    operations: z.array(z.looseObject({})),
    total: z.int(),
    apis: z.array(z.looseObject({})).optional(),
    warnings: z.array(z.string()).optional(),
  }),
  async run(input, { services, status }) {
    const { operations, apis, ...reply } = await services.apis.search(input);
    status.success(`Found ${reply.total} ${reply.total === 1 ? "operation" : "operations"}`);
    return {
      ...reply,
      operations: operations.map((operation) => ({ ...operation })),
      ...(apis && { apis: apis.map((api) => ({ ...api })) }),
    };
  },
});

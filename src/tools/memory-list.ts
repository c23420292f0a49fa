import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_list",
  title: "List memories",
  description:
    "Lists the user's memories, newest first, with their total number. To find something, use memory_search.",
  effect: "read",
  uses: ["memory"],
  input: z.strictObject({
    limit: z.int().min(1, "limit must be at least 1").default(10).describe("How many; above 100 counts as 100."),
    offset: z.int().default(0).describe("How many to skip; below 0 counts as 0."),
    tag: z.string().optional().describe("Only those with this tag."),
  }),
  output: z.object({
    memories: z.array(z.record(z.string(), z.unknown())),
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
  }),
  async run(input, { user, services, status }) {
    status.progress("Retrieving memories");
    const page = await services.memory.list(user, input);
    status.success(`Retrieved ${page.memories.length} memories`);
    return { ...page, memories: page.memories.map((memory) => ({ ...memory })) };
  },
});

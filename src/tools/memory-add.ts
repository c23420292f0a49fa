import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_add",
  title: "Remember",
  description:
    "Stores a fact about the user or their work for later conversations: preferences, decisions, people, dates. One self-contained fact per memory. Not for passwords or other secrets.",
  effect: "write",
  uses: ["memory"],
  input: z.strictObject({
    content: z
      .string({ error: (issue) => (issue.input === undefined ? "Memory content is required" : undefined) })
      .describe("The fact, understandable without this conversation: full names, absolute dates."),
    tags: z.array(z.string()).optional().describe("Topics to filter by."),
    source: z.string().optional().describe("Conversation or document it comes from."),
    speaker: z.string().optional().describe("Who said it."),
    occurred_at: z.string().optional().describe("When it happened, ISO 8601."),
  }),
  output: z.object({ memory: z.record(z.string(), z.unknown()) }),
  async run(input, { user, services, status }) {
    status.progress("Adding new memory");
    const memory = await services.memory.add(user, input);
    status.success("Memory added successfully");
    return { memory: { ...memory } };
  },
});

import { z } from "zod";
import { defineTool } from "./define-tool.ts";

export default defineTool({
  name: "memory_delete",
  title: "Forget",
  description: "Deletes a memory for good.",
  effect: "destroy",
  idempotent: true,
  uses: ["memory"],
  input: z.strictObject({
    memory_id: z
      .string({ error: (issue) => (issue.input === undefined ? "Memory ID is required" : undefined) })
      .describe("Its id, from memory_list or memory_search."),
  }),
  output: z.object({ message: z.string() }),
  async confirms(input, { user, services }) {
    const { content } = await services.memory.get(user, input.memory_id);
    return `Memory: ${JSON.stringify(content)}`;
  },
  async run(input, { user, services, status }) {
    status.progress("Deleting memory");
    await services.memory.delete(user, input.memory_id);
    status.success("Memory deleted successfully");
    return { message: "Memory deleted successfully" };
  },
});

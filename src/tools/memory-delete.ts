import { z } from "zod";
import { ToolError } from "../errors.ts";
import { defineTool } from "./define-tool.ts";
import { filterOf, inMemories } from "./memory-fields.ts";

/** Characters of each memory in the question whether many are to be deleted. */
const MAX_SHOWN = 100;

export default defineTool({
  name: "memory_delete",
  title: "Forget",
  description: "Deletes a memory for good; or with confirm all that a filter names, or everything.",
  effect: "destroy",
  idempotent: true,
  uses: ["memory"],
  input: z.strictObject({
    memory_id: z.string().optional().describe("Its id."),
    filter: filterOf({}).optional().describe("tag, source, speaker, kind, after, before (ISO 8601)."),
    all: z.boolean().optional().describe("Everything."),
    confirm: z.boolean().optional().describe("Else filter and all only count."),
  }),
  output: z.object({ message: z.string(), matched: z.int().optional(), deleted: z.int().optional() }),
  async confirms({ memory_id: id, filter, all, confirm }, { user, services }) {
    if (id !== undefined) return `Memory: ${JSON.stringify((await services.memory.get(user, id)).content)}`;
    const { matched, oldest, digest } = await services.memory.toForget(user, { ...filter, all });
    if (!confirm) return `${inMemories(matched)} would be deleted; none is yet.`;
    const which = matched > oldest.length ? "The oldest" : "Namely";
    return {
      about: `${inMemories(matched)} will be deleted.${matched > 0 ? ` ${which}: ${oldest.map(inShort).join(", ")}` : ""}`,
      of: digest,
    };
  },
  async mustConfirm({ memory_id: id, filter, all, confirm }, { user, services }) {
    if (id !== undefined) return undefined;
    // Counting is no more than a look, and to delete nothing needs no consent.
    if (!confirm) return false;
    const matched = await services.memory.forget(user, { ...filter, all }, { dryRun: true });
    return matched === 0 ? false : undefined;
  },
  async run({ memory_id: id, filter, all, confirm = false }, { user, services, status }) {
    if (id !== undefined) {
      if (filter || all) {
        throw new ToolError("invalid_input", '"memory_id" goes with neither filter nor all.', {
          hint: "Give one of them.",
        });
      }
      status.progress("Deleting memory");
      await services.memory.delete(user, id);
      status.success("Memory deleted successfully");
      return { message: "Memory deleted successfully" };
    }
    status.progress(confirm ? "Deleting memories" : "Counting memories");
    const matched = await services.memory.forget(user, { ...filter, all }, { dryRun: !confirm });
    const memories = inMemories(matched);
    if (confirm) {
      status.success(`${memories} deleted successfully`);
      return { message: `${memories} deleted successfully`, matched, deleted: matched };
    }
    status.success(`${memories} would be deleted`);
    const message = `${memories} would be deleted; nothing was. Ask the user, then call again with confirm: true.`;
    return { message, matched, deleted: 0 };
  },
});

/** The beginning of a content, in quotes. */
function inShort(content: string): string {
  const cut = [...content].slice(0, MAX_SHOWN).join("");
  return `${JSON.stringify(cut)}${cut.length < content.length ? "…" : ""}`;
}

import type { Server, ServerContext } from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { User } from "../tools/define-tool.ts";
import type { ToolBoundary } from "./call-tool.ts";
import { unknownPrompt } from "./prompts.ts";
import { LISTS_MEMORIES, toolOfUri } from "./tools-behind.ts";

/** Values that one answer may have (MCP 2025-11-25 and 2026-07-28, completion). */
const MAX_VALUES = 100;

/** Makes a server complete the arguments of prompts and of resource templates. */
export function addCompletions(
  server: Server,
  { boundary, identify }: { boundary: ToolBoundary; identify: (context: ServerContext) => User | undefined },
): void {
  const { prompts, resources, answer } = boundary;
  server.setRequestHandler("completion/complete", async ({ params: { ref, argument } }, context) => {
    const request = { method: "completion/complete", user: identify(context), signal: context.mcpReq.signal };
    const prompt = ref.type === "ref/prompt" ? prompts.find(({ name }) => name === ref.name) : undefined;
    const resource = ref.type === "ref/resource" ? resources.find(({ uri }) => uri === ref.uri) : undefined;
    const { values } = await answer(request, (prompt ?? resource)?.uses ?? [], async (given) => {
      if (prompt && boundary.whyKeptOff(LISTS_MEMORIES)) return { values: [] };
      if (prompt) return { values: await (prompt.complete?.(argument.name, argument.value, given) ?? []) };
      if (resource) return { values: await (resource.complete?.(argument.value, given) ?? []) };
      if (ref.type === "ref/prompt") throw unknownPrompt(prompts, ref.name);
      const off = boundary.whyKeptOff(toolOfUri(ref.uri));
      if (off) throw off;
      throw new ToolError("invalid_input", `There is no resource template "${ref.uri.slice(0, 200)}".`, {
        hint: `Templates and resources: ${resources.map(({ uri }) => uri).join(", ")}.`,
      });
    });
    return {
      completion: { values: values.slice(0, MAX_VALUES), total: values.length, hasMore: values.length > MAX_VALUES },
    };
  });
}

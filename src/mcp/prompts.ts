import type { Server, ServerContext } from "@modelcontextprotocol/server";
import { ToolError } from "../errors.ts";
import type { AnyPrompt } from "../prompts/define-prompt.ts";
import type { User } from "../tools/define-tool.ts";
import type { ToolBoundary } from "./call-tool.ts";

/** Makes a server answer `prompts/…`. */
export function addPrompts(
  server: Server,
  { boundary, identify }: { boundary: ToolBoundary; identify: (context: ServerContext) => User | undefined },
): void {
  const { prompts, answer } = boundary;
  server.setRequestHandler("prompts/list", async () => ({
    prompts: prompts.map(({ name, title, description, arguments: args }) => ({
      name,
      title,
      description,
      arguments: args.map((argument) => ({ ...argument })),
    })),
  }));
  server.setRequestHandler("prompts/get", async ({ params }, context) => {
    const prompt = prompts.find(({ name }) => name === params.name);
    const request = { method: "prompts/get", user: identify(context), signal: context.mcpReq.signal };
    const { description, text } = await answer(request, prompt?.uses ?? [], async (given) => {
      if (!prompt) throw unknownPrompt(prompts, params.name);
      return {
        description: prompt.description,
        text: await prompt.get(readArguments(prompt, params.arguments), given),
      };
    });
    return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
  });
}

export function unknownPrompt(prompts: readonly AnyPrompt[], name: string): ToolError {
  return new ToolError("invalid_input", `There is no prompt "${name.slice(0, 60)}".`, {
    hint: `Prompts: ${prompts.map((prompt) => prompt.name).join(", ")}.`,
  });
}

/** @throws ToolError `invalid_input` with what is missing or unknown */
function readArguments(prompt: AnyPrompt, args: Record<string, string> = {}): Record<string, string> {
  const missing = prompt.arguments.filter(({ name, required }) => required && (args[name] ?? "").trim() === "");
  const unknown = Object.keys(args).filter((name) => !prompt.arguments.some((argument) => argument.name === name));
  const issues = [
    ...missing.map(({ name }) => ({ path: name, message: `${name} is required` })),
    ...unknown.map((name) => ({ path: name.slice(0, 60), message: `${name.slice(0, 60)} is not an argument` })),
  ];
  if (issues.length === 0) return args;
  throw new ToolError("invalid_input", `${prompt.name}: ${issues.map(({ message }) => message).join("; ")}.`, {
    hint: `Its arguments: ${prompt.arguments.map(({ name }) => name).join(", ")}.`,
    issues,
  });
}

import type { NeededTool } from "../tools/define-tool.ts";

/** The tool that gives the same as the resources of a scheme. */
const BY_SCHEME: Readonly<Record<string, string>> = {
  memory: "memory_list",
  api: "call_api",
  moa: "mixture_of_agents",
  pipeline: "run_pipeline",
};

/** The tool that gives the same as the list of resources, which shows memories, and as the completion of prompts' arguments. */
export const LISTS_MEMORIES = "memory_list";
/** The tool that gives the same as the prompts, which recall memories. */
export const RECALLS = "memory_search";

/** A tool that a request needs; `by` is what of it does so, where that is not plain. */
export type ToolBehind = Pick<NeededTool, "tool"> & { by?: string };

/**
 * The tools whose permission a message, or a batch of the 2025 era, needs: those that it calls, those whose work these calls do as
 * well, and those that give what it asks for by another method. Resources are what tools kept, their list shows memories, and the
 * prompts recall them.
 * @throws what `needsOf` throws
 */
export async function toolsBehind(
  body: unknown,
  needsOf: (tool: string, args: unknown) => Promise<readonly NeededTool[]> = async () => [],
): Promise<ToolBehind[]> {
  const tools: ToolBehind[] = [];
  for (const message of [body].flat()) {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: Params };
    tools.push(...otherWays(method, params).map((tool) => ({ tool })));
    if (method !== "tools/call" || typeof params?.name !== "string") continue;
    tools.push({ tool: params.name }, ...(await needsOf(params.name, params.arguments)));
  }
  return tools;
}

/** The tool that gives the same as a resource, or as those of a template; undefined where there is none. */
export function toolOfUri(uri: unknown): string | undefined {
  const scheme = typeof uri === "string" ? (/^\s*([a-z]+):/i.exec(uri)?.[1]?.toLowerCase() ?? "") : "";
  return Object.hasOwn(BY_SCHEME, scheme) ? BY_SCHEME[scheme] : undefined;
}

function otherWays(method: unknown, params: Params | undefined): string[] {
  switch (method) {
    case "resources/read":
    case "resources/subscribe":
      return ofUris([params?.uri]);
    case "subscriptions/listen": {
      const { resourcesListChanged, resourceSubscriptions } = params?.notifications ?? {};
      return [
        ...(resourcesListChanged ? [LISTS_MEMORIES] : []),
        ...ofUris(Array.isArray(resourceSubscriptions) ? resourceSubscriptions : []),
      ];
    }
    case "completion/complete":
      return params?.ref?.type === "ref/resource" ? ofUris([params.ref.uri]) : [LISTS_MEMORIES];
    case "resources/list":
      return [LISTS_MEMORIES];
    case "prompts/get":
      return [RECALLS];
    default:
      return [];
  }
}

interface Params {
  name?: unknown;
  arguments?: unknown;
  uri?: unknown;
  ref?: { type?: unknown; uri?: unknown };
  notifications?: { resourcesListChanged?: unknown; resourceSubscriptions?: unknown };
}

function ofUris(uris: readonly unknown[]): string[] {
  return [...new Set(uris.map(toolOfUri).filter((tool) => tool !== undefined))];
}

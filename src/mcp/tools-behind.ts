/** The tool that gives the same as the resources of a scheme. */
const BY_SCHEME: Readonly<Record<string, string>> = {
  memory: "memory_list",
  api: "call_api",
  moa: "mixture_of_agents",
  pipeline: "run_pipeline",
};

/**
 * The tools whose permission a message, or a batch of the 2025 era, needs: those that it calls, and those that give what it asks
 * for by another method. Resources are what tools kept, their list shows memories, and the prompts recall them.
 */
export function toolsBehind(body: unknown): string[] {
  return [body].flat().flatMap((message) => {
    const { method, params } = (message ?? {}) as { method?: unknown; params?: Params };
    switch (method) {
      case "tools/call":
        return typeof params?.name === "string" ? [params.name] : [];
      case "resources/read":
      case "resources/subscribe":
        return ofUri(params?.uri);
      case "completion/complete":
        return params?.ref?.type === "ref/resource" ? ofUri(params.ref.uri) : ["memory_list"];
      case "resources/list":
        return ["memory_list"];
      case "prompts/get":
        return ["memory_search"];
      default:
        return [];
    }
  });
}

interface Params {
  name?: unknown;
  uri?: unknown;
  ref?: { type?: unknown; uri?: unknown };
}

function ofUri(uri: unknown): string[] {
  const scheme = typeof uri === "string" ? (/^\s*([a-z]+):/i.exec(uri)?.[1]?.toLowerCase() ?? "") : "";
  const tool = Object.hasOwn(BY_SCHEME, scheme) ? BY_SCHEME[scheme] : undefined;
  return tool === undefined ? [] : [tool];
}

import type { PinnedRequest } from "../api/pinned-operations.ts";
import { ToolError } from "../errors.ts";
import type { ServiceContainer } from "../services.ts";
import type { AnyTool } from "./define-tool.ts";

/** The tools that the configuration makes of operations of APIs, by name. */
export interface PinnedTools {
  names: ReadonlySet<string>;
  load(): Promise<ReadonlyMap<string, AnyTool | ToolError>>;
}

/** Milliseconds that a list of tools waits for documents; what comes later is in the next list. */
const WAIT_MS = 6_000;
/** Milliseconds after which a document that could not be read is tried again. */
const RETRY_MS = 15_000;

/**
 * Reads the documents of the APIs when the tools are first asked for, each API by itself, so that one that cannot be read
 * leaves out its own tools only; it is tried again with a later list or call.
 * @param warn Told once of each reason for which a tool is not there.
 */
export function createPinnedTools(
  wanted: readonly PinnedRequest[],
  services: ServiceContainer,
  warn: (message: string) => void,
): PinnedTools {
  const tools = new Map<string, AnyTool>();
  const failures = new Map<string, { error: ToolError; at: number }>();
  const loading = new Map<string, Promise<void>>();
  const told = new Set<string>();

  async function loadApi(api: string, own: readonly PinnedRequest[]): Promise<void> {
    const fail = (name: string, error: ToolError): void => {
      failures.set(name, { error, at: performance.now() });
      const message = `The tool ${name} of API "${api}" is left out: ${error.message}`;
      if (!told.has(message)) warn(message);
      told.add(message);
    };
    try {
      const [{ apis }, { pinnedTool }] = await Promise.all([services.get(["apis"]), import("./pinned-tool.ts")]);
      const found = await apis.pinned(api, own);
      for (const [index, { name }] of own.entries()) {
        const operation = found[index]!;
        if (operation instanceof ToolError) fail(name, operation);
        else {
          tools.set(name, pinnedTool(operation));
          failures.delete(name);
        }
      }
    } catch (error) {
      const known =
        error instanceof ToolError
          ? error
          : new ToolError("internal", `The tools of API "${api}" cannot be made.`, { cause: error });
      for (const { name } of own) fail(name, known);
    }
  }

  function begin(api: string): Promise<void> {
    const own = wanted.filter((entry) => entry.api === api && !tools.has(entry.name));
    const now = performance.now();
    const due = own.some(({ name }) => now - (failures.get(name)?.at ?? Number.NEGATIVE_INFINITY) >= RETRY_MS);
    let running = loading.get(api);
    if (!running && due) {
      running = loadApi(api, own).finally(() => loading.delete(api));
      loading.set(api, running);
    }
    return running ?? Promise.resolve();
  }

  return {
    names: new Set(wanted.map(({ name }) => name)),
    async load() {
      if (tools.size < wanted.length) {
        const all = Promise.all([...new Set(wanted.map(({ api }) => api))].map(begin));
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise((resolve) => {
          timer = setTimeout(resolve, WAIT_MS);
        });
        await Promise.race([all, late]);
        clearTimeout(timer);
      }
      return new Map(
        wanted.map(({ name, api }) => [name, tools.get(name) ?? failures.get(name)?.error ?? slow(name, api)]),
      );
    },
  };
}

function slow(name: string, api: string): ToolError {
  return new ToolError("upstream_unreachable", `The document of API "${api}" is still being read.`, {
    hint: `Call ${name} again in a few seconds.`,
    retryable: true,
  });
}

import type { PinnedRequest } from "../api/pinned/pinned-operations.ts";
import { ToolError } from "../errors.ts";
import type { ServiceContainer } from "../services.ts";
import type { AnyTool } from "./define-tool.ts";

/** The tools that the configuration makes of operations of APIs, by name. */
export interface PinnedTools {
  names: ReadonlySet<string>;
  load(): Promise<ReadonlyMap<string, AnyTool | ToolError>>;
}

/**
 * Milliseconds for which a document that is being read may keep lists of tools waiting, the first time and when it is tried
 * again; what comes later is in a later list. Clients give a list 10 s.
 */
const WAIT_MS = { first: 6_000, again: 1_000 };
/** Milliseconds after which a document that could not be read is tried again. */
const RETRY_MS = 15_000;

/**
 * Reads the documents of the APIs when the tools are first asked for, each API by itself, so that one that cannot be read
 * leaves out its own tools only; it is tried again with a later list or call.
 * @param warn Told once of each reason for which a tool is not there.
 * `callApi`: whether call_api is there for what the tools themselves cannot do.
 */
export function createPinnedTools(
  wanted: readonly PinnedRequest[],
  services: ServiceContainer,
  warn: (message: string) => void,
  { callApi = true }: { callApi?: boolean } = {},
): PinnedTools {
  const tools = new Map<string, AnyTool>();
  const failures = new Map<string, { error: ToolError; at: number }>();
  const loading = new Map<string, { done: Promise<void>; waitUntil: number }>();
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
          tools.set(name, pinnedTool(operation, { callApi }));
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

  /** Reads the document of an API where that is due; gives what a list has to wait for. */
  function begin(api: string): Promise<unknown> {
    const own = wanted.filter((entry) => entry.api === api && !tools.has(entry.name));
    const now = performance.now();
    const last = own.map(({ name }) => failures.get(name)?.at);
    let running = loading.get(api);
    if (!running && last.some((at) => at === undefined || now - at >= RETRY_MS)) {
      const isFirst = last.every((at) => at === undefined);
      const done = loadApi(api, own).finally(() => loading.delete(api));
      running = { done, waitUntil: now + (isFirst ? WAIT_MS.first : WAIT_MS.again) };
      loading.set(api, running);
    }
    return running ? atMost(running.done, running.waitUntil - now) : Promise.resolve();
  }

  return {
    names: new Set(wanted.map(({ name }) => name)),
    async load() {
      if (tools.size < wanted.length) await Promise.all([...new Set(wanted.map(({ api }) => api))].map(begin));
      return new Map(
        wanted.map(({ name, api }) => [name, tools.get(name) ?? failures.get(name)?.error ?? slow(name, api)]),
      );
    },
  };
}

/** Resolves with the work or after so many milliseconds. */
async function atMost(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

function slow(name: string, api: string): ToolError {
  return new ToolError("upstream_unreachable", `The document of API "${api}" is still being read.`, {
    hint: `Call ${name} again in a few seconds.`,
    retryable: true,
  });
}

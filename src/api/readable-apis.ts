import { ToolError } from "../errors.ts";
import type { ApiDescription } from "./configured-api.ts";

export interface Reading {
  /** Reads the API's document where that has not been done. @throws ToolError */
  describe(name: string): Promise<ApiDescription>;
  /** What has been read of an API. */
  known(name: string): ApiDescription | undefined;
  /** Whether its document comes from another machine, which may let one wait. */
  isRemote(name: string): boolean;
}

/** Gives each API, or why it cannot be had, in the order of the names. */
export type ReadableApis = (names: readonly string[]) => Promise<(ApiDescription | ToolError)[]>;

/** Time without news after which what is there has to do. */
const PATIENCE_MS = 2000;
const TICK_MS = 100;
/** A failure that came faster than this is not worth remembering: the document may be mended by now. */
const SLOW_MS = 250;
const REMEMBERED_MS = 30_000;

/**
 * For who asks about all APIs: one whose document does not come holds the others up for two seconds, and then for half a minute
 * not at all. It is still read meanwhile, and is there with the next question after that; so it is once a call has read it.
 */
export function createReadableApis({ describe, known, isRemote }: Reading): ReadableApis {
  const troubles = new Map<string, { error: ToolError; until: number }>();

  const remember = (name: string, error: ToolError): ToolError => {
    troubles.set(name, { error, until: performance.now() + REMEMBERED_MS });
    return error;
  };
  async function read(name: string): Promise<ApiDescription | ToolError> {
    const trouble = troubles.get(name);
    const startedAt = performance.now();
    if (trouble && startedAt < trouble.until && !known(name)) return trouble.error;
    try {
      const api = await describe(name);
      troubles.delete(name);
      return api;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      const isSlow = isRemote(name) && performance.now() - startedAt >= SLOW_MS;
      return isSlow ? remember(name, error) : error;
    }
  }

  return async (names) => {
    const outcomes = new Map<string, ApiDescription | ToolError>();
    // Counted in ticks and not by the clock, so that work on the documents that are there does not count.
    let ticks = 0;
    const all = names.map(async (name) => {
      outcomes.set(name, await read(name));
      ticks = 0;
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        ticks += 1;
        const isUseful = [...outcomes.values()].some((outcome) => !(outcome instanceof ToolError));
        const waitsForRemote = names.every((name) => outcomes.has(name) || isRemote(name));
        if (ticks * TICK_MS >= PATIENCE_MS && isUseful && waitsForRemote) resolve();
      }, TICK_MS);
    });
    try {
      await Promise.race([Promise.all(all), patience]);
    } finally {
      clearInterval(timer);
    }
    return names.map((name) => outcomes.get(name) ?? remember(name, notYet(name)));
  };
}

function notYet(name: string): ToolError {
  return new ToolError("deadline_exceeded", `The OpenAPI document of API "${name}" has not arrived yet.`, {
    hint: "Ask again later, or name the API to wait for it.",
    retryable: true,
  });
}

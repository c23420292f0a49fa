import { LRUCache } from "lru-cache";
import type { RunArchive, RunRecord } from "./run-record.ts";
import { mermaidTimeline } from "./timeline-mermaid.ts";
import { svgTimeline } from "./timeline-svg.ts";

/**
 * Keeps the last runs of each user in memory. A user's own runs push out only that user's, until all together are too large:
 * then the oldest go. A run that is larger than everything that may be kept is not kept.
 * @param options `maxRuns` of each user (default 20), `maxBytes` of all together (default 32 MiB), as JSON
 */
export function createRunArchive({ maxRuns = 20, maxBytes = 32 * 2 ** 20 } = {}): RunArchive {
  /** The ids of each user's runs, the oldest first. */
  const ids = new Map<string, Set<string>>();
  const listeners = new Map<string, Set<(runId: string) => void>>();
  const keyOf = (user: string, runId: string) => JSON.stringify([user, runId]);
  const records = new LRUCache<string, { user: string; record: RunRecord }>({
    maxSize: maxBytes,
    sizeCalculation: ({ record }) => Buffer.byteLength(JSON.stringify(record)),
    dispose({ user, record }, _key, reason) {
      if (reason === "set") return;
      const own = ids.get(user);
      own?.delete(record.run_id);
      if (own?.size === 0) ids.delete(user);
    },
  });
  // Reading makes no run younger: what goes first depends on when it was kept alone.
  const get = (user: string, runId: string) => records.peek(keyOf(user, runId))?.record;

  return {
    keep(user, record) {
      const key = keyOf(user, record.run_id);
      records.delete(key);
      records.set(key, { user, record });
      if (!records.has(key)) return;
      const own = ids.get(user) ?? new Set();
      ids.set(user, own.add(record.run_id));
      for (const oldest of own) {
        if (own.size <= maxRuns) break;
        records.delete(keyOf(user, oldest));
      }
      for (const listener of listeners.get(user) ?? []) listener(record.run_id);
    },
    get,
    list(user) {
      const own = [...(ids.get(user) ?? [])].reverse();
      return own.flatMap((runId) => get(user, runId) ?? []);
    },
    picture(user, runId) {
      const record = get(user, runId);
      return record && svgTimeline(record);
    },
    mermaid(user, runId) {
      const record = get(user, runId);
      return record && mermaidTimeline(record);
    },
    onChange(user, listener) {
      // An entry of its own for each registration, whichever function it calls.
      const call = (runId: string) => listener(runId);
      const own = listeners.get(user) ?? new Set();
      listeners.set(user, own.add(call));
      return () => {
        own.delete(call);
        if (own.size === 0 && listeners.get(user) === own) listeners.delete(user);
      };
    },
  };
}

import type { AnyResource } from "../resources/define-resource.ts";
import type { Services } from "../services.ts";
import type { User } from "../tools/define-tool.ts";
import type { AnswerContext, AnswerRequest } from "./answer-request.ts";
import { findResource } from "./find-resource.ts";
import { MAX_URIS, type ResourceFilter } from "./listen-filter.ts";

/** What a client is told of: `notifications/resources/list_changed` and `notifications/resources/updated`. */
export type ResourceEvent = { kind: "resources_list_changed" } | { kind: "resource_updated"; uri: string };

/** What one client, which is one user, has asked to be told of. */
export interface ResourceWatch {
  /**
   * Watches for this too, until `remove` of the same key. Changes after its promise has resolved are told; it never rejects:
   * what cannot be read now is looked for again later. URIs that name no resource are never told.
   */
  add(key: string | number, filter: ResourceFilter): Promise<void>;
  remove(key: string | number): void;
  stop(): void;
}

interface Watched {
  event: ResourceEvent;
  resource: AnyResource;
  /** Undefined: what is watched is the list of these resources. */
  id: string | undefined;
  /** As it was last seen. */
  version: string | undefined;
  /** Whether this process has changed it since. */
  changed: boolean;
}

/** The name of its looks in the log. They are no request of the client's. */
export const WATCH = "resources/watch";
/** Milliseconds in which changes are gathered before they are told. */
const GATHER_MS = 100;
/** Milliseconds between two looks for what other processes have changed, and for what has expired. */
const POLL_MS = 2_000;
/** A look that takes long is followed by so many times its own time without one. */
const REST = 20;

/**
 * Tells when what the user's resources give has changed. Nothing is opened or read before the first `add`. Changes of this
 * process are told at once, those of others by comparing versions while somebody is listening, whichever database there is.
 */
export function createResourceWatch(
  resources: readonly AnyResource[],
  answer: AnswerRequest,
  user: User | undefined,
  tell: (event: ResourceEvent) => void,
): ResourceWatch {
  const filters = new Map<string | number, ResourceFilter>();
  const watched = new Map<string, Watched>();
  const listeners = new Map<AnyResource, () => void>();
  const listing = resources.filter(({ list }) => list);
  const stopped = new AbortController();
  let poll: NodeJS.Timeout | undefined;
  let gather: NodeJS.Timeout | undefined;
  /** Whether something has changed of which the id is not known. */
  let unsure = false;
  let looks = Promise.resolve();

  /** Looks at everything, or only at what is new or known to have changed. */
  function look(everything: boolean): Promise<void> {
    looks = looks.then(async () => {
      const items = [...watched].filter(([, item]) => everything || item.changed || item.version === undefined);
      if (stopped.signal.aborted || items.length === 0) return;
      const uses = [...new Set(items.flatMap(([, { resource }]) => resource.uses))];
      const request = { method: WATCH, user, signal: stopped.signal };
      // What fails here is told by the next request of the user.
      await answer(request, uses, (context) => compare(items, context)).catch(() => {});
    });
    return looks;
  }

  async function compare(items: readonly [string, Watched][], context: AnswerContext<keyof Services>): Promise<object> {
    for (const [key, item] of items) {
      if (watched.get(key) !== item) continue;
      const { resource, id, event, changed } = item;
      if (!listeners.has(resource)) {
        const end = resource.onChange(context, (ids) => note(resource, ids));
        listeners.set(resource, end);
      }
      item.changed = false;
      let version: string;
      try {
        version =
          id === undefined ? ((await resource.listVersion?.(context)) ?? "") : await resource.version(id, context);
      } catch (error) {
        item.changed ||= changed;
        throw error;
      }
      const differs = changed || (item.version !== undefined && item.version !== version);
      item.version = version;
      if (differs && watched.get(key) === item) tell(event);
    }
    return {};
  }

  function note(resource: AnyResource, ids: readonly string[] | undefined): void {
    for (const item of watched.values()) {
      if (item.resource === resource && (item.id === undefined || ids?.includes(item.id))) item.changed = true;
    }
    unsure ||= ids === undefined;
    gather ??= setTimeout(() => {
      const everything = unsure;
      gather = undefined;
      unsure = false;
      void look(everything);
    }, GATHER_MS).unref();
  }

  async function lookAgain(): Promise<void> {
    const startedAt = performance.now();
    await look(true);
    if (poll) poll = setTimeout(lookAgain, Math.max(POLL_MS, (performance.now() - startedAt) * REST)).unref();
  }

  /** Brings what is watched in line with what is asked for. */
  function update(): void {
    const wanted = new Map<string, Pick<Watched, "event" | "resource" | "id">>();
    for (const { list, uris } of filters.values()) {
      for (const resource of list ? listing : []) {
        wanted.set(`list ${resource.uri}`, { event: { kind: "resources_list_changed" }, resource, id: undefined });
      }
      for (const uri of uris.slice(0, MAX_URIS)) {
        const found = watched.get(`uri ${uri}`) ?? findResource(resources, uri);
        if (found) wanted.set(`uri ${uri}`, { ...found, event: { kind: "resource_updated", uri } });
      }
    }
    for (const key of watched.keys()) if (!wanted.has(key)) watched.delete(key);
    for (const [key, { event, resource, id }] of wanted) {
      if (!watched.has(key)) watched.set(key, { event, resource, id, version: undefined, changed: false });
    }
    for (const [resource, end] of listeners) {
      if ([...watched.values()].some((item) => item.resource === resource)) continue;
      end();
      listeners.delete(resource);
    }
    if (watched.size === 0) {
      clearTimeout(poll);
      poll = undefined;
    } else poll ??= setTimeout(lookAgain, POLL_MS).unref();
  }

  return {
    add(key, filter) {
      filters.set(key, filter);
      update();
      return look(false);
    },
    remove(key) {
      filters.delete(key);
      update();
    },
    stop() {
      stopped.abort();
      filters.clear();
      update();
      clearTimeout(gather);
    },
  };
}

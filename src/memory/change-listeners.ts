import type { MemoryChange, MemoryUser } from "./store.ts";

/** Who is told of changes. Listeners must not throw. */
export interface ChangeListeners {
  listen(listener: (change: MemoryChange) => void): () => void;
  /** `ids` of the memories; none where there were many. Nothing is told of an empty list. */
  tell(user: MemoryUser, ids?: string[]): void;
}

export function createChangeListeners(): ChangeListeners {
  const listeners = new Set<(change: MemoryChange) => void>();
  return {
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tell(user, ids) {
      if (ids?.length === 0) return;
      for (const listener of listeners) listener({ user: user.id, ...(ids && { ids }) });
    },
  };
}

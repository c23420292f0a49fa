import type { EventStore, JSONRPCMessage } from "@modelcontextprotocol/server";

/** Events of one session, kept in memory so that a client which lost its stream can read on; the oldest go first. */
export function createEventStore(capacity = 200): EventStore {
  const events = new Map<string, { streamId: string; message: JSONRPCMessage }>();
  let count = 0;
  return {
    async storeEvent(streamId, message) {
      const id = `${streamId}_${count++}`;
      events.set(id, { streamId, message });
      const oldest = events.size > capacity ? events.keys().next().value : undefined;
      if (oldest !== undefined) events.delete(oldest);
      return id;
    },
    async getStreamIdForEventId(id) {
      return events.get(id)?.streamId;
    },
    async replayEventsAfter(lastEventId, { send }) {
      const streamId = events.get(lastEventId)?.streamId ?? "";
      let found = false;
      for (const [id, event] of events) {
        if (found && event.streamId === streamId) await send(id, event.message);
        if (id === lastEventId) found = true;
      }
      return streamId;
    },
  };
}

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { expect, it } from "vitest";
import { createEventStore } from "./event-store.ts";

const message = (id: number): JSONRPCMessage => ({ jsonrpc: "2.0", id, result: {} });

async function replayed(store: ReturnType<typeof createEventStore>, after: string): Promise<unknown[]> {
  const sent: unknown[] = [];
  await store.replayEventsAfter(after, {
    send: async (_id, each) => void sent.push((each as { id: number }).id),
  });
  return sent;
}

it("gives what followed an event on its own stream", async () => {
  const store = createEventStore();
  const first = await store.storeEvent("a", message(1));
  await store.storeEvent("b", message(2));
  const third = await store.storeEvent("a", message(3));
  await store.storeEvent("a", message(4));
  expect(await replayed(store, first)).toEqual([3, 4]);
  expect(await replayed(store, third)).toEqual([4]);
  expect(await store.getStreamIdForEventId?.(first)).toBe("a");
});

it("forgets the oldest events, and gives nothing after one that it does not know", async () => {
  const store = createEventStore(2);
  const ids: string[] = [];
  for (const id of [1, 2, 3]) ids.push(await store.storeEvent("a", message(id)));
  expect(await replayed(store, ids[1] as string)).toEqual([3]);
  expect(await replayed(store, ids[0] as string)).toEqual([]);
  expect(await replayed(store, "nonsense")).toEqual([]);
});

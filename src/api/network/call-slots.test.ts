import { expect, it } from "vitest";
import { call, failure, openClient } from "../../../test/fixtures/api-client.ts";
import { startHttpServer } from "../../../test/fixtures/http-server.ts";
import { createCallSlots } from "./call-slots.ts";

const never = new AbortController().signal;

it("no more calls of an API are under way at once than its configuration says", async () => {
  let now = 0;
  let most = 0;
  const server = await startHttpServer(() => {
    now += 1;
    most = Math.max(most, now);
    setTimeout(() => {
      now -= 1;
    }, 40);
    return { json: {}, delayMs: 50 };
  });
  const client = openClient({ x: { apiUrl: server.url, concurrency: 3, timeout: 10 } });
  await Promise.all(Array.from({ length: 12 }, (_, index) => call(client, { api: "x" }, `user ${index % 2}`)));
  expect(server.requests).toHaveLength(12);
  expect(most).toBe(3);
  expect(server.connections).toBeLessThanOrEqual(3);
});

it("waiting for a place counts against the time limit, and is no failure of the API", async () => {
  const server = await startHttpServer((_request, count) => (count === 1 ? { json: 1, delayMs: 500 } : { json: 2 }));
  const client = openClient({
    x: { apiUrl: server.url, concurrency: 1, timeout: 0.8, breaker: { failures: 1, cooldown: 60 } },
    slow: { apiUrl: server.url, timeout: 5 },
  });
  const first = call(client, { api: "x" });
  const gone = await failure(call(client, { api: "x" }, "ben", AbortSignal.timeout(100)));
  expect(gone.code).toMatch(/aborted|deadline_exceeded/);
  await first;
  expect(await call(client, { api: "x" })).toMatchObject({ data: 2 });
  expect(server.requests).toHaveLength(2);
});

it("users wait in turn, whoever asks for more", async () => {
  const slots = createCallSlots(1);
  const leave = await slots.take("ana", never);
  const order: string[] = [];
  const take = async (user: string) => {
    const done = await slots.take(user, never);
    order.push(user);
    done();
  };
  const all = ["ana", "ana", "ana", "ben", "ben", "cy"].map(take);
  leave();
  await Promise.all(all);
  expect(order).toEqual(["ana", "ben", "cy", "ana", "ben", "ana"]);
});

it("a place is left once, and those who went away take none", async () => {
  const slots = createCallSlots(1);
  const leave = await slots.take("ana", never);
  const gone = new AbortController();
  const waiting = slots.take("ben", gone.signal);
  gone.abort();
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  leave();
  leave();
  const again = await slots.take("ana", never);
  const second = slots.take("ana", never);
  expect(await Promise.race([second.then(() => "in"), Promise.resolve("waits")])).toBe("waits");
  again();
  (await second)();
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStatusEmitter, type StatusOptions } from "./create-status-emitter.ts";
import type { StatusEvent } from "./status-event.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_250 }));
afterEach(() => void vi.useRealTimers());

function start(options: Partial<StatusOptions> = {}) {
  const events: StatusEvent[] = [];
  const status = createStatusEmitter({ sinks: [(event) => void events.push(event)], ...options });
  return { status, events, said: () => events.map(({ data }) => data.description) };
}

describe("createStatusEmitter", () => {
  it("gives events the shape of Open-WebUI's", () => {
    const { status, events } = start();
    status.progress("Asking", 25.00001, { active_model: "a" });
    status.success("Done");
    expect(events).toEqual([
      {
        type: "status",
        data: {
          status: "in_progress",
          description: "Asking",
          done: false,
          timestamp: 1_700_000_000.25,
          progress: 25,
          active_model: "a",
        },
      },
      {
        type: "status",
        data: { status: "success", description: "Done", done: true, timestamp: 1_700_000_000.25, progress: 100 },
      },
    ]);
  });

  it("does not let extra fields replace its own", () => {
    const { status, events } = start();
    status.progress("Asking", undefined, { status: "success", done: true, description: "no", timestamp: 0 });
    expect(events[0]?.data).toMatchObject({ status: "in_progress", done: false, description: "Asking" });
    expect(events[0]?.data.timestamp).toBeGreaterThan(0);
  });

  it("sends one event in half a second, and the latest of those dropped when it ends", () => {
    const { status, said } = start();
    for (const description of ["a", "b", "c"]) status.progress(description);
    expect(said()).toEqual(["a"]);
    vi.advanceTimersByTime(499);
    expect(said()).toEqual(["a"]);
    vi.advanceTimersByTime(1);
    expect(said()).toEqual(["a", "c"]);
    status.progress("d");
    vi.advanceTimersByTime(499);
    expect(said()).toEqual(["a", "c"]);
    vi.advanceTimersByTime(1);
    expect(said()).toEqual(["a", "c", "d"]);
    vi.advanceTimersByTime(10_000);
    expect(said()).toEqual(["a", "c", "d"]);
  });

  it.each([["success"], ["error"]] as const)("sends the final %s at once and nothing after it", (kind) => {
    const { status, said, events } = start({ heartbeatMs: 1000 });
    status.progress("a");
    status.progress("b");
    status[kind]("end");
    status.success("again");
    status.progress("more");
    vi.advanceTimersByTime(60_000);
    expect(said()).toEqual(["a", "end"]);
    expect(events.at(-1)?.data).toMatchObject({ status: kind, done: true });
    expect(status.done).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("can end with another status, such as the seed's complete", () => {
    const { status, events } = start();
    status.emit("Process complete", "complete", true);
    expect(events[0]?.data).toMatchObject({ status: "complete", done: true });
    expect(status.done).toBe(true);
  });

  it("repeats the last event in silence, with a new time", () => {
    const { status, events } = start({ heartbeatMs: 10_000 });
    status.progress("a", 10);
    vi.advanceTimersByTime(20_000);
    expect(events).toHaveLength(3);
    expect(events[2]?.data).toMatchObject({ description: "a", progress: 10, timestamp: 1_700_000_020.25 });
  });

  it("beats for a tool that never said anything", () => {
    const { said } = start({ heartbeatMs: 10_000 });
    vi.advanceTimersByTime(10_000);
    expect(said()).toEqual(["Working"]);
  });

  it("sends what waits when the line is closed without a final event, and leaves no timer", async () => {
    const { status, said } = start({ heartbeatMs: 10_000 });
    status.progress("a");
    status.progress("Waiting for the user");
    await status.close();
    status.progress("late");
    vi.advanceTimersByTime(60_000);
    expect(said()).toEqual(["a", "Waiting for the user"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits on close for sinks that are still sending, also those that fail", async () => {
    let taken = (): void => {};
    const slow = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const { status } = start({ sinks: [() => slow, () => Promise.reject(new Error("gone"))] });
    status.success("Done");
    let closed = false;
    const closing = status.close()?.then(() => {
      closed = true;
    });
    await Promise.resolve();
    expect(closed).toBe(false);
    taken();
    await closing;
    expect(closed).toBe(true);
  });

  it("costs no timer where nobody listens, and still knows its end", () => {
    const { status } = start({ sinks: [], heartbeatMs: 10_000 });
    status.progress("a");
    status.progress("b");
    expect(vi.getTimerCount()).toBe(0);
    expect(status.done).toBe(false);
    status.success("Done");
    expect(status.done).toBe(true);
  });
});

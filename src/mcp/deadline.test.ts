import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { raceSignal, withDeadline } from "./deadline.ts";

const never = new Promise<never>(() => {});

describe("withDeadline", () => {
  it("fires with an error that names the limit", async () => {
    const { signal } = withDeadline(new AbortController().signal, 20);
    await expect(raceSignal(never, signal)).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: "The call took longer than the limit of 0.02 s.",
      retryable: true,
    });
  });

  it("fires with the parent, also one that has fired before", async () => {
    const parent = new AbortController();
    const before = withDeadline(parent.signal, 1000);
    parent.abort();
    await expect(raceSignal(never, before.signal)).rejects.toMatchObject({ code: "aborted" });
    const after = withDeadline(parent.signal, 1000);
    await expect(raceSignal(never, after.signal)).rejects.toMatchObject({ code: "aborted" });
    before.stop();
    after.stop();
  });

  it("does not count the time of a pause, and counts what came before it", async () => {
    const deadline = withDeadline(new AbortController().signal, 100);
    await sleep(60);
    expect(await deadline.pauseFor(sleep(200, "answer"))).toBe("answer");
    expect(deadline.signal.aborted).toBe(false);
    await sleep(80);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("goes on after a pause that failed", async () => {
    const deadline = withDeadline(new AbortController().signal, 30);
    await expect(deadline.pauseFor(Promise.reject(new Error("no")))).rejects.toThrow("no");
    await sleep(60);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("never fires once stopped", async () => {
    const parent = new AbortController();
    const { signal, stop } = withDeadline(parent.signal, 10);
    stop();
    parent.abort();
    await sleep(30);
    expect(signal.aborted).toBe(false);
  });
});

describe("raceSignal", () => {
  it("gives the result or the error of the work", async () => {
    const { signal } = new AbortController();
    expect(await raceSignal(Promise.resolve(5), signal)).toBe(5);
    await expect(raceSignal(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  });
});

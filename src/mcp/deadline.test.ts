import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ToolError } from "../errors.ts";
import { Deadline } from "./deadline.ts";

const never = new Promise<never>(() => {});
const alone = () => new AbortController().signal;

describe("Deadline", () => {
  it("gives the result or the error of the work", async () => {
    expect(await new Deadline(alone(), 1000).race(Promise.resolve(5))).toBe(5);
    await expect(new Deadline(alone(), 1000).race(Promise.reject(new Error("no")))).rejects.toThrow("no");
  });

  it("ends the call with an error that names the limit", async () => {
    const deadline = new Deadline(alone(), 20);
    const { signal } = deadline;
    await expect(deadline.race(never)).rejects.toMatchObject({
      code: "deadline_exceeded",
      message: "The call took longer than the limit of 0.02 s.",
      retryable: true,
    });
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: "deadline_exceeded" });
  });

  it("ends the call with the caller's signal, also one that has fired before", async () => {
    const parent = new AbortController();
    const before = new Deadline(parent.signal, 1000);
    const race = before.race(never);
    parent.abort();
    await expect(race).rejects.toMatchObject({ code: "aborted" });
    const after = new Deadline(parent.signal, 1000);
    await expect(after.race(never)).rejects.toMatchObject({ code: "aborted" });
    expect([before.signal.aborted, after.signal.aborted]).toEqual([true, true]);
    before.stop();
    after.stop();
  });

  it("ends the call when it is told to, and only once", async () => {
    const deadline = new Deadline(alone(), 30);
    const { signal } = deadline;
    const race = deadline.race(never);
    deadline.abort(new ToolError("aborted", "The server is stopping."));
    await expect(race).rejects.toThrow("The server is stopping.");
    await sleep(50);
    expect(signal.reason).toMatchObject({ message: "The server is stopping." });
  });

  it("does not count the time of a pause, and counts what came before it", async () => {
    const deadline = new Deadline(alone(), 100);
    await sleep(60);
    expect(await deadline.pauseFor(sleep(200, "answer"))).toBe("answer");
    expect(deadline.signal.aborted).toBe(false);
    await sleep(80);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("goes on after a pause that failed", async () => {
    const deadline = new Deadline(alone(), 30);
    await expect(deadline.pauseFor(Promise.reject(new Error("no")))).rejects.toThrow("no");
    await sleep(60);
    expect(deadline.signal.aborted).toBe(true);
  });

  it("never fires once stopped", async () => {
    const parent = new AbortController();
    const deadline = new Deadline(parent.signal, 10);
    deadline.stop();
    parent.abort();
    await sleep(30);
    expect(deadline.signal.aborted).toBe(false);
  });
});

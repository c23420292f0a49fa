import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StatusEvent } from "../status/status-event.ts";
import { type ProgressNotification, progressSink } from "./progress.ts";

const event = (progress?: number, done = false): StatusEvent => ({
  type: "status",
  data: {
    status: done ? "success" : "in_progress",
    description: "x",
    done,
    timestamp: 1,
    ...(progress !== undefined && { progress }),
  },
});

/** What arrives for the events. */
function notificationsFor(events: StatusEvent[]): ProgressNotification["params"][] {
  const sent: ProgressNotification["params"][] = [];
  const sink = progressSink("token", async ({ params }) => void sent.push(params));
  for (const each of events) sink(each);
  return sent;
}

describe("progressSink", () => {
  it("carries the percentage, the description and the whole event", () => {
    const [first, last] = notificationsFor([event(40), event(100, true)]);
    expect(first).toEqual({
      progressToken: "token",
      progress: 40,
      total: 100,
      message: "x",
      _meta: { "patchbay/status": event(40) },
    });
    expect(last).toMatchObject({ progress: 100, total: 100 });
  });

  it("strictly increases and reaches 100 only at the end, whatever the percentages", () => {
    const percent = fc.option(fc.oneof(fc.double(), fc.integer({ min: -10, max: 200 })), { nil: undefined });
    fc.assert(
      fc.property(fc.array(percent, { maxLength: 200 }), (percents) => {
        const sent = notificationsFor([...percents.map((each) => event(each)), event(undefined, true)]);
        expect(sent).toHaveLength(percents.length + 1);
        for (const [index, { progress }] of sent.entries()) {
          expect(progress).toBeGreaterThan(sent[index - 1]?.progress ?? 0);
          if (index < sent.length - 1) expect(progress).toBeLessThan(100);
        }
        expect(sent.at(-1)?.progress).toBe(100);
      }),
    );
  });

  it("has at most two decimals in any call of usual length, whatever the percentages", () => {
    const percent = fc.option(fc.double({ min: 0, max: 90, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(percent, { maxLength: 50 }), (percents) => {
        const silent = Array.from({ length: 300 }, () => event());
        const sent = notificationsFor([...percents.map((each) => event(each)), ...silent]);
        for (const { progress } of sent) expect(String(progress)).toMatch(/^\d+(\.\d{1,2})?$/);
      }),
      { numRuns: 20 },
    );
    expect(notificationsFor([event(), event(), event(100 / 3), event()]).map(({ progress }) => progress)).toEqual([
      2, 3.78, 33.33, 34.36,
    ]);
  });

  it("still moves after a day of events", () => {
    const sent = notificationsFor(Array.from({ length: 172_800 }, () => event()));
    expect(sent.every(({ progress }, index) => progress > (sent[index - 1]?.progress ?? 0))).toBe(true);
    expect(sent.at(-1)?.progress).toBeLessThan(100);
  });
});

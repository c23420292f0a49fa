import { describe, expect, it } from "vitest";
import { isUsedUp, retryAfterMs } from "./retry-after.ts";

const wait = (headers: Record<string, string>, status = 429) => retryAfterMs({ status, headers });
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

describe("the time that an answer asks to wait for", () => {
  it("is Retry-After in seconds or as a date, a day at most", () => {
    expect(wait({ "retry-after": "7" }, 503)).toBe(7000);
    expect(wait({ "retry-after": " 1.5 " })).toBe(1500);
    expect(wait({ "retry-after": new Date(Date.now() + 60_000).toUTCString() })).toBeGreaterThan(55_000);
    expect(wait({ "retry-after": new Date(Date.now() - 60_000).toUTCString() })).toBe(0);
    expect(wait({ "retry-after": "99999999999" })).toBe(86_400_000);
    for (const nothing of ["soon", "", "-5"]) expect(wait({ "retry-after": nothing })).toBeUndefined();
    expect(wait({})).toBeUndefined();
  });

  it("is Retry-After-Ms first, which is more exact", () => {
    expect(wait({ "retry-after-ms": "250", "retry-after": "1" })).toBe(250);
  });

  it.each(["ratelimit-reset", "x-ratelimit-reset"])("is %s in seconds, as a Unix time in seconds or in ms", (name) => {
    expect(wait({ [name]: "30" })).toBe(30_000);
    expect(wait({ [name]: String(inSeconds(60)) })).toBeGreaterThan(55_000);
    expect(wait({ [name]: String(inSeconds(60) * 1000) })).toBeLessThanOrEqual(60_000);
    expect(wait({ [name]: String(inSeconds(-60)) })).toBe(0);
  });

  it("is the time in RateLimit, in both forms of the draft", () => {
    expect(wait({ ratelimit: '"default";r=0;t=50' })).toBe(50_000);
    expect(wait({ ratelimit: "limit=100, remaining=0, reset=50" })).toBe(50_000);
  });

  it("is not that of a limit that is not used up", () => {
    const limits = { "x-ratelimit-reset": "30", "x-ratelimit-remaining": "12" };
    expect(wait(limits, 503)).toBeUndefined();
    expect(wait(limits, 403)).toBeUndefined();
    expect(wait({ ...limits, "x-ratelimit-remaining": "0" }, 403)).toBe(30_000);
  });
});

it("a 403 means a limit where nothing remains or a time is named, as GitHub's do", () => {
  expect(isUsedUp({ status: 403, headers: { "x-ratelimit-remaining": "0" } })).toBe(true);
  expect(isUsedUp({ status: 403, headers: { "retry-after": "60" } })).toBe(true);
  expect(isUsedUp({ status: 403, headers: {} })).toBe(false);
  expect(isUsedUp({ status: 404, headers: { "retry-after": "60" } })).toBe(false);
});

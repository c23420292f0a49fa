import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createAnswerStore } from "./create-answer-store.ts";

const text = (length: number) => ({
  api: "x",
  operation: "GET /a",
  mime_type: "text/plain",
  content: { kind: "text" as const, text: "x".repeat(length) },
});

describe("kept answers", () => {
  it("are of their own user alone, the newest first", async () => {
    const store = createAnswerStore();
    const first = store.keep("ana", text(1)) as string;
    await sleep(2);
    const second = store.keep("ana", text(2)) as string;
    expect(store.get("ana", first)).toMatchObject({ id: first, size: 1, content: { text: "x" } });
    expect(store.get("ben", first)).toBeUndefined();
    expect(store.list("ana").map(({ id }) => id)).toEqual([second, first]);
    expect(store.list("ben")).toEqual([]);
  });

  it("give way where a user has too many, the one that was not read for longest first", () => {
    const store = createAnswerStore({ maxAnswers: 2 });
    const [a, b] = [store.keep("ana", text(1)) as string, store.keep("ana", text(1)) as string];
    const bens = store.keep("ben", text(1)) as string;
    store.get("ana", a);
    const c = store.keep("ana", text(1)) as string;
    expect([a, b, c].map((id) => store.get("ana", id) !== undefined)).toEqual([true, false, true]);
    expect(store.get("ben", bens)).toBeDefined();
  });

  it("give way where a user's, or all, are too large; what alone is too large is not kept", () => {
    const store = createAnswerStore({ maxUserBytes: 100, maxBytes: 150 });
    const a = store.keep("ana", text(60)) as string;
    const b = store.keep("ana", text(60)) as string;
    expect(store.get("ana", a)).toBeUndefined();
    const bens = store.keep("ben", text(100)) as string;
    expect(store.get("ana", b)).toBeUndefined();
    expect(store.keep("ben", text(101))).toBeUndefined();
    expect(store.get("ben", bens)).toBeDefined();
    const many = Array.from({ length: 50 }, () => store.keep("ben", text(30)) as string);
    expect(many.filter((id) => store.get("ben", id))).toHaveLength(3);
  });

  it("are given up after their time, which begins anew when they are read", async () => {
    const store = createAnswerStore({ ttlMs: 400 });
    const id = store.keep("ana", text(1)) as string;
    await sleep(250);
    expect(store.get("ana", id)).toBeDefined();
    await sleep(250);
    expect(store.get("ana", id)).toBeDefined();
    await sleep(600);
    expect(store.list("ana")).toEqual([]);
    expect(store.get("ana", id)).toBeUndefined();
  });

  it("are told of when they are kept and given up, to their own user alone", () => {
    const store = createAnswerStore({ maxAnswers: 1 });
    const told: string[] = [];
    const end = store.onChange("ana", (id) => told.push(id));
    const a = store.keep("ana", text(1)) as string;
    store.keep("ben", text(1));
    const b = store.keep("ana", text(1)) as string;
    expect(told).toEqual([a, a, b]);
    end();
    store.keep("ana", text(1));
    expect(told).toHaveLength(3);
  });
});

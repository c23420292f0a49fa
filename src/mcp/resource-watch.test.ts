import { describe, expect, it, onTestFinished, vi } from "vitest";
import { defineResource } from "../resources/define-resource.ts";
import type { AnswerRequest } from "./answer-request.ts";
import { createResourceWatch, type ResourceEvent } from "./resource-watch.ts";

/** Resources `box://all` and `box://{name}`, whose versions the test sets; `fails` makes the next look fail. */
function boxes() {
  const versions = new Map<string, string>([["", "0"]]);
  const listeners = new Set<(id: string | undefined) => void>();
  const looked: string[] = [];
  const state = { fails: false, listeners, looked };
  const resource = (uri: string, match: (uri: string) => string | undefined) =>
    defineResource({
      uri,
      name: uri,
      title: uri,
      description: uri,
      uses: [],
      match,
      read: async () => ({}),
      // The list changes with the box of all.
      ...(uri.includes("{") && {
        list: async () => ({ resources: [] }),
        async listVersion() {
          if (state.fails) throw new Error("no");
          looked.push("");
          return versions.get("") ?? "";
        },
      }),
      async version(id) {
        if (state.fails) throw new Error("no");
        looked.push(id);
        return versions.get(id) ?? "";
      },
      onChange(_context, listener) {
        const told = (id: string | undefined) => listener(uri === "box://all" ? [""] : id === undefined ? id : [id]);
        listeners.add(told);
        return () => void listeners.delete(told);
      },
    });
  const resources = [
    resource("box://all", (uri) => (uri === "box://all" ? "" : undefined)),
    resource("box://{name}", (uri) => /^box:\/\/(\w)$/.exec(uri)?.[1]),
  ];
  const answer = (async (_request, _uses, work) =>
    work({ user: { id: "ana" }, services: {} as never })) as AnswerRequest;
  const told: string[] = [];
  const tell = (event: ResourceEvent) => told.push(event.kind === "resource_updated" ? event.uri : "list");
  const watch = createResourceWatch(resources, answer, { id: "ana" }, tell);
  vi.useFakeTimers();
  onTestFinished(() => {
    watch.stop();
    vi.useRealTimers();
  });
  return {
    watch,
    told,
    state,
    /** Changes a box, as this process or, silently, as another one. */
    change(id: string, version: string, options: { silently?: boolean; idKnown?: boolean } = {}) {
      versions.set(id, version);
      if (!options.silently) for (const listener of listeners) listener(options.idKnown === false ? undefined : id);
    },
  };
}

const all = { list: true, uris: ["box://all", "box://a", "box://b"] };

describe("a resource watch", () => {
  it("tells of changes of this process once they are gathered, without looking at the others", async () => {
    const { watch, told, state, change } = boxes();
    await watch.add("", all);
    state.looked.length = 0;
    change("a", "1");
    change("a", "2");
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual(["list", "box://all", "box://a"]);
    expect(state.looked).not.toContain("b");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toHaveLength(3);
  });

  it("finds out what has changed where the id is not known", async () => {
    const { watch, told, change } = boxes();
    await watch.add("", all);
    change("b", "1", { idKnown: false });
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual(["list", "box://all", "box://b"]);
  });

  it("finds the changes of other processes", async () => {
    const { watch, told, change } = boxes();
    await watch.add("", all);
    change("b", "1", { silently: true });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toEqual(["box://b"]);
    change("", "1", { silently: true });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toEqual(["box://b", "list", "box://all"]);
  });

  it("tells nothing that was missed by nobody: before it was asked for, and of what does not exist", async () => {
    const { watch, told, change } = boxes();
    change("a", "1", { silently: true });
    await watch.add("", { list: false, uris: ["box://a", "box://nowhere", ""] });
    change("b", "1");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual([]);
  });

  it("still tells what had changed when the look for it failed", async () => {
    const { watch, told, state, change } = boxes();
    await watch.add("", { list: false, uris: ["box://a"] });
    state.fails = true;
    change("a", "1");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told).toEqual([]);
    state.fails = false;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toEqual(["box://a"]);
  });

  it("watches as long as one of several askers wants it, and then looks at nothing and listens to nobody", async () => {
    const { watch, told, state, change } = boxes();
    await watch.add(1, { list: false, uris: ["box://a"] });
    await watch.add(2, { list: true, uris: ["box://a"] });
    watch.remove(2);
    change("a", "1");
    await vi.advanceTimersByTimeAsync(100);
    expect(told).toEqual(["box://a"]);
    watch.remove(1);
    expect(state.listeners.size).toBe(0);
    state.looked.length = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state.looked).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

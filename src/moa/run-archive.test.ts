import { describe, expect, it } from "vitest";
import { runRecord } from "../../test/fixtures/run-records.ts";
import { createRunArchive } from "./run-archive.ts";

const run = (run_id: string, more: object = {}) => ({ ...runRecord(), run_id, ...more });
const idsOf = (records: { run_id: string }[]) => records.map((record) => record.run_id);

describe("the archive of runs", () => {
  it("gives a run back, the newest first in the list, and draws it", () => {
    const archive = createRunArchive();
    const first = run("1");
    archive.keep("ana", first);
    archive.keep("ana", run("2"));
    expect(archive.get("ana", "1")).toBe(first);
    expect(idsOf(archive.list("ana"))).toEqual(["2", "1"]);
    expect(archive.picture("ana", "1")).toMatch(/^<svg /);
    expect(archive.picture("ana", "3")).toBeUndefined();
  });

  it("gives nothing of another user's, also where ids and names are made to collide", () => {
    const archive = createRunArchive();
    archive.keep("ana", run("1"));
    archive.keep('ana","1', run("x"));
    for (const user of ["ben", "", "an", 'ana","']) {
      expect([archive.get(user, "1"), archive.picture(user, "1"), archive.list(user)]).toEqual([
        undefined,
        undefined,
        [],
      ]);
    }
    expect(archive.get("ana", '1","x')).toBeUndefined();
    archive.keep("ben", run("1", { answer: "Ben's" }));
    expect(archive.get("ana", "1")?.answer).not.toBe("Ben's");
  });

  it("keeps the last runs of each user, whatever the others run and however often the old ones are read", () => {
    const archive = createRunArchive({ maxRuns: 2 });
    archive.keep("ben", run("b"));
    for (const id of ["1", "2", "3"]) {
      archive.get("ana", "1");
      archive.keep("ana", run(id));
    }
    expect(idsOf(archive.list("ana"))).toEqual(["3", "2"]);
    expect(archive.get("ana", "1")).toBeUndefined();
    expect(idsOf(archive.list("ben"))).toEqual(["b"]);
  });

  it("replaces a run that is kept again", () => {
    const archive = createRunArchive({ maxRuns: 2 });
    for (const id of ["1", "2", "1"]) archive.keep("ana", run(id));
    expect(idsOf(archive.list("ana"))).toEqual(["1", "2"]);
  });

  it("holds so many bytes at most: the oldest go, and what is too large alone is not kept", () => {
    const archive = createRunArchive({ maxBytes: 50_000, maxRuns: 100 });
    const told: string[] = [];
    archive.onChange("ana", (id) => told.push(id));
    for (let n = 0; n < 10; n++) archive.keep(n % 2 ? "ana" : "ben", run(`${n}`, { answer: "x".repeat(20_000) }));
    expect([...idsOf(archive.list("ana")), ...idsOf(archive.list("ben"))]).toEqual(["9", "8"]);
    archive.keep("ana", run("huge", { answer: "x".repeat(60_000) }));
    expect(archive.get("ana", "huge")).toBeUndefined();
    expect(idsOf(archive.list("ana"))).toEqual(["9"]);
    expect(told).toEqual(["1", "3", "5", "7", "9"]);
  });

  it("tells a user's listeners of that user's runs, until they end", () => {
    const archive = createRunArchive();
    const told: string[] = [];
    const listener = (id: string) => void told.push(id);
    const [end, endOther] = [archive.onChange("ana", listener), archive.onChange("ana", listener)];
    archive.keep("ana", run("1"));
    archive.keep("ben", run("2"));
    end();
    archive.keep("ana", run("3"));
    endOther();
    archive.keep("ana", run("4"));
    expect(told).toEqual(["1", "1", "3"]);
  });
});

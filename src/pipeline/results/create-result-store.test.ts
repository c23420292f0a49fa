import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder, whenDone } from "../../../test/fixtures/cleanup.ts";
import { createResultStore, type ResultStoreOptions } from "./create-result-store.ts";
import { parseResultUri } from "./result-store.ts";
import { ownedName } from "./work-folders.ts";

const ana = { id: "ana" };
const ben = { id: "../ben" };
const ID = (n: number) => String(n).padStart(32, "0");

let folder: string;
beforeEach(() => {
  folder = join(temporaryFolder(), "pipeline-runs");
});

const open = (options: Partial<ResultStoreOptions> = {}) =>
  createResultStore({ folder, keepHours: 24, maxUserBytes: 1_000_000, ...options });
const text = (content: string) => ({ text: content, format: "csv", rows: 1 });
const files = () =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Time passes between two results, as it does between two runs. */
const tick = () => new Promise((done) => setTimeout(done, 5));

describe("results of runs", () => {
  it("are kept as text or by moving a file, and are read and opened by run and part", async () => {
    const store = open();
    const work = store.workFolder();
    mkdirSync(work.path, { recursive: true });
    writeFileSync(join(work.path, "1.tmp"), '[{"a":"é"}]');
    const kept = await store.keep(ana, ID(1), "data", { path: join(work.path, "1.tmp"), format: "json", rows: 1 });
    expect(kept).toMatchObject({
      uri: `pipeline://runs/${ID(1)}/data`,
      mimeType: "application/json",
      runId: ID(1),
      part: "data",
      format: "json",
      rows: 1,
      size: 12,
    });
    expect(kept.until.getTime() - kept.keptAt.getTime()).toBe(24 * 3_600_000);
    expect(readdirSync(work.path)).toEqual([]);
    await store.keep(ana, ID(1), "report", { text: "# Report", format: "markdown", rows: 0 });
    expect(await store.read(ana, ID(1), "data")).toBe('[{"a":"é"}]');
    expect(await store.find(ana, ID(1), "report")).toMatchObject({ mimeType: "text/markdown", size: 8 });
    expect(await store.read(ana, ID(1), "quarantine")).toBeUndefined();

    const file = await store.open(ana, ID(1), "data");
    const buffer = Buffer.alloc(12);
    readSync(file?.fd as number, buffer, 0, 12, 0);
    expect(buffer.toString()).toBe('[{"a":"é"}]');
    expect(file).toMatchObject({ name: "data.json", size: 12 });
    await file?.close();
    expect(await open().read(ana, ID(1), "data")).toBe('[{"a":"é"}]');
  });

  it("are of their own user alone, in files that nobody else may read", async () => {
    const store = open();
    await store.keep(ana, ID(1), "data", text("ana's"));
    await store.keep(ben, ID(2), "data", text("ben's"));
    expect(await store.read(ben, ID(1), "data")).toBeUndefined();
    expect(await store.find(ben, ID(1), "data")).toBeUndefined();
    expect(await store.open(ben, ID(1), "data")).toBeUndefined();
    expect((await store.list(ben)).map(({ runId }) => runId)).toEqual([ID(2)]);
    if (process.platform !== "win32") {
      for (const file of files()) expect(statSync(file).mode & 0o777).toBe(0o600);
      for (const name of readdirSync(join(folder, "results"))) {
        expect(name).toMatch(/^[0-9a-f]{32}$/);
        expect(statSync(join(folder, "results", name)).mode & 0o777).toBe(0o700);
      }
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
  });

  it.each(["", "..", "../../ana", "x".repeat(32), `${ID(1)}/`, `${ID(1)}\0`, "A".repeat(500), "*", ".*"])(
    "are not found by the id %j, which is none",
    async (id) => {
      const store = open();
      await store.keep(ana, ID(1), "data", text("x"));
      expect(await store.read(ana, id, "data")).toBeUndefined();
      await expect(store.keep(ana, id, "data", text("x"))).rejects.toThrow();
      expect(files()).toHaveLength(1);
    },
  );

  it("are replaced by the same part of the same run, and are then as if kept now", async () => {
    const store = open();
    await store.keep(ana, ID(1), "data", text("old"));
    await tick();
    await store.keep(ana, ID(2), "data", text("other"));
    await tick();
    await store.keep(ana, ID(1), "data", { text: "newer", format: "json", rows: 2 });
    expect((await store.list(ana)).map(({ runId, format }) => `${format} ${Number(runId)}`)).toEqual([
      "json 1",
      "csv 2",
    ]);
    expect(await store.read(ana, ID(1), "data")).toBe("newer");
    expect(files()).toHaveLength(2);
  });

  it("give way where the user's are too large, the oldest first, and other users' do not", async () => {
    const store = open({ maxUserBytes: 100 });
    await store.keep(ben, ID(9), "data", text("b".repeat(90)));
    for (const n of [1, 2, 3]) {
      await store.keep(ana, ID(n), "data", text("a".repeat(40)));
      await tick();
    }
    expect((await store.list(ana)).map(({ runId }) => Number(runId))).toEqual([3, 2]);
    expect(await store.read(ben, ID(9), "data")).toHaveLength(90);
    await expect(store.keep(ana, ID(4), "data", text("a".repeat(101)))).rejects.toMatchObject({
      code: "too_large",
      message: "The data of the run has 101 bytes; at most 100 are kept.",
      hint: /maxKeptBytes/,
    });
    expect(await store.list(ana)).toHaveLength(2);
    await store.keep(ana, ID(5), "data", text("a".repeat(100)));
    expect((await store.list(ana)).map(({ runId }) => Number(runId))).toEqual([5]);
  });

  it("are given up after their hours, and their files are removed", async () => {
    const store = open({ keepHours: 1 });
    await store.keep(ana, ID(1), "data", text("old"));
    const [file = ""] = files();
    utimesSync(file, new Date(), new Date(Date.now() - 3_600_001));
    expect(await store.list(ana)).toEqual([]);
    expect(await store.read(ana, ID(1), "data")).toBeUndefined();
    await store.keep(ana, ID(2), "data", text("new"));
    expect(existsSync(file)).toBe(false);
    expect(files()).toHaveLength(1);
  });

  it("that have expired are removed by the first use of another process, whoever uses it", async () => {
    await open().keep(ana, ID(1), "data", text("old"));
    const [file = ""] = files();
    utimesSync(file, new Date(), new Date(Date.now() - 25 * 3_600_000));
    await open().list(ben);
    await expect.poll(() => existsSync(file)).toBe(false);
  });

  it("are read up to a limit; what to do about longer ones is said", async () => {
    const store = open({ maxReadBytes: 10 });
    await store.keep(ana, ID(1), "data", text("x".repeat(11)));
    await expect(store.read(ana, ID(1), "data")).rejects.toMatchObject({
      code: "too_large",
      hint: expect.stringContaining(`"pipeline://runs/${ID(1)}/data" as the "source" of another run`),
    });
    const file = await store.open(ana, ID(1), "data");
    expect(file?.size).toBe(11);
    await file?.close();
  });

  it("that a crash of the machine cut off are not there", async () => {
    const store = open();
    await store.keep(ana, ID(1), "data", text("whole"));
    const [file = ""] = files();
    writeFileSync(file, "who");
    expect(await store.find(ana, ID(1), "data")).toBeUndefined();
    await store.keep(ana, ID(1), "data", text("whole"));
    expect(await store.read(ana, ID(1), "data")).toBe("whole");
  });

  it("are told of to their own user", async () => {
    const store = open({ maxUserBytes: 10 });
    const told: string[] = [];
    const end = store.onChange(ana, (runId, part) => told.push(`${part} ${Number(runId)}`));
    await store.keep(ana, ID(1), "data", text("x".repeat(8)));
    await store.keep(ben, ID(2), "data", text("x"));
    await tick();
    await store.keep(ana, ID(3), "data", text("x".repeat(8)));
    expect(told).toEqual(["data 1", "data 3", "data 1"]);
    end();
    await store.keep(ana, ID(4), "data", text("x"));
    expect(told).toHaveLength(3);
  });

  it("that cannot be written are an error without a path", async () => {
    writeFileSync(folder, "no folder");
    const error = await open()
      .keep(ana, ID(1), "data", text("x"))
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "storage_error", message: /(ENOTDIR|EEXIST)/ });
    expect(JSON.stringify(error.toResult())).not.toContain(folder);
  });

  it("have URIs", () => {
    expect(parseResultUri(`pipeline://runs/${ID(7)}/quarantine`)).toEqual({ runId: ID(7), part: "quarantine" });
    expect(parseResultUri(`PIPELINE://runs/${"AB".repeat(16)}/data`)).toEqual({ runId: "ab".repeat(16), part: "data" });
    for (const uri of [`pipeline://runs/${ID(7)}`, `pipeline://runs/${ID(7)}/x`, "pipeline://runs/../data", ""]) {
      expect(parseResultUri(uri)).toBeUndefined();
    }
  });
});

/** A folder that no rename reaches from here. */
const otherDisk = ["/dev/shm", "/run"].find((place) => {
  try {
    accessSync(place, constants.W_OK);
    return statSync(place).dev !== statSync(tmpdir()).dev;
  } catch {
    return false;
  }
});

it.skipIf(otherDisk === undefined)("a result from another disk is copied into its place", async () => {
  const away = mkdtempSync(join(otherDisk as string, "patchbay-test-"));
  whenDone(() => rmSync(away, { recursive: true, force: true }));
  writeFileSync(join(away, "1.tmp"), "moved", { mode: 0o644 });
  expect(() => renameSync(join(away, "1.tmp"), join(folder, "..", "x"))).toThrow(/EXDEV/);
  const store = open();
  await store.keep(ana, ID(1), "data", { path: join(away, "1.tmp"), format: "csv", rows: 1 });
  expect(await store.read(ana, ID(1), "data")).toBe("moved");
  expect(readdirSync(away)).toEqual([]);
  expect(statSync(files()[0] as string).mode & 0o777).toBe(0o600);
});

describe("several processes with one folder", () => {
  it("keep and read the same and other runs at once, each result whole", async () => {
    const script = join(temporaryFolder(), "keep.ts");
    const module = pathToFileURL(join(import.meta.dirname, "create-result-store.ts")).href;
    writeFileSync(
      script,
      `import { createResultStore } from ${JSON.stringify(module)};
       const store = createResultStore({ folder: process.argv[2], keepHours: 1, maxUserBytes: 5_000_000 });
       for (let turn = 0; turn < 60; turn++) {
         const id = String(turn % 7).padStart(32, "0");
         const text = String(turn % 7).repeat(50_000);
         await store.keep({ id: "ana" }, id, "data", { text, format: "csv", rows: 1 });
         const read = await store.read({ id: "ana" }, id, "data");
         if (read !== text) throw new Error("run " + id + " is not whole: " + read?.length);
       }`,
    );
    const children = [1, 2, 3].map(() =>
      spawn(process.execPath, [script, folder], { stdio: ["ignore", "ignore", "pipe"] }),
    );
    const ended = await Promise.all(
      children.map(async (child) => {
        let stderr = "";
        child.stderr.on("data", (data) => {
          stderr += data;
        });
        const [code] = await once(child, "close");
        return `${code} ${stderr}`;
      }),
    );
    expect(ended).toEqual(["0 ", "0 ", "0 "]);
    expect(files()).toHaveLength(7);
  });

  it("leave each other's work alone, and remove what those that ended left behind", async () => {
    const work = join(folder, "work");
    const [place] = ownedName().split("-");
    const dead = spawn(process.execPath, ["-e", "0"]);
    await once(dead, "close");
    const names = {
      running: `${place}-${process.ppid}-aa`,
      dead: `${place}-${dead.pid}-bb`,
      /** As after a restart of a container, where the first process has the same id again. */
      before: `${place}-${process.pid}-cc`,
      elsewhere: "00000000-1-dd",
      elsewhereLongAgo: "00000000-1-ee",
      notOurs: "notes",
    };
    for (const name of Object.values(names)) {
      mkdirSync(join(work, name), { recursive: true });
      writeFileSync(join(work, name, "1.tmp"), "rows");
    }
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    utimesSync(join(work, names.elsewhereLongAgo), longAgo, longAgo);
    const store = open();
    const own = store.workFolder();
    mkdirSync(own.path);
    await expect.poll(() => readdirSync(work).length).toBe(4);
    expect(readdirSync(work).sort()).toEqual(
      [names.running, names.elsewhere, names.notOurs, own.path.slice(work.length + 1)].sort(),
    );
    const other = open().workFolder();
    await tick();
    expect(existsSync(own.path)).toBe(true);
    await own.remove();
    await other.remove();
    expect(readdirSync(work)).toHaveLength(3);
  });

  it("remove half-written results of those that ended", async () => {
    await open().keep(ana, ID(1), "data", text("x"));
    const userFolder = join(files()[0] as string, "..");
    const [place] = ownedName().split("-");
    const dead = spawn(process.execPath, ["-e", "0"]);
    await once(dead, "close");
    writeFileSync(join(userFolder, `${place}-${dead.pid}-aa.tmp`), "half");
    const store = open();
    expect(await store.list(ana)).toHaveLength(1);
    await expect.poll(() => readdirSync(userFolder).length).toBe(1);
    expect(readFileSync(files()[0] as string, "utf8")).toBe("x");
  });
});

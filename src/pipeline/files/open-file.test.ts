import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/fixtures/cleanup.ts";
import { ToolError } from "../../errors.ts";
import { type Folders, type OpenFile, openFile } from "./open-file.ts";

let base: string;
let folders: Folders;

beforeEach(() => {
  base = realpathSync(temporaryFolder());
  for (const folder of ["exports/sub", "exports/.cache", "outside", "second"]) {
    mkdirSync(join(base, folder), { recursive: true });
  }
  writeFileSync(join(base, "exports/orders.csv"), "id\n1\n");
  writeFileSync(join(base, "exports/customers.json"), "[]");
  writeFileSync(join(base, "exports/sub/a.csv"), "inner");
  writeFileSync(join(base, "exports/.env"), "SECRET=1");
  writeFileSync(join(base, "exports/.cache/a.csv"), "SECRET=1");
  writeFileSync(join(base, "outside/secret.csv"), "SECRET=1");
  folders = { exports: join(base, "exports"), other: join(base, "second") };
});

function contentOf({ fd, size }: OpenFile): string {
  const buffer = Buffer.alloc(size);
  readSync(fd, buffer, 0, size, 0);
  return buffer.toString();
}

async function read(source: string): Promise<string> {
  const file = await openFile(folders, source);
  try {
    return contentOf(file);
  } finally {
    await file.close();
  }
}

async function refused(source: string, given = folders): Promise<ToolError> {
  const error = await openFile(given, source).then(
    async (file) => {
      await file.close();
      throw new Error(`${source} was opened`);
    },
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ToolError)) throw error;
  expect(JSON.stringify(error.toResult())).not.toContain(base);
  expect(JSON.stringify(error.toResult())).not.toContain("SECRET");
  return error;
}

describe("files of the configured folders", () => {
  it("are opened by the folder's name and the path in it", async () => {
    expect(await read("exports/orders.csv")).toBe("id\n1\n");
    expect(await read("exports/sub/a.csv")).toBe("inner");
    const file = await openFile(folders, "exports/sub/a.csv");
    expect(file).toMatchObject({ name: "a.csv", size: 5 });
    await file.close();
  });

  it("may be reached by links, as long as these lead to inside the folder", async () => {
    symlinkSync("sub/a.csv", join(base, "exports/latest.csv"));
    symlinkSync(join(base, "exports/sub"), join(base, "exports/linked"));
    expect(await read("exports/latest.csv")).toBe("inner");
    expect(await read("exports/linked/a.csv")).toBe("inner");
    symlinkSync(join(base, "exports"), join(base, "link-to-exports"));
    const file = await openFile({ exports: join(base, "link-to-exports") }, "exports/orders.csv");
    expect(contentOf(file)).toBe("id\n1\n");
    await file.close();
  });

  it("are not reached by links that lead out of it, be it to another configured folder", async () => {
    symlinkSync(join(base, "outside/secret.csv"), join(base, "exports/file.csv"));
    symlinkSync("../outside", join(base, "exports/folder"));
    symlinkSync("../second", join(base, "exports/other"));
    symlinkSync("..", join(base, "exports/up"));
    symlinkSync(".env", join(base, "exports/env.csv"));
    writeFileSync(join(base, "second/b.csv"), "b");
    for (const path of ["file.csv", "folder/secret.csv", "other/b.csv", "up/outside/secret.csv", "folder", "env.csv"]) {
      expect(await refused(`exports/${path}`), path).toMatchObject({ code: "forbidden" });
    }
    symlinkSync("loop.csv", join(base, "exports/loop.csv"));
    expect(await refused("exports/loop.csv")).toMatchObject({ code: "forbidden" });
  });

  it.each([
    "../outside/secret.csv",
    "exports/../outside/secret.csv",
    "exports/sub/../../outside/secret.csv",
    "exports/../exports/orders.csv",
    "exports/..",
    "exports/ .. /outside/secret.csv",
    "exports\\..\\outside\\secret.csv",
    "exports/..\\..\\outside\\secret.csv",
    "exports/sub\\a.csv",
    "/etc/passwd",
    "//etc/passwd",
    "exports//etc/passwd",
    "exports/./orders.csv",
    "exports/%2e%2e/outside/secret.csv",
    "exports/%2e%2e%2foutside%2fsecret.csv",
    "exports/..%2foutside/secret.csv",
    "exports/..%c0%af../outside/secret.csv",
    "exports/\uff0e\uff0e/outside/secret.csv",
    "exports/..;/outside/secret.csv",
    "exports/orders.csv\0.txt",
    "exports/\0",
    "exports/orders.csv\n",
    "~/secret.csv",
    "~root/secret.csv",
    "$HOME/secret.csv",
    "exports/$(cat ../outside/secret.csv)",
    "exports/*.csv",
    "C:\\outside\\secret.csv",
    "C:/outside/secret.csv",
    "\\\\host\\share\\secret.csv",
    "file:///etc/passwd",
    "http://127.0.0.1/secret.csv",
    "exports/.env",
    "exports/.cache/a.csv",
    "__proto__/outside",
    "constructor/name",
    "toString",
    "",
    "/",
    ".",
    "..",
    " ",
    "exports",
    "exports/",
    "exports/sub",
    `exports/${"a/".repeat(2000)}b`,
    `exports/${"a".repeat(300)}`,
  ])("refuse %j without a word of the machine's paths", async (source) => {
    const error = await refused(source);
    expect(["forbidden", "not_found", "invalid_input"]).toContain(error.code);
  });

  it("refuse every path of such parts that leads anywhere but to a file inside", async () => {
    symlinkSync("../outside", join(base, "exports/out"));
    const part = fc.constantFrom(
      "..",
      ".",
      "",
      "exports",
      "out",
      "outside",
      "secret.csv",
      "sub",
      "a.csv",
      "%2e%2e",
      "\\",
      "\0",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const opened = await openFile(folders, parts.join("/")).catch(() => undefined);
        if (!opened) return;
        const content = contentOf(opened);
        await opened.close();
        expect(content).toBe("inner");
      }),
      { numRuns: 500 },
    );
  });

  it.skipIf(process.platform === "win32")("refuse pipes, which never end, and devices, at once", async () => {
    execFileSync("mkfifo", [join(base, "exports/pipe.csv")]);
    expect(await refused("exports/pipe.csv")).toMatchObject({ code: "forbidden", message: /no plain file/ });
    const devices = await openFile({ dev: "/dev" }, "dev/zero").catch((error) => error);
    expect(devices).toMatchObject({ code: "forbidden" });
  });

  it("cannot be swapped for others while they are opened", async () => {
    mkdirSync(join(base, "exports/inner"));
    writeFileSync(join(base, "exports/inner/secret.csv"), "harmless");
    symlinkSync(join(base, "exports/inner"), join(base, "exports/swapped"));
    symlinkSync(join(base, "exports/inner/secret.csv"), join(base, "exports/file.csv"));
    const swapper = new Worker(
      `const { renameSync, symlinkSync } = require("node:fs");
       const { workerData: base, parentPort } = require("node:worker_threads");
       const swap = (target, name) => {
         symlinkSync(target, base + "/exports/next");
         renameSync(base + "/exports/next", base + "/exports/" + name);
       };
       parentPort.postMessage("ready");
       for (let turn = 0; turn < 200_000; turn++) {
         const out = turn % 2 === 0;
         swap(base + (out ? "/outside" : "/exports/inner"), "swapped");
         swap(base + (out ? "/outside" : "/exports/inner") + "/secret.csv", "file.csv");
       }`,
      { eval: true, workerData: base },
    );
    const results = { opened: 0, refused: 0 };
    try {
      await new Promise((ready) => swapper.once("message", ready));
      for (let turn = 0; turn < 600; turn++) {
        const source = turn % 2 === 0 ? "exports/swapped/secret.csv" : "exports/file.csv";
        const file = await openFile(folders, source).catch((error) => {
          expect(error).toBeInstanceOf(ToolError);
          results.refused++;
        });
        if (!file) continue;
        const content = contentOf(file);
        await file.close();
        expect(content).toBe("harmless");
        results.opened++;
      }
    } finally {
      await swapper.terminate();
    }
    // Without both the swaps were never seen.
    expect(results.opened).toBeGreaterThan(0);
    expect(results.refused).toBeGreaterThan(0);
  });

  it("stay what they were when they are opened, whatever comes in their place", async () => {
    const file = await openFile(folders, "exports/orders.csv");
    writeFileSync(join(base, "exports/new"), "other");
    linkSync(join(base, "exports/new"), join(base, "exports/newer"));
    execFileSync("mv", [join(base, "exports/newer"), join(base, "exports/orders.csv")]);
    expect(contentOf(file)).toBe("id\n1\n");
    await file.close();
  });
});

describe("what is said of a source that is no file", () => {
  it("names close matches and the files of the folder", async () => {
    expect(await refused("exports/Order.csv")).toMatchObject({
      code: "not_found",
      message: 'There is no file "exports/Order.csv".',
      hint: "Did you mean exports/orders.csv? In exports: customers.json, orders.csv, sub/.",
    });
    expect(await refused("exports/customers.csv")).toMatchObject({ hint: /Did you mean exports\/customers\.json\?/ });
    expect(await refused("exports/sbu/a.csv")).toMatchObject({ hint: /Did you mean exports\/sub\/\?/ });
    expect(await refused("exports/sub/b.txt")).toMatchObject({ hint: "In exports/sub: a.csv." });
    expect(await refused("exports/orders.csv/x")).toMatchObject({ code: "not_found" });
  });

  it("lists a folder, sorted and bounded, without what is hidden", async () => {
    expect(await refused("exports")).toMatchObject({
      code: "invalid_input",
      message: '"exports" is a folder; name one of its files.',
      hint: "In exports: customers.json, orders.csv, sub/.",
    });
    expect(await refused("exports/sub/")).toMatchObject({ hint: "In exports/sub: a.csv." });
    expect(await refused("other")).toMatchObject({ hint: "other has no files." });
    for (let n = 0; n < 200; n++) writeFileSync(join(base, "second", `${1000 + n}.csv`), "");
    expect((await refused("other")).hint).toMatch(/^In other: 1000\.csv, .*, 1029\.csv, … and more\.$/);
  });

  it("names the folders that there are", async () => {
    expect(await refused("export/orders.csv")).toMatchObject({
      code: "not_found",
      message: 'There is no folder "export".',
      hint: "Write folder/file with one of the folders: exports, other.",
    });
    expect(await refused("a.csv", {})).toMatchObject({ hint: "No folders are configured (pipelineRuns.folders)." });
    const missing = await refused("gone/a.csv", { gone: join(base, "gone") });
    expect(missing).toMatchObject({ code: "invalid_config", message: /"gone" .*ENOENT/ });
    expect(await refused("f/a.csv", { f: join(base, "exports/orders.csv") })).toMatchObject({ code: "invalid_config" });
  });
});

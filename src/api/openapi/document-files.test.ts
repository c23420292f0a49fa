import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/fixtures/connect.ts";
import { belowSelf, filesAround, readBytes } from "./document-files.ts";
import { OutOfReach } from "./external-references.ts";

const PIECES = [
  "..",
  ".",
  "/",
  "//",
  "\\",
  "%2e",
  "%2E%2e",
  "%2f",
  "%5c",
  "%00",
  "%",
  "%252e",
  "a",
  "a.yaml",
  "é",
  "~",
  "C:",
  "file:",
  "#",
  "?",
  " ",
];

describe("the names of a document's files", () => {
  it("are below its folder, whatever the references are and wherever they stand", () => {
    const files = filesAround("/srv/specs/api.yaml", undefined);
    const reference = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.array(reference, { minLength: 1, maxLength: 4 }), (references) => {
        let from = "";
        for (const each of references) {
          try {
            from = files.nameOf(each, from);
          } catch (error) {
            expect(error).toBeInstanceOf(OutOfReach);
            return;
          }
          const path = resolve("/srv/specs", from.split("/").map(decodeURIComponent).join("/"));
          expect(path === "/srv/specs" || path.startsWith(`/srv/specs${sep}`)).toBe(true);
          expect(from).not.toContain("#");
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("are the same however a file is referred to", () => {
    const files = filesAround("/srv/specs/api.yaml", undefined);
    const names = ["b/c d.yaml", "./b/c%20d.yaml", "b/../b/./c d.yaml", "x/../b//c d.yaml"].map((ref) =>
      files.nameOf(ref, ""),
    );
    expect(new Set(names)).toEqual(new Set(["b/c%20d.yaml"]));
    expect(files.nameOf("../b/c d.yaml", "e/f.yaml")).toBe("b/c%20d.yaml");
    expect(files.nameOf("../api.yaml", "e/f.yaml")).toBe("");
  });
});

it("references by the document's own URL are relative to it", () => {
  const self = new URL("https://a.example/v1/api.yaml");
  expect(belowSelf("https://a.example/v1/api.yaml", self)).toBe("");
  expect(belowSelf("https://a.example/v1/b/c.yaml", self)).toBe("b/c.yaml");
  expect(belowSelf("https://a.example/v2/c.yaml", self)).toBe("https://a.example/v2/c.yaml");
  expect(belowSelf("c.yaml", self)).toBe("c.yaml");
});

describe("the bytes of a file", () => {
  it("are read whole", async () => {
    const file = join(temporaryFolder(), "a.json");
    writeFileSync(file, "x".repeat(300_000));
    expect((await readBytes(file)).length).toBe(300_000);
  });

  it("are not those of folders, pipes and devices, which may never end", async () => {
    const folder = temporaryFolder();
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const file of [folder, join(folder, "pipe"), "/dev/zero"]) {
      await expect(readBytes(file)).rejects.toThrow("is no file");
    }
  });
});

import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../../test/fixtures/cleanup.ts";
import { failure, named, recordStatus, startPipelines, user } from "../../../../test/fixtures/pipelines.ts";
import type { PipelineDefinition } from "../../definitions/definitions.ts";
import type { RunRequest } from "../../run-request.ts";

type Lookup = Record<string, unknown>;

const COUNTRIES = "code;name;currency\nDE;Deutschland;EUR\nUS;USA;USD\n";

function withFiles(files: Record<string, string | Uint8Array>, definitions: Record<string, PipelineDefinition> = {}) {
  const folder = join(temporaryFolder(), "exports");
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const pipelines = startPipelines({ folders: { exports: folder }, definitions });
  const run = (request: RunRequest, who = user) =>
    pipelines.run(who, request, { signal: new AbortController().signal, status: recordStatus() });
  const look = (lookup: Lookup, data: unknown[] = [{ c: "DE" }, { c: "US" }], step: Lookup = {}) =>
    run({ data, steps: [{ name: "enrich", lookup: { field: "c", key: "code", ...lookup }, ...step }] });
  return { folder, run, look };
}

describe("a lookup in a file", () => {
  it("joins rows with a csv of a folder, whatever its delimiter", async () => {
    const { look } = withFiles({ "countries.csv": COUNTRIES });
    const result = await look({ source: "exports/countries.csv" });
    expect(result.final_data).toEqual([
      { c: "DE", name: "Deutschland", currency: "EUR" },
      { c: "US", name: "USA", currency: "USD" },
    ]);
    expect(result.steps[0]).toMatchObject({ status: "success", lookup: { found: 2, missing: 0 } });
  });

  it.each<[string, string | Uint8Array, Lookup]>([
    ["a.json", '[{"code":"DE","name":"Köln"}]', {}],
    ["a.json", '{"data":{"items":[{"code":"DE","name":"Köln"}]}}', { input_options: { row_path: "data.items" } }],
    ["a.ndjson", '{"code":"DE","name":"Köln"}\n', {}],
    ["a.yaml", "- code: DE\n  name: Köln\n", {}],
    ["a.xml", "<l><i><code>DE</code><name>Köln</name></i><i><code>x</code><name>y</name></i></l>", {}],
    ["a.csv", Buffer.from("report of today\ncode,name\nDE,Köln\n", "latin1"), { input_options: { skip_lines: 1 } }],
    ["a.txt", "code|name\nDE|Köln\n", { table_format: "csv", input_options: { delimiter: "|" } }],
    ["a.csv", Buffer.from("\ufeffcode\tname\nDE\tKöln\n", "utf16le"), { table_format: "tsv" }],
  ])("reads %s %#", async (name, content, options) => {
    const { look } = withFiles({ [name]: content });
    expect((await look({ source: `exports/${name}`, ...options }, [{ c: "DE" }])).final_data).toEqual([
      { c: "DE", name: "Köln" },
    ]);
  });

  it.each(["ndjson", "csv"])(
    "joins with the kept %s of another run of the user's, and with nobody else's",
    async (outputFormat) => {
      const { run, look } = withFiles({});
      const data = Array.from({ length: 3000 }, (_, id) => ({ code: `c${id}`, note: "+49 30 / - = @", id }));
      const kept = await run({ data, outputFormat, steps: ["format"] });
      const source = kept.resource?.uri as string;
      expect((await look({ source }, [{ c: "c2999" }])).final_data).toEqual([
        { c: "c2999", note: "+49 30 / - = @", id: outputFormat === "csv" ? "2999" : 2999 },
      ]);
      const steps = [{ name: "enrich", lookup: { source, field: "c", key: "code" } }];
      expect(await failure(run({ data: [{ c: "c1" }], steps }, { id: "ben" }))).toMatchObject({ code: "not_found" });
    },
  );

  it("takes part in the id of the run by what is in it", async () => {
    const files = { "a.csv": "code,n\nDE,1\n", "b.csv": "code,n\nDE,1\n" };
    const { folder, look } = withFiles(files);
    const first = await look({ source: "exports/a.csv" });
    expect((await look({ source: "exports/a.csv" })).run_id).toBe(first.run_id);
    writeFileSync(join(folder, "a.csv"), "code,n\nDE,2\n");
    const second = await look({ source: "exports/a.csv" });
    expect(second.run_id).not.toBe(first.run_id);
    expect(second.final_data).toMatchObject([{ n: "2" }, {}]);
  });

  it("takes the source from a parameter, and reads none of a step that is off", async () => {
    const { run } = withFiles({ "countries.csv": COUNTRIES });
    const lookup = { field: "c", key: "code", source: "exports/{{$file}}", fields: { land: "name" } };
    const steps = [{ enrich: { lookup, enabled: "{{$on}}" } }];
    const data = [{ c: "DE" }];
    expect((await run({ data, steps, parameters: { file: "countries.csv", on: true } })).final_data).toEqual([
      { c: "DE", land: "Deutschland" },
    ]);
    expect((await run({ data, steps, parameters: { file: "gone.csv", on: false } })).final_data).toEqual(data);
  });

  it("works in a configured pipeline", async () => {
    const lookup = { field: "c", key: "code", source: "exports/countries.csv", into: "country" };
    const definition = named({ processingSteps: [{ name: "enrich", lookup }] });
    const { run } = withFiles({ "countries.csv": COUNTRIES }, { geo: definition });
    expect((await run({ pipeline: "geo", data: [{ c: "US" }] })).final_data).toEqual([
      { c: "US", country: { name: "USA", currency: "USD" } },
    ]);
  });

  it.each<[string, Lookup, string, RegExp]>([
    ["is not there", { source: "exports/countrys.csv" }, "not_found", /no file "exports\/countrys.csv".* step 1 /],
    ["is in no folder", { source: "/etc/passwd" }, "", /passwd/],
    ["leads out of its folder", { source: "exports/../secret.csv" }, "", /secret/],
    ["is no column", { source: "exports/countries.csv", key: "kode" }, "invalid_input", /has no "kode"/],
    ["has no such field", { source: "exports/countries.csv", fields: ["nam"] }, "invalid_input", /no entry of .*"nam"/],
    ["has a key twice", { source: "exports/twice.csv" }, "invalid_input", /row 2: "code" "DE" is there twice/],
    ["has broken rows", { source: "exports/broken.csv" }, "invalid_input", /exports\/broken.csv.*unreadable row/],
    ["is empty", { source: "exports/empty.csv" }, "invalid_input", /exports\/empty.csv.*empty/],
    ["comes twice", { source: "exports/a.csv", table: {} }, "", /either "table" or "source"|no file/],
    ["is no text", { source: 5 }, "invalid_input", /"source" must be a text, not 5/],
  ])("is refused where the source %s", async (_, lookup, code, message) => {
    const { look } = withFiles({
      "countries.csv": COUNTRIES,
      "twice.csv": "code,n\nDE,1\nDE,2\n",
      "broken.csv": "code,n\nDE,1,2,3\n",
      "empty.csv": "",
    });
    const error = await failure(look(lookup));
    expect(error.message).toMatch(message);
    if (code) expect(error.code).toBe(code);
    expect(JSON.stringify(error)).not.toContain("/tmp/");
  });

  it("warns of a table without rows, and of rows without a key, which match nothing", async () => {
    const { look } = withFiles({ "none.csv": "code,n\n", "some.csv": "code,n\nDE,1\n,2\n,3\n" });
    expect((await look({ source: "exports/none.csv" })).warnings?.join()).toMatch(/none.csv" has no rows/);
    const result = await look({ source: "exports/some.csv" }, [{ c: "DE" }, { c: "" }]);
    expect(result.final_data).toEqual([
      { c: "DE", n: "1" },
      { c: "", n: null },
    ]);
    expect(result.warnings?.join()).toMatch(/has 2 rows without "code"/);
  });

  it("leaves no file open", async () => {
    const { look, folder } = withFiles({ "a.csv": "code,n\nDE,1\n", "twice.csv": "code\nDE\nDE\n" });
    await look({ source: "exports/a.csv" });
    await failure(look({ source: "exports/twice.csv" }));
    await failure(look({ source: "exports/gone.csv" }));
    const open = readdirSync("/proc/self/fd").map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    });
    expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
  });

  it("refuses a table that is too large to be held", async () => {
    const lines = ["code,n"];
    for (let n = 0; n <= 500_000; n++) lines.push(`${n},1`);
    const { look } = withFiles({ "a.csv": lines.join("\n") });
    const error = await failure(look({ source: "exports/a.csv" }));
    expect(error).toMatchObject({ code: "too_large", message: /more than 500000 rows/, hint: /in a run of its own/ });
  });
});

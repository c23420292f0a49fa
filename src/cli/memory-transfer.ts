import { open, readFile, rm } from "node:fs/promises";
import { extname } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { ToolError } from "../errors.ts";
import { isMemoryPlace } from "../memory/files/file-entry.ts";
import type { ImportOutcome } from "../memory/store.ts";
import { memoryFiles } from "../services.ts";
import { type MemoryCall, memoriesOf, printable } from "./memory-call.ts";

/** The commands that write a user's memories to files, and read them. */

/** The formats of files that end so, where none is named. */
const FORMAT_OF: Record<string, string> = { ".md": "markdown", ".markdown": "markdown", ".json": "json" };

export async function exportTo({ open: openStore, user, words: [file = "-"], options }: MemoryCall): Promise<number> {
  const { readFormat, writeMemoryFile } = await memoryFiles();
  const format = readFormat(options.format ?? FORMAT_OF[extname(file).toLowerCase()] ?? "ndjson");
  const store = await openStore();
  let count = 0;
  async function* counted() {
    for await (const memory of store.export(user)) {
      count++;
      yield memory;
    }
  }
  const text = () => writeMemoryFile(counted(), format, user.id);
  if (file === "-") {
    try {
      await pipeline(text, process.stdout, { end: false });
    } catch (error) {
      // The reader, such as `head`, has had enough.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw writeFailure("The output", error);
    }
    return 0;
  }
  const out = await createFile(file);
  try {
    await pipeline(text, out.createWriteStream({ flush: true }));
  } catch (error) {
    await rm(file, { force: true });
    throw writeFailure(file, error);
  }
  process.stdout.write(`Exported ${memoriesOf(count)} of "${printable(user.id)}".\n`);
  return 0;
}

export async function importFrom({ open: openStore, user, words: [file = "-"], options }: MemoryCall): Promise<number> {
  const { decodeText, readFormat } = await memoryFiles();
  const format = options.format === undefined ? undefined : readFormat(options.format);
  const text = decodeText(file === "-" ? await buffer(process.stdin) : await readBytes(file));
  if (text.trim() === "") throw noMemories(file);
  const store = await openStore();
  const { partial = false, verbose = false } = options;
  const dryRun = options["dry-run"] ?? false;
  // Without --partial a file with mistakes is refused as a whole, and the error names the first of them only.
  if (dryRun || (verbose && !partial)) {
    const outcome = await store.import(user, text, { format, partial: true, dryRun: true, lines: true });
    const wrong = refusedOf(outcome).length;
    if (outcome.lines?.length === 0) throw noMemories(file);
    if (dryRun || wrong > 0) {
      report(outcome, user.id, { verbose, would: dryRun });
      if (wrong === 0 || partial) return 0;
      process.stderr.write(`Nothing ${dryRun ? "would be" : "was"} imported without --partial.\n`);
      return 1;
    }
  }
  const outcome = await store.import(user, text, { format, partial, lines: true });
  if (outcome.lines?.length === 0) throw noMemories(file);
  report(outcome, user.id, { verbose, would: false });
  return 0;
}

function noMemories(file: string): ToolError {
  return new ToolError("invalid_input", `${file === "-" ? "The input" : file} holds no memories.`);
}

function refusedOf({ lines = [] }: ImportOutcome) {
  return lines.filter(({ outcome }) => outcome === "refused");
}

/** What was refused on stderr, everything else on stdout. */
function report(outcome: ImportOutcome, user: string, { verbose, would }: { verbose: boolean; would: boolean }): void {
  for (const line of outcome.lines ?? []) {
    if (line.outcome === "refused") process.stderr.write(`${printable(`${line.where}: ${line.message}`)}\n`);
    else if (verbose) process.stdout.write(`${line.where}: ${line.outcome}\n`);
  }
  const { added, existing } = outcome;
  const refused = refusedOf(outcome).filter(({ where }) => isMemoryPlace(where)).length;
  const sentences = [
    would ? `${memoriesOf(added)} would be imported for "${user}".` : `Imported ${memoriesOf(added)} for "${user}".`,
    existing > 0 ? `${existing} ${existing === 1 ? "was" : "were"} there already.` : "",
    refused > 0 ? `${refused} ${would ? "would be" : refused === 1 ? "was" : "were"} refused.` : "",
  ];
  process.stdout.write(`${printable(sentences.filter(Boolean).join(" "))}\n`);
}

/** What the file system refuses, in words; anything else as it is. */
function writeFailure(file: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || code === undefined) return error;
  return new ToolError("invalid_input", `${file} cannot be written to its end: ${code}.`, {
    hint: code === "ENOSPC" ? "There is no space left on the disk." : undefined,
    cause: error,
  });
}

/** A new file that only its owner may read. */
async function createFile(file: string) {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new ToolError("invalid_input", `${file} ${there ? "is there already." : "cannot be written."}`, {
      hint: "Name a new file.",
      cause: error,
    });
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ToolError("invalid_input", `${file} cannot be read.`, { cause: error });
  }
}

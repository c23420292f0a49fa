import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { ToolError } from "../errors.ts";
import type { AnswerRecord, EvalRecord, JudgementRecord } from "./records.ts";

/** Answers and judgements that are there already, by their keys. A later one of the same key counts. */
export interface Results {
  answer(key: string): AnswerRecord | undefined;
  judgement(key: string): JudgementRecord | undefined;
  /** Keeps a record; where there is a file, it is in it when this returns. */
  add(record: EvalRecord): void;
}

/**
 * Opens the results of earlier runs, one JSON object a line, or keeps them in memory. A last line that a killed run left
 * unfinished is removed.
 * @throws ToolError `validation_failed` where the file is another one; `storage_error` where it cannot be read or written
 */
export function openResults(file: string | undefined): Results {
  const records = new Map<string, EvalRecord>();
  if (file !== undefined) load(file, records);
  const get = (key: string, type: EvalRecord["type"]) => records.get(`${type} ${key}`);
  return {
    answer: (key) => get(key, "answer") as AnswerRecord | undefined,
    judgement: (key) => get(key, "judgement") as JudgementRecord | undefined,
    add(record) {
      records.set(`${record.type} ${record.key}`, record);
      if (file !== undefined) write(file, `${JSON.stringify(record)}\n`);
    },
  };
}

/** A key of everything that a result depends on. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}

function load(file: string, records: Map<string, EvalRecord>): void {
  const text = existsSync(file) ? read(file) : "";
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const record = parse(line);
    const isTorn = index === lines.length - 1;
    if (record && !isTorn) records.set(`${record.type} ${record.key}`, record);
    else if (!isTorn) {
      throw new ToolError("validation_failed", `Line ${index + 1} of the results is no result of an evaluation.`, {
        hint: "Name a new file by --out.",
      });
    }
  }
  // Also shows that the file can be written, before anything is paid for.
  write(file, "");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
}

function parse(line: string): EvalRecord | undefined {
  try {
    const value = JSON.parse(line) as Partial<EvalRecord> | null;
    const isRecord = (value?.type === "answer" || value?.type === "judgement") && typeof value.key === "string";
    return isRecord ? (value as EvalRecord) : undefined;
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw failed("read", error);
  }
}

function write(file: string, text: string): void {
  try {
    appendFileSync(file, text);
  } catch (error) {
    throw failed("written", error);
  }
}

function failed(what: string, error: unknown): ToolError {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return new ToolError("storage_error", `The file of results cannot be ${what} (${code}).`, {
    hint: "Name another file by --out.",
    cause: error,
  });
}

import type { ErrorIssue } from "../../errors.ts";
import type { FileIdentity } from "../files/same-file.ts";
import type { InputOptions } from "../formats/row-reader.ts";
import type { Row } from "../rows.ts";

/** Where the rows of a run come from. */
export type EngineInput =
  /** JSON lists of rows, one after the other. */
  | { kind: "rows"; lists: readonly string[]; rows: number }
  | { kind: "text"; text: string }
  | { kind: "bytes"; bytes: Uint8Array }
  /** A file that the other process has open. */
  | ({ kind: "file" } & FileIdentity);

/** A source that a lookup names. */
export interface TableInput {
  /** As the step has it, parameters filled in. */
  source: string;
  input: EngineInput;
  /** Name of the file, whose ending tells the format. */
  name?: string | undefined;
  /** As `inputEscaped` of the run. */
  escaped?: boolean | undefined;
}

/** All that a run needs besides its host; plain data, for it goes to another process. */
export interface EngineOrder {
  input: EngineInput;
  /** Undefined: found out. */
  inputFormat: string | undefined;
  /** Name of the file, whose ending tells the format. */
  inputName?: string | undefined;
  /** Whether the input is a kept table whose texts were made harmless for spreadsheets, which is undone. */
  inputEscaped?: boolean | undefined;
  inputOptions: InputOptions;
  /** What a row that cannot be read does: `stop` ends the run once all were read, `skip` leaves it out. */
  onBadRow: "stop" | "skip";
  outputFormat: string | undefined;
  steps: readonly unknown[];
  /** What lookups of the steps read, each source once. */
  tables?: readonly TableInput[] | undefined;
  /** Values of the parameters that steps refer to by `$name`. */
  parameters: Record<string, unknown>;
  /** Names the pipeline and its version; part of the run's id. */
  pipeline?: { name: string; version: string } | undefined;
  /** Runs on the first rows only, calls no other service. */
  dryRun: boolean;
  /** Whether rules for the data are wanted instead of a run. */
  suggest: boolean;
  /** Folder for what does not fit into memory; made when needed. */
  workFolder: string;
  limits: EngineLimits;
}

export interface EngineLimits {
  /** Characters of the result, of the quarantine and of the original that are given at once. */
  maxInlineLength: number;
  /** Bytes that the run may put on disk. */
  maxDiskBytes: number;
  /** Bytes that the run may hold outside of the heap, such as the digests of keys; the heap has its own limit. */
  maxBufferBytes: number;
}

/** What a step did, as the result says it. */
export interface StepRecord {
  name: string;
  /** `partial`: some rows have reasons, or there are warnings; `failed`: the run ended here; `skipped`: off, or after the end. */
  status: "success" | "partial" | "failed" | "skipped";
  /** What is probably not meant, such as a field that no row has. */
  warnings?: string[];
  [detail: string]: unknown;
}

/** What was read, for the record. */
export interface InputRecord {
  format: string;
  rows: number;
  issues_total?: number;
  issues?: ErrorIssue[];
  [finding: string]: unknown;
}

/** Rows in a format: as text where they are short, else in a file of the work folder. */
export interface EngineOutput {
  format: string;
  rows: number;
  /** Bytes of UTF-8. */
  size: number;
  /** Whether texts of the table were made harmless for spreadsheets in a way that can be undone. */
  escaped?: boolean | undefined;
  content: { text: string } | { path: string; beginning: string };
}

export interface EngineResult {
  runId: string;
  input: InputRecord;
  /** The beginning of the input as text, where it came as text or bytes; all of it where `complete`. */
  original: { text: string; complete: boolean };
  steps: StepRecord[];
  warnings: string[];
  /** First rows of the input and of the result, shortened. */
  before: Row[];
  after: Row[];
  /** Set where a step ended the run. */
  failure?: { step: number; message: string; code: string; hint?: string | undefined; issues: ErrorIssue[] };
  /** Left out where a step ended the run. */
  output?: EngineOutput;
  quarantine?: EngineOutput;
  /** Rules for the data, where these were wanted. */
  suggestion?: Record<string, unknown>;
}

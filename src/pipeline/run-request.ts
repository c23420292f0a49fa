import type { InputRecord, StepRecord } from "./engine/engine-order.ts";
import type { Row } from "./rows.ts";

/** A run as a caller asks for it. One of `data`, `text` and `source` is its input. */
export interface RunRequest {
  /** A configured pipeline, `name` or `name@version`; not together with `steps`. */
  pipeline?: string | undefined;
  /** Values that the steps refer to as `$name`. */
  parameters?: Record<string, unknown> | undefined;
  /** Rows. */
  data?: readonly unknown[] | undefined;
  text?: string | undefined;
  /** A file of a configured folder, `exports/a.csv`, or the URI of a resource of this server. */
  source?: string | undefined;
  /** Format of text or source; `auto` and undefined find it out. */
  inputFormat?: string | undefined;
  /** How the input is read, in snake_case as the tool takes it. */
  inputOptions?: Record<string, unknown> | undefined;
  outputFormat?: string | undefined;
  steps?: readonly unknown[] | undefined;
  /** Runs on the first rows, calls no other service. */
  dryRun?: boolean | undefined;
  /** Gives rules and operations that fit the data instead of running. */
  suggest?: boolean | undefined;
  /** Whether the result has a report for a person. */
  report?: boolean | undefined;
}

/** Rows that were kept for later, because they are too long to be given at once. */
export interface KeptRows {
  uri: string;
  format: string;
  mime_type: string;
  rows: number;
  /** Bytes. */
  size: number;
}

export interface RunResult {
  [key: string]: unknown;
  run_id: string;
  pipeline?: { name: string; version: string };
  input: InputRecord;
  /** The data or text as it was given; where it is long, `{ complete: false, beginning }`. */
  original: unknown;
  steps: StepRecord[];
  /** What is probably not meant, such as a field that no row has; left out where there is nothing. */
  warnings?: string[];
  /** Rows of the result. */
  rows: number;
  /** Rows for json, text for the other formats; the first of them where `complete` is false. */
  final_data: Row[] | string;
  /** Whether `final_data` is the whole result. */
  complete: boolean;
  /** Where the whole result is. */
  resource?: KeptRows;
  /** Rows that were taken out, each `{ row, reasons, data }`. */
  quarantine?: { rows: number; data: unknown[]; complete: boolean; resource?: KeptRows };
  /** Markdown for a person. */
  report?: string;
  suggestion?: Record<string, unknown>;
  dry_run?: true;
}

/** A part of a result that may be kept. */
export type ResultPart = "data" | "quarantine" | "report";

import type { OpenFile } from "../files/open-file.ts";
import type { ResultPart } from "../run-request.ts";

/** Whose results they are. */
export interface ResultUser {
  id: string;
}

/** A kept part of a run. */
export interface KeptResult {
  /** Of its resource. */
  uri: string;
  mimeType: string;
  runId: string;
  part: ResultPart;
  /** Such as `csv`; of reports `markdown`. */
  format: string;
  rows: number;
  /** Bytes. */
  size: number;
  keptAt: Date;
  /** Whether texts of the table were made harmless for spreadsheets in a way that can be undone. */
  escaped: boolean;
  /** When it is given up at the latest; it may have to give way earlier. */
  until: Date;
}

/** A text, or a file that is moved away from its place. */
export type ResultContent = { text: string } | { path: string };

/** Results of runs on disk for a while, of each user. Several processes may have the same folder. */
export interface ResultStore {
  /**
   * Keeps a part of a run, whole or not at all, in place of what was kept as the same part. The user's oldest give way.
   * @throws ToolError `too_large` where it alone is more than what is kept of a user, `storage_full`, `storage_error`
   */
  keep(
    user: ResultUser,
    runId: string,
    part: ResultPart,
    content: ResultContent & { format: string; rows: number; escaped?: boolean | undefined },
  ): Promise<KeptResult>;
  /** Undefined also for what belongs to somebody else. */
  find(user: ResultUser, runId: string, part: ResultPart): Promise<KeptResult | undefined>;
  /** Open for reading, also once it is given up. Undefined as with `find`. */
  open(user: ResultUser, runId: string, part: ResultPart): Promise<(KeptResult & OpenFile) | undefined>;
  /**
   * Its text. Undefined as with `find`.
   * @throws ToolError `too_large` for more than can be read at once
   */
  read(user: ResultUser, runId: string, part: ResultPart): Promise<string | undefined>;
  /** The newest first. */
  list(user: ResultUser): Promise<KeptResult[]>;
  /** Calls the listener with each part that this process keeps or gives up. Gives what ends it. */
  onChange(user: ResultUser, listener: (runId: string, part: ResultPart) => void): () => void;
  /** A folder for the files of one run, to be made by who writes the first. */
  workFolder(): WorkFolder;
}

export interface WorkFolder {
  path: string;
  /** Removes it with all that is in it; nothing may be writing there any more. Never throws. */
  remove(): Promise<void>;
}

const URI = /^pipeline:\/\/runs\/([0-9a-f]{8,64})\/(data|quarantine|report)$/i;

/** The run and the part that a URI names. */
export function parseResultUri(uri: string): { runId: string; part: ResultPart } | undefined {
  const [, runId, part] = URI.exec(uri) ?? [];
  return runId && part ? { runId: runId.toLowerCase(), part: part.toLowerCase() as ResultPart } : undefined;
}

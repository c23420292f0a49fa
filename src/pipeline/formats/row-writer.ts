import type { Row } from "../rows.ts";

/** Takes text in order. Each text ends where a row, the header or the document ends. */
export interface TextSink {
  write(text: string): void;
  /**
   * Replaces all that was written so far by what `change` makes of it, piece by piece. The pieces that it is given may end
   * anywhere; those that it gives end where a row or the header ends.
   */
  rewrite(change: (chunks: Iterable<string>) => Iterable<string>): void;
}

/** Writes rows in a format as they come, keeping none. */
export interface RowWriter {
  write(rows: readonly Row[]): void;
  /** Writes what closes the document. Nothing is written after it. */
  end(): void;
  /** Texts that were made harmless for spreadsheets; of formats that never do so left out. */
  escaped?(): EscapedTexts;
  /** Texts that the format cannot hold as they are; of formats that hold any text left out. */
  changed?(): ChangedTexts;
}

/** Texts that were written without something of them. */
export interface ChangedTexts {
  texts: number;
  /** What they are, as a sentence in which the number stands before them. */
  warning: string;
}

/** Texts that got an apostrophe because a spreadsheet would run them. */
export interface EscapedTexts {
  cells: number;
  /** Whether taking the apostrophe from whatever looks so gives all cells back as they were. */
  exact: boolean;
}

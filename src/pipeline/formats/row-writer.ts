import type { Row } from "../rows.ts";

/** Takes text in order. */
export interface TextSink {
  write(text: string): void;
  /** Replaces all that was written so far by what `change` makes of it, piece by piece. */
  rewrite(change: (chunks: Iterable<string>) => Iterable<string>): void;
}

/** Writes rows in a format as they come, keeping none. */
export interface RowWriter {
  write(rows: readonly Row[]): void;
  /** Writes what closes the document. Nothing is written after it. */
  end(): void;
}

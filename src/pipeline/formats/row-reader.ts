import type { Batch } from "../batch.ts";
import type { Reason } from "../rows.ts";

/** Decoded text in pieces that may end anywhere but inside a surrogate pair; without the byte order mark. */
export type TextChunks = Iterable<string>;

/** How text is read. What is undefined is found out or left to the format. */
export interface InputOptions {
  /** Of bytes: a label of the Encoding Standard, such as `utf-8` or `windows-1252`. */
  encoding?: string | undefined;
  /** csv: the character between cells. */
  delimiter?: string | undefined;
  /**
   * csv and tsv: whether the first line names the columns (default), or the names themselves. `repair`: it names them, and those
   * without a name of their own get one.
   */
  header?: boolean | "repair" | readonly string[] | undefined;
  /** csv, tsv and ndjson: lines before the first that counts. csv and tsv: undefined: lines above the table are found out. */
  skipLines?: number | undefined;
  /** csv and tsv: records after the last that counts. */
  skipFooter?: number | undefined;
  /** csv and tsv: what a line begins with that is left out. */
  comment?: string | undefined;
  /** csv and tsv: whether cells may stand in double quotes (default), or quotes are signs like others. */
  quotes?: boolean | undefined;
  /** csv, tsv and markdown: whether short rows are filled up with null, and longer ones lose empty cells at their end. */
  pad?: boolean | undefined;
  /** json, yaml and xml: dotted path to the rows inside the document; xml: of their elements, or the end of that path. */
  rowPath?: string | undefined;
  /** Cells that stand for null; csv, tsv and markdown. */
  nullValues?: readonly string[] | undefined;
}

/** What reading tells besides the rows. */
export interface ReadContext {
  options: InputOptions;
  /** Records a row that cannot be read; the reader goes on with the next. Whether the run does is not the reader's matter. */
  bad(reason: Reason): void;
  /**
   * A finding for the record of the input, such as the delimiter; a later one replaces it. With `warn` it is a sentence that is
   * a warning of the run as well, and the first one stays.
   */
  note(key: string, value: unknown, warn?: boolean): void;
  /** Is told the names of a table's columns, before its rows come. */
  header?(names: readonly string[]): void;
}

/**
 * Reads rows in batches as the text comes, keeping no more than one batch and the piece it came from.
 * @throws ToolError `invalid_input` where the text as a whole cannot be read, `too_large` at limits.
 */
export type RowReader = (chunks: TextChunks, context: ReadContext) => Iterable<Batch>;

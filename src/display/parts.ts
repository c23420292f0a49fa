/** What a result shows, in this order. The MCP App draws it (src/apps); `renderText` says it in Markdown. */
export type Part = MarkdownPart | ChartPart | TablePart | ImagePart;

export interface MarkdownPart {
  type: "markdown";
  text: string;
}

export interface Column {
  /** Name of the property of the rows. */
  key: string;
  title: string;
}

export interface TablePart {
  type: "table";
  title?: string;
  columns: Column[];
  /** The cells of each row, in the order of the columns; what a row does not have is null. */
  rows: unknown[][];
}

export const CHART_KINDS = ["bar", "stacked", "line", "area", "pie", "scatter"] as const;
export type ChartKind = (typeof CHART_KINDS)[number];

/** A chart of the rows of the table that comes with it. */
export interface ChartPart {
  type: "chart";
  chart: ChartKind;
  title?: string;
  /** Key of the column along the horizontal axis, or of the names of a pie's slices. */
  x: string;
  /** Keys of the columns that are drawn, numbers or numbers as text. */
  y: string[];
  /** What the chart shows, in one sentence. */
  summary: string;
}

/** An image; its bytes are in the call's own argument, and in an image block for clients that take one. */
export interface ImagePart {
  type: "image";
  mime_type: string;
  bytes: number;
  alt: string;
}

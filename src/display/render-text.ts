import { oneLine } from "./chart.ts";
import { cellText, numberOf, numberText } from "./numbers.ts";
import type { ChartPart, Column, ImagePart, Part, TablePart } from "./parts.ts";
import { shortened } from "./table.ts";

/** Rows that the text shows; who gave them has the others. */
const TEXT_ROWS = 50;
const CELL_LENGTH = 200;
/** Points of a Mermaid diagram that still has readable labels. */
const MERMAID_POINTS = 30;

/** The parts as Markdown, for clients that draw nothing and for the model: a table as a table, an image as its alternative text. */
export function renderText(parts: readonly Part[]): string {
  const table = parts.find((part) => part.type === "table");
  return parts.map((part) => render(part, table)).join("\n\n");
}

function render(part: Part, table: TablePart | undefined): string {
  switch (part.type) {
    case "markdown":
      return part.text;
    case "chart":
      return chartText(part, table);
    case "table":
      return tableText(part);
    case "image":
      return imageText(part);
  }
}

function chartText(chart: ChartPart, table: TablePart | undefined): string {
  const title = chart.title === undefined ? [] : [headingOf(chart.title)];
  const diagram = table && mermaidOf(chart, table);
  return [...title, escaped(chart.summary), ...(diagram === undefined ? [] : [diagram])].join("\n\n");
}

function tableText({ title, columns, rows }: TablePart): string {
  const heading = title === undefined ? "" : `${headingOf(title)}\n\n`;
  if (columns.length === 0) return `${heading}No rows.`;
  const isNumeric = columns.map((_, place) =>
    rows.every((row) => row[place] === null || numberOf(row[place]) !== undefined),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const lines = [
    line(columns.map(({ title }) => escaped(title))),
    line(isNumeric.map((numeric) => (numeric && rows.length > 0 ? "--:" : "---"))),
    ...rows.slice(0, TEXT_ROWS).map((row) => line(row.map((cell) => escaped(cellText(cell))))),
  ];
  if (rows.length === 0) lines.push("", "No rows.");
  const rest = rows.length - TEXT_ROWS;
  const more = rest > 0 ? `\n\n… and ${rest} more ${rest === 1 ? "row" : "rows"}.` : "";
  return heading + lines.join("\n") + more;
}

function imageText({ alt, mime_type, bytes }: ImagePart): string {
  const size = bytes < 1_024 ? `${bytes} bytes` : `${Math.round(bytes / 1_024)} kB`;
  return `*Image: ${alt === "" ? "without a description" : escaped(alt)} (${mime_type}, ${size})*`;
}

/** A title as a heading in Markdown, whatever it holds. */
export function headingOf(title: string): string {
  return `### ${escaped(title)}`;
}

/** One line in which nothing is taken for Markdown, HTML or the end of a cell (CommonMark 2.4, GFM 4.10). */
function escaped(text: string): string {
  return shortened(oneLine(text), CELL_LENGTH).replace(/[\\`*_[\]<>|~&#]/g, (sign) =>
    sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : `\\${sign}`,
  );
}

/** The chart as a Mermaid diagram, where Mermaid has one that says the same; many clients draw it. */
function mermaidOf(chart: ChartPart, table: TablePart): string | undefined {
  const place = (key: string) => table.columns.findIndex((column: Column) => column.key === key);
  const [key = "", second] = chart.y;
  const points = table.rows.flatMap((row) => {
    const value = numberOf(row[place(key)]);
    return value === undefined ? [] : [{ label: quoted(cellText(row[place(chart.x)])), value }];
  });
  if (second !== undefined || points.length > MERMAID_POINTS || points.length < table.rows.length) return undefined;
  const title = chart.title === undefined ? [] : [quoted(chart.title)];
  if (chart.chart === "pie") {
    const slices = points.filter(({ value }) => value > 0).map(({ label, value }) => `  ${label} : ${plain(value)}`);
    return fenced(["pie showData", ...title.map((text) => `  title ${text.slice(1, -1)}`), ...slices]);
  }
  if (chart.chart === "scatter" || chart.chart === "stacked") return undefined;
  return fenced([
    "xychart-beta",
    ...title.map((text) => `  title ${text}`),
    `  x-axis [${points.map(({ label }) => label).join(", ")}]`,
    `  y-axis ${quoted(table.columns[place(key)]?.title ?? key)}`,
    `  ${chart.chart === "bar" ? "bar" : "line"} [${points.map(({ value }) => plain(value)).join(", ")}]`,
  ]);
}

/** A text of Mermaid, which knows no escapes in it; two percent signs would begin a comment. */
function quoted(text: string): string {
  return `"${shortened(oneLine(text.replace(/["`#;<>\\]/g, " ").replace(/%+/g, "%")), 40) || " "}"`;
}

/** Without an exponent, which Mermaid does not read. */
function plain(value: number): string {
  const text = numberText(value);
  if (!text.includes("e")) return text;
  return Number.isInteger(value) ? String(BigInt(value)) : value.toFixed(10).replace(/\.?0+$/, "");
}

function fenced(lines: readonly string[]): string {
  return ["```mermaid", ...lines, "```"].join("\n");
}

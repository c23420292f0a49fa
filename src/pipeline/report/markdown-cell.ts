/** Characters of a value that are shown. */
const MAX_LENGTH = 60;

// Ends of lines would end a table's row; marks of direction and controls would show something else than what is there.
const UNSEEN = /[\p{Cc}\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]+/gu;

/**
 * A value of the data as the cell of a Markdown table, or on a line of its own: as code, in which nothing is a link, HTML or
 * emphasis (CommonMark 0.31.2, 6.1 Code spans), and with no sign that ends the cell (GFM 4.10 Tables). Null and missing are empty.
 */
export function toCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  if (text === "") return "";
  return asCode(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, "")}…` : text);
}

/** A text as code, whole. */
export function asCode(text: string): string {
  // A backslash before `\|` would make programs differ on where the cell ends, so that pipe is another sign.
  const line = text.replace(UNSEEN, "␤").replaceAll("\\|", "\\¦").replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const padding = /^[` ]|[` ]$/.test(line) ? " " : "";
  return `${fence}${padding}${line}${padding}${fence}`;
}

/** A table; cells are Markdown already. Numbers stand to the right. */
export function table(
  columns: readonly { title: string; right?: boolean }[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(({ title }) => title)),
    line(columns.map(({ right }) => (right ? "---:" : "---"))),
    ...rows.map(line),
  ].join("\n");
}

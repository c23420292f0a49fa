import { ToolError } from "../../errors.ts";
import { checkColumns, counted, createReasons, newRow, type Row, show, toIssues, toRows } from "../rows.ts";

/**
 * The rows of a Markdown table (GitHub's form): a line of names, a line of dashes, a line for each row. Cells are text;
 * `\|` is a pipe and `<br>` a line end. Text around the table is skipped.
 * @throws ToolError `invalid_input` where there is no table, a column is unnamed or repeated, or rows are ragged (listed).
 */
export function parseMarkdown(text: string): Row[] {
  const lines = text.split(/\r?\n/);
  const ruler = lines.findIndex((line, index) => index > 0 && isRuler(line) && lines[index - 1]?.includes("|"));
  if (ruler < 1) {
    throw new ToolError("invalid_input", "The markdown input holds no table.", {
      hint: "A table is a line of names, a line of dashes such as |---|---|, and a line for each row.",
    });
  }
  const header = cellsOf(lines[ruler - 1] as string);
  checkColumns(header.length, "markdown");
  const names = new Set<string>();
  const repeated = header.find((name) => name === "" || names.size === names.add(name).size);
  if (repeated !== undefined) {
    throw new ToolError("invalid_input", `The table has the column ${show(repeated)} twice or without a name.`);
  }
  const rows: Row[] = [];
  const reasons = createReasons();
  let number = 0;
  for (const line of lines.slice(ruler + 1)) {
    if (!line.includes("|")) break;
    const cells = cellsOf(line);
    number++;
    if (cells.length !== header.length) {
      const message = `row ${number} has ${cells.length} cells, the header has ${header.length}`;
      reasons.add({ row: number, field: null, rule: "columns", message, value: line });
      continue;
    }
    const row = newRow();
    header.forEach((name, index) => {
      row[name] = cells[index];
    });
    rows.push(row);
  }
  const first = reasons.listed[0];
  if (first) {
    throw new ToolError(
      "invalid_input",
      `The markdown input has ${counted(reasons.total, "ragged row")}: ${first.message}.`,
      {
        issues: toIssues(reasons.listed),
      },
    );
  }
  return toRows(rows);
}

function isRuler(line: string): boolean {
  const cells = cellsOf(line);
  return cells.length > 0 && cells.every((cell) => /^:?-+:?$/.test(cell));
}

function cellsOf(line: string): string[] {
  const cells: string[] = [];
  let cell = "";
  const trimmed = line.trim();
  for (let index = trimmed.startsWith("|") ? 1 : 0; index < trimmed.length; index++) {
    const character = trimmed[index] as string;
    const next = trimmed[index + 1];
    if (character === "\\" && (next === "|" || next === "\\")) {
      cell += next;
      index++;
    } else if (character === "|") {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  if (cell.trim() !== "") cells.push(cell);
  return cells.map((text) => text.trim().replaceAll(/<br ?\/?>/g, "\n"));
}

/** A line of a Markdown table. */
export function writeMarkdownLine(cells: readonly unknown[]): string {
  return `| ${cells.map(writeCell).join(" | ")} |\n`;
}

function writeCell(cell: unknown): string {
  if (cell === null || cell === undefined) return "";
  const text = typeof cell === "object" ? JSON.stringify(cell) : String(cell);
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/\r\n|\r|\n/g, "<br>");
}

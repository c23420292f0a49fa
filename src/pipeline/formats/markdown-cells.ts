/**
 * The cells of a line of a Markdown table (GitHub's form). `\|` is a pipe, also inside of code, and `\\` a backslash; `<br>` is a
 * line end. The pipes at either end may be left out.
 */
export function tableCells(line: string): string[] {
  const text = line.trim();
  const cells: string[] = [];
  let begin = text.startsWith("|") ? 1 : 0;
  for (let at = begin; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === BACKSLASH) at++;
    else if (character === PIPE) {
      cells.push(plain(text.slice(begin, at)));
      begin = at + 1;
    }
  }
  if (begin < text.length || cells.length === 0) cells.push(plain(text.slice(begin)));
  return cells;
}

const BACKSLASH = 92;
const PIPE = 124;

function plain(cell: string): string {
  let text = cell.trim();
  if (text.includes("\\")) text = text.replace(/\\([\\|])/g, "$1");
  return text.includes("<") ? text.replace(/<br ?\/?>/gi, "\n") : text;
}

/** Whether a line is the one below a table's names: dashes in every cell, with colons for the alignment. */
export function isRuler(line: string): boolean {
  if (!/^[\s|:-]+$/.test(line) || !line.includes("-")) return false;
  return tableCells(line).every((cell) => /^:?-+:?$/.test(cell));
}

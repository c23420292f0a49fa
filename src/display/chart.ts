import { cellText, isEmpty, numberOf, numberText, textOf } from "./numbers.ts";
import type { ChartKind, ChartPart } from "./parts.ts";
import { keysOf, type Row, shortened, unknownColumn, wrong } from "./table.ts";

const MAX_SERIES = 10;
/** Values in one chart: more than the eye tells apart, few enough to be drawn at once. */
const MAX_POINTS = 2_000;
const MAX_SLICES = 40;

export interface ChartRequest {
  chart: ChartKind;
  title?: string | undefined;
  x?: string | undefined;
  y?: readonly string[] | undefined;
}

/** How numbers are to be given, as hints say it. */
const NUMBERS = "Give numbers without units or separators, such as 1234.5; null where there is none.";

/**
 * The chart of the rows. Without `x` it is the first column whose texts name the rows, and where there is none the first
 * column; a scatter plot has the first one of numbers. Without `y` it is every other column that has numbers and nothing else.
 * @throws ToolError `invalid_input` that names the column and the row, or the limit
 */
export function chartOf(rows: readonly Row[], { chart, title, x: givenX, y: givenY }: ChartRequest): ChartPart {
  if (rows.length === 0) throw wrong("rows", `"rows" is empty: there is nothing to draw in a chart.`);
  const keys = keysOf(rows);
  const named = givenY === undefined ? undefined : namesOf(givenY, keys);
  const x = givenX ?? labelKey(rows, keys, chart, named);
  if (x === undefined || !keys.includes(x)) throw unknownColumn("x", x ?? "", keys);
  const y = named ?? numericKeys(rows, keys, x);
  if (y.length > MAX_SERIES) {
    throw wrong("y", `A chart shows at most ${MAX_SERIES} columns, not ${y.length}.`, "Name those that matter in y.");
  }
  if (new Set(y).size < y.length) throw wrong("y", '"y" names a column twice.');
  if (rows.length * y.length > MAX_POINTS) {
    const points = `${rows.length * y.length} (${rows.length} rows × ${y.length} columns)`;
    throw wrong("rows", `A chart has at most ${MAX_POINTS} points, not ${points}.`, "Sum up or sample the rows first.");
  }
  for (const key of y) checkNumbers(rows, key, "y");
  if (chart === "scatter") checkNumbers(rows, x, "x");
  if (chart === "pie") checkPie(rows, y);
  return { type: "chart", chart, ...(title !== undefined && { title }), x, y, summary: summaryOf(rows, chart, x, y) };
}

function labelKey(
  rows: readonly Row[],
  keys: readonly string[],
  chart: ChartKind,
  y: readonly string[] = [],
): string | undefined {
  const free = keys.filter((key) => !y.includes(key));
  const columns = free.map((key) => ({ key, ...countsOf(rows, key) }));
  const isNumeric = ({ filled, numbers }: (typeof columns)[number]) => filled > 0 && numbers === filled;
  if (chart === "scatter") return (columns.find(isNumeric) ?? columns[0])?.key ?? keys[0];
  const labels = columns.filter(({ filled, numbers }) => filled > 0 && numbers === 0);
  // A column of remarks has gaps or says the same again.
  const names = labels.find(({ key, filled }) => filled === rows.length && distinctOf(rows, key) === filled);
  const leavesNumbers = y.length > 0 || columns.slice(1).some(isNumeric);
  return (names ?? (leavesNumbers ? columns[0] : (labels[0] ?? columns[0])))?.key ?? keys[0];
}

function distinctOf(rows: readonly Row[], key: string): number {
  return new Set(rows.map((row) => textOf(cellOf(row, key)))).size;
}

function numericKeys(rows: readonly Row[], keys: readonly string[], x: string): string[] {
  const others = keys.filter((key) => key !== x).map((key) => ({ key, ...countsOf(rows, key) }));
  const numeric = others.filter(({ filled, numbers }) => filled > 0 && numbers === filled);
  if (numeric.length > 0) return numeric.map(({ key }) => key);
  // Of a column that was meant, the cell at fault says more than that there are no numbers.
  const meant = others
    .filter(({ filled }) => filled > 0)
    .reduce<(typeof others)[number] | undefined>(
      (most, each) => (most && most.numbers >= each.numbers ? most : each),
      undefined,
    );
  const besides = `No column besides ${JSON.stringify(shortened(x))} has only numbers`;
  if (!meant) throw wrong("y", `${besides}.`, `Name the column of the labels in x, those of the numbers in y.`);
  const place = rows.findIndex(
    (row) => !isEmpty(cellOf(row, meant.key)) && numberOf(cellOf(row, meant.key)) === undefined,
  );
  throw wrong(
    "y",
    `${besides}: ${hasInRow(rows, meant.key, place)}.`,
    `${NUMBERS} The column of the labels can be named in x.`,
  );
}

/** How many cells of a column have a value, and how many of them are numbers. */
function countsOf(rows: readonly Row[], key: string): { filled: number; numbers: number } {
  const cells = rows.map((row) => cellOf(row, key)).filter((cell) => !isEmpty(cell));
  return { filled: cells.length, numbers: cells.filter((cell) => numberOf(cell) !== undefined).length };
}

function hasInRow(rows: readonly Row[], key: string, place: number): string {
  const cell = shortened(textOf(cellOf(rows[place] ?? {}, key)), 40);
  return `the column ${JSON.stringify(shortened(key))} has ${JSON.stringify(cell)} in row ${place + 1}`;
}

/** The columns; one text with commas stands for several, where it is no column itself. */
function namesOf(given: readonly string[], keys: readonly string[]): string[] {
  const [only = ""] = given;
  const names =
    given.length === 1 && !keys.includes(only) && only.includes(",")
      ? only.split(",").map((name) => name.trim())
      : [...given];
  const unknown = names.find((name) => !keys.includes(name));
  if (unknown !== undefined) throw unknownColumn("y", unknown, keys);
  return names;
}

function checkNumbers(rows: readonly Row[], key: string, parameter: "x" | "y"): void {
  let found = 0;
  for (const [place, row] of rows.entries()) {
    const cell = cellOf(row, key);
    if (isEmpty(cell)) continue;
    found++;
    if (numberOf(cell) !== undefined) continue;
    throw wrong(parameter, `"${parameter}" needs numbers, but ${hasInRow(rows, key, place)}.`, NUMBERS);
  }
  if (found === 0) throw wrong(parameter, `The column ${JSON.stringify(shortened(key))} has no values to draw.`);
}

function checkPie(rows: readonly Row[], y: readonly string[]): void {
  const [key = ""] = y;
  if (y.length > 1) throw wrong("y", `A pie shows one column, not ${y.length}.`, "Name it in y, or use chart stacked.");
  if (rows.length > MAX_SLICES) {
    throw wrong(
      "rows",
      `A pie has at most ${MAX_SLICES} slices, not ${rows.length}.`,
      "Sum up the small ones, or use bar.",
    );
  }
  const values = rows.map((row) => numberOf(cellOf(row, key)) ?? 0);
  const below = values.findIndex((value) => value < 0);
  if (below >= 0) throw wrong("y", `A pie cannot show ${values[below]} (row ${below + 1}).`, "Use chart bar.");
  if (values.every((value) => value === 0)) throw wrong("y", "A pie needs a value above 0.");
}

const KINDS: Record<ChartKind, string> = {
  bar: "Bar chart",
  stacked: "Stacked bar chart",
  line: "Line chart",
  area: "Area chart",
  pie: "Pie chart",
  scatter: "Scatter plot",
};

/** Kind, columns and extremes in one sentence; what those hear who do not see the chart. */
function summaryOf(rows: readonly Row[], chart: ChartKind, x: string, y: readonly string[]): string {
  const extremes = y.map((key) => {
    const points = rows.flatMap((row) => {
      const value = numberOf(cellOf(row, key));
      return value === undefined ? [] : [{ value, at: shortened(oneLine(cellText(cellOf(row, x))), 40) }];
    });
    const low = points.reduce((least, point) => (point.value < least.value ? point : least));
    const high = points.reduce((most, point) => (point.value > most.value ? point : most));
    const name = shortened(oneLine(key), 40);
    if (low.value === high.value) return `${name} ${numberText(low.value)}`;
    return `${name} from ${numberText(low.value)} (${low.at}) to ${numberText(high.value)} (${high.at})`;
  });
  const amount = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  return `${KINDS[chart]} by ${shortened(oneLine(x), 40)}, ${amount}: ${extremes.join("; ")}.`;
}

export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

function cellOf(row: Row, key: string): unknown {
  return Object.hasOwn(row, key) ? row[key] : undefined;
}

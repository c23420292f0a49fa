import { isEmpty, numberOf, textOf } from "./numbers.ts";
import type { ChartKind, ChartPart } from "./parts.ts";
import { keysOf, type Row, shortened, unknownColumn, wrong } from "./table.ts";

export const MAX_SERIES = 10;
/** Values in one chart: more than the eye tells apart, few enough to be drawn at once. */
export const MAX_POINTS = 2_000;
export const MAX_SLICES = 40;

export interface ChartRequest {
  chart: ChartKind;
  title?: string | undefined;
  x?: string | undefined;
  y?: readonly string[] | undefined;
}

/**
 * The chart of the rows. Without `x` it is the first column; without `y` every other column that has numbers and nothing else.
 * @throws ToolError `invalid_input` that names the column and the row, or the limit
 */
export function chartOf(rows: readonly Row[], { chart, title, x: givenX, y: givenY }: ChartRequest): ChartPart {
  if (rows.length === 0) throw wrong("rows", `"rows" is empty: there is nothing to draw in a chart.`);
  const keys = keysOf(rows);
  const x = givenX ?? keys[0];
  if (x === undefined || !keys.includes(x)) throw unknownColumn("x", x ?? "", keys);
  const y = givenY === undefined ? numericKeys(rows, keys, x) : namesOf(givenY, keys);
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

function numericKeys(rows: readonly Row[], keys: readonly string[], x: string): string[] {
  const numeric = keys.filter((key) => {
    const cells = rows.map((row) => cellOf(row, key)).filter((cell) => !isEmpty(cell));
    return key !== x && cells.length > 0 && cells.every((cell) => numberOf(cell) !== undefined);
  });
  if (numeric.length > 0) return numeric;
  const others = keys.filter((key) => key !== x);
  throw wrong(
    "y",
    `No column besides ${JSON.stringify(shortened(x))} has only numbers.`,
    others.length > 0 ? "Give numbers without units, such as 12.5, and name their columns in y." : undefined,
  );
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
    throw wrong(
      parameter,
      `"${parameter}" needs numbers, but the column ${JSON.stringify(shortened(key))} has ` +
        `${JSON.stringify(shortened(textOf(cell), 40))} in row ${place + 1}.`,
      "Give numbers without units or separators, such as 1234.5; null where there is none.",
    );
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
      return value === undefined ? [] : [{ value, at: shortened(oneLine(textOf(cellOf(row, x))), 40) }];
    });
    const low = points.reduce((least, point) => (point.value < least.value ? point : least));
    const high = points.reduce((most, point) => (point.value > most.value ? point : most));
    const name = shortened(oneLine(key), 40);
    if (low.value === high.value) return `${name} ${low.value}`;
    return `${name} from ${low.value} (${low.at}) to ${high.value} (${high.at})`;
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

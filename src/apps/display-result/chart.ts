import { cellText, isEmpty, numberOf, rounded } from "../../display/numbers.ts";
import type { ChartPart, TablePart } from "../../display/parts.ts";
import { drawBars } from "./bars.ts";
import { html, newId, svg } from "./elements.ts";
import type { Host } from "./host.ts";
import { languageOf } from "./host-style.ts";
import { drawLines } from "./lines.ts";
import { colourOf, type Data, markOf } from "./marks.ts";
import { drawPie } from "./pie.ts";

const MIN_WIDTH = 260;
const MAX_WIDTH = 960;

/** A chart with its title and legend, drawn anew for each width. The rows themselves are in the table that comes with it. */
export function drawChart(part: ChartPart, table: TablePart, host: Host): HTMLElement {
  const data = dataOf(part, table, host);
  const heading = part.title === undefined ? undefined : html("h2", {}, part.title);
  const frame = html("div", { class: "plot" });
  const figure = html("figure", { class: "chart part" }, heading, legendOf(data), frame);
  let drawnWidth = 0;
  const draw = () => {
    const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(frame.clientWidth)));
    if (width === drawnWidth) return;
    drawnWidth = width;
    frame.replaceChildren(drawing(data, part, width));
  };
  new ResizeObserver(draw).observe(frame);
  tellValues(frame);
  return figure;
}

function drawing(data: Data, { title, summary }: ChartPart, width: number): SVGElement {
  const draw = data.kind === "pie" ? drawPie : data.kind === "bar" || data.kind === "stacked" ? drawBars : drawLines;
  const { height, content } = draw(data, width);
  const [name, description] = [newId(), newId()];
  return svg(
    "svg",
    {
      role: "img",
      "aria-labelledby": name,
      "aria-describedby": description,
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
    },
    svg("title", { id: name }, title ?? "Chart"),
    svg("desc", { id: description }, summary),
    ...content,
  );
}

function dataOf({ chart, x, y }: ChartPart, table: TablePart, host: Host): Data {
  const place = (key: string) => table.columns.findIndex((column) => column.key === key);
  const titleOf = (key: string) => table.columns[place(key)]?.title ?? key;
  const language = languageOf(host);
  const numbers = new Intl.NumberFormat(language, { maximumSignificantDigits: 17 });
  const extremes = new Intl.NumberFormat(language, { maximumSignificantDigits: 6, notation: "scientific" });
  const cells = table.rows.map((row) => row[place(x)]);
  return {
    kind: chart,
    cells,
    labels: cells.map((cell) => (isEmpty(cell) ? "–" : cellText(cell))),
    series: y.map((key) => ({ title: titleOf(key), values: table.rows.map((row) => numberOf(row[place(key)])) })),
    xTitle: titleOf(x),
    format: (value) => (isExtreme(value) ? extremes : numbers).format(rounded(value)),
    language,
  };
}

/** Whether a number has more zeros than anybody counts. */
function isExtreme(value: number): boolean {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e15 || size < 1e-6);
}

/** The marks of the series, each with a form of its own besides its colour. */
function legendOf({ kind, series, labels }: Data): HTMLElement | undefined {
  const names = kind === "pie" ? labels : series.map(({ title }) => title);
  if (kind === "pie" ? names.length > 40 : names.length < 2) return undefined;
  const shape = kind === "line" || kind === "area" || kind === "scatter";
  const items = names.map((name, place) => {
    const mark = shape
      ? markOf(place, 7, 7)
      : svg("rect", { width: 14, height: 14, rx: 3, class: `fill ${colourOf(place)}` });
    return html("li", {}, svg("svg", { width: 14, height: 14, "aria-hidden": "true" }, mark), name);
  });
  return html("ul", { class: "legend" }, ...items);
}

/** Shows what a mark stands for beside the pointer. */
function tellValues(frame: HTMLElement): void {
  const tip = html("div", { class: "tip", "aria-hidden": "true" });
  frame.addEventListener("pointermove", (event) => {
    const text = (event.target as Element).getAttribute?.("data-tip");
    if (!text) return tip.remove();
    tip.textContent = text;
    frame.append(tip);
    const { left, top, width } = frame.getBoundingClientRect();
    const x = Math.min(event.clientX - left + 12, width - tip.offsetWidth);
    tip.style.left = `${Math.max(0, x)}px`;
    tip.style.top = `${Math.max(0, event.clientY - top - tip.offsetHeight - 8)}px`;
  });
  frame.addEventListener("pointerleave", () => tip.remove());
}

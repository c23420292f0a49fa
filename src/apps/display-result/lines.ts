import { numberOf } from "../../display/numbers.ts";
import { type Area, axisTitle, nameAxis, roomFor, valueAxis } from "./axes.ts";
import { svg } from "./elements.ts";
import { colourOf, type Data, type Drawing, label, markOf, round, widthOf } from "./marks.ts";
import { linear, ticks, timeOf, timeTicks } from "./scales.ts";

/** Up to so many points a line has a mark at each. */
const MAX_MARKED = 60;

interface Point {
  x: number;
  y: number;
  tip: string;
}

/** Lines, lines with the area below them, or points alone. */
export function drawLines(data: Data, width: number): Drawing {
  const { series, kind } = data;
  const height = Math.round(Math.min(340, Math.max(220, width * 0.5)));
  const values = series.flatMap((each) => each.values.filter((value) => value !== undefined));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // An area means an amount, which begins at zero; a line may begin where its values do, unless zero is near anyway.
  const fromZero = kind === "area" || (low > 0 && low < high * 0.4) || (high < 0 && high > low * 0.4);
  const marks = ticks(fromZero ? Math.min(0, low) : low, fromZero ? Math.max(0, high) : high, 5);
  const area: Area = { left: roomFor(marks.map(data.format)), right: width - 18, top: 10, bottom: height - 44 };
  const scale = linear([marks[0] ?? 0, marks.at(-1) ?? 1], [area.bottom, area.top]);
  const across = acrossOf(data, area);
  const base = round(scale(Math.min(Math.max(0, marks[0] ?? 0), marks.at(-1) ?? 0)));
  const drawn = series.flatMap(({ title, values: column }, place) => {
    const runs: Point[][] = [[]];
    for (const index of across.order) {
      const value = column[index];
      const x = across.place(index);
      if (value === undefined || x === undefined) {
        if (runs.at(-1)?.length) runs.push([]);
        continue;
      }
      const name = series.length > 1 ? `${data.labels[index]}, ${title}` : data.labels[index];
      runs.at(-1)?.push({ x: round(x), y: round(scale(value)), tip: `${name}: ${data.format(value)}` });
    }
    const points = runs.flat();
    const marked = kind === "scatter" || points.length <= MAX_MARKED || runs.some((run) => run.length === 1);
    return [
      ...(kind === "scatter" ? [] : runs.flatMap((run) => lineOf(run, place, kind === "area" ? base : undefined))),
      ...(marked ? points.map(({ x, y, tip }) => markOf(place, x, y, tip)) : []),
    ];
  });
  return {
    height,
    content: [
      ...valueAxis(marks, scale, area, data.format),
      ...across.axis,
      ...drawn,
      axisTitle(data.xTitle, area, height),
    ],
  };
}

function lineOf(run: readonly Point[], place: number, base: number | undefined): Node[] {
  const [first, last] = [run[0], run.at(-1)];
  if (!first || !last) return [];
  const d = `M${run.map(({ x, y }) => `${x},${y}`).join("L")}`;
  const line = svg("path", {
    d,
    class: `stroke ${colourOf(place)}`,
    "stroke-dasharray": DASHES[place % DASHES.length],
  });
  if (base === undefined) return [line];
  return [
    svg("path", { d: `${d}L${last.x},${base}L${first.x},${base}Z`, class: `fill shade ${colourOf(place)}` }),
    line,
  ];
}

const DASHES = [undefined, "7 4", "2 3", "9 3 2 3", "12 4"];

interface Across {
  /** Indices of the rows from left to right. */
  order: number[];
  place(index: number): number | undefined;
  axis: Node[];
}

/** Numbers and times where they lie, all else in the order of the rows. */
function acrossOf({ cells, labels, language, format }: Data, area: Area): Across {
  const width = area.right - area.left;
  const known = (read: (cell: unknown) => number | undefined) => {
    const found = cells.map(read);
    return found.every((value, index) => value !== undefined || labels[index] === "–") &&
      found.some((value) => value !== undefined)
      ? found
      : undefined;
  };
  const asNumbers = known(numberOf);
  const asTimes = asNumbers ? undefined : known(timeOf);
  const positions = asNumbers ?? asTimes;
  if (!positions) {
    const slot = width / cells.length;
    const place = (index: number) => area.left + (index + 0.5) * slot;
    return { order: [...cells.keys()], place, axis: nameAxis(labels, place, area, slot) };
  }
  const there = positions.filter((value) => value !== undefined);
  const [low, high] = [Math.min(...there), Math.max(...there)];
  const order = [...positions.keys()].sort((a, b) => (positions[a] ?? 0) - (positions[b] ?? 0));
  const count = Math.max(2, Math.min(8, Math.floor(width / 90)));
  const text = asTimes ? timeTexts(low, high, count, language) : numberTexts(low, high, count, format);
  const edge = asTimes ? Math.min(24, width * 0.05) : 0;
  const scale = linear(asTimes ? [low, high === low ? low + 1 : high] : text.domain, [
    area.left + edge,
    area.right - edge,
  ]);
  const room = width / Math.max(1, text.at.length);
  const every = Math.max(1, Math.ceil((Math.max(...text.names.map(widthOf)) + 12) / room));
  const axis = text.at.flatMap((value, index) =>
    index % every === 0
      ? [label(text.names[index] ?? "", scale(value), area.bottom + 18, { "text-anchor": "middle" })]
      : [],
  );
  return { order, place: (index) => (positions[index] === undefined ? undefined : scale(positions[index])), axis };
}

interface AxisTexts {
  at: number[];
  names: string[];
  domain: [number, number];
}

function numberTexts(low: number, high: number, count: number, format: (value: number) => string): AxisTexts {
  const at = ticks(low, high, count);
  // Whole numbers without separators may be years.
  const isYears = Number.isInteger(low) && Number.isInteger(high) && low >= 1_000 && high <= 2_999;
  const shown = isYears ? at.filter(Number.isInteger) : at;
  return {
    at: shown,
    names: shown.map((value) => (isYears ? String(value) : format(value))),
    domain: [at[0] ?? low, at.at(-1) ?? high],
  };
}

function timeTexts(low: number, high: number, count: number, language: string | undefined): AxisTexts {
  const { at, unit } = timeTicks(low, high, count);
  const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  const forms: Record<typeof unit, Intl.DateTimeFormatOptions> = {
    time:
      high - low > 86_400_000 ? { ...day, hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit" },
    day,
    month: { month: "short", year: "numeric" },
    year: { year: "numeric" },
  };
  const form = new Intl.DateTimeFormat(language, { ...forms[unit], timeZone: "UTC" });
  return { at, names: at.map((time) => form.format(time)), domain: [low, high] };
}

import { type Area, axisTitle, nameAxis, roomFor, valueAxis } from "./axes.ts";
import { svg } from "./elements.ts";
import { colourOf, type Data, type Drawing, fitted, label, round, widthOf } from "./marks.ts";
import { linear, ticks } from "./scales.ts";

/** Bars that lie have room for names of this many pixels. */
const NAME_ROOM = 180;
/** Up to so many rows, bars lie where their names would not fit below them. */
const MAX_LYING = 40;

interface Bar {
  index: number;
  series: number;
  /** Where the bar begins and ends, in values. */
  from: number;
  to: number;
  value: number;
}

/** Bars beside each other, or one upon the other. */
export function drawBars(data: Data, width: number): Drawing {
  const { labels, series, kind } = data;
  const bars = kind === "stacked" ? stacked(data) : beside(data);
  const ends = bars.flatMap(({ from, to }) => [from, to]);
  const marks = ticks(Math.min(0, ...ends), Math.max(0, ...ends), 5);
  const numbers = marks.map(data.format);
  const longest = Math.max(...labels.map(widthOf));
  const slotBelow = (width - roomFor(numbers) - 16) / labels.length;
  const lies = longest > slotBelow - 6 && longest > 30 && labels.length <= MAX_LYING;
  const lanes = kind === "stacked" ? 1 : series.length;
  const slot = lies ? Math.max(26, lanes * 14 + 8) : slotBelow;
  const left = lies ? Math.min(NAME_ROOM, longest + 14, width * 0.4) : roomFor(numbers);
  const height = lies ? slot * labels.length + 50 : Math.round(Math.min(340, Math.max(220, width * 0.5)));
  const area: Area = { left, right: width - 16, top: 10, bottom: height - (lies ? 26 : 44) };
  const domain = [marks[0] ?? 0, marks.at(-1) ?? 1] as const;
  const scale = linear(domain, lies ? [area.left, area.right] : [area.bottom, area.top]);
  const gap = Math.min(slot * 0.25, 24);
  const lane = Math.max(0.5, (slot - gap) / lanes);
  const start = (index: number) => (lies ? area.top : area.left) + index * slot;
  const rects = bars.map((bar) => {
    const across = start(bar.index) + gap / 2 + (kind === "stacked" ? 0 : bar.series * lane);
    const [low, high] = [scale(bar.from), scale(bar.to)].sort((a, b) => a - b) as [number, number];
    const along = { start: round(low), length: round(Math.max(high - low, bar.value === 0 ? 0 : 1)) };
    const thick = round(Math.max(0.5, lane - (lanes > 1 && lane > 5 ? 2 : 0)));
    const box = lies
      ? { x: along.start, y: round(across), width: along.length, height: thick }
      : { x: round(across), y: along.start, width: thick, height: along.length };
    const name = series.length > 1 ? `${labels[bar.index]}, ${series[bar.series]?.title}` : labels[bar.index];
    const tip = `${name}: ${data.format(bar.value)}`;
    return svg("rect", { ...box, rx: Math.min(2, thick / 4), class: `fill ${colourOf(bar.series)}`, "data-tip": tip });
  });
  const names = lies
    ? labels.map((name, index) =>
        label(fitted(name, left - 14), left - 8, start(index) + slot / 2 + 4, { "text-anchor": "end" }),
      )
    : nameAxis(labels, (index) => start(index) + slot / 2, area, slot);
  const shown = lies && numbers.some((text) => widthOf(text) > (area.right - area.left) / marks.length - 6);
  const thinned = shown ? marks.filter((_, place) => place % 2 === 0) : marks;
  const title = lies ? [] : [axisTitle(data.xTitle, area, height)];
  return { height, content: [...valueAxis(thinned, scale, area, data.format, lies), ...rects, ...names, ...title] };
}

function beside({ series }: Data): Bar[] {
  return series.flatMap(({ values }, place) =>
    values.flatMap((value, index) =>
      value === undefined ? [] : [{ index, series: place, from: 0, to: value, value }],
    ),
  );
}

/** What is above zero grows upwards, what is below downwards. */
function stacked({ series, labels }: Data): Bar[] {
  return labels.flatMap((_, index) => {
    const sums = { up: 0, down: 0 };
    return series.flatMap(({ values }, place) => {
      const value = values[index];
      if (value === undefined) return [];
      const side = value < 0 ? "down" : "up";
      const from = sums[side];
      sums[side] = from + value;
      return [{ index, series: place, from, to: from + value, value }];
    });
  });
}

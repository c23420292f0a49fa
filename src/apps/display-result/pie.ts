import { svg } from "./elements.ts";
import { colourOf, type Data, type Drawing, label, round } from "./marks.ts";

/** Shares that are written into their slice. */
const MIN_SHARE = 0.06;

/** A ring of slices, the first at the top, clockwise. */
export function drawPie(data: Data, width: number): Drawing {
  const values = data.series[0]?.values.map((value) => value ?? 0) ?? [];
  // Of the largest, so that the sum of very large numbers stays one.
  const most = Math.max(...values);
  const total = values.reduce((sum, value) => sum + value / most, 0);
  const share = new Intl.NumberFormat(data.language, { style: "percent", maximumFractionDigits: 1 });
  const height = Math.round(Math.min(320, Math.max(200, width * 0.5)));
  const radius = height / 2 - 10;
  const [x, y] = [width / 2, height / 2];
  let begin = 0;
  const content = values.flatMap((value, place) => {
    const part = value / most / total;
    if (part <= 0) return [];
    const end = begin + part;
    const middle = (begin + end) / 2;
    const tip = `${data.labels[place]}: ${data.format(value)} (${share.format(part)})`;
    const slice = svg("path", {
      d: ringOf(begin, end, radius, x, y),
      class: `fill slice ${colourOf(place)}`,
      "data-tip": tip,
    });
    const at = pointAt(middle, radius * 0.77, x, y);
    begin = end;
    if (part < MIN_SHARE) return [slice];
    const text = label(share.format(part), at.x, at.y + 4, {
      "text-anchor": "middle",
      class: "on-slice",
      "data-tip": tip,
    });
    return [slice, text];
  });
  return { height, content };
}

function pointAt(turn: number, radius: number, x: number, y: number): { x: number; y: number } {
  const angle = turn * 2 * Math.PI - Math.PI / 2;
  return { x: round(x + radius * Math.cos(angle)), y: round(y + radius * Math.sin(angle)) };
}

/** A whole turn is drawn as two halves, because an arc ends where it began is none. */
function ringOf(begin: number, end: number, radius: number, x: number, y: number): string {
  if (end - begin > 0.999_9) {
    const middle = (begin + end) / 2;
    return ringOf(begin, middle, radius, x, y) + ringOf(middle, end, radius, x, y);
  }
  const inner = radius * 0.55;
  const large = end - begin > 0.5 ? 1 : 0;
  const [a, b] = [pointAt(begin, radius, x, y), pointAt(end, radius, x, y)];
  const [c, d] = [pointAt(end, inner, x, y), pointAt(begin, inner, x, y)];
  return `M${a.x},${a.y}A${round(radius)},${round(radius)} 0 ${large} 1 ${b.x},${b.y}L${c.x},${c.y}A${round(inner)},${round(inner)} 0 ${large} 0 ${d.x},${d.y}Z`;
}

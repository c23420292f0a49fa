import { svg } from "./elements.ts";
import { fitted, label, round, widthOf } from "./marks.ts";
import type { Scale } from "./scales.ts";

/** The rectangle in which the values are drawn. */
export interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Lines and numbers of the axis of values, at the left or, where bars lie, below. */
export function valueAxis(
  at: readonly number[],
  scale: Scale,
  area: Area,
  format: (value: number) => string,
  lies = false,
): Node[] {
  return at.flatMap((value) => {
    const place = round(scale(value));
    const line = lies
      ? { x1: place, x2: place, y1: area.top, y2: area.bottom }
      : { x1: area.left, x2: area.right, y1: place, y2: place };
    const text = lies
      ? label(format(value), place, area.bottom + 18, { "text-anchor": "middle" })
      : label(format(value), area.left - 8, place + 4, { "text-anchor": "end" });
    return [svg("line", { ...line, class: value === 0 ? "axis" : "grid" }), text];
  });
}

/** Room at the left for the numbers. */
export function roomFor(texts: readonly string[]): number {
  return Math.ceil(Math.max(...texts.map(widthOf), 10)) + 14;
}

/** The names below: those that fit beside each other. */
export function nameAxis(names: readonly string[], place: (index: number) => number, area: Area, slot: number): Node[] {
  const widest = Math.max(...names.map(widthOf), 1);
  const every = Math.max(1, Math.ceil((Math.min(widest, 110) + 10) / slot));
  return names.flatMap((name, index) => {
    if (index % every !== 0) return [];
    const middle = place(index);
    // The first and the last have less room: the drawing ends beside them.
    const most = Math.min(slot * every - 6, 2 * middle - 4, 2 * (area.right + 14 - middle));
    return [label(fitted(name, most), middle, area.bottom + 18, { "text-anchor": "middle" })];
  });
}

/** What the axes stand for. */
export function axisTitle(text: string, area: Area, height: number): Node {
  return label(text, (area.left + area.right) / 2, height - 6, { "text-anchor": "middle", class: "quiet" });
}

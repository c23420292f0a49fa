import type { ChartPart } from "../../display/parts.ts";
import { svg } from "./elements.ts";

/** What is drawn: names along the axis, and for each column its values, undefined where there is a gap. */
export interface Data {
  kind: ChartPart["chart"];
  /** The cells of the x axis, and what is shown of each. */
  cells: unknown[];
  labels: string[];
  series: { title: string; values: (number | undefined)[] }[];
  xTitle: string;
  /** A number as people read it. */
  format: (value: number) => string;
  language: string | undefined;
}

/** A drawing of that width; its height is its own. */
export interface Drawing {
  height: number;
  content: Node[];
}

/** The class with the colour of the series at that place. */
export function colourOf(place: number): string {
  return `s${place % 10}`;
}

const MARKS = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
  "M-3.6,-3.6h7.2v7.2h-7.2z",
  "M0,-4.8l4.6,8.2h-9.2z",
  "M0,-5l4.6,5l-4.6,5l-4.6,-5z",
  "M0,4.8l4.6,-8.2h-9.2z",
];

/** The mark of a series around a point. */
export function markOf(place: number, x: number, y: number, tip?: string): SVGElement {
  const d = MARKS[place % MARKS.length] ?? "";
  return svg("path", {
    d,
    transform: `translate(${round(x)},${round(y)})`,
    class: `fill ${colourOf(place)}`,
    "data-tip": tip,
  });
}

/** A text of the drawing. */
export function label(
  text: string,
  x: number,
  y: number,
  attributes: Record<string, string | number> = {},
): SVGElement {
  return svg("text", { x: round(x), y: round(y), ...attributes }, text);
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

const canvas = document.createElement("canvas").getContext("2d");

/** The width of a text in the drawing's font, in pixels. */
export function widthOf(text: string): number {
  if (!canvas) return text.length * 7;
  canvas.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text).width;
}

/** The text, or as much of its beginning and its end, where alike names differ, as takes at most so many pixels. */
export function fitted(text: string, pixels: number): string {
  const characters = [...text.replace(/\s+/g, " ")].slice(0, 200);
  const whole = characters.join("");
  if (widthOf(whole) <= pixels) return whole;
  const short = (kept: number) => {
    const end = Math.floor(kept / 3);
    return `${characters.slice(0, kept - end).join("")}…${characters.slice(characters.length - end).join("")}`;
  };
  const most = characters.findLastIndex((_, place) => widthOf(short(place + 1)) <= pixels);
  return short(Math.max(1, most + 1));
}

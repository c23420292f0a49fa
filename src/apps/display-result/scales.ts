/** Where a value lies on an axis, in pixels. */
export type Scale = (value: number) => number;

export function linear([low, high]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** Round values from at or below `low` to at or above `high`, about `count` of them (steps of 1, 2 or 5 times a power of ten). */
export function ticks(low: number, high: number, count: number): number[] {
  const [least, most] = low === high ? [low - Math.abs(low || 1) / 2, high + Math.abs(high || 1) / 2] : [low, high];
  const rough = (most - least) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999_999) ?? 10);
  if (!(step > 0) || !Number.isFinite(step)) return [least, most];
  const first = Math.floor(least / step + 1e-9);
  const last = Math.ceil(most / step - 1e-9);
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step))));
  return Array.from({ length: last - first + 1 }, (_, place) => Number(((first + place) * step).toFixed(digits)));
}

const DATE = /^\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)?$/;

/** Milliseconds of a date or a time in ISO 8601, one without an offset as UTC; undefined for all else. */
export function timeOf(cell: unknown): number | undefined {
  if (typeof cell !== "string" || !DATE.test(cell)) return undefined;
  const hasTime = /[T ]\d{2}:/.test(cell);
  const hasOffset = /(?:Z|[+-]\d{2}:?\d{2})$/.test(cell.slice(11));
  const time = Date.parse(hasTime && !hasOffset ? `${cell.replace(" ", "T")}Z` : cell.replace(" ", "T"));
  return Number.isNaN(time) ? undefined : time;
}

const DAY = 86_400_000;
const STEPS = [
  ...[60_000, 300_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000],
  ...[DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY],
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200];

/** Round times between the two, at most about `count` of them, and whether days, months or years are told apart. */
export function timeTicks(
  low: number,
  high: number,
  count: number,
): { at: number[]; unit: "time" | "day" | "month" | "year" } {
  const rough = (high - low) / Math.max(1, count);
  const step = STEPS.find((each) => each >= rough);
  if (step !== undefined) {
    const first = Math.ceil(low / step) * step;
    const at = Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, place) => first + place * step);
    return { at: at.length > 0 ? at : [low], unit: step < DAY ? "time" : "day" };
  }
  const months = MONTHS.find((each) => each * 30 * DAY >= rough) ?? 1_200;
  const start = new Date(low);
  const at: number[] = [];
  for (
    let month = Math.ceil((start.getUTCFullYear() * 12 + start.getUTCMonth()) / months) * months;
    ;
    month += months
  ) {
    const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (time > high) break;
    if (time >= low) at.push(time);
  }
  return { at: at.length > 0 ? at : [low], unit: months < 12 ? "month" : "year" };
}

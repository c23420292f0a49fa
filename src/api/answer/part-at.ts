import { fitJson, fitText, type Part, partedList } from "./fit-answer.ts";

/** Where a part of an answer begins; empty: the first one, which also has what is around its items. */
export interface Place {
  /** An item of its list; of a text, a character. */
  from?: number;
  /** A character of the JSON of that item, or without one of the whole answer. */
  character?: number;
}

export interface PlacedPart extends Omit<Part, "next"> {
  /** Where the next part begins; undefined: this is the last one. */
  next: Place | undefined;
  /** Where the next item begins, where `next` is the JSON of one that this part has shortened. */
  skip?: Place | undefined;
  /** Whether it is a part of a JSON text, and of which item's. */
  jsonText?: { item: number | undefined };
}

/**
 * The part of a value that begins there. The parts that follow each other by `next` end and leave nothing out: what had to be
 * shortened, an item or an answer that no single list makes long, comes next as the text of its JSON. Undefined: all of it fits.
 */
export function partAt(value: unknown, maxLength: number, { from, character }: Place = {}): PlacedPart | undefined {
  if (typeof value === "string") return nextFrom(fitText(value, maxLength, character ?? from ?? 0));
  if (character !== undefined) return jsonTextAt(value, maxLength, character, from);
  const part = fitJson(value, maxLength, from);
  if (!part) return undefined;
  if (part.unit === "characters") {
    return from === undefined ? { ...part, next: { character: 0 } } : jsonTextAt(value, maxLength, from, undefined);
  }
  if (!part.abridged) return nextFrom(part);
  const skip = part.next === undefined ? undefined : { from: part.next };
  return { ...part, next: { from: part.from, character: 0 }, skip };
}

function jsonTextAt(value: unknown, maxLength: number, character: number, from: number | undefined): PlacedPart {
  const list = from === undefined ? undefined : partedList(value, maxLength)?.list;
  // After the last item there is nothing, as the part says.
  if (list && (from as number) >= list.length) return { ...(fitJson(value, maxLength, from) as Part), next: undefined };
  const item = list ? from : undefined;
  const text = JSON.stringify(item === undefined ? value : list?.[item]);
  const given = text.length;
  const whole: Part = {
    ...{ data: text, unit: "characters", from: 0, given, total: given, next: undefined },
    ...{ abridged: false, path: [] },
  };
  const part = fitText(text, maxLength, character) ?? whole;
  const after = item === undefined || item + 1 >= (list?.length ?? 0) ? undefined : { from: item + 1 };
  const next = part.next === undefined ? after : { ...(item !== undefined && { from: item }), character: part.next };
  return { ...part, next, jsonText: { item } };
}

function nextFrom(part: Part | undefined): PlacedPart | undefined {
  return part && { ...part, next: part.next === undefined ? undefined : { from: part.next } };
}

const PLACE = /^(?:\.(\d{1,10}))?(?:\.c(\d{1,10}))?$/;

/** A place as the end of an id: `.7`, `.7.c2000`, `.c2000`. */
export function writePlace({ from, character }: Place): string {
  return `${from === undefined ? "" : `.${from}`}${character === undefined ? "" : `.c${character}`}`;
}

/** The place that the end of an id names; undefined where it is none. */
export function readPlace(text: string): Place | undefined {
  const found = PLACE.exec(text);
  if (!found) return undefined;
  const [, from, character] = found;
  return {
    ...(from !== undefined && { from: Number(from) }),
    ...(character !== undefined && { character: Number(character) }),
  };
}

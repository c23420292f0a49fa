import { type LenientValue, readLenient, UNESCAPED } from "./lenient-json.ts";

/** A value that a reply may mean. */
export interface Candidate {
  value: unknown;
  /** What was not as JSON has it, in plain words. */
  mends: string[];
  /** Why it cannot be what was meant as a whole, whatever a schema says. */
  flaw: string | undefined;
  /** Whether there is nothing else in the reply. */
  whole: boolean;
}

interface Span extends LenientValue {
  start: number;
  fenced: boolean;
  /** Whether it stands in something that could not be read. */
  isInside: boolean;
}

/** Values that are looked at, the last ones of a reply. */
const MOST_CANDIDATES = 40;
const MOST_STARTS = 500;
/** Characters that may be read again beyond the length of the reply. */
const SPARE_CHARS = 200_000;
const THINKING = /<\/(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis)>/gi;
const INSIDE = "it was taken out of something that could not be read";
const LEFT_OUT = "it leaves out a part (...)";

/**
 * The objects and arrays in a reply, best guess first: what stands in code fences before what stands in prose, JSON before what
 * had to be mended, the later before the earlier; values that follow one another also as one list and as one object. Reasoning
 * is passed over. Linear in the length of the reply.
 * @param cutOff the reply ended at the token limit: then nothing counts that ends with it, or is followed by another beginning
 */
export function jsonCandidates(reply: string, cutOff: boolean): Candidate[] {
  const text = answerOf(reply);
  const inner = encoded(text);
  if (inner !== undefined && !cutOff) return withMend(jsonCandidates(inner, false), "the JSON stood in a text");
  const spans = spansOf(text);
  const escaped = !cutOff && spans.every((span) => span.isInside) ? unescaped(text) : undefined;
  if (escaped !== undefined && escaped !== text) {
    return withMend(jsonCandidates(escaped, false), "signs of the JSON were escaped once too often");
  }
  const opensLater = cutOff ? Math.max(text.lastIndexOf("{"), text.lastIndexOf("[")) : -1;
  const usable = spans.filter((span) => !cutOff || (!span.unclosed && !span.isInside && span.end > opensLater));
  const single = usable
    .toSorted((a, b) => rank(a) - rank(b) || b.start - a.start)
    .slice(0, MOST_CANDIDATES)
    .map((span) => ({
      value: span.value,
      mends: span.mends,
      flaw: span.elided ? LEFT_OUT : undefined,
      whole: isWhole(text, span),
    }));
  return cutOff ? single : [...single, ...together(text, spans)];
}

function isWhole(text: string, { start, end }: Span): boolean {
  const around = `${text.slice(Math.max(0, start - 50), start)}${text.slice(end, end + 50)}`;
  return start < 50 && text.length - end < 50 && /^(?:\s|```|~~~|json5?|<\/?\w+>|[;.])*$/i.test(around);
}

function rank(span: Span): number {
  return (span.fenced ? 0 : 2) + (span.mends.length > 0 ? 1 : 0);
}

/** The reply without reasoning before it, and without what a chat template left in it. */
export function answerOf(reply: string): string {
  const text = reply.replace(/^[\ufeff\u200b\s]+/, "").trimEnd();
  if (/^[{["]/.test(text)) return text;
  const channel = text.lastIndexOf("<|message|>");
  const shown = channel === -1 ? text : text.slice(channel + "<|message|>".length);
  const end = [...shown.matchAll(THINKING)].at(-1);
  const answer = end ? shown.slice(end.index + end[0].length) : /^<think(?:ing)?>/i.test(shown) ? "" : shown;
  return answer.replace(/(?:<\|[a-z_]{1,20}\|>|<\/s>|\s)+$/, "").trim();
}

/** JSON inside a JSON string. */
function encoded(text: string): string | undefined {
  if (!text.startsWith('"') || !text.endsWith('"')) return undefined;
  try {
    const inner: unknown = JSON.parse(text);
    return typeof inner === "string" && /^\s*[{[]/.test(inner) ? inner : undefined;
  } catch {
    return undefined;
  }
}

function unescaped(text: string): string | undefined {
  if (/[{[](?:\s|\\[nrt])*\\"/.test(text)) {
    const plain: Record<string, string> = { n: "\n", r: "\r", t: "\t" };
    return text.replace(/\\(["\\/nrt])/g, (_, char: string) => plain[char] ?? char);
  }
  if (/[{[]\s*&(?:quot|#34);/.test(text)) {
    return text
      .replace(/&(?:quot|#34);/g, '"')
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&amp;/g, "&");
  }
  if (/[{[,]\s*\\[nrt]/.test(text)) {
    return text.replace(/(?<=(?:[{[,\]}"\d]|true|false|null)\s{0,9})(?:\\[nrt]\s*)+(?=["}\]])/g, " ");
  }
  return undefined;
}

/** The outermost values of a text, in order. */
function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  const spent = { chars: 0, reached: 0 };
  let broken = 0;
  const brackets = /[{[]|```|~~~/g;
  let inFence = false;
  for (let starts = 0; starts < MOST_STARTS && spent.chars < text.length + SPARE_CHARS; ) {
    const found = brackets.exec(text);
    if (!found) break;
    if (found[0].length === 3) {
      inFence = !inFence;
      continue;
    }
    starts += 1;
    const span = readLenient(text, found.index, spent);
    if (!span) broken = Math.max(broken, spent.reached);
    // Where texts end was guessed, and what is left over says that it was guessed wrong.
    if (span?.mends.includes(UNESCAPED) && /^\s{0,99}["'“”}\]]/.test(text.slice(span.end, span.end + 100))) continue;
    // The text of a link is no list.
    if (!span || (text[span.end] === "(" && span.mends.length > 0)) continue;
    const isInside = found.index < broken;
    if (isInside) span.mends.push(INSIDE);
    spans.push({ ...span, start: found.index, fenced: inFence, isInside });
    brackets.lastIndex = span.end;
  }
  return spans;
}

/** All objects as one list; and as one object, where they follow one another with nothing between and no key repeats. */
function together(text: string, spans: readonly Span[]): Candidate[] {
  const found = spans.filter(({ value }) => typeof value === "object" && value !== null && !Array.isArray(value));
  if (found.length < 2) return [];
  const objects = found.map((span) => span.value as Record<string, unknown>);
  const mends = [...new Set(found.flatMap((span) => span.mends))];
  const flaw = found.some((span) => span.elided) ? LEFT_OUT : undefined;
  const all = { mends, flaw, whole: false };
  const list = { ...all, value: objects, mends: [...mends, `${objects.length} values were taken as one list`] };
  const apart = found.some(
    (span, i) => i > 0 && !/^[\s,;]{0,20}$/.test(text.slice(found[i - 1]!.end, span.start).slice(0, 21)),
  );
  const keys = apart ? [] : objects.flatMap(Object.keys);
  if (apart || keys.length > 1000 || new Set(keys).size !== keys.length) return [list];
  const merged: unknown = Object.assign({}, ...objects);
  return [list, { ...all, value: merged, mends: [...mends, `${objects.length} objects were taken as one`] }];
}

function withMend(candidates: readonly Candidate[], mend: string): Candidate[] {
  return candidates.map((candidate) => ({ ...candidate, mends: [mend, ...candidate.mends] }));
}

import { type AskedTime, readAskedTimes } from "./dates.ts";
import { isUnspacedCharacter, plainWord, type Span, spansOf, tokenize } from "./tokenize.ts";
import { ASKS_FOR_TIME, OTHER_FORMS } from "./words.ts";

/** A text that counts as an occurrence of a term of the query. */
export interface TermForm {
  text: string;
  /** Whether everything that begins with the text counts. */
  prefix: boolean;
  /** 1 for the term itself, less for what only resembles it. */
  weight: number;
}

export interface QueryTerm {
  text: string;
  /** Where it stands in the query first. */
  span: Span;
  forms: TermForm[];
}

export interface Query {
  /** What was asked, as far as it is read. */
  asked: string;
  /** The same without the quotes around it; empty where it is nothing but a star. */
  text: string;
  /** None where the query has no words, or nothing but stop words. */
  terms: QueryTerm[];
  /** What stands in quotes, as terms separated by spaces: wanted in this order where any memory has it. */
  phrases: string[];
  /** Whether any memory answers: `what do you know about me?`, or `*`. What contains the text comes first, but for `*`. */
  asksForAnything: boolean;
  asksForTime: boolean;
  /** Times that it names. */
  times: AskedTime[];
}

/** Longer queries are read up to here: a question is short, and a long text is about what it says first. */
const MAX_QUERY_LENGTH = 10_000;
/** As many as fit into the bits of a number, which candidates are picked by. */
export const MAX_TERMS = 32;
const MAX_PHRASES = 8;

/** Of a term whose place is not known. */
const NOWHERE: Span = { start: 0, end: 0 };

const QUOTED = /"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»/g;
const ONLY_STARS = /^["']?\*+["']?$/;
const QUOTES_AROUND = /^["“„«](.+)["”“»]$/s;
const NEIGHBOURING = /(?<![\p{L}\p{N}_.'’-])(\p{L}{2,24})(?=[ -](\p{L}{2,24})(?![\p{L}\p{N}_.'’-]))/gu;
const NUMBERED = /(?<![\p{L}\p{N}_.'’-])(\p{L}{1,8})[ -](\d{1,8})(?![\p{L}\p{N}_.'’-])/gu;
const STARRED = /([\p{L}\p{N}_]{2,64})\*/gu;

/**
 * Any text as a query. No text has a special syntax that could be wrong; quotes ask for a phrase, and a star after a word for
 * all that begins with it.
 */
export function parseQuery(text: string): Query {
  const read = text.slice(0, MAX_QUERY_LENGTH);
  const spans = spansOf(read);
  const terms = [...new Set(tokenize(read, "query"))].slice(0, MAX_TERMS).map(
    (term): QueryTerm => ({
      text: term,
      span: spans.get(term) ?? NOWHERE,
      forms: [
        { text: term, prefix: isUnspacedCharacter(term), weight: 1 },
        ...(OTHER_FORMS.has(term) ? [{ text: OTHER_FORMS.get(term) as string, prefix: false, weight: 0.5 }] : []),
        // The version 22 is written v22, too.
        ...(/^\d{1,4}$/.test(term) ? [{ text: `v${term}`, prefix: false, weight: 1 }] : []),
      ],
    }),
  );
  for (const [, word] of read.matchAll(STARRED)) {
    const [stem] = tokenize(word as string, "query");
    terms.find((term) => term.text === stem)?.forms.push({ text: plainWord(word as string), prefix: true, weight: 1 });
  }
  for (const [joined, parts] of joinedWords(read)) {
    for (const term of terms) {
      if (parts.includes(term.text)) term.forms.push({ text: joined, prefix: false, weight: 1 });
    }
  }
  const trimmed = read.trim();
  const bare = ONLY_STARS.test(trimmed) ? "" : trimmed.replace(QUOTES_AROUND, "$1");
  return {
    asked: read,
    text: bare,
    terms,
    phrases: readPhrases(read),
    asksForAnything: terms.length === 0 && (bare === "" || /\p{L}/u.test(bare)),
    asksForTime: ASKS_FOR_TIME.test(read),
    times: readAskedTimes(read),
  };
}

/** The words that the wanted terms stand for, as they are written; those that overlap, such as pairs of characters, in one. */
export function wordsOf(query: Query, wanted: (index: number) => boolean): string[] {
  const spans: { start: number; end: number }[] = [];
  const unplaced: string[] = [];
  query.terms.forEach(({ text, span }, index) => {
    if (!wanted(index)) return;
    if (span.end === 0) unplaced.push(text);
    else spans.push({ ...span });
  });
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  const joined: { start: number; end: number }[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && span.start < last.end) last.end = Math.max(last.end, span.end);
    else joined.push(span);
  }
  return [...new Set([...joined.map(({ start, end }) => query.asked.slice(start, end)), ...unplaced])];
}

/** Neighbouring words that may be written as one, such as `ice cream` or `LH 1234`, as the term of that and the terms of the two. */
function joinedWords(text: string): [string, string[]][] {
  const joined: [string, string[]][] = [];
  // The second word of one pair is the first of the next.
  for (const [, first = "", second = ""] of text.matchAll(NEIGHBOURING)) {
    const parts = [first, second].map((word) => tokenize(word, "query"));
    if (!parts.every((terms) => terms.length === 1)) continue;
    const [term] = tokenize(`${first}${second}`.toLowerCase(), "query");
    if (term !== undefined) joined.push([term, parts.flat()]);
    if (joined.length === MAX_TERMS) break;
  }
  for (const [, letters = "", digits = ""] of [...text.matchAll(NUMBERED)].slice(0, MAX_TERMS)) {
    const parts = [letters, digits].map((word) => tokenize(word, "query"));
    const [term] = tokenize(`${letters}${digits}`, "query");
    if (term !== undefined) joined.push([term, parts.flat()]);
  }
  return joined;
}

function readPhrases(text: string): string[] {
  const phrases: string[] = [];
  for (const [, ...quoted] of text.matchAll(QUOTED)) {
    const terms = tokenize(quoted.find((part) => part !== undefined) ?? "", "query").slice(0, MAX_TERMS);
    if (terms.length > 1) phrases.push(terms.join(" "));
  }
  return phrases.slice(0, MAX_PHRASES);
}

/** Hides secrets; `cut`: more is to come, so that a beginning of a secret at the end goes too. */
export type Redact = (text: string, options?: { cut?: boolean | undefined }) => string;

/** Characters of a secret's beginning that no redactor knows as one. */
const UNKNOWN_BEGINNING = 3;
/** A tag of reasoning, as far as it has come. */
const OPENING_TAG = /^\s*<[a-z]{0,16}$/i;
const REASONING = ["think", "thinking"];

/** What may be shown of an answer: without secrets, and up to the first stop sequence. */
export function wholeText(text: string, stop: readonly string[], redact: Redact): string {
  return redact(upTo(stop, text.trim()));
}

/**
 * What may be shown of an answer of which more is to come: nothing that a later piece could still turn into a secret, a stop
 * sequence, reasoning, or white space at the end.
 */
export function safeText(text: string, stop: readonly string[], redact: Redact): string {
  const begun = text.trimStart();
  if (OPENING_TAG.test(begun)) return "";
  const stopped = upTo(stop, begun);
  if (stopped !== begun) return wholeText(text, stop, redact);
  const sure = begun.slice(0, Math.min(unclosedReasoning(begun), begun.length - beginningAtEnd(stop, begun)));
  const hidden = redact(sure);
  const careful = redact(sure, { cut: true });
  // Where both are the same, no secret has begun, unless it is in the last few characters.
  const same = hidden === careful ? hidden.length - UNKNOWN_BEGINNING : lengthOfSame(hidden, careful);
  const shown = hidden.slice(0, Math.max(0, Math.min(same, hidden.length - UNKNOWN_BEGINNING))).trimEnd();
  // Half of a character is none.
  return /[\ud800-\udbff]$/.test(shown) ? shown.slice(0, -1) : shown;
}

function upTo(stop: readonly string[], text: string): string {
  const ends = stop.map((each) => text.indexOf(each)).filter((at) => at >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends)).trimEnd();
}

/** Where reasoning begins, on a line of its own, that has not come to its end; the text's length where there is none. */
function unclosedReasoning(text: string): number {
  const begins = REASONING.flatMap((name) => {
    const lastEnd = Math.max(0, text.lastIndexOf(`</${name}>`));
    const at = text.indexOf(`\n<${name}>`, lastEnd);
    return at < 0 ? [] : [at + 1];
  });
  return Math.min(text.length, ...begins);
}

/** Characters at the end that a stop sequence begins with. */
function beginningAtEnd(stop: readonly string[], text: string): number {
  let most = 0;
  for (const each of stop) {
    for (let length = Math.min(each.length - 1, text.length); length > most; length--) {
      if (text.endsWith(each.slice(0, length))) most = length;
    }
  }
  return most;
}

function lengthOfSame(one: string, other: string): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}

/** What a reader sees between an answer that broke off and the one that another try or model gives. */
export const ANEW = "\n\n---\n\n*The answer broke off. Here it is anew:*\n\n";

/**
 * Makes pieces of an answer that is told as a whole again and again. A reader cannot be made to forget what was sent: an answer
 * that turns out otherwise, of another try, is waited for until it differs, and then told from its beginning behind `ANEW`.
 */
export function createPieces(send: (piece: string) => void): { take(text: string, isWhole: boolean): void } {
  /** What was sent of the answer that is told now; what was sent before it has been given up. */
  let sent = "";
  return {
    take(text, isWhole) {
      if (text.startsWith(sent)) {
        if (text.length > sent.length) send(text.slice(sent.length));
        sent = text;
      } else if (isWhole || !sent.startsWith(text)) {
        send(`${ANEW}${text}`);
        sent = text;
      }
    },
  };
}

/** What stands for text that was taken out. Not nothing: what is left must not join into another look-alike. */
const BLOT = "[…]";
const MOST_PASSES = 8;
/** Characters of the longest way to write a colon that is undone. */
const LONGEST_SIGN = 60;

/** Characters that look like a letter or sign without being a compatibility form of it (Unicode TR 39, the common ones). */
const LOOK_ALIKES = new Map(
  Object.entries({
    a: "аɑαạ",
    c: "сϲ",
    d: "ԁ",
    e: "еɛє",
    i: "іιıɩ",
    j: "ј",
    l: "ӏǀⅼ|",
    m: "м",
    n: "ո",
    o: "оοօσ",
    p: "рρ",
    r: "гᴦ",
    s: "ѕꜱ",
    t: "тτ",
    u: "υսц",
    x: "хχ",
    y: "уγ",
    "<": "‹〈⟨❮ᐸ˂≺«",
    ">": "›〉⟩❯ᐳ˃≻»",
    "/": "⁄∕⧸╱",
    ":": "։∶ː꞉︰",
    "-": "‐‑‒–—−",
  }).flatMap(([plain, alike]) => [...alike].filter((each) => each !== "|").map((each) => [each, plain] as const)),
);
const ENTITIES: Record<string, string> = { lt: "<", gt: ">", sol: "/", vert: "|", lsqb: "[", rsqb: "]", colon: ":" };
/** What can stand for another character than itself. */
const ODD = /[&%\\\u0080-\uffff]/;
/** How HTML, URLs and strings write a character. */
const ESCAPED =
  /&(?:amp;)*(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|sol|vert|lsqb|rsqb|colon));?|%(3c|3e|2f|5b|5d|7c)|\\(?:u00|x)(3c|3e|2f|5b|5d|7c)/iy;
const INVISIBLE = /[\p{Cf}\p{Mn}\p{Me}\u115f\u1160\u3164]/u;

/** Lines around proposals. */
const FENCE = [
  String.raw`<\s*(?:\/\s*)?proposals?(?![a-z/]|\s*\/)(?:[^<>]{0,80}>)?`,
  String.raw`<\s*(?:\/\s*)?proposal\s*\/`,
].join("|");
const FENCE_ALONE = new RegExp(FENCE, "i");
/** Tokens that servers of local models read as such wherever they stand (ChatML, Llama, Mistral, Gemma, DeepSeek). */
const TOKEN =
  /<[|｜][^\s<>|｜]{1,60}[|｜]>|<\/?(?:bos|eos|(?:start|end)_of_turn)>|<<\/?SYS>>|\[\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]/;
/** One of them is a tag of HTML too, which in a pair on one line strikes something out. */
const UNPAIRED = /(?:<s>(?![^<>\n]{1,200}<\/s>)|<\/s>(?<!<s>[^<>\n]{1,200}<\/s>))+/g;
/** What, written plainly, opens or ends a turn or a proposal: lines around proposals, what looks like a token, tags of roles. */
const STRUCTURE = [
  FENCE,
  String.raw`<\s*\|[^<>\n]{0,60}\|\s*>`,
  String.raw`<\s*(?:\/\s*)?(?:bos|eos|(?:start|end)_of_turn)\s*>`,
  String.raw`<\s*<\s*(?:\/\s*)?sys\s*>\s*>`,
  String.raw`\[\s*(?:\/\s*)?(?:inst|system_prompt|available_tools|tool_calls|tool_results)\s*\]`,
  String.raw`<\s*(?:\/\s*)?(?:system|assistant|human|developer|function_calls|tool_calls?|tool_results?)(?:\s*|\s+[^\s<>][^<>]{0,160})>`,
].join("|");
const STRUCTURE_ALONE = new RegExp(STRUCTURE, "gi");
const structureWith = (nonce: string) => new RegExp(`${nonce}|${STRUCTURE}`, "gi");
/** Lines that begin as the turn of who gives orders, or as a part of our own prompts, up to their colon. Dialogues are neither. */
const HEADINGS =
  /^[ \t>#*_[(]*(?:system|developer|original query|synthesized response|final comprehensive answer|(?<=#[ \t]?)(?:instructions?|response|input|new task))(?: (?:message|prompt|override))?[ \t\])*_]*:/gim;
/** A line that opens or closes a block of code, with what follows its fence (CommonMark 4.5), or code within a line. */
const CODE = /^ {0,3}(?:(`{3,})([^`\n]*)|(~{3,})(.*))$|`[^`\n]+`/gm;

/**
 * A proposal with nothing left that imitates the prompt around it: fences and the nonce in any case, spacing, encoding or
 * look-alike characters, tokens of chat templates, tags and lines of roles. In code, fences and tokens alone count. Control
 * characters and those that turn the direction of text are dropped. Everything else stays as it is.
 */
export function harmless(text: string, nonce: string): string {
  const visible = text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu, (each) => (/[\n\t]/.test(each) ? each : ""));
  let shown = visible;
  // What is left after a pass can be another look-alike, now and then.
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const before = shown;
    shown = withoutStructure(before, nonce);
    if (shown === before) break;
  }
  return shown;
}

function withoutStructure(text: string, nonce: string): string {
  const isPlain = !ODD.test(text);
  const structure = isPlain && !text.toLowerCase().includes(nonce) ? STRUCTURE_ALONE : structureWith(nonce);
  // As it is written first: what reads as an entity could hide the nonce in its digits.
  const isCode = codeOf(text);
  const blot = (found: string, plain: string, inCode: boolean) =>
    inCode && !FENCE_ALONE.test(plain) && !TOKEN.test(plain) && !plain.toLowerCase().includes(nonce) ? found : BLOT;
  const once = text.replace(structure, (found, at: number) => blot(found, found, isCode(at))).replace(UNPAIRED, BLOT);
  const plainText = isPlain ? undefined : written(once);
  const blotted = plainText ? replaceAlike(once, structure, blot, plainText) : once;
  const withoutColon = (heading: string) => {
    const colon = /(?:[^\p{L}\p{N}\s\])*_]|&[^;&]*;)$/u.exec(heading.slice(-LONGEST_SIGN));
    return colon ? `${heading.slice(0, -colon[0].length).trimEnd()} –` : heading;
  };
  return replaceAlike(
    blotted,
    HEADINGS,
    (heading, _plain, inCode) => (inCode ? heading : withoutColon(heading)),
    blotted === once ? plainText : undefined,
  );
}

/** Tells of places whether they are code, from the first on. */
function codeOf(text: string): (at: number) => boolean {
  const spans = codeSpans(text);
  let span = spans.next().value;
  return (at) => {
    while (span && span.end <= at) span = spans.next().value;
    return span !== undefined && span.start <= at;
  };
}

/** Blocks of code, from their first line to their last or to the end of the text, and code within a line; in linear time. */
function* codeSpans(text: string): Generator<{ start: number; end: number }, undefined> {
  let open: { start: number; fence: string } | undefined;
  for (const { 0: line, 1: ticks, 2: afterTicks, 3: tildes, 4: afterTildes, index } of text.matchAll(CODE)) {
    const fence = ticks ?? tildes;
    const end = index + line.length;
    if (open === undefined) {
      if (fence === undefined) yield { start: index, end };
      else open = { start: index, fence };
    } else if (fence?.startsWith(open.fence) && (afterTicks ?? afterTildes ?? "").trim() === "") {
      yield { start: open.start, end };
      open = undefined;
    }
  }
  if (open) yield { start: open.start, end: text.length };
  return undefined;
}

/** Replaces what matches once it is written plainly; `by` is told how that reads, and whether it is code. */
function replaceAlike(
  text: string,
  pattern: RegExp,
  by: (found: string, plain: string, inCode: boolean) => string,
  plainText: Written | undefined = ODD.test(text) ? written(text) : undefined,
): string {
  const isCode = codeOf(text);
  if (!plainText) return text.replace(pattern, (found, at: number) => by(found, found, isCode(at)));
  const { plain } = plainText;
  const placeOf = placesOf(plainText);
  let result = "";
  let done = 0;
  for (const match of plain.matchAll(pattern)) {
    const { start } = placeOf(match.index);
    const { end } = placeOf(match.index + match[0].length - 1);
    result += text.slice(done, start) + by(text.slice(start, end), match[0], isCode(start));
    done = end;
  }
  return result + text.slice(done);
}

/** A text in plain characters, and what of it is longer or shorter than in the text: where it is in both, up to where. */
interface Written {
  plain: string;
  shifts: { at: number[]; until: number[]; from: number[]; to: number[] };
}

function written(text: string): Written {
  const shifts: Written["shifts"] = { at: [], until: [], from: [], to: [] };
  let plain = "";
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    const source =
      code > 0x7f ? text.slice(at, at + (text.codePointAt(at)! > 0xffff ? 2 : 1)) : escapedAt(text, at, code);
    const now = source === undefined ? undefined : code > 0x7f ? plainly(source) : unescaped(source);
    const length = source?.length ?? 1;
    if (now !== undefined && now !== source) {
      plain += text.slice(done, at) + now;
      done = at + length;
      if (now.length !== length) {
        shifts.at.push(plain.length - now.length);
        shifts.until.push(plain.length);
        shifts.from.push(at);
        shifts.to.push(done);
      }
    }
    at += length;
  }
  return { plain: plain + text.slice(done), shifts };
}

/** Tells where in the text a place of the plain one comes from, from the first on. */
function placesOf({ shifts: { at, until, from, to } }: Written): (place: number) => { start: number; end: number } {
  let last = -1;
  return (place) => {
    while (last + 1 < at.length && at[last + 1]! <= place) last += 1;
    if (last >= 0 && place < until[last]!) return { start: from[last]!, end: to[last]! };
    const start = last < 0 ? place : to[last]! + place - until[last]!;
    return { start, end: start + 1 };
  };
}

function escapedAt(text: string, at: number, code: number): string | undefined {
  if (code !== 38 && code !== 37 && code !== 92) return undefined;
  ESCAPED.lastIndex = at;
  return ESCAPED.exec(text)?.[0];
}

function unescaped(source: string): string {
  ESCAPED.lastIndex = 0;
  const [, decimal, hex, name, percent, escaped] = ESCAPED.exec(source)!;
  if (name !== undefined) return ENTITIES[name.toLowerCase()]!;
  const code = decimal === undefined ? Number.parseInt(hex ?? percent ?? escaped ?? "", 16) : Number(decimal);
  return code <= 0x10ffff ? plainly(String.fromCodePoint(code)) : source;
}

const MOST_KNOWN = 20_000;
const known = new Map<string, string>();

function plainly(character: string): string {
  let plain = known.get(character);
  if (plain === undefined) {
    plain = readPlainly(character);
    if (known.size < MOST_KNOWN) known.set(character, plain);
  }
  return plain;
}

function readPlainly(character: string): string {
  if (character <= "\u007f") return character;
  if (INVISIBLE.test(character)) return "";
  const known = LOOK_ALIKES.get(character) ?? LOOK_ALIKES.get(character.toLowerCase());
  if (known !== undefined) return known;
  // Letters with marks and compatibility forms (full width, mathematical, circled) are the letters alone.
  const plain = character.normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.length <= 4 ? (LOOK_ALIKES.get(plain) ?? plain) : character[0]!;
}

const FAMILY =
  "(?:chat-?gpt|gpt|o[1-9]|claude|gemini|gemma|bard|llama|meta ai|mistral|mixtral|qwen|deepseek|grok|command r|phi|copilot|smollm\\d?)";
const VERSION =
  "(?:[ -]?(?:v?\\d[\\w.:]*(?![\\w.:])|opus|sonnet|haiku|turbo|pro|ultra|flash|nano|mini|large|small|medium|instruct|chat|coder|max))*";
const NAME = `(?:${FAMILY}${VERSION}|an? (?:\\w+ )?(?:ai|artificial intelligence|(?:large )?language model)\\b[^,.!?\\n]{0,60})`;
const AS_MODEL = new RegExp(`^\\s*as ${NAME}(?: (?:by|from) [\\w ]{1,20})?,\\s+(?=\\S)`, "i");
const I_AM_MODEL = new RegExp(
  `^\\s*(?:(?:hi|hello|hey)(?: there)?[,.!]+ )?(?:i am|i'm|i’m|my name is|this is) ${NAME}(?:, [^.!?\\n]{0,100}| (?:by|from) [\\w ]{1,20})?[.!]\\s+(?=\\S)`,
  "i",
);

/** Characters of a proposal in which its author's name is looked for. */
const LONGEST_BEGINNING = 600;

/** A proposal without a beginning that says which model wrote it, where something else follows. */
export function anonymous(text: string): string {
  const start = text.slice(0, LONGEST_BEGINNING);
  const left = start.replace(I_AM_MODEL, "").replace(AS_MODEL, "");
  if (left === start) return text;
  const rest = left + text.slice(LONGEST_BEGINNING);
  return rest.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

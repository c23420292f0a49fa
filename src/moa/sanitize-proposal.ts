/** What stands for text that was taken out. Not nothing: what is left must not join into another look-alike. */
const BLOT = "[…]";
const MOST_PASSES = 8;

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
/** Some characters that stand for themselves; or one, or how HTML, URLs and strings write one. */
const CHARACTER =
  /([^&%\\\u0080-\u{10ffff}]+)|&(?:amp;)*(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|sol|vert|lsqb|rsqb|colon));?|%(3c|3e|2f|5b|5d|7c)|\\(?:u00|x)(3c|3e|2f|5b|5d|7c)|./gisu;
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
const UNPAIRED = /<s>(?![^<>\n]{1,200}<\/s>)|<\/s>(?<!<s>[^<>\n]{1,200}<\/s>)/g;
/** What, written plainly, opens or ends a turn or a proposal: lines around proposals, what looks like a token, tags of roles. */
const STRUCTURE = [
  FENCE,
  String.raw`<\s*\|[^<>\n]{0,60}\|\s*>`,
  String.raw`<\s*(?:\/\s*)?(?:bos|eos|(?:start|end)_of_turn)\s*>`,
  String.raw`<\s*<\s*(?:\/\s*)?sys\s*>\s*>`,
  String.raw`\[\s*(?:\/\s*)?(?:inst|system_prompt|available_tools|tool_calls|tool_results)\s*\]`,
  String.raw`<\s*(?:\/\s*)?(?:system|assistant|human|developer|function_calls|tool_calls?|tool_results?)(?:\s[^<>]{0,80})?\s*>`,
].join("|");
const STRUCTURE_ALONE = new RegExp(STRUCTURE, "gi");
const structureWith = (nonce: string) => new RegExp(`${nonce}|${STRUCTURE}`, "gi");
/** Lines that begin as the turn of who gives orders, or as a part of our own prompts, up to their colon. Dialogues are neither. */
const HEADINGS =
  /^[ \t>#*_[(]*(?:system|developer|original query|synthesized response|final comprehensive answer|(?<=#[ \t]?)(?:instructions?|response|input|new task))(?: (?:message|prompt|override))?[ \t\])*_]*:/gim;
/** Blocks of code, from their first line to their last or to the end of the text, and code within a line. */
const CODE = /^ {0,3}(`{3,}|~{3,})[^\n`]*\n[\s\S]*?(?:^ {0,3}\1[`~]*[ \t]*$|(?![\s\S]))|`[^`\n]+`/gm;

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
  const blotted = isPlain ? once : replaceAlike(once, structure, blot);
  return replaceAlike(blotted, HEADINGS, (heading, _plain, inCode) =>
    inCode ? heading : heading.replace(/\s*(?:[^\p{L}\p{N}\s\])*_]|&[^;]*;)$/u, " –"),
  );
}

/** Tells of places whether they are code, from the first on. */
function codeOf(text: string): (at: number) => boolean {
  const spans = text.matchAll(CODE);
  let span = spans.next().value;
  return (at) => {
    while (span && span.index + span[0].length <= at) span = spans.next().value;
    return span !== undefined && span.index <= at;
  };
}

/** Replaces what matches once it is written plainly; `by` is told how that reads, and whether it is code. */
function replaceAlike(
  text: string,
  pattern: RegExp,
  by: (found: string, plain: string, inCode: boolean) => string,
): string {
  const isCode = codeOf(text);
  if (!ODD.test(text)) return text.replace(pattern, (found, at: number) => by(found, found, isCode(at)));
  const { plain, from, to } = written(text);
  let result = "";
  let done = 0;
  for (const match of plain.matchAll(pattern)) {
    const start = from[match.index]!;
    const end = to[match.index + match[0].length - 1]!;
    result += text.slice(done, start) + by(text.slice(start, end), match[0], isCode(start));
    done = end;
  }
  return result + text.slice(done);
}

/** The text in plain characters, and where in the text each code unit of them comes from. */
function written(text: string): { plain: string; from: number[]; to: number[] } {
  let plain = "";
  const from: number[] = [];
  const to: number[] = [];
  for (const match of text.matchAll(CHARACTER)) {
    const { 0: source, 1: themselves, 2: decimal, 3: hex, 4: name, 5: percent, 6: escaped, index } = match;
    if (themselves !== undefined) {
      plain += themselves;
      for (let at = index; at < index + themselves.length; at++) {
        from.push(at);
        to.push(at + 1);
      }
      continue;
    }
    const code = decimal === undefined ? Number.parseInt(hex ?? percent ?? escaped ?? "", 16) : Number(decimal);
    const known = code <= 0x10ffff ? String.fromCodePoint(code) : source;
    const written = plainly(name === undefined ? known : ENTITIES[name.toLowerCase()]!);
    plain += written;
    for (let unit = 0; unit < written.length; unit++) {
      from.push(index);
      to.push(index + source.length);
    }
  }
  return { plain, from, to };
}

function plainly(character: string): string {
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
  "(?:[ -]?(?:v?\\d[\\w.:]*|opus|sonnet|haiku|turbo|pro|ultra|flash|nano|mini|large|small|medium|instruct|chat|coder|max))*";
const NAME = `(?:${FAMILY}${VERSION}|an? (?:\\w+ )?(?:ai|artificial intelligence|(?:large )?language model)\\b[^,.!?\\n]{0,60})`;
const AS_MODEL = new RegExp(`^\\s*as ${NAME}(?: (?:by|from) [\\w ]{1,20})?,\\s+(?=\\S)`, "i");
const I_AM_MODEL = new RegExp(
  `^\\s*(?:(?:hi|hello|hey)(?: there)?[,.!]+ )?(?:i am|i'm|i’m|my name is|this is) ${NAME}(?:, [^.!?\\n]{0,100}| (?:by|from) [\\w ]{1,20})?[.!]\\s+(?=\\S)`,
  "i",
);

/** A proposal without a beginning that says which model wrote it, where something else follows. */
export function anonymous(text: string): string {
  const rest = text.replace(I_AM_MODEL, "").replace(AS_MODEL, "");
  return rest === text ? text : rest.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

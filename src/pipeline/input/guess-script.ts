/**
 * Tells the encoding of a few words in a script other than Latin, where statistics of the language have too little to go by. Each
 * encoding gives bytes a probability, by the rows of its table that hold the common characters, and by frequent letters.
 */

/** Bits a byte that text in the right encoding takes at most; of a wrong one more are needed. */
const MAX_BITS = 7;
/** Bytes that are looked at. */
const MAX_BYTES = 4096;

/** The length of the character at the first of two bytes and its probability; 0 where there is none. */
type Model = (first: number, second: number) => readonly [length: number, probability: number];

const NONE = [1, 0] as const;
const isRow = (byte: number, from: number, to: number): boolean => byte >= from && byte <= to;
const isHigh = (byte: number): boolean => isRow(byte, 0xa1, 0xfe);
const isTrail = (byte: number): boolean => isRow(byte, 0x40, 0x7e) || isRow(byte, 0x80, 0xfe);

const EAST_ASIAN: Record<string, Model> = {
  // KS X 1001: Hangul syllables; signs and Chinese characters.
  "euc-kr": (first, second) =>
    isHigh(first) && isHigh(second) ? [2, isRow(first, 0xb0, 0xc8) ? 0.95 / (25 * 94) : 0.05 / (69 * 94)] : NONE,
  // GB 2312: level 1 by pronunciation, level 2, punctuation; what GBK adds is rare.
  gb18030: (first, second) => {
    if (!isRow(first, 0x81, 0xfe) || !isTrail(second)) return NONE;
    if (!isHigh(first) || !isHigh(second)) return [2, 4e-8];
    if (isRow(first, 0xb0, 0xc8)) return [2, 0.58 / (25 * 94)];
    if (isRow(first, 0xc9, 0xd7)) return [2, 0.34 / (15 * 94)];
    return [2, isRow(first, 0xd8, 0xf7) ? 0.05 / (32 * 94) : 0.03 / (22 * 94)];
  },
  // JIS X 0208: kana, punctuation, level 1 and 2 of the Chinese characters.
  "euc-jp": (first, second) => {
    if (!isHigh(first) || !isHigh(second)) return NONE;
    if (first === 0xa4) return [2, 0.4 / 83];
    if (first === 0xa5) return [2, 0.15 / 86];
    if (isRow(first, 0xb0, 0xcf)) return [2, 0.35 / (32 * 94)];
    return [2, first < 0xb0 ? 0.05 / (13 * 94) : 0.05 / (47 * 94)];
  },
  shift_jis: (first, second) => {
    if (isRow(first, 0xa1, 0xdf)) return [1, 0.01 / 63];
    if (!isRow(first, 0x81, 0xea) || !isTrail(second) || second > 0xfc) return NONE;
    if (first === 0x82) return [2, second >= 0x9f ? 0.4 / 83 : 0.01 / 62];
    if (first === 0x83 && second <= 0x96) return [2, 0.15 / 86];
    if (isRow(first, 0x88, 0x97)) return [2, 0.35 / 3000];
    return [2, first < 0x88 ? 0.05 / 470 : 0.04 / 3400];
  },
  // Big5: level 1 by strokes, punctuation, level 2.
  big5: (first, second) => {
    if (!isRow(first, 0xa1, 0xf9) || !(isRow(second, 0x40, 0x7e) || isHigh(second))) return NONE;
    if (isRow(first, 0xa4, 0xc6)) return [2, 0.9 / (35 * 157)];
    return [2, first < 0xa4 ? 0.05 / (3 * 157) : 0.05 / (51 * 157)];
  },
};

/** What is written in one byte a letter. */
interface Alphabet {
  /** Encodings, with bits that the rare ones have to be better by. */
  encodings: Record<string, number>;
  /** The small letters that three of four are, and all. */
  frequent: string;
  letters: RegExp;
  /** Probability of each of the other ones. */
  rare: number;
}

const ALPHABETS: readonly Alphabet[] = [
  {
    encodings: { "windows-1251": 0, "koi8-r": 0, ibm866: 4, "iso-8859-5": 4 },
    frequent: "оеаинтсрвлкмд",
    letters: /[а-яёіїєґ]/,
    rare: 0.01,
  },
  { encodings: { "windows-1253": 0, "iso-8859-7": 0 }, frequent: "αοιετσνηυρπκς", letters: /[α-ώΐ]/, rare: 0.01 },
  { encodings: { "windows-1255": 0 }, frequent: "יוהלארבמתשםעד", letters: /[א-ת]/, rare: 0.01 },
  { encodings: { "windows-1256": 0 }, frequent: "اليمنوتربعد", letters: /[\u0621-\u064a]/, rare: 0.005 },
  { encodings: { "windows-874": 4 }, frequent: "านรอกเงสมยลว่", letters: /[\u0e01-\u0e5b]/, rare: 0.0025 },
];

/** The encoding that the bytes beyond ASCII are likeliest to be text of; undefined where none is likely. */
export function guessScript(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, MAX_BYTES);
  const { runs, before, beside } = countRuns(sample);
  // Letters with accents stand among others. A second byte may be a letter, where the encoding has such.
  const apart = 3 * beside < runs;
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  const consider = (encoding: string, { bits, length }: Cost, handicap = 0): void => {
    if (length === 0 || bits > MAX_BITS * length || bits + handicap >= least) return;
    least = bits + handicap;
    best = encoding;
  };
  for (const [encoding, model] of Object.entries(EAST_ASIAN)) {
    const mixes = encoding === "shift_jis" || encoding === "big5";
    if (apart || (mixes && 2 * before < runs)) consider(encoding, costOfPairs(sample, model));
  }
  if (!apart) return best;
  for (const alphabet of ALPHABETS) {
    for (const [encoding, handicap] of Object.entries(alphabet.encodings)) {
      consider(encoding, costOfLetters(sample, encoding, alphabet), handicap);
    }
  }
  return best;
}

/** How many runs of bytes beyond ASCII there are, how many have an ASCII letter right before, and how many on either side. */
function countRuns(bytes: Uint8Array): { runs: number; before: number; beside: number } {
  let runs = 0;
  let before = 0;
  let beside = 0;
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] as number) < 0x80) continue;
    const begin = at;
    while ((bytes[at + 1] ?? 0) >= 0x80) at++;
    const leads = isLetter(bytes[begin - 1]);
    runs++;
    if (leads) before++;
    if (leads || isLetter(bytes[at + 1])) beside++;
  }
  return { runs, before, beside };
}

function isLetter(byte = 0): boolean {
  return isRow(byte | 0x20, 0x61, 0x7a);
}

/** Bits that characters take, and bytes that they are of. */
interface Cost {
  bits: number;
  length: number;
}

function costOfPairs(bytes: Uint8Array, model: Model): Cost {
  const cost = { bits: 0, length: 0 };
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    if (first < 0x80) {
      at++;
      continue;
    }
    const [length, probability] = model(first, bytes[at + 1] ?? 0);
    if (probability === 0 && at + 1 < bytes.length) return { bits: Number.POSITIVE_INFINITY, length: 1 };
    cost.bits -= probability === 0 ? 0 : Math.log2(probability);
    cost.length += length;
    at += length;
  }
  return cost;
}

function costOfLetters(bytes: Uint8Array, encoding: string, { frequent, letters, rare }: Alphabet): Cost {
  const cost = { bits: 0, length: 0 };
  let afterSmall = false;
  for (const character of new TextDecoder(encoding).decode(bytes)) {
    const small = letters.test(character);
    if (character >= "\x80") {
      const capital = !small && letters.test(character.toLowerCase());
      let probability = small ? rare : 0.0002;
      if (small && frequent.includes(character)) probability = 0.06;
      if (capital) probability = afterSmall ? 0.0001 : 0.003;
      cost.bits -= Math.log2(probability);
      cost.length++;
    }
    afterSmall = small;
  }
  return cost;
}

/** Estimates how many tokens a text is, and gets better by what providers report. */
export interface TokenEstimator {
  /** Tokens of a text for a model (`provider/model`), or for an average one. Linear in the length of the text. */
  estimate(text: string, model?: string): number;
  /**
   * Tokens that a text is at most, for sums that must not be exceeded. What was learned only raises it, for prose says nothing
   * of the next prompt's base64.
   */
  most(text: string, model?: string): number;
  /** Takes in how many tokens a prompt really was. */
  learn(model: string, text: string, actualTokens: number): void;
}

/**
 * Tokens of a character by its class: deliberately a little high, for a prompt that does not fit costs a whole call. Tokenizers
 * differ by class more than as a whole: one that packs English well may take three tokens for a kanji.
 */
const LETTER = 0.28;
const SPACE = 0.12;
const SIGN = 0.5;
const WIDE = 1.1;
const OTHER = 0.6;
/** Half of a surrogate pair. */
const EMOJI = 1.3;

/**
 * A tokenizer falls back to the bytes of UTF-8 at worst. Of ASCII letters and spaces even random ones need no more than this, with
 * cl100k, o200k and the 32 000 tokens of Llama 2; only white space of all kinds in random order can, with the last of these.
 */
const MOST_OF_LETTER = 0.8;
const MOST_OF_SPACE = 0.6;
/** Of what is estimated, for models that count in another way. */
const MOST_OF_ESTIMATE = 1.75;

/** The classes that a factor is learned for: letters and spaces, digits and signs, scripts without spaces, other scripts, emoji. */
const CLASSES = 5;
const WEIGHTS = [LETTER, SPACE, SIGN, WIDE, OTHER, EMOJI];
const CLASS_OF_WEIGHT = [0, 0, 1, 2, 3, 4];

/** A factor stays within these, whatever is reported. */
const LEAST = 0.3;
const MOST = 4;
/** What is reported beyond these was counted otherwise: without the cached part, or of a prompt that was cut. */
const LEAST_REPORT = 0.33;
const MOST_REPORT = 4;
const LEARNING_RATE = 0.3;
/** How far (as a ratio) one report can move an estimate that several others have made. */
const MOST_STEP = 1.4;
/** Shorter prompts say more about the chat template than about the text. */
const WORTH_LEARNING = 50;

/** Index into WEIGHTS by UTF-16 code unit. */
const weightOf = weightTable();

interface Learned {
  factors: number[];
  /** How much of each class was seen, in prompts. */
  seen: number[];
}

/** A new estimator that has learned nothing yet. */
export function createTokenEstimator(): TokenEstimator {
  const models = new Map<string, Learned>();
  return {
    estimate(text, model) {
      const factors = model === undefined ? undefined : models.get(model)?.factors;
      return Math.ceil(total(count(text), factors));
    },
    most(text, model) {
      const factors = model === undefined ? undefined : models.get(model)?.factors;
      const units = unitsOf(text);
      const counts = countsOf(units);
      const [letters, spaces] = units as [number, number];
      const bytes = Buffer.byteLength(text) - letters * (1 - MOST_OF_LETTER) - spaces * (1 - MOST_OF_SPACE);
      return Math.ceil(Math.max(bytes, MOST_OF_ESTIMATE * Math.max(total(counts, undefined), total(counts, factors))));
    },
    /**
     * How many tokens were of which class is not reported, so the difference is shared out: a class takes part by its share of
     * the prompt (the smallest change of the factors that explains the report), and believes it the less the more it has seen.
     */
    learn(model, text, actualTokens) {
      const counts = count(text);
      const learned = models.get(model) ?? { factors: Array(CLASSES).fill(1), seen: Array(CLASSES).fill(0) };
      const estimated = total(counts, learned.factors);
      const ratio = actualTokens / estimated;
      if (estimated < WORTH_LEARNING || !(ratio >= LEAST_REPORT && ratio <= MOST_REPORT)) return;
      const shares = counts.map((tokens, index) => (tokens * learned.factors[index]!) / estimated);
      const squares = shares.reduce((sum, share) => sum + share * share, 0);
      for (const [index, share] of shares.entries()) {
        if (share === 0) continue;
        const seen = learned.seen[index]!;
        const step = seen >= 2 ? Math.min(MOST_STEP, Math.max(1 / MOST_STEP, ratio)) : ratio;
        const rate = Math.max(LEARNING_RATE, 1 / (1 + seen));
        const factor = learned.factors[index]! * step ** Math.min(1, (rate * share) / squares);
        learned.factors[index] = Math.min(MOST, Math.max(LEAST, factor));
        learned.seen[index] = seen + share;
      }
      models.set(model, learned);
    },
  };
}

/** Tokens of a text for an average model, by class. */
function count(text: string): number[] {
  return countsOf(unitsOf(text));
}

function countsOf(units: readonly number[]): number[] {
  const counts = Array<number>(CLASSES).fill(0);
  for (const [index, number] of units.entries()) counts[CLASS_OF_WEIGHT[index]!]! += number * WEIGHTS[index]!;
  return counts;
}

/** How many code units of a text have which weight. */
function unitsOf(text: string): number[] {
  const units = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) units[weightOf[text.charCodeAt(i)]!]! += 1;
  return units;
}

function total(counts: readonly number[], factors: readonly number[] | undefined): number {
  return counts.reduce((sum, tokens, index) => sum + tokens * (factors?.[index] ?? 1), 0);
}

function weightTable(): Uint8Array {
  const table = new Uint8Array(0x10000).fill(WEIGHTS.indexOf(OTHER));
  const give = (weight: number, from: number, to = from) => table.fill(WEIGHTS.indexOf(weight), from, to + 1);
  give(SIGN, 0, 0x7f);
  for (const space of [9, 10, 13, 32]) give(SPACE, space);
  give(LETTER, 65, 90);
  give(LETTER, 97, 122);
  // Arrows, dingbats and other pictures.
  give(EMOJI, 0x2190, 0x2bff);
  // CJK, kana, hangul and their wide forms.
  give(WIDE, 0x2e80, 0xd7ff);
  give(EMOJI, 0xd800, 0xdfff);
  give(WIDE, 0xf900, 0xffff);
  return table;
}

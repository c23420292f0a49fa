/** Estimates how many tokens a text is, and gets better by what providers report. */
export interface TokenEstimator {
  /** Tokens of a text for a model (`provider/model`), or for an average one. Linear in the length of the text. */
  estimate(text: string, model?: string): number;
  /** Takes in how many tokens a prompt really was. */
  learn(model: string, text: string, actualTokens: number): void;
}

/** Tokens of a character by its class: deliberately a little high, for a prompt that does not fit costs a whole call. */
const LETTER = 0.28;
const DIGIT = 0.5;
const SPACE = 0.12;
const SIGN = 0.5;
const WIDE = 1.1;
const OTHER = 0.6;
/** Runs of one character compress, but not in every tokenizer. */
const LEAST = 0.5;
const MOST = 3;
const LEARNING_RATE = 0.3;
/** Shorter prompts say more about the chat template than about the text. */
const WORTH_LEARNING = 50;

/** A new estimator that has learned nothing yet. */
export function createTokenEstimator(): TokenEstimator {
  const factors = new Map<string, number>();
  return {
    estimate(text, model) {
      return Math.ceil(count(text) * (model === undefined ? 1 : (factors.get(model) ?? 1)));
    },
    learn(model, text, actualTokens) {
      const estimated = count(text);
      if (estimated < WORTH_LEARNING || actualTokens <= 0) return;
      const seen = Math.min(MOST, Math.max(LEAST, actualTokens / estimated));
      const old = factors.get(model);
      factors.set(model, old === undefined ? seen : old + (seen - old) * LEARNING_RATE);
    },
  };
}

function count(text: string): number {
  let tokens = 0;
  for (let i = 0; i < text.length; i++) tokens += weight(text.charCodeAt(i));
  return tokens;
}

function weight(code: number): number {
  if (code < 0x80) {
    if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) return LETTER;
    if (code === 32 || code === 10 || code === 9 || code === 13) return SPACE;
    if (code >= 48 && code <= 57) return DIGIT;
    return SIGN;
  }
  // Scripts without spaces (CJK, kana, hangul) and halves of surrogate pairs.
  if ((code >= 0x2e80 && code <= 0xdfff) || code >= 0xf900) return WIDE;
  return OTHER;
}

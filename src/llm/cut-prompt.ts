/** Contexts are set in such steps. */
const STEP = 1024;
/** How many times more than was read a prompt has to be, so that it was cut for sure. */
const SURE = 1.4;
/** Characters of scripts without spaces that one token holds at most, on average. */
const WIDE_IN_A_TOKEN = 4;

/**
 * The tokens that a text is at least: tokenizers cut it at the borders of words before anything else, so that no token holds two.
 * Signs and white space do not count, for any number of them can be one token, and neither does the length of a word.
 */
export function leastTokens(text: string): number {
  let tokens = 0;
  let wide = 0;
  for (const [word] of text.matchAll(/[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}]+|[\p{L}\p{M}'’]+|\p{N}+/gu)) {
    if (/^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}]/u.test(word)) wide += word.length;
    else if (/[\p{L}\p{N}]/u.test(word)) tokens += 1;
  }
  return tokens + Math.floor(wide / WIDE_IN_A_TOKEN);
}

/**
 * The context in tokens that a prompt was cut to without a word, as Ollama does: it drops the beginning and answers the rest. Then
 * it reports exactly its context size as the prompt's tokens, or half of it and two. Undefined: the prompt may be whole.
 */
export function cutTo(prompt: string, reported: number): number | undefined {
  const over = reported % STEP;
  if (reported < STEP || (over !== 0 && over !== 2)) return undefined;
  return leastTokens(prompt) >= SURE * reported ? reported - over : undefined;
}

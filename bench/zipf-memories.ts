import type { NewMemory } from "../src/memory/store.ts";

/**
 * Made-up memories of about 120 characters with everything on (tags, source, speaker, kind, time), the same at every run. Their
 * words are as frequent as words are (Zipf's law): the word of rank r comes up in proportion to 1 / (r + 10). Of each
 * conversation there are 20, of one day.
 */
export interface MemoryMaker {
  /** The memory of this number. All are different. */
  memory(number: number): NewMemory & { content: string };
  /** The word of this rank; 0 is the most frequent one. */
  word(rank: number): string;
  /** A word of a rank as likely as in the memories. */
  anyWord(random: () => number): string;
}

const WORDS = 30_000;
const WORDS_EACH = 22;
const CONVERSATION = 20;
const DAY_MS = 86_400_000;
/** The days on which conversations take place: ten years. */
const FIRST_DAY = Date.UTC(2016, 0);
const DAYS = 3653;

export function createMemoryMaker(): MemoryMaker {
  const sums = new Float64Array(WORDS);
  let sum = 0;
  for (let rank = 0; rank < WORDS; rank++) sums[rank] = sum += 1 / (rank + 10);
  const words = Array.from({ length: WORDS }, (_, rank) => spell(rank));
  const anyWord = (random: () => number): string => {
    const wanted = random() * sum;
    let [low, high] = [0, WORDS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return words[low] as string;
  };
  return {
    word: (rank) => words[rank] as string,
    anyWord,
    memory(number) {
      const random = createRandom(number + 1);
      const conversation = Math.floor(number / CONVERSATION);
      const text = Array.from({ length: WORDS_EACH }, () => anyWord(random)).join(" ");
      return {
        content: `${text.slice(0, 112)} ${number}.`,
        tags: [`topic ${Math.floor(random() * 50)}`, `project ${Math.floor(random() * 20)}`],
        source: `conversation ${conversation}`,
        speaker: SPEAKERS[Math.floor(random() * SPEAKERS.length)],
        kind: KINDS[Math.floor(random() * KINDS.length)],
        occurred_at: new Date(FIRST_DAY + Math.floor(createRandom(conversation)() * DAYS) * DAY_MS)
          .toISOString()
          .slice(0, 10),
      };
    },
  };
}

const SPEAKERS = ["Ana", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro"];
const KINDS = ["fact", "preference", "event", "decision"];
const CONSONANTS = "bdfgklmnprtvz";
const VOWELS = "aiou";

/** A word that no other rank has, and that the stemmer leaves alone. */
function spell(rank: number): string {
  let [word, rest] = ["", rank];
  do {
    word += CONSONANTS[rest % CONSONANTS.length];
    rest = Math.floor(rest / CONSONANTS.length);
    word += VOWELS[rest % VOWELS.length];
    rest = Math.floor(rest / VOWELS.length);
  } while (rest > 0);
  return `${word}${word.length < 4 ? "mu" : ""}k`;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A share with the interval of 95 % that it is known to lie in. All from 0 to 1. */
export interface Interval {
  estimate: number;
  low: number;
  high: number;
}

/** How one contestant did against another, question by question. */
export interface Outcomes {
  wins: number;
  ties: number;
  losses: number;
}

/** Of the normal distribution: 97.5 % and 80 %. */
const Z_95 = 1.959964;
const Z_POWER = 0.841621;

/** The score interval of a share of successes (E. B. Wilson, 1927, JASA 22:209–212). Without any trial, everything is possible. */
export function successInterval(successes: number, trials: number): Interval {
  if (trials === 0) return { estimate: 0.5, low: 0, high: 1 };
  const share = successes / trials;
  const z2 = Z_95 ** 2;
  const centre = (successes + z2 / 2) / (trials + z2);
  const half = (Z_95 / (trials + z2)) * Math.sqrt(trials * share * (1 - share) + z2 / 4);
  return { estimate: share, low: clamp(Math.min(centre - half, share)), high: clamp(Math.max(centre + half, share)) };
}

/**
 * The win rate, ties counted half, with the interval of matched pairs that adds half a pair to each kind of outcome (A. Agresti,
 * Y. Min, 2005, Statistics in Medicine 24:729–740). Many ties make it narrower, as they should: they say that there is little
 * difference.
 */
export function winInterval({ wins, ties, losses }: Outcomes): Interval {
  const pairs = wins + ties + losses;
  if (pairs === 0) return { estimate: 0.5, low: 0, high: 1 };
  const { difference, discordant, total } = adjusted({ wins, ties, losses });
  const half = Z_95 * Math.sqrt((discordant - difference ** 2) / total);
  const estimate = (wins + ties / 2) / pairs;
  const low = clamp((1 + difference - half) / 2);
  const high = clamp((1 + difference + half) / 2);
  return { estimate, low: Math.min(low, estimate), high: Math.max(high, estimate) };
}

/**
 * How likely at least so great a lead is, of either one, where neither is better: the exact sign test, ties left out. Of few
 * questions the interval promises too much: its 95 % are 89 % at worst (10 questions without ties). This test never does.
 */
export function signTest({ wins, losses }: Outcomes): number {
  const trials = wins + losses;
  let term = -trials * Math.LN2;
  let tail = 0;
  for (let few = 0; few <= Math.min(wins, losses); few++) {
    tail += Math.exp(term);
    term += Math.log((trials - few) / (few + 1));
  }
  return Math.min(1, 2 * tail);
}

/**
 * About how many more questions would show a difference of the size that was seen, in four of five such trials (R. J. Connor,
 * 1987, Biometrics 43:207–211). Undefined where no difference was seen at all.
 */
export function moreQuestions(outcomes: Outcomes): number | undefined {
  if (outcomes.wins === outcomes.losses) return undefined;
  const { difference, discordant } = adjusted(outcomes);
  const spread = Z_95 * Math.sqrt(discordant) + Z_POWER * Math.sqrt(discordant - difference ** 2);
  const needed = Math.ceil(spread ** 2 / difference ** 2);
  return Math.max(1, needed - outcomes.wins - outcomes.ties - outcomes.losses);
}

/** With half a pair more of each kind: a win, a loss and both kinds of ties. */
function adjusted({ wins, ties, losses }: Outcomes): { difference: number; discordant: number; total: number } {
  const total = wins + ties + losses + 2;
  return { difference: (wins - losses) / total, discordant: (wins + losses + 1) / total, total };
}

/** The smallest value that at least this share of the values does not exceed; undefined of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Undefined of none. */
export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

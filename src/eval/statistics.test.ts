import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mean, moreQuestions, quantile, signTest, successInterval, winInterval } from "./statistics.ts";

const logFactorials = [0];
for (let n = 1; n <= 400; n++) logFactorials.push(logFactorials[n - 1]! + Math.log(n));

/** The probability of these counts where each trial has one of these outcomes. */
function probability(counts: readonly number[], shares: readonly number[]): number {
  const n = counts.reduce((sum, count) => sum + count, 0);
  let log = logFactorials[n]!;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && shares[index] === 0) return 0;
    log += (count > 0 ? count * Math.log(shares[index]!) : 0) - logFactorials[count]!;
  }
  return Math.exp(log);
}

/** How often the interval of successes holds the true share, over everything that can happen. */
function successCoverage(trials: number, share: number): number {
  let held = 0;
  for (let successes = 0; successes <= trials; successes++) {
    const { low, high } = successInterval(successes, trials);
    if (low <= share && share <= high) held += probability([successes, trials - successes], [share, 1 - share]);
  }
  return held;
}

function winCoverage(pairs: number, win: number, loss: number): number {
  const rate = win + (1 - win - loss) / 2;
  let held = 0;
  for (let wins = 0; wins <= pairs; wins++) {
    for (let losses = 0; wins + losses <= pairs; losses++) {
      const ties = pairs - wins - losses;
      const { low, high } = winInterval({ wins, ties, losses });
      if (low <= rate && rate <= high) held += probability([wins, ties, losses], [win, 1 - win - loss, loss]);
    }
  }
  return held;
}

describe("the interval of a share of right answers", () => {
  it("is Wilson's: 81 of 263 is 25.5 to 36.6 %", () => {
    const { estimate, low, high } = successInterval(81, 263);
    expect([estimate, low, high].map((value) => value.toFixed(4))).toEqual(["0.3080", "0.2553", "0.3662"]);
  });

  it("holds the truth 95 times of 100 on average, and hardly ever much less, however few the questions are", () => {
    for (const trials of [5, 10, 30, 100]) {
      const coverages = Array.from({ length: 99 }, (_, index) => successCoverage(trials, (index + 1) / 100));
      expect(mean(coverages)).toBeGreaterThan(0.945);
      expect(mean(coverages)).toBeLessThan(0.97);
      expect(Math.min(...coverages)).toBeGreaterThan(0.83);
    }
  });
});

describe("the interval of a win rate", () => {
  it("holds the truth at least about 95 times of 100, with few ties and with many", () => {
    const shares = [0.02, 0.1, 0.25, 0.4, 0.5];
    for (const pairs of [10, 25, 60]) {
      const coverages = shares.flatMap((win) => shares.map((loss) => winCoverage(pairs, win, loss)));
      expect(mean(coverages)).toBeGreaterThan(0.945);
      expect(Math.min(...coverages)).toBeGreaterThan(0.88);
    }
  });

  it("counts ties half, and is narrow where nearly all are ties", () => {
    expect(winInterval({ wins: 2, ties: 4, losses: 2 }).estimate).toBe(0.5);
    const { low, high } = winInterval({ wins: 8, ties: 92, losses: 0 });
    expect(low).toBeGreaterThan(0.5);
    expect(high).toBeLessThan(0.6);
  });
});

describe("the sign test", () => {
  it("is exact: 9 of 10 is shown by 22 of 1024 ways, 8 of 10 by 112", () => {
    expect(signTest({ wins: 9, ties: 3, losses: 1 })).toBeCloseTo(22 / 1024, 12);
    expect(signTest({ wins: 2, ties: 0, losses: 8 })).toBeCloseTo(112 / 1024, 12);
    expect(signTest({ wins: 0, ties: 9, losses: 0 })).toBe(1);
  });

  it("takes a difference for shown that is not there in at most 5 of 100 trials", () => {
    for (let trials = 1; trials <= 200; trials++) {
      let shown = 0;
      for (let wins = 0; wins <= trials; wins++) {
        if (signTest({ wins, ties: 0, losses: trials - wins }) <= 0.05)
          shown += probability([wins, trials - wins], [0.5, 0.5]);
      }
      expect(shown).toBeLessThanOrEqual(0.05);
    }
  });
});

const counts = fc.record({ wins: fc.nat(200), ties: fc.nat(200), losses: fc.nat(200) });

it("intervals lie in 0 to 1, hold their estimate, and turn round with the contestants", () => {
  fc.assert(
    fc.property(counts, ({ wins, ties, losses }) => {
      const { estimate, low, high } = winInterval({ wins, ties, losses });
      expect(0 <= low && low <= estimate && estimate <= high && high <= 1).toBe(true);
      const other = winInterval({ wins: losses, ties, losses: wins });
      expect(other.low).toBeCloseTo(1 - high, 9);
      const share = successInterval(wins, wins + losses);
      expect(0 <= share.low && share.low <= share.estimate && share.estimate <= share.high && share.high <= 1).toBe(
        true,
      );
    }),
  );
});

describe("questions that would be needed", () => {
  it("are none to tell where no difference was seen", () => {
    expect(moreQuestions({ wins: 3, ties: 10, losses: 3 })).toBeUndefined();
  });

  it("with as many more of the same kind, most trials show the difference", () => {
    const seen = { wins: 14, ties: 20, losses: 8 };
    const more = moreQuestions(seen)!;
    expect(more).toBeGreaterThan(50);
    expect(more).toBeLessThan(400);
    const { low } = winInterval(seen);
    expect(low).toBeLessThan(0.5);
    const times = (42 + more) / 42;
    const later = winInterval({ wins: 14 * times, ties: 20 * times, losses: 8 * times });
    expect(later.low).toBeGreaterThan(0.5);
  });

  it("are always at least one", () => {
    fc.assert(fc.property(counts, (outcomes) => (moreQuestions(outcomes) ?? 1) >= 1));
  });
});

it("quantiles are values that were measured", () => {
  expect(quantile([], 0.5)).toBeUndefined();
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(quantile([5, 1, 3], 0.9)).toBe(5);
  expect(quantile([7], 0)).toBe(7);
});

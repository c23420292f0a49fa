export interface CircuitOptions {
  /** Failures in a row after which it opens. */
  failures: number;
  /** Seconds for which it stays open, at first. */
  cooldown: number;
  /** From so many sources they have to come where they are not certain. */
  sources: number;
}

/** What is known of something that may be down: closed, open, half open as in M. Nygard, Release It!, with one trial at a time. */
export interface Circuit {
  /** In a row. */
  readonly failures: number;
  /** What the last one was, in words. */
  readonly last: string;
  /** Whether a trial is under way. */
  readonly trying: boolean;
  /** Milliseconds until a trial may be made; 0 where it is closed, or half open. */
  readonly waitMs: number;
  /** Begins a trial if it is half open; true if so. `release` has to follow. */
  try(): boolean;
  /** Ends a trial, before what came of it is told. */
  release(): void;
  succeed(): void;
  /**
   * `certain`: whether the failure says something whoever sees it. One that is not counts for no more than half of what is
   * needed with others of its source, and a trial that ends with one begins the count anew.
   */
  fail(words: string, source: string, how: { certain: boolean; isTrial: boolean }): void;
}

/** The cooldown doubles with each opening before a success, up to this many times the first. */
const MOST_COOLDOWNS = 10;

export function createCircuit({ failures: needed, cooldown, sources }: CircuitOptions): Circuit {
  const most = Math.ceil(needed / 2);
  let failures = 0;
  let certainOnes = 0;
  const bySource = new Map<string, number>();
  let openings = 0;
  /** As `performance.now()` counts; 0 while closed. */
  let openUntil = 0;
  let trying = false;
  let last = "";

  const open = () => {
    openUntil = performance.now() + cooldown * 1000 * Math.min(2 ** openings, MOST_COOLDOWNS);
    openings += 1;
  };
  const close = () => {
    failures = 0;
    certainOnes = 0;
    bySource.clear();
    openUntil = 0;
  };
  const isEnough = () => {
    if (certainOnes >= needed) return true;
    let counted = 0;
    for (const times of bySource.values()) counted += Math.min(times, most);
    return bySource.size >= sources && counted >= needed;
  };

  return {
    get failures() {
      return failures;
    },
    get last() {
      return last;
    },
    get trying() {
      return trying;
    },
    get waitMs() {
      return Math.max(0, openUntil - performance.now());
    },
    try() {
      trying ||= openUntil > 0;
      return trying;
    },
    release() {
      trying = false;
    },
    succeed() {
      close();
      openings = 0;
    },
    fail(words, source, { certain, isTrial }) {
      if (isTrial && !certain) close();
      failures += 1;
      last = words;
      if (isTrial && certain) return open();
      // Calls that were under way when it opened say nothing new.
      if (openUntil > 0) return;
      certainOnes = certain ? certainOnes + 1 : 0;
      bySource.set(source, (bySource.get(source) ?? 0) + 1);
      if (isEnough()) open();
    },
  };
}

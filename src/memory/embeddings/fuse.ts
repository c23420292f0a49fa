import type { Hit } from "../search/rank-rows.ts";

/**
 * Puts what terms have found and what is near in meaning into one order: a weighted sum of both scores, each scaled to at most
 * 1 within the search. Sums of scaled scores lose less of a good lexical order than reciprocal ranks do (Bruch et al., "An
 * Analysis of Fusion Functions for Hybrid Retrieval", 2023). As in the lexical ranking, the neighbours of a memory in its
 * source count, and what the person said whom the query names. Tuned on LoCoMo, conversations 1–5.
 */
const WEIGHTS = {
  /** Of meaning; the lexical score has 1. */
  meaning: 0.6,
  /** Of the nearness of the memory before and of the one after, in the same source. */
  before: 0.6,
  after: 0.4,
  /** Standard deviations that a memory of the speaker counts as nearer whom the query names. */
  speakerNamed: 1,
} as const;

/** From here on (in standard deviations) it is said that a memory is near in meaning. */
const NEAR = 1;
/** Memories that only meaning brings have to have so much to do with the query (Nearness.relation). */
const RELATED = 0.2;

/** A memory and how near it is to the query, in standard deviations over the average of the user's memories. */
export interface MeantMemory {
  number: number;
  terms: string;
  nearness: number;
  /** That of its neighbours in the same source, where they have one. */
  before: number | undefined;
  after: number | undefined;
  speakerNamed: boolean;
}

/**
 * All of them, best first. `hits` is what terms have found, best first; of the memories that only `meant` has, those count that
 * have something to do with the query, or where `relation` does not tell that, that are nearer than the average. Where terms
 * have found nothing, the relation is the score.
 */
export function fuse(
  hits: readonly Hit[],
  meant: readonly MeantMemory[],
  relation: (number: number) => number | undefined = () => undefined,
): Hit[] {
  const best = hits[0]?.score ?? 0;
  const lexical = new Map(hits.map((hit) => [hit.number, hit]));
  const meanings = meant.map((memory) => ({ memory, points: pointsOf(memory) }));
  const points = meanings.map((meaning) => meaning.points);
  const most = Math.max(...points);
  const range = most - Math.min(...points) || 1;
  const fused = new Map<number, Hit>(hits.map((hit) => [hit.number, best > 0 ? hit : { ...hit, score: 1 }]));
  for (const { memory, points } of meanings) {
    const hit = lexical.get(memory.number);
    const related = relation(memory.number);
    if (!hit && (related === undefined ? memory.nearness < 0 : related < RELATED)) continue;
    const share = 1 - (most - points) / range;
    const own = hit ? (best > 0 ? hit.score : 1) : 0;
    const isNear = !hit || memory.nearness >= NEAR;
    fused.set(memory.number, {
      number: memory.number,
      terms: memory.terms,
      score: own + (best > 0 ? WEIGHTS.meaning * share * best : (related ?? WEIGHTS.meaning * share)),
      reason: isNear ? withMeaning(hit) : hit.reason,
    });
  }
  return [...fused.values()].sort((a, b) => b.score - a.score || b.number - a.number);
}

function pointsOf({ nearness, before, after, speakerNamed }: MeantMemory): number {
  const around = WEIGHTS.before * (before ?? 0) + WEIGHTS.after * (after ?? 0);
  return nearness + around + (speakerNamed ? WEIGHTS.speakerNamed : 0);
}

function withMeaning(hit: Hit | undefined): Hit["reason"] {
  const reason = hit?.reason ?? { matched: [] };
  return { ...reason, boosts: [...(reason.boosts ?? []), "meaning"] };
}

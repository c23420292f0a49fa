import { type Agent, bestOf } from "./choose-models.ts";
import type { Strategy } from "./run-record.ts";

/** An agent of a layer, as it is asked there. */
export interface DrawnAgent extends Agent {
  temperature: number | undefined;
  /** For sampling that differs from that of the others, and can be repeated. */
  seed: number | undefined;
}

export interface Drawn {
  sample: DrawnAgent[];
  /** Those that were not drawn, in the order in which they step in. */
  rest: DrawnAgent[];
}

/** Temperature of one model that is asked several times: it has to say different things. */
const SELF_TEMPERATURE = 0.7;

/**
 * The agents of a layer. `mixed` draws entries by their weights without putting any back (A-Res: Efraimidis and Spirakis, 2006);
 * `self` takes the best model so many times, by turns in each of its configured roles.
 * @param seed of the run
 * @param gone models that are left out, their fallbacks taking their places
 */
export function drawAgents(
  strategy: Strategy,
  agents: readonly Agent[],
  {
    count,
    layer,
    seed,
    random,
    gone = new Set(),
  }: { count: number; layer: number; seed: number; random: () => number; gone?: ReadonlySet<string> },
): Drawn {
  // Drawn in any case, so that the next layer's draw does not depend on the strategy.
  const order = agents
    .map((agent) => ({ agent, key: random() ** (1 / agent.weight) }))
    .sort((a, b) => b.key - a.key)
    .flatMap(({ agent }) => leftOf(agent, gone));
  const asConfigured = (agent: Agent): DrawnAgent => ({
    ...agent,
    temperature: agent.role.temperature,
    seed: undefined,
  });
  if (strategy === "mixed") {
    return { sample: order.slice(0, count).map(asConfigured), rest: order.slice(count).map(asConfigured) };
  }
  const left = agents.flatMap((agent) => leftOf(agent, gone));
  if (left.length === 0) return { sample: [], rest: [] };
  const best = bestOf(left);
  const roles = left.filter(({ model, weight }) => model === best.model && weight === best.weight);
  const sample = Array.from({ length: count }, (_, index): DrawnAgent => {
    const agent = roles[index % roles.length]!;
    return {
      ...agent,
      temperature: agent.role.temperature ?? SELF_TEMPERATURE,
      seed: samplingSeed(seed, layer, index),
    };
  });
  return { sample, rest: order.filter(({ model }) => model !== best.model).map(asConfigured) };
}

/** The agent without the models that are gone; nothing where all are. */
function leftOf(agent: Agent, gone: ReadonlySet<string>): Agent[] {
  const [model, ...fallbacks] = [agent.model, ...agent.fallbacks].filter((name) => !gone.has(name));
  return model === undefined ? [] : [{ ...agent, model, fallbacks }];
}

/** A seed for a provider, from 0 to 2³¹ − 1: a different one for each agent of a run. */
function samplingSeed(seed: number, layer: number, index: number): number {
  const mixed = Math.imul((seed ^ (seed / 2 ** 32)) | 0, 0x9e3779b1) + layer * 1009 + index;
  return (mixed >>> 0) % 2 ** 31;
}

import { cleanUp } from "../test/fixtures/cleanup.ts";
import { type Progress, roads, startServer } from "../test/fixtures/clients.ts";
import { startFakeProvider } from "../test/fixtures/fake-provider.ts";
import type { Figure } from "./figure.ts";

const CALLS = 1000;
/** Calls under way at the same time. */
const AT_ONCE = 4;

interface Tally {
  calls: number;
  /** Calls whose last notification was not the final event. */
  missed: number;
  /** Of these, calls whose result does not tell it either. */
  lost: number;
  /** Calls in which a notification was not higher than the one before. */
  backwards: number;
  notifications: number;
}

/**
 * Progress in every era over stdio and HTTP: calls of a model with several events each, through real clients. What counts is what
 * reaches the client's own callback.
 */
export async function benchProgress(): Promise<Figure[]> {
  const provider = await startFakeProvider({ models: { quick: {} } });
  const server = await startServer({
    config: { providers: { fake: { baseUrl: provider.baseUrl } }, llm: { modelId: "fake/quick" } },
  });
  const figures: Figure[] = [];
  for (const { name, connect } of roads) {
    const client = await connect(server);
    const tally: Tally = { calls: 0, missed: 0, lost: 0, backwards: 0, notifications: 0 };
    const work = async () => {
      while (tally.calls < CALLS) {
        const index = tally.calls++;
        const seen: Progress[] = [];
        const onprogress = (progress: Progress) => void seen.push(progress);
        const { isError, meta } = await client.call("llm_processor", { input: `Text ${index}` }, { onprogress });
        if (isError) throw new Error(`A call failed, ${name}.`);
        const isFinal = (event: unknown) => (event as { data?: { done?: boolean } } | undefined)?.data?.done === true;
        tally.notifications += seen.length;
        if (!isFinal(seen.at(-1)?._meta?.["patchbay/status"])) {
          tally.missed += 1;
          if (!isFinal(meta?.["patchbay/status"])) tally.lost += 1;
        }
        if (seen.some(({ progress }, at) => at > 0 && progress <= (seen[at - 1]?.progress ?? 0))) tally.backwards += 1;
      }
    };
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const ms = (performance.now() - startedAt) / CALLS;
    await client.close();
    const { lost, missed, backwards, notifications } = tally;
    figures.push(
      {
        what: `progress, ${name}: calls without their final event`,
        measured: `${lost} of ${CALLS} (${missed} without its notification, of ${notifications}; ${ms.toFixed(1)} ms a call)`,
        ratio: lost,
        limit: { atMost: 0 },
      },
      // Where nothing tells the server what its client has read, the result alone is sure to tell.
      {
        what: `progress, ${name}: calls without their final notification`,
        measured: `${missed} of ${CALLS}`,
        ratio: missed,
        ...(name !== "2026-07-28 over stdio" && { limit: { atMost: 0 } }),
      },
      {
        what: `progress, ${name}: calls in which it did not increase`,
        measured: `${backwards} of ${CALLS}`,
        ratio: backwards,
        limit: { atMost: 0 },
      },
    );
  }
  await cleanUp();
  await provider.close();
  return figures;
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import type { Figure } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { PATCHBAY, type StdioPeer, startPeer } from "./stdio-peer.ts";

/**
 * Recall on LoCoMo (Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM Agents", 2024) through the tools,
 * with no model, and with the embeddings of `EMBEDDINGS_MODEL` where that names one. The data is not part of this repository (CC BY-NC 4.0); `LOCOMO_DIR` names its folder, which
 * holds `memories-*.jsonl` and `questions-*.jsonl`. One turn of a dialogue is one memory, one conversation one user. Recall is
 * the share of a question's evidence among the first ten results, averaged over the questions of categories 1–4; the
 * adversarial ones have no answer.
 */
interface Turn {
  i: number;
  conv: number;
  sess: number;
  speaker: string;
  text: string;
  caption: string;
  date: string;
}

interface Question {
  conv: number;
  cat: number;
  q: string;
  ev: number[];
}

const RESULTS = 10;
const ADVERSARIAL = 5;
const WANTED = 0.76;
/** The model of `memory.embeddings`, if recall with one is to be measured too. */
const EMBEDDINGS = process.env.EMBEDDINGS_MODEL;
const WANTED_WITH_EMBEDDINGS = 0.79;
const BATCH = 100;

/** What a memory's source is: people load dialogues in both ways. */
const SOURCES = {
  conversation: ({ conv }: Turn) => `conversation ${conv}`,
  session: ({ conv, sess }: Turn) => `conversation ${conv}, session ${sess}`,
};

export async function benchLocomo(folder = process.env.LOCOMO_DIR, args: readonly string[] = []): Promise<Figure[]> {
  if (!folder) {
    console.error("locomo is left out: LOCOMO_DIR names no folder with its data.");
    return [];
  }
  const turns = readLines<Turn>(folder, "memories");
  const questions = readLines<Question>(folder, "questions").filter(({ cat }) => cat !== ADVERSARIAL);
  const figures: Figure[] = [];
  for (const [by, sourceOf] of Object.entries(SOURCES)) {
    for (const model of EMBEDDINGS === undefined ? [undefined] : [undefined, EMBEDDINGS]) {
      const recalls = new Map<number, number[]>();
      for (const conv of new Set(turns.map((turn) => turn.conv))) {
        const own = turns.filter((turn) => turn.conv === conv);
        const asked = questions.filter((question) => question.conv === conv);
        recalls.set(conv, await measure(own, asked, { sourceOf, model, args }));
      }
      const each = [...recalls].map(([conv, all]) => `${conv + 1}: ${percent(mean(all))}`).join(", ");
      const recall = mean([...recalls.values()].flat());
      figures.push({
        what: `LoCoMo recall@10, the source of a memory being its ${by}${model === undefined ? "" : `, with embeddings of ${model}`}`,
        measured: `${percent(recall)} % (${each})`,
        ratio: recall,
        limit: { atLeast: model === undefined ? WANTED : WANTED_WITH_EMBEDDINGS },
      });
    }
  }
  return figures;
}

/** The recall of each question. */
async function measure(
  turns: readonly Turn[],
  questions: readonly Question[],
  { sourceOf, model, args }: { sourceOf: (turn: Turn) => string; model: string | undefined; args: readonly string[] },
): Promise<number[]> {
  return withFolder(async (folder) => {
    const peer = await startPeer([...PATCHBAY, "--data-dir", folder, ...args], {
      PATCHBAY_MEMORY_MAX_MEMORIES: "10000",
      PATCHBAY_MEMORY_MAX_MEMORY_LENGTH: "10000",
      ...(model !== undefined && { PATCHBAY_MEMORY_EMBEDDINGS_MODEL: model }),
    });
    const ids = await add(peer, turns, sourceOf);
    if (model !== undefined) await whenEmbedded(folder);
    const recalls: number[] = [];
    for (const { q, ev } of questions) {
      const found = await call<{ results: { id: string }[] }>(peer, "memory_search", { query: q, limit: RESULTS });
      const first = new Set(found.results.map(({ id }) => id));
      recalls.push(ev.filter((turn) => first.has(ids.get(turn) ?? "")).length / ev.length);
    }
    await peer.close();
    return recalls;
  });
}

/** Waits until every memory of the database has a vector. */
async function whenEmbedded(folder: string): Promise<void> {
  const db = new Sqlite(join(folder, "memory.db"), { readonly: true });
  const missing = db.prepare("select count(*) from memory where id not in (select id from embedding)").pluck();
  while (missing.get() !== 0) await sleep(200);
  db.close();
}

/** Adds the turns in their order. Gives the id of each; a turn that says the same again has that of the first one. */
async function add(
  peer: StdioPeer,
  turns: readonly Turn[],
  sourceOf: (turn: Turn) => string,
): Promise<Map<number, string>> {
  const ids = new Map<number, string>();
  for (let start = 0; start < turns.length; start += BATCH) {
    const some = turns.slice(start, start + BATCH);
    const memories = some.map((turn) => ({
      content: turn.caption ? `${turn.text} [shared ${turn.caption}]` : turn.text,
      source: sourceOf(turn),
      speaker: turn.speaker,
      occurred_at: timeOf(turn.date),
    }));
    const added = await call<{ memories: { id: string }[] }>(peer, "memory_add", { memories });
    for (const [index, { i }] of some.entries()) ids.set(i, added.memories[index]!.id);
  }
  return ids;
}

async function call<Result>(peer: StdioPeer, tool: string, args: Record<string, unknown>): Promise<Result> {
  return JSON.parse(await peer.callTool(tool, args)) as Result;
}

function readLines<Row>(folder: string, name: string): Row[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${name}-`) && file.endsWith(".jsonl"));
  return files.sort().flatMap((file) => {
    const lines = readFileSync(join(folder, file), "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Row);
  });
}

/** `1:56 pm on 8 May, 2023` in ISO 8601. */
function timeOf(date: string): string {
  const [, hour, minute, half, day] = /^(\d+):(\d+) (am|pm) on (.+)$/.exec(date) ?? [];
  const at = new Date(`${day} UTC`);
  at.setUTCHours((Number(hour) % 12) + (half === "pm" ? 12 : 0), Number(minute));
  return at.toISOString();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}

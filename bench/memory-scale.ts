import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { MemoryStore, SearchRequest } from "../src/memory/store.ts";
import { type Figure, median, quantile, round } from "./figure.ts";
import { withFolder } from "./folder.ts";
import { buildPlainIndex, buildStore, maker, openBenchStore, userOf } from "./memory-databases.ts";
import { createRandom } from "./zipf-memories.ts";

/**
 * Searches and adds at 1,000,000 memories: 1,000 memories of each of 1,000 users, and 1,000,000 of one user. With `BENCH_USERS`
 * there are fewer users (and as many thousand memories); with `BENCH_FOLDER` the databases are kept there for the next run.
 */
const USERS = Number(process.env.BENCH_USERS ?? 1000);
const EACH = 1000;
const QUESTIONS = 60;
const ROUNDS = 3;
const ADDS = 5000;
/** The user whose searches are compared with those in a database of their own. */
const ONE = Math.floor(USERS / 2);

const KINDS = [
  ...["typical", "common", "typo", "prefix", "no match", "phrase"],
  ...["tag", "source", "kind and speaker", "five of ten years", "one month", "common, five of ten years"],
] as const;
type Kind = (typeof KINDS)[number];

export async function benchMemoryScale(): Promise<Figure[]> {
  const kept = process.env.BENCH_FOLDER;
  if (kept === undefined) return withFolder(measure);
  mkdirSync(kept, { recursive: true });
  return measure(kept);
}

async function measure(folder: string): Promise<Figure[]> {
  const total = (USERS * EACH).toLocaleString("en");
  const users = Array.from({ length: USERS }, (_, user) => user);
  const many = await buildStore(join(folder, `many-${USERS}.db`), { users, each: EACH });
  const one = await buildStore(join(folder, `one-${USERS}.db`), { users: [0], each: USERS * EACH });
  const alone = await buildStore(join(folder, `alone-${USERS}.db`), { users: [ONE], each: EACH });
  const plain = await buildPlainIndex(join(folder, `plain-${USERS}.db`), { users: USERS, each: EACH });

  const times = {
    many: timesByKind(),
    alone: timesByKind(),
    big: timesByKind(),
    plain: [] as number[],
    plainCommon: [] as number[],
  };
  const acrossUsers: number[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    for (const kind of KINDS) {
      for (let number = 0; number < QUESTIONS; number++) {
        const question = questionOf(kind, ONE, number);
        const inMany = await timed(() => many.store.search(userOf(ONE), question));
        const inAlone = await timed(() => alone.store.search(userOf(ONE), question));
        const inBig = await timed(() => one.store.search(userOf(0), question));
        const other = Math.floor((number * USERS) / QUESTIONS);
        const ofOther = await timed(() => many.store.search(userOf(other), questionOf(kind, other, number)));
        if (round < 0) continue;
        times.many[kind].push(inMany);
        times.alone[kind].push(inAlone);
        times.big[kind].push(inBig);
        acrossUsers.push(ofOther);
      }
    }
  }
  for (let number = 0; number < QUESTIONS; number++) {
    const { query } = questionOf("typical", ONE, number);
    times.plain.push(await timed(async () => plain.search(userOf(ONE), query)));
    const common = questionOf("common", ONE, number).query;
    times.plainCommon.push(await timed(async () => plain.search(userOf(ONE), common)));
  }
  plain.close();
  await alone.store.close();

  const figures: Figure[] = KINDS.map((kind) => {
    const [here, there] = [median(times.many[kind]), median(times.alone[kind])];
    return {
      what: `search of one of ${USERS} users' ${EACH} memories among ${total} against a database of that user alone: ${kind}`,
      measured: `${round(here)} ms against ${round(there)} ms`,
      ratio: here / there,
      limit: { atMost: 1.5 },
    };
  });
  for (const [kind, joined] of [
    ["typical", median(times.plain)],
    ["common", median(times.plainCommon)],
  ] as const) {
    const here = median(times.many[kind]);
    figures.push({
      what: `the same against plain FTS5 joined with a column of the user: ${kind}`,
      measured: `${round(here)} ms against ${round(joined)} ms`,
      ratio: here / joined,
      limit: { atMost: 1 / 20 },
    });
  }
  figures.push(
    limitOf(`the same of ${QUESTIONS} users, all kinds, p99`, quantile(acrossUsers, 0.99), 15),
    limitOf(`the same, four very common terms, p50`, median(times.many.common), 10),
  );
  for (const kind of KINDS) {
    figures.push(limitOf(`search of one user with ${total} memories, p50: ${kind}`, median(times.big[kind]), 15));
  }
  await many.store.close();
  await one.store.close();
  for (const [file, count, name] of [
    [`many-${USERS}.db`, USERS, `${USERS} users`],
    [`one-${USERS}.db`, 1, "one user"],
  ] as const) {
    const opened: number[] = [];
    for (let turn = 0; turn < 5; turn++)
      opened.push(await timed(async () => (await openBenchStore(join(folder, file))).close()));
    figures.push(limitOf(`opening and closing a database of ${total} memories of ${name}`, median(opened), 50));
    const store = await openBenchStore(join(folder, file));
    const { adds, most } = await timeAdds(store, count);
    await store.close();
    figures.push(
      limitOf(
        `durable add at ${total} memories of ${name}, p99 (p50 ${round(median(adds))} ms, longest ${round(most)} ms)`,
        quantile(adds, 0.99),
        50,
      ),
    );
  }
  for (const [name, { bytes }] of [
    [`${USERS} users`, many],
    ["one user", one],
  ] as const) {
    const each = bytes / (USERS * EACH);
    figures.push({
      what: `size of the database for a memory of 120 characters with tags, source, speaker and kind; ${name}`,
      measured: `${round(each)} bytes of 800`,
      ratio: each / 800,
      limit: { atMost: 1 },
    });
  }
  return figures;
}

function timesByKind(): Record<Kind, number[]> {
  return Object.fromEntries(KINDS.map((kind) => [kind, []])) as unknown as Record<Kind, number[]>;
}

function limitOf(what: string, ms: number, limit: number): Figure {
  return { what, measured: `${round(ms)} ms of ${limit} ms`, ratio: ms / limit, limit: { atMost: 1 } };
}

function questionOf(kind: Kind, user: number, number: number): SearchRequest {
  const random = createRandom(1_000_000_000 + user * 1000 + number);
  const memory = maker.memory(user * EACH + Math.floor(random() * EACH));
  const words = memory.content.split(" ").slice(0, 12);
  const rare = words.reduce((longest, word) => (word.length > longest.length ? word : longest));
  const pick = (): string => words[Math.floor(random() * words.length)] as string;
  const common = [0, 1, 2, 3].map((index) => maker.word((number + index) % 20)).join(" ");
  switch (kind) {
    case "typical":
      return { query: `${pick()} ${pick()} ${rare} ${maker.anyWord(random)}` };
    case "common":
      return { query: common };
    case "typo":
      return { query: `${rare.slice(0, -2)}y${rare.slice(-1)} ${pick()}` };
    case "prefix":
      return { query: `${rare.slice(0, -1)} ${pick()}` };
    case "no match":
      return { query: `xenolith${number}q` };
    case "phrase":
      return { query: `"${words[3]} ${words[4]}"` };
    case "tag":
      return { query: `${pick()} ${pick()}`, tag: `topic ${number % 50}` };
    case "source":
      return { query: `${pick()} ${pick()}`, source: memory.source };
    case "kind and speaker":
      return { query: `${pick()} ${pick()}`, kind: "fact", speaker: "Ana" };
    case "five of ten years":
      return { query: `${pick()} ${pick()} ${rare}`, after: "2018-01-01", before: "2023-01-01" };
    case "common, five of ten years":
      return { query: common, after: "2018-01-01", before: "2023-01-01" };
    case "one month":
      return {
        query: `${pick()} ${pick()} ${rare}`,
        after: `2019-0${1 + (number % 8)}-01`,
        before: `2019-0${2 + (number % 8)}-01`,
      };
  }
}

async function timeAdds(store: MemoryStore, users: number): Promise<{ adds: number[]; most: number }> {
  const adds: number[] = [];
  const random = createRandom(Date.now());
  const unique = Date.now() % 1_000_000_000;
  for (let number = 0; number < ADDS; number++) {
    const memory = maker.memory(2_000_000_000 + unique + number);
    adds.push(await timed(() => store.add(userOf(Math.floor(random() * users)), memory)));
  }
  return { adds, most: Math.max(...adds) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

import { ToolError } from "../errors.ts";
import type { Memory, MemoryStats } from "../memory/store.ts";
import { filterOf, type MemoryCall, memoriesOf, numberOf, printable } from "./memory-call.ts";

/** The commands that show a user's memories, or forget them. */

/** Names that are shown of each count. */
const MOST = 20;

export async function stats({ open, user }: MemoryCall): Promise<number> {
  const counts = await (await open()).stats(user);
  const { memories, maxMemories, characters, tags, oldest, newest } = counts;
  const lines = [`user        ${printable(user.id)}`, `memories    ${memories} of ${maxMemories}`];
  if (memories > 0) {
    lines.push(`characters  ${characters}`, `tags        ${tags}`);
    if (oldest !== undefined && newest !== undefined) lines.push(`oldest      ${oldest}`, `newest      ${newest}`);
    lines.push(`size        ${counts.bytes} of ${counts.maxTotalSize} bytes`);
    if (counts.superseded > 0) lines.push(`superseded  ${counts.superseded}`);
    lines.push(...table("tag", counts.byTag), ...table("source", counts.bySource), ...table("kind", counts.byKind));
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

export async function list({ open, user, options }: MemoryCall): Promise<number> {
  const limit = numberOf("limit", options.limit);
  const { memories, total } = await (await open()).list(user, { ...filterOf(options), limit });
  for (const memory of memories) print(memory, memory.created_at.slice(0, 10));
  process.stdout.write(`${memories.length} of ${total} memories of "${printable(user.id)}".\n`);
  return 0;
}

export async function search({ open, user, words, options }: MemoryCall): Promise<number> {
  const limit = numberOf("limit", options.limit);
  const { results } = await (await open()).search(user, { ...filterOf(options), query: words.join(" "), limit });
  for (const memory of results) {
    const { matched, neighbours = [], boosts = [] } = memory.reason;
    const reasons = { matched, neighbours, boosts };
    const why = Object.entries(reasons).flatMap(([name, list]) =>
      list.length > 0 ? [`${name}: ${list.join(", ")}`] : [],
    );
    print(memory, memory.score.toFixed(3), why);
  }
  process.stdout.write(`Found ${results.length} of the memories of "${printable(user.id)}".\n`);
  return 0;
}

/** Only counts, unless `--yes` is given. */
export async function forget({ open, user, words: [id], options }: MemoryCall): Promise<number> {
  const filter = filterOf(options);
  const asked = [id, options.all, ...Object.values(filter)].filter((value) => value !== undefined);
  if (asked.length === 0 || ((id !== undefined || options.all) && asked.length > 1)) {
    throw new ToolError("invalid_input", "It must be said what to forget: an ID, a filter such as --tag, or --all.");
  }
  const store = await open();
  const whose = `of "${printable(user.id)}"`;
  const request = { ...filter, all: options.all };
  if (id !== undefined) {
    const memory = await store.get(user, id);
    if (options.yes) await store.delete(user, memory.id);
    else print(memory, memory.created_at.slice(0, 10));
  }
  const count = id !== undefined ? 1 : await store.forget(user, request, { dryRun: !options.yes });
  process.stdout.write(
    options.yes
      ? `Deleted ${memoriesOf(count)} ${whose}. Backups and exports keep them until those are removed.\n`
      : `${memoriesOf(count)} ${whose} would be deleted. Nothing was; --yes does it.\n`,
  );
  return 0;
}

export async function users({ open }: MemoryCall): Promise<number> {
  const store = await open();
  for (const id of await store.users()) {
    const { memories } = await store.stats({ id });
    process.stdout.write(`${String(memories).padStart(8)}  ${printable(id)}\n`);
  }
  return 0;
}

function table(name: string, counts: MemoryStats["byTag"]): string[] {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return [];
  const more = sorted.length > MOST ? ["           …"] : [];
  return [
    `by ${name}`,
    ...sorted.slice(0, MOST).map(([key, n]) => `${String(n).padStart(10)}  ${printable(key)}`),
    ...more,
  ];
}

function print(memory: Memory, mark: string, more: readonly string[] = []): void {
  const { id, tags, kind, source, speaker, superseded_by } = memory;
  const told = { tags: tags.join(", "), kind, source, speaker, "superseded by": superseded_by };
  const details = Object.entries(told).flatMap(([name, value]) => (value ? [`${name}: ${value}`] : []));
  const lines = [
    `${mark.padStart(10)}  ${printable(memory.content)}`,
    [id, ...details, ...more].map(printable).join("  "),
  ];
  process.stdout.write(`${lines.join(`\n${" ".repeat(12)}`)}\n`);
}

import { ToolError } from "../errors.ts";
import type { Memory, MemoryStats } from "../memory/store.ts";
import { FILTER, filterOf, type MemoryCall, memoriesOf, numberOf, printable, printableJson } from "./memory-call.ts";
import type { MemoryOptions } from "./memory-options.ts";

/** The commands that show a user's memories, or forget them. */

/** Names that are shown of each count. */
const MOST = 20;

export async function stats({ open, user, options }: MemoryCall): Promise<number> {
  const counts = await (await open()).stats(user);
  if (options.json) return printJson({ user: user.id, ...counts });
  const { memories, maxMemories, characters, tags, superseded, oldest, newest } = counts;
  const among = superseded > 0 ? `, ${superseded} superseded among them` : "";
  const lines = [`user        ${printable(user.id)}`, `memories    ${memories} of ${maxMemories}${among}`];
  if (memories > 0) {
    lines.push(`characters  ${characters}`, `tags        ${tags}`);
    if (oldest !== undefined && newest !== undefined) lines.push(`oldest      ${oldest}`, `newest      ${newest}`);
    lines.push(`size        ${counts.bytes} of ${counts.maxTotalSize} bytes`);
    lines.push(...table("tag", counts.byTag), ...table("source", counts.bySource), ...table("kind", counts.byKind));
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  return 0;
}

export async function list({ open, user, options }: MemoryCall): Promise<number> {
  const sort = options.sort?.toLowerCase();
  const page = { limit: numberOf(options.limit), offset: numberOf(options.offset) };
  const found = await (await open()).list(user, { ...filterOf(options), ...page, sort });
  const { memories, total, offset } = found;
  const next = offset + memories.length;
  const more = memories.length > 0 && next < total;
  if (options.json) return printJson({ memories, total, offset, ...(more && { next_offset: next }) });
  for (const memory of memories) print(memory, memory.created_at.slice(0, 10));
  process.stdout.write(`${memories.length} of ${total} memories of "${printable(user.id)}".${moreFrom(more, next)}\n`);
  return 0;
}

export async function search({ open, user, words, options }: MemoryCall): Promise<number> {
  const page = { limit: numberOf(options.limit), offset: numberOf(options.offset) };
  const found = await (await open()).search(user, { ...filterOf(options), ...page, query: words.join(" ") });
  if (options.json) return printJson(found);
  const { results, next_offset } = found;
  for (const memory of results) {
    const { matched, neighbours = [], boosts = [] } = memory.reason;
    const reasons = { matched, neighbours, boosts };
    const why = Object.entries(reasons).flatMap(([name, list]) =>
      list.length > 0 ? [`${name}: ${list.join(", ")}`] : [],
    );
    print(memory, memory.score.toFixed(3), why);
  }
  process.stdout.write(
    `Found ${results.length} of the memories of "${printable(user.id)}".${moreFrom(next_offset !== undefined, next_offset)}\n`,
  );
  return 0;
}

function moreFrom(more: boolean, offset?: number): string {
  return more ? ` There are more: --offset ${offset}` : "";
}

function printJson(value: unknown): number {
  process.stdout.write(`${printableJson(value)}\n`);
  return 0;
}

/** What is wrong with a request to forget. */
export function checkForget([id]: readonly string[], options: MemoryOptions): string | undefined {
  const filters = FILTER.filter((name) => options[name] !== undefined).length;
  const ways = [id !== undefined, options.all === true, filters > 0].filter(Boolean).length;
  if (ways === 1) return undefined;
  return `It must be said what to forget: ${ways === 0 ? "" : "one only of "}an ID, a filter such as --tag, or --all.`;
}

/** Only counts, unless `--yes` is given. */
export async function forget({ open, user, words: [id], options }: MemoryCall): Promise<number> {
  const store = await open();
  const whose = `of "${printable(user.id)}"`;
  const request = { ...filterOf(options), all: options.all };
  if (id !== undefined) {
    const memory = await store.get(user, id).catch((error: unknown) => {
      if (!(error instanceof ToolError) || error.code !== "not_found") throw error;
      throw new ToolError("not_found", `There is no memory ${JSON.stringify(id)} of "${user.id}".`, {
        hint: "`patchbay-mcp memory list` and `patchbay-mcp memory search` show the ids.",
      });
    });
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

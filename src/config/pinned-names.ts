/** An operation that is a tool of its own, as the configuration names it. */
export interface PinnedEntry {
  /** Name of the tool, unique among all tools. */
  name: string;
  api: string;
  /** An operation's id, or `METHOD /path`. */
  operation: string;
  /** Instead of the document's. */
  description?: string | undefined;
  /** Where it stands in the configuration, such as `apis.shop.tools.0`. */
  key: string;
}

type Entry = string | { operation: string; name?: string | undefined; description?: string | undefined };

type NamedEntry = Omit<PinnedEntry, "name"> & { name?: string | undefined };

/** Characters of a tool's name; clients put a prefix before it and cut at 64. */
const MAX_NAME = 40;
const MARK_LENGTH = 6;

/**
 * The tools that `apis.*.tools` wants, by API and place. Names follow from the API and the operation alone, so that they are
 * the same after every start and whatever else is configured: `<api>_<operation>` in snake case. One that is too long, that
 * several share, or that another tool's name ends with (clients filter by the end of a name) gets a mark made of what it
 * stands for.
 * @param taken Names of the tools that are there anyway.
 */
export function pinnedEntries(
  apis: Readonly<Record<string, { tools: readonly Entry[] }>>,
  taken: readonly string[],
): PinnedEntry[] {
  const entries = Object.keys(apis)
    .sort()
    .flatMap((api) =>
      apis[api]!.tools.map((given, index) => {
        const entry = typeof given === "string" ? { operation: given } : given;
        return { ...entry, api, key: `apis.${api}.tools.${index}` };
      }),
    );
  const wanted = entries.map(({ api, operation, name }: NamedEntry) => name ?? snakeCase(`${api}_${operation}`));
  const given = entries.map((entry) => "name" in entry && entry.name !== undefined);
  const clashes = (name: string, own: number): boolean =>
    name.length > MAX_NAME ||
    name === "" ||
    taken.some((other) => other.endsWith(name) || name.endsWith(other)) ||
    wanted.some((other, index) => index !== own && (other.endsWith(name) || (given[index] && name.endsWith(other))));
  return entries.map(({ api, operation, name, description, key }: NamedEntry, index) => ({
    name: name ?? (clashes(wanted[index]!, index) ? marked(wanted[index]!, `${api} ${operation}`) : wanted[index]!),
    api,
    operation,
    description,
    key,
  }));
}

/** What is wrong with the names that the configuration itself gives; those made here never are. */
export function nameProblems(
  apis: Readonly<Record<string, { tools: readonly Entry[] }>>,
  taken: readonly string[],
): { key: string; problem: string }[] {
  const entries = pinnedEntries(apis, taken);
  return entries.flatMap(({ name, key }, index) => {
    const builtIn = taken.find((other) => other === name || other.endsWith(name) || name.endsWith(other));
    if (builtIn !== undefined) {
      const problem =
        builtIn === name
          ? `a tool of this server is called "${name}" already`
          : `"${name}" and the tool "${builtIn}" end alike, which clients cannot tell apart`;
      return [{ key, problem }];
    }
    const same = entries.find(
      (other, at) => at !== index && (other.name === name ? at < index : other.name.endsWith(name)),
    );
    if (!same) return [];
    return [
      {
        key,
        problem:
          same.name === name
            ? `another tool is called "${name}" already (${same.key})`
            : `"${name}" is also how the tool "${same.name}" ends, which clients cannot tell apart (${same.key})`,
      },
    ];
  });
}

/** `listItems` and `GET /items/{id}` as `list_items` and `get_items_id`. */
function snakeCase(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
}

function marked(name: string, meaning: string): string {
  return `${name.slice(0, MAX_NAME - MARK_LENGTH - 1).replace(/_+$/, "")}_${mark(meaning)}`;
}

/** FNV-1a in 32 bits: it only has to tell the names of one configuration apart. */
function mark(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(36).padStart(MARK_LENGTH, "0").slice(-MARK_LENGTH);
}

import { opendir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { editsBetween } from "../../edits.ts";

/** Names that are looked at, and those that a message shows. */
const LOOKED_AT = 2000;
const LISTED = 30;
const SHOWN_LENGTH = 100;

/** The files of a folder in words, sorted; `prefix` is what a caller writes before their names. */
export async function listFiles(path: string, prefix: string): Promise<string> {
  const names = await namesIn(path);
  if (names.length === 0) return `${prefix} has no files.`;
  const more = names.length > LISTED ? `, … and more` : "";
  return `In ${prefix}: ${names.slice(0, LISTED).join(", ")}${more}.`;
}

/** What a caller may have meant by a path that is not there: looked up in the deepest of its folders that is. */
export async function helpForMissing(
  root: string,
  folder: string,
  parts: readonly string[],
  isInside: (path: string) => boolean,
): Promise<string> {
  for (let depth = parts.length - 1; depth >= 0; depth--) {
    const above = parts.slice(0, depth);
    let path: string;
    try {
      path = await realpath(join(root, ...above));
    } catch {
      continue;
    }
    if (!isInside(path)) break;
    const prefix = [folder, ...above].join("/");
    const close = closeNames(parts[depth] as string, await namesIn(path));
    const meant = close.length > 0 ? `Did you mean ${close.map((name) => `${prefix}/${name}`).join(" or ")}? ` : "";
    return meant + (await listFiles(path, prefix));
  }
  return "";
}

/** Files and, with a slash, folders. A file that cannot be listed has none. */
async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entry.name.startsWith(".") || /\p{Cc}/u.test(entry.name)) continue;
      if (entry.isDirectory()) names.push(`${entry.name}/`);
      else if (entry.isFile() || entry.isSymbolicLink()) names.push(entry.name);
      if (names.length >= LOOKED_AT) break;
    }
  } catch {}
  return names.sort().map((name) => (name.length > SHOWN_LENGTH ? `${name.slice(0, SHOWN_LENGTH)}…` : name));
}

/** At most three names that differ from the wanted one by little: case, an ending, a typing error. */
function closeNames(wanted: string, names: readonly string[]): string[] {
  const plain = wanted.toLowerCase().slice(0, SHOWN_LENGTH);
  const limit = Math.max(1, Math.floor(plain.length / 4));
  return names
    .map((name) => {
      const other = name.toLowerCase().replace(/\/$/, "");
      const stem = other.replace(/\.[^.]*$/, "") === plain.replace(/\.[^.]*$/, "");
      return { name, edits: stem ? 1 : editsBetween(plain, other, limit) };
    })
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ name }) => name);
}

import { hash } from "node:crypto";
import { ToolError } from "../../errors.ts";

/** Keys that a set takes at most; about 600 MB. */
const MAX_DIGESTS = 20_000_000;

/** Digests that are kept together; the first such chunk begins small. */
const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const FIRST = 4;

/** Which keys were seen, without keeping them: 128 bits of the SHA-256 of each, about 28 bytes in all. */
export interface DigestSet {
  /** Whether the key is new. @throws ToolError `too_large` for one key too many */
  add(key: string): boolean;
  /** The place of the key, from 0 in the order in which keys were first seen; a new one is added. @throws as `add` */
  placeOf(key: string): number;
  readonly size: number;
}

/** An empty set that takes `limit` keys. */
export function createDigestSet(limit = MAX_DIGESTS): DigestSet {
  // The digests in the order of their keys, and a table with open addressing of their places, counted from 1.
  const chunks = [new Uint32Array(FIRST * 4)];
  let table = new Uint32Array(FIRST * 2);
  let size = 0;

  /** Where in the table the digest is, or the empty slot where it belongs. */
  function find(a: number, b: number, c: number, d: number): number {
    const mask = table.length - 1;
    for (let slot = a & mask; ; slot = (slot + 1) & mask) {
      const place = (table[slot] as number) - 1;
      if (place < 0) return slot;
      const chunk = chunks[place >>> CHUNK_BITS] as Uint32Array;
      const at = (place % CHUNK) * 4;
      if (chunk[at] === a && chunk[at + 1] === b && chunk[at + 2] === c && chunk[at + 3] === d) return slot;
    }
  }

  function append(a: number, b: number, c: number, d: number): void {
    const last = chunks.length - 1;
    const used = size - last * CHUNK;
    let chunk = chunks[last] as Uint32Array;
    if (used * 4 === chunk.length) {
      const larger = new Uint32Array(used === CHUNK ? CHUNK * 4 : chunk.length * 2);
      if (used === CHUNK) chunks.push(larger);
      else {
        larger.set(chunk);
        chunks[last] = larger;
      }
      chunk = larger;
    }
    const at = (size % CHUNK) * 4;
    chunk[at] = a;
    chunk[at + 1] = b;
    chunk[at + 2] = c;
    chunk[at + 3] = d;
    size++;
  }

  function grow(): void {
    table = new Uint32Array(table.length * 2);
    const mask = table.length - 1;
    for (let place = 0; place < size; place++) {
      const chunk = chunks[place >>> CHUNK_BITS] as Uint32Array;
      let slot = (chunk[(place % CHUNK) * 4] as number) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = place + 1;
    }
  }

  function placeOf(key: string): number {
    const digest = hash("sha256", bytesOf(key), "binary");
    const a = word(digest, 0);
    const b = word(digest, 4);
    const c = word(digest, 8);
    const d = word(digest, 12);
    const slot = find(a, b, c, d);
    const found = table[slot] as number;
    if (found > 0) return found - 1;
    if (size >= limit) {
      throw new ToolError("too_large", `There are more than ${limit} different keys to tell apart.`, {
        hint: "Filter the rows first, or split the input.",
      });
    }
    append(a, b, c, d);
    table[slot] = size;
    if (size * 4 > table.length * 3) grow();
    return size - 1;
  }

  return {
    get size() {
      return size;
    },
    placeOf,
    add(key) {
      const before = size;
      placeOf(key);
      return size > before;
    },
  };
}

/** UTF-8 has no lone surrogates: all would become the same character. */
function bytesOf(key: string): string | Buffer {
  return key.isWellFormed() ? key : Buffer.from(`\uffff${key}`, "utf16le");
}

function word(digest: string, at: number): number {
  return (
    (digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

import { timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import { type KeptKey, readKeys, readKeysNow } from "./key-file.ts";
import { digestOf, hashOf } from "./key-hash.ts";

/** An entry of `auth.apiKeys`: either `key` or `hash`. */
export interface ConfiguredKey {
  key?: string | undefined;
  hash?: string | undefined;
  user?: string | undefined;
  scopes?: readonly string[] | undefined;
}

/** What a key stands for. */
export interface RingKey {
  digest: Buffer;
  /** Undefined: a service. */
  user?: string | undefined;
  /** Undefined: everything. */
  scopes?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  expiresAt?: number | undefined;
}

export interface KeyRing {
  /** What a key stands for; undefined where it is none, or no longer one. */
  find(key: string): Promise<RingKey | undefined>;
  /** Whether there was never a key, in the configuration or the file, since the server started. */
  isEmpty(): Promise<boolean>;
  /** The same, as it was at the last look. */
  isEmptyNow(): boolean;
  /** The keys as they were at the last look. */
  keys(): readonly RingKey[];
}

/** Milliseconds between two looks at the file: additions and revocations count after so long at most. */
const LOOK_MS = 500;

/**
 * The keys of the configuration and of a file that may change at any time. A file that turns unreadable counts as one without
 * keys: nobody gets in by a key that might have been revoked.
 * @throws ToolError `invalid_config` where the file cannot be read at the start
 */
export function createKeyRing(
  configured: readonly ConfiguredKey[],
  file: string | undefined,
  onerror: (error: unknown) => void = () => {},
): KeyRing {
  const fixed = configured.map(({ key, hash, user, scopes }) =>
    ringKey({ hash: hash ?? hashOf(key ?? ""), user, scopes }),
  );
  const atStart = file === undefined ? undefined : readKeysNow(file);
  let kept = (atStart ?? []).map(ringKey);
  // A file without keys is one whose keys were revoked: that must not let everybody in.
  let isEmpty = fixed.length === 0 && atStart === undefined;
  let seen: string | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function look(path: string): Promise<void> {
    const state = await stat(path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      (error: { code?: string }) => (error.code === "ENOENT" ? undefined : `${error.code}`),
    );
    lookedAt = performance.now();
    if (state === seen && state !== undefined) return;
    if (state !== undefined) isEmpty = false;
    try {
      kept = state === undefined ? [] : ((await readKeys(path)) ?? []).map(ringKey);
    } catch (error) {
      kept = [];
      onerror(error);
    }
    seen = state;
  }

  async function current(): Promise<readonly RingKey[]> {
    if (file !== undefined && (looking || performance.now() - lookedAt >= LOOK_MS)) {
      looking ??= look(file).finally(() => {
        looking = undefined;
      });
      await looking;
    }
    return [...fixed, ...kept];
  }

  return {
    async find(key) {
      const given = digestOf(key);
      let found: RingKey | undefined;
      // Every key is compared, so that the time says nothing about which one came close.
      for (const each of await current()) if (timingSafeEqual(each.digest, given)) found ??= each;
      return found?.expiresAt !== undefined && found.expiresAt <= Date.now() ? undefined : found;
    },
    async isEmpty() {
      await current();
      return isEmpty;
    },
    isEmptyNow: () => isEmpty,
    keys: () => [...fixed, ...kept],
  };
}

function ringKey({
  hash,
  user,
  scopes,
  expires,
}: Partial<KeptKey> | (Omit<ConfiguredKey, "key"> & { expires?: string })): RingKey {
  const digest = Buffer.from((hash ?? "").replace("sha256:", ""), "hex");
  return { digest, user, scopes, ...(expires !== undefined && { expiresAt: Date.parse(expires) }) };
}

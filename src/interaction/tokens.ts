import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ToolError } from "../errors.ts";

export interface SealOptions {
  /** Secret that the tokens are sealed with. Default: random, so that tokens end with the process. */
  key?: string | Uint8Array | undefined;
  /** Milliseconds since 1970. Default: the clock. */
  now?: (() => number) | undefined;
}

/** What a token carried. `id` tells it apart from every other token. */
export interface Opened {
  id: string;
  payload: unknown;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface Sealer {
  /** A URL-safe token that only this user can open, for this purpose, until `ttlMs` have passed. `payload` is plain JSON. */
  seal(user: string, purpose: string, payload: unknown, ttlMs: number): string;
  /**
   * What was sealed. A token can be opened any number of times until `consume`.
   * @throws ToolError `invalid_input` when it was altered, is another user's or purpose's, has expired or was consumed.
   */
  open(user: string, purpose: string, token: string): Opened;
  /** Whether this id was consumed. */
  isConsumed(id: string): boolean;
  /** Makes the token useless from now on. @throws ToolError `invalid_input` when it was consumed before. */
  consume(opened: Opened): void;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_TOKEN_LENGTH = 65_536;
/** Beyond this the oldest are forgotten. A forgotten token can be used once more, by its own user only. */
const MAX_CONSUMED = 100_000;

const refuse = (message: string): ToolError =>
  new ToolError("invalid_input", message, {
    hint: "Start again: call the tool without resume_token to get a new one.",
  });

/**
 * Seals state that travels through the caller (AES-256-GCM). The user is authenticated, not carried: a wrong user and an
 * altered token look the same, so that a token tells nobody whose it is. Compressed, because models have to copy it.
 */
export function createSealer(options: SealOptions = {}): Sealer {
  const now = options.now ?? Date.now;
  const key = Buffer.from(hkdfSync("sha256", options.key ?? randomBytes(32), "", "patchbay-mcp resume token", 32));
  const consumed = new Map<string, number>();

  function forgetExpired(): void {
    const time = now();
    for (const [id, expiresAt] of consumed) {
      if (expiresAt > time && consumed.size <= MAX_CONSUMED) break;
      consumed.delete(id);
    }
  }

  return {
    seal(user, purpose, payload, ttlMs) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(user));
      const plain = deflateRawSync(JSON.stringify([purpose, now() + ttlMs, payload]));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
    },

    open(user, purpose, token) {
      const text = token.trim();
      const [sealedPurpose, expiresAt, payload] = decrypt(key, user, text);
      if (sealedPurpose !== purpose) throw refuse(`This resume_token belongs to another question, not to ${purpose}.`);
      if (now() >= expiresAt) throw refuse("This resume_token has expired.");
      // The first bytes are the random IV, which is authenticated with the rest.
      const id = text.slice(0, (IV_BYTES / 3) * 4);
      if (consumed.has(id)) throw refuse("This resume_token has already been used.");
      return { id, payload, expiresAt };
    },

    isConsumed: (id) => consumed.has(id),

    consume(opened) {
      if (consumed.has(opened.id)) throw refuse("This resume_token has already been used.");
      consumed.set(opened.id, opened.expiresAt);
      forgetExpired();
    },
  };
}

function decrypt(key: Buffer, user: string, token: string): [purpose: string, expiresAt: number, payload: unknown] {
  try {
    if (token.length > MAX_TOKEN_LENGTH) throw new Error("too long");
    const bytes = Buffer.from(token, "base64url");
    // Node's decoder skips what it does not know, so that many texts would stand for one token.
    if (bytes.toString("base64url") !== token) throw new Error("not canonical");
    const iv = bytes.subarray(0, IV_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(user));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return JSON.parse(inflateRawSync(plain).toString());
  } catch {
    throw refuse(
      "This resume_token is not valid: it was altered, it is another user's, or the server has been restarted since.",
    );
  }
}

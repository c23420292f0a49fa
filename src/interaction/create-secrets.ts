import { randomBytes } from "node:crypto";
import { ToolError } from "../errors.ts";
import { findSecrets, followsWord, type SecretFinder } from "../redact/find-secrets.ts";
import { partsOf } from "../redact/secret-parts.ts";
import type { Form } from "./form.ts";
import { MAX_SECRETS, MIN_SECRET, type Secrets } from "./secrets.ts";

export interface SecretsOptions {
  /** Milliseconds since 1970. Default: the clock. */
  now?: (() => number) | undefined;
  /** Milliseconds that a secret is kept. Default 24 hours. */
  ttlMs?: number;
  /** Secrets of one user; the oldest is given up for a new one. Default 20. */
  maxOfUser?: number;
  /** Characters of one user's secrets together; the oldest are given up for a new one. Default 16,384. */
  maxCharactersOfUser?: number;
  /** Characters of all secrets of all users. Default 2 million. */
  maxCharacters?: number;
  /** Writings of secrets that are ready to be found; those of other users are made again when they are wanted. Default 300,000. */
  maxWritings?: number;
}

interface Kept {
  value: string;
  /** The only API that it counts for; undefined: every configured one. */
  api: string | undefined;
  expiresAt: number;
}

interface Own {
  kept: Map<string, Kept>;
  characters: number;
}

/** Pieces of one secret that are looked for by themselves, itself included. */
const MAX_PARTS = 12;
/** What a finder takes by itself, in writings. */
const EMPTY_FINDER = 1_000;

const SCHEME = "secret://";
/** What stands for a secret, or was meant to, escaped too; with the letters and digits after it. */
const REFERENCE = /secret(?::|%3a)(?:\\?\/|%2f){2}([A-Za-z0-9]*)/gi;
const ID = /^[0-9a-f]{32}$/i;

/** Secrets in the memory of this process, each known to its user alone. */
export function createSecrets(options: SecretsOptions = {}): Secrets {
  const { now = Date.now, ttlMs = 24 * 3_600_000, maxOfUser = MAX_SECRETS, maxCharactersOfUser = 16_384 } = options;
  const { maxCharacters = 2_000_000, maxWritings = 300_000 } = options;
  const users = new Map<string, Own>();
  /** The last used is last. What a user gave up is in none, but in those that were handed out before. */
  const finders = new Map<string, SecretFinder>();
  let characters = 0;

  function remove(user: string, own: Own, id: string): void {
    const length = own.kept.get(id)?.value.length ?? 0;
    characters -= length;
    own.characters -= length;
    own.kept.delete(id);
    finders.delete(user);
    if (own.kept.size === 0) users.delete(user);
  }

  function forgetExpired(user: string, own: Own): void {
    const time = now();
    // In the order in which they came, so in that of their ends.
    for (const [id, { expiresAt }] of own.kept) {
      if (expiresAt > time) return;
      remove(user, own, id);
    }
  }

  function add(user: string, value: string, api: string | undefined): string {
    if (characters + value.length > maxCharacters) for (const [each, own] of users) forgetExpired(each, own);
    if (characters + value.length > maxCharacters) {
      throw new ToolError("limit_reached", "No more secrets can be kept now.", {
        hint: "Try again later, or put the secret into the configuration.",
      });
    }
    const own = users.get(user) ?? { kept: new Map<string, Kept>(), characters: 0 };
    forgetExpired(user, own);
    for (const oldest of own.kept.keys()) {
      if (own.kept.size < maxOfUser && own.characters + value.length <= maxCharactersOfUser) break;
      remove(user, own, oldest);
    }
    users.set(user, own);
    const id = randomBytes(16).toString("hex");
    own.kept.set(id, { value, api, expiresAt: now() + ttlMs });
    own.characters += value.length;
    characters += value.length;
    const finder = finders.get(user);
    if (finder) addParts(finder, value);
    return SCHEME + id;
  }

  function find(user: string, id: string): Kept {
    const own = users.get(user);
    if (own) forgetExpired(user, own);
    const kept = own?.kept.get(id.toLowerCase());
    if (kept) return kept;
    // Another user's looks the same, so that a reference tells nobody whose it is.
    throw refused(
      `There is no secret ${SCHEME}${id.slice(0, 40)}.`,
      `It was mistyped, is another user's, was given more than a day ago, newer ones have taken its place (${maxOfUser} secrets with ${maxCharactersOfUser.toLocaleString("en")} characters together are kept), or the server has been restarted since. ${AGAIN}`,
    );
  }

  function secretOf(user: string, api: string, id: string): string {
    const { value, api: own } = find(user, id);
    if (own === undefined || own === api) return value;
    throw new ToolError("forbidden", `The secret ${SCHEME}${id.slice(0, 40)} was given for the API "${own}" only.`, {
      hint: `The user has to give one for "${api}": ask by collect_input with a field of type password and api "${api}".`,
    });
  }

  function revealText(user: string, api: string, text: string): string {
    if (!mayRefer(text)) return text;
    const replace = (of: (value: string) => string) =>
      text.replace(REFERENCE, (written: string, id: string, at: number) => {
        if (!written.toLowerCase().startsWith(SCHEME)) {
          throw refused(`The reference ${quoted(written)} is escaped.`, "Write it as it is: secret:// and its digits.");
        }
        // A short secret is told from ordinary text only where it stands apart.
        if (followsWord(text, at)) {
          const shown = quoted(text.slice(at - 1, at + written.length));
          throw refused(`A reference touches a letter or digit: ${shown}.`, "Leave a blank or a mark before it.");
        }
        if (!ID.test(id)) {
          const hint =
            "A reference is secret:// and 32 digits and small letters, as collect_input gave it, with no letter or digit beside it.";
          throw refused(`${quoted(written)} is no reference to a secret.`, `${hint} ${AGAIN}`);
        }
        return of(secretOf(user, api, id));
      });
    // Inside a text that is JSON, a quotation mark of the secret must not end what it stands in.
    return replace(isJson(text) ? (value) => JSON.stringify(value).slice(1, -1) : (value) => value);
  }

  function reveal(user: string, api: string, value: unknown): unknown {
    if (typeof value === "string") return revealText(user, api, value);
    if (typeof value !== "object" || value === null) return value;
    let changed = false;
    const each = (part: unknown): unknown => {
      const revealed = reveal(user, api, part);
      changed ||= revealed !== part;
      return revealed;
    };
    const copy = Array.isArray(value)
      ? value.map(each)
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [named(key), each(part)]));
    return changed ? copy : value;
  }

  return {
    keep(user, form, data) {
      const secret = secretFields(form).filter(({ name }) => typeof data[name] === "string" && data[name] !== "");
      for (const { name, label } of secret) {
        if ((data[name] as string).length >= MIN_SECRET) continue;
        throw new ToolError("validation_failed", `${label} has to have at least ${MIN_SECRET} characters.`, {
          issues: [{ path: name, message: `must have at least ${MIN_SECRET} characters` }],
        });
      }
      const length = secret.reduce((sum, { name }) => sum + (data[name] as string).length, 0);
      if (secret.length > maxOfUser || length > maxCharactersOfUser) {
        const [count, most] = [maxOfUser, maxCharactersOfUser].map((each) => each.toLocaleString("en"));
        throw new ToolError(
          "validation_failed",
          `A form takes ${count} secrets with ${most} characters together; these are ${secret.length} with ${length}.`,
          { hint: "Ask for fewer or shorter ones, or put them into the configuration." },
        );
      }
      const references = secret.map(({ name, api }) => [name, add(user, data[name] as string, api)] as const);
      return { ...data, ...Object.fromEntries(references) };
    },
    reveal,
    finderOf(user) {
      const own = users.get(user);
      if (own) forgetExpired(user, own);
      if (!own || own.kept.size === 0) return undefined;
      const finder = finders.get(user) ?? findSecrets();
      if (finder.size === 0) for (const { value } of own.kept.values()) addParts(finder, value);
      finders.delete(user);
      finders.set(user, finder);
      let writings = 0;
      for (const { size } of finders.values()) writings += size + EMPTY_FINDER;
      for (const [other, { size }] of finders) {
        if (writings <= maxWritings || other === user) break;
        finders.delete(other);
        writings -= size + EMPTY_FINDER;
      }
      return finder;
    },
  };
}

/** A user cannot have the writings of thousands of pieces made by one secret with as many marks in it. */
function addParts(finder: SecretFinder, secret: string): void {
  for (const part of partsOf(secret).slice(0, MAX_PARTS)) finder.add(part);
}

const AGAIN = "Ask for it again by collect_input with a field of type password.";

const refused = (message: string, hint: string): ToolError => new ToolError("invalid_input", message, { hint });

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);

const mayRefer = (text: string): boolean => /secret(?::|%3a)(?:\\?\/|%2f){2}/i.test(text);

/** @throws ToolError `invalid_input` for a reference: names are shown and logged */
function named(key: string): string {
  if (!mayRefer(key)) return key;
  throw refused(`A secret cannot be a name: ${quoted(key)}.`, "Put the reference into a value.");
}

function secretFields(form: Form) {
  return form.fields.filter(({ type }) => type === "password");
}

function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

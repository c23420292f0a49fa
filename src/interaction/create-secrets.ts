import { randomBytes } from "node:crypto";
import { ToolError } from "../errors.ts";
import type { Form } from "./form.ts";
import type { Secrets } from "./secrets.ts";

export interface SecretsOptions {
  /** Milliseconds since 1970. Default: the clock. */
  now?: (() => number) | undefined;
  /** Milliseconds that a secret is kept. Default 24 hours. */
  ttlMs?: number;
  /** Secrets of one user; the oldest is given up for a new one. Default 100. */
  maxOfUser?: number;
  /** Characters of all secrets of all users. Default 10 million. */
  maxCharacters?: number;
}

interface Kept {
  value: string;
  /** The only API that it counts for; undefined: every configured one. */
  api: string | undefined;
  expiresAt: number;
}

interface Own {
  kept: Map<string, Kept>;
  /** Made again whenever something comes or goes, so that the same list means the same secrets. */
  values: readonly string[];
}

const SCHEME = "secret://";
/** What stands for a secret; something shorter is a text that happens to begin like it. */
const REFERENCE = /secret:\/\/([0-9a-f]{8,})/gi;
/** Shorter ones could not be told from ordinary words where an API says them back. */
const MIN_LENGTH = 4;
const NOTHING: readonly string[] = [];

/** Secrets in the memory of this process, each known to its user alone. */
export function createSecrets(options: SecretsOptions = {}): Secrets {
  const { now = Date.now, ttlMs = 24 * 3_600_000, maxOfUser = 100, maxCharacters = 10_000_000 } = options;
  const users = new Map<string, Own>();
  let characters = 0;

  function remove(user: string, own: Own, id: string): void {
    characters -= own.kept.get(id)?.value.length ?? 0;
    own.kept.delete(id);
    own.values = [...own.kept.values()].map(({ value }) => value);
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
    const own = users.get(user) ?? { kept: new Map<string, Kept>(), values: NOTHING };
    users.set(user, own);
    forgetExpired(user, own);
    users.set(user, own);
    const [oldest] = own.kept.keys();
    if (oldest !== undefined && own.kept.size >= maxOfUser) remove(user, own, oldest);
    const id = randomBytes(16).toString("hex");
    own.kept.set(id, { value, api, expiresAt: now() + ttlMs });
    own.values = [...own.values, value];
    characters += value.length;
    return SCHEME + id;
  }

  function find(user: string, id: string): Kept {
    const own = users.get(user);
    if (own) forgetExpired(user, own);
    const kept = own?.kept.get(id.toLowerCase());
    if (kept) return kept;
    // Another user's looks the same, so that a reference tells nobody whose it is.
    throw new ToolError("invalid_input", `There is no secret ${SCHEME}${id.slice(0, 40)}.`, {
      hint: "It was mistyped, is another user's, was given more than a day ago, or the server has been restarted since. Ask for it again by collect_input with a field of type password.",
    });
  }

  function secretOf(user: string, api: string, id: string): string {
    const { value, api: own } = find(user, id);
    if (own === undefined || own === api) return value;
    throw new ToolError("forbidden", `The secret ${SCHEME}${id.slice(0, 40)} was given for the API "${own}" only.`, {
      hint: `The user has to give one for "${api}": ask by collect_input with a field of type password and api "${api}".`,
    });
  }

  function revealText(user: string, api: string, text: string): string {
    if (!text.toLowerCase().includes(SCHEME)) return text;
    const replace = (of: (value: string) => string) =>
      text.replace(REFERENCE, (_reference, id: string) => of(secretOf(user, api, id)));
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
      : Object.fromEntries(Object.entries(value).map(([key, part]) => [key, each(part)]));
    return changed ? copy : value;
  }

  return {
    keep(user, form, data) {
      const secret = secretFields(form).filter(({ name }) => typeof data[name] === "string" && data[name] !== "");
      for (const { name, label } of secret) {
        if ((data[name] as string).length >= MIN_LENGTH) continue;
        throw new ToolError("validation_failed", `${label} has to have at least ${MIN_LENGTH} characters.`, {
          issues: [{ path: name, message: `must have at least ${MIN_LENGTH} characters` }],
        });
      }
      const references = secret.map(({ name, api }) => [name, add(user, data[name] as string, api)] as const);
      return { ...data, ...Object.fromEntries(references) };
    },
    reveal,
    of(user) {
      const own = users.get(user);
      if (own) forgetExpired(user, own);
      return users.get(user)?.values ?? NOTHING;
    },
  };
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

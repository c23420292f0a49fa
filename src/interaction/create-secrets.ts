import { randomBytes } from "node:crypto";
import { ToolError } from "../errors.ts";
import { followsWord } from "../redact/find-secrets.ts";
import type { Form } from "./form.ts";
import { MIN_SECRET, type Secrets } from "./secrets.ts";

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
/** What stands for a secret, or was meant to, escaped too; with the letters and digits after it. */
const REFERENCE = /secret(?::|%3a)(?:\\?\/|%2f){2}([A-Za-z0-9]*)/gi;
const ID = /^[0-9a-f]{32}$/i;
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
    throw refused(
      `There is no secret ${SCHEME}${id.slice(0, 40)}.`,
      `It was mistyped, is another user's, was given more than a day ago, or the server has been restarted since. ${AGAIN}`,
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

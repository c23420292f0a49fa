import { ToolError } from "../errors.ts";
import { SERVICE_MODES } from "../identity/identity-options.ts";
import { addKey, type KeptKey, keyFileOf, readKeys, revokeKey } from "../identity/key-file.ts";
import { isUserId } from "../identity/user-names.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandOptions } from "./command-options.ts";
import { printable } from "./memory-call.ts";

const DAY_MS = 86_400_000;
const UNITS: Record<string, number> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS };
const MAX_NAME_LENGTH = 100;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Makes, lists and revokes the keys of `keys.json`. @throws ToolError */
export async function keysCommand({ loaded, words, options = {} }: CommandContext): Promise<number> {
  const [command = "", ...rest] = words;
  const file = keyFileOf(loaded.config.dataDir);
  const user = loaded.origins.get("user") === "--user" ? loaded.config.user : undefined;
  checkWords(command, rest, options, user);
  if (command === "add") return add(file, user, loaded.config.auth.mode, options);
  if (command === "revoke") return revoke(file, rest[0] ?? "", options);
  return list(file, user, options);
}

function checkWords(
  command: string,
  words: readonly string[],
  { json: _json, ...making }: CommandOptions,
  user: string | undefined,
): void {
  if (!["add", "list", "revoke"].includes(command))
    throw misuse(command === "" ? "keys needs add, list or revoke." : `There is no keys command "${command}".`);
  const wanted = command === "revoke" ? 1 : 0;
  if (words.length < wanted) throw misuse("keys revoke needs the id of a key.");
  if (words.length > wanted) throw misuse(`keys ${command} takes no "${words[wanted]}".`);
  const foreign = command === "add" ? undefined : Object.keys(making)[0];
  if (foreign !== undefined) throw misuse(`keys ${command} takes no --${foreign}.`);
  if (command === "revoke" && user !== undefined) throw misuse("keys revoke takes no --user.");
}

async function add(
  file: string,
  user: string | undefined,
  mode: string,
  { service = false, name, expires, scopes, json = false }: CommandOptions,
): Promise<number> {
  if (service === (user !== undefined)) throw misuse("keys add needs either --user or --service.");
  if (user !== undefined && !isUserId(user)) throw misuse(`${JSON.stringify(user)} cannot be the name of a user.`);
  if (mode === "static-user")
    throw unsafe(
      "auth.mode static-user asks for no key, so that a key would protect nothing.",
      "Set auth.mode: api-key.",
    );
  if (service && !SERVICE_MODES.includes(mode))
    throw unsafe(
      `auth.mode ${mode} has no way for a service to name its user.`,
      `Set auth.mode to ${SERVICE_MODES.join(" or ")} first, or make a key with --user.`,
    );
  if (name !== undefined && (!isUserId(name) || name.length > MAX_NAME_LENGTH))
    throw misuse(`--name has 1 to ${MAX_NAME_LENGTH} characters, without control characters.`);
  const { key, kept } = await addKey(file, {
    user,
    name,
    scopes: scopes === undefined ? undefined : readScopes(scopes),
    expires: expires === undefined ? undefined : readExpiry(expires).toISOString(),
  });
  if (json) process.stdout.write(`${JSON.stringify({ key, ...shown(kept) })}\n`);
  else {
    process.stdout.write(`${key}\n`);
    const whose = user === undefined ? "a service, which names its users itself" : printable(user);
    process.stderr.write(
      `This is the key of ${whose}. It is not shown again: only its hash is kept (id ${kept.id}).\n`,
    );
  }
  return 0;
}

async function list(file: string, user: string | undefined, { json = false }: CommandOptions): Promise<number> {
  const keys = ((await readKeys(file)) ?? []).filter((key) => user === undefined || key.user === user);
  if (json) {
    process.stdout.write(`${JSON.stringify(keys.map(shown))}\n`);
    return 0;
  }
  if (keys.length === 0) {
    process.stdout.write(user === undefined ? "There are no keys.\n" : `There are no keys of ${printable(user)}.\n`);
    return 0;
  }
  const rows = keys.map(({ id, user, name = "", scopes, created, expires }) => [
    id,
    user ?? "(service)",
    name,
    created.slice(0, 10),
    expires === undefined ? "never" : `${minuteOf(expires)}${hasEnded(expires) ? " (over)" : ""}`,
    scopes === undefined ? "everything" : scopes.join(",") || "none",
  ]);
  const table = [["id", "user", "name", "created", "expires (UTC)", "scopes"], ...rows].map((row) =>
    row.map(printable),
  );
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of table)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
  return 0;
}

async function revoke(file: string, id: string, { json = false }: CommandOptions): Promise<number> {
  const kept = await revokeKey(file, id);
  process.stdout.write(
    json
      ? `${JSON.stringify(shown(kept))}\n`
      : `Revoked ${kept.id}, the key of ${printable(kept.user ?? "a service")}${kept.name === undefined ? "" : ` (${printable(kept.name)})`}.\n`,
  );
  return 0;
}

function shown({ hash: _hash, ...key }: KeptKey): Omit<KeptKey, "hash"> {
  return key;
}

function readScopes(text: string): string[] {
  const scopes = text.split(",").map((scope) => scope.trim());
  if (text.trim() === "") return [];
  const wrong = scopes.find((scope) => !SCOPE.test(scope));
  if (wrong !== undefined) throw misuse(`--scopes: "${wrong}" is no scope; separate them by commas.`);
  return [...new Set(scopes)];
}

/** `90d`, `12h`, `2w`, or a date, at whose end the key ends. */
function readExpiry(text: string): Date {
  const [, count, unit = ""] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const isDate = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(text);
  const time = count
    ? Date.now() + Number(count) * (UNITS[unit] ?? 0)
    : isDate
      ? Date.parse(text.length === 10 ? `${text}T23:59:59.999Z` : text)
      : Number.NaN;
  const date = new Date(time);
  // What the calendar does not have, such as February 30, is read as a day of March.
  const isReal =
    !Number.isNaN(date.getTime()) && (count !== undefined || text.length > 10 || date.toISOString().startsWith(text));
  if (!isReal) throw misuse(`--expires: "${text}" is neither a time such as 12h or 90d nor a date such as 2027-01-31.`);
  if (hasEnded(date.toISOString())) throw misuse(`--expires: ${text} is over already.`);
  return date;
}

/** `2027-02-27 14:05`, in UTC. */
function minuteOf(time: string): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

function hasEnded(time: string): boolean {
  return Date.parse(time) <= Date.now();
}

function misuse(message: string): ToolError {
  return new ToolError("invalid_input", message);
}

function unsafe(message: string, hint: string): ToolError {
  return new ToolError("invalid_config", message, { hint });
}

import { ToolError } from "../errors.ts";

/** The accounts elsewhere that are a user, by the user's name (`auth.users`). */
export type UserLinks = Readonly<Record<string, readonly { issuer: string; subject: string }[]>>;

/** `sub` has at most 255 characters (OpenID Connect Core 1.0, section 2). */
const MAX_LENGTH = 255;
/** What is not seen, or breaks lines: two names that look the same must not be two people. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Whether a text can be the id of a user, here or elsewhere. */
export function isUserId(text: unknown): text is string {
  return (
    typeof text === "string" &&
    text.length > 0 &&
    text.length <= MAX_LENGTH &&
    text === text.trim() &&
    !UNSEEN.test(text)
  );
}

/** Gives the user that an account elsewhere is: the linked one, else `issuer#subject`. */
export type UserOf = (issuer: string, subject: string) => string;

/**
 * @param issuers those who are known to name users, besides those of the links
 * @throws ToolError `invalid_config` where one account stands for two users, a name could not be one or is that of an account which
 * is somebody else, or an issuer is written otherwise than the known one
 */
export function createUserNames(links: UserLinks, issuers: readonly string[] = []): UserOf {
  const linked = Object.values(links).flatMap((accounts) => accounts.map(({ issuer }) => issuer));
  for (const issuer of linked) {
    const meant = issuers.find((known) => lettersOf(known) === lettersOf(issuer));
    if (meant !== undefined && !issuers.includes(issuer))
      throw invalid(
        `auth.users: the issuer ${JSON.stringify(issuer)} is written ${JSON.stringify(meant)}.`,
        "Write the issuer exactly as it writes itself: an account of another one is nobody's.",
      );
  }
  const users = new Map<string, string>();
  for (const [user, accounts] of Object.entries(links)) {
    if (!isUserId(user)) throw invalid(`auth.users: ${JSON.stringify(user)} cannot be the name of a user.`);
    for (const { issuer, subject } of accounts) {
      if (!isUserId(subject))
        throw invalid(`auth.users.${user}: ${JSON.stringify(subject)} cannot be the id of a user.`);
      const account = accountOf(issuer, subject);
      const other = users.get(account);
      if (other !== undefined && other !== user)
        throw invalid(`auth.users: ${subject} of ${issuer} stands for two users, ${other} and ${user}.`);
      users.set(account, user);
    }
  }
  // Whoever has that account, without being linked, is called so: the name would be of two people.
  for (const user of Object.keys(links))
    for (const issuer of new Set([...issuers, ...linked])) {
      if (!user.startsWith(`${issuer}#`)) continue;
      if (users.get(accountOf(issuer, user.slice(issuer.length + 1))) !== user)
        throw invalid(
          `auth.users: ${JSON.stringify(user)} is what an account of ${issuer} is called that is not linked.`,
          "Give the person another name, or name that account among the person's own.",
        );
    }
  return (issuer, subject) => users.get(accountOf(issuer, subject)) ?? `${issuer}#${subject}`;
}

function accountOf(issuer: string, subject: string): string {
  return JSON.stringify([issuer, subject]);
}

/** What is left of a name where its way of writing is set aside. */
function lettersOf(issuer: string): string {
  return issuer
    .toLowerCase()
    .replace(/^https?:/, "")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

const NAMES =
  "A user is named by 1 to 255 characters without control characters, and each account belongs to one user.";

function invalid(message: string, hint = NAMES): ToolError {
  return new ToolError("invalid_config", message, { hint });
}

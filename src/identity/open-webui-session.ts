import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { createFairPlaces } from "./fair-places.ts";
import { fetchJson } from "./fetch-json.ts";
import { isSessionToken } from "./session-token.ts";
import { isUserId } from "./user-names.ts";

/** Whose session it is; `pending` where an administrator has not let the user in yet; undefined where it is none. */
export type SessionOutcome = { subject: string } | "pending" | "unavailable" | undefined;

/** Milliseconds that a session counts without asking again: so long a signed-out user may still be let in. */
const VALID_MS = 60_000;
/** Milliseconds that a refusal counts, so that a client that tries on and on costs Open-WebUI little. */
const INVALID_MS = 5_000;
const MAX_KEPT = 5_000;
/** Questions under way at once, of all and of one address: whoever sends made-up tokens must not keep the others out. */
const PLACES = { total: 64, perAddress: 32, waiting: 256, waitMs: 5_000 };

/**
 * Asks Open-WebUI whose session a bearer token of a peer is, if it looks like one at all: anything else is never sent there. Answers are kept by the token's SHA-256, never with the token, and questions
 * for one token at once are one question.
 */
export function createSessions(
  openWebUiUrl: string,
): (token: string, peer?: string | undefined) => Promise<SessionOutcome> {
  const url = `${openWebUiUrl}/api/v1/auths/`;
  const valid = new LRUCache<string, { subject: string }>({ max: MAX_KEPT, ttl: VALID_MS });
  const invalid = new LRUCache<string, { outcome: "pending" | undefined }>({ max: MAX_KEPT, ttl: INVALID_MS });
  const open = new Map<string, Promise<SessionOutcome>>();
  const enter = createFairPlaces(PLACES);

  async function ask(token: string, digest: string, peer: string | undefined): Promise<SessionOutcome> {
    const leave = await enter(peer);
    if (!leave) return "unavailable";
    try {
      const { status, json } = await fetchJson(url, { authorization: `Bearer ${token}` });
      if (status !== 200 && status !== 401 && status !== 403) return "unavailable";
      const { id, role, expires_at: expires } = (json ?? {}) as { id?: unknown; role?: unknown; expires_at?: unknown };
      // Another answer than that of Open-WebUI says nothing of the session.
      if (status === 200 && (!isUserId(id) || typeof role !== "string")) return "unavailable";
      if (status !== 200 || !isUserId(id) || role === "pending") {
        const outcome = role === "pending" ? "pending" : undefined;
        invalid.set(digest, { outcome });
        return outcome;
      }
      const leftMs = typeof expires === "number" ? expires * 1000 - Date.now() : VALID_MS;
      const outcome = { subject: id };
      if (leftMs > 0) valid.set(digest, outcome, { ttl: Math.min(leftMs, VALID_MS) });
      return outcome;
    } catch {
      return "unavailable";
    } finally {
      leave();
    }
  }

  return async (token, peer) => {
    if (!isSessionToken(token)) return undefined;
    const digest = createHash("sha256").update(token).digest("base64");
    const known = valid.get(digest) ?? invalid.get(digest);
    if (known) return "subject" in known ? known : known.outcome;
    let question = open.get(digest);
    if (!question) {
      question = ask(token, digest, peer).finally(() => open.delete(digest));
      open.set(digest, question);
    }
    return question;
  };
}

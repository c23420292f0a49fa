import { ToolError } from "../errors.ts";
import type { SecretFinder } from "../redact/find-secrets.ts";
import type { ApiRequest, PreparedRequest } from "./api-request.ts";
import { createSecretHider, type SecretHider } from "./credentials/hide-secrets.ts";
import { readStructure, writeExactJson } from "./exact-json.ts";
import type { LiveApi } from "./live-api.ts";

/** Secrets that users gave, of which callers only know references such as `secret://3f0c…`. */
export interface UserSecrets {
  /** The value with every reference replaced; the same value where there is none. @throws ToolError for one that does not count here */
  reveal(user: string, api: string, value: unknown): unknown;
  /** What finds the user's secrets; undefined where there are none. */
  finderOf(user: string): SecretFinder | undefined;
}

/** A request with the secrets themselves. */
export interface RevealedRequest {
  request: ApiRequest;
  /** Lower-case names of the headers that hold one. */
  headers: ReadonlySet<string>;
  /** The references, to tell calls with different secrets apart. Empty: the request has none. */
  references: string;
}

const PLACES = ["query", "header", "cookie", "body", "bodyText"] as const;
/** Parts that are shown, logged, or compared with rules: a secret has no place there. */
const UNGUARDED = ["operation", "path", "idempotencyKey", "bodyBase64"] as const;
const REFERENCE = /secret:\/\/[0-9a-f]{32}/gi;

/**
 * Puts the user's secrets in the place of their references: in values of the query, headers, cookies and the body, and nowhere else.
 * @throws ToolError `invalid_input`, `forbidden`
 */
export function revealRequest(secrets: UserSecrets, user: string, api: string, given: ApiRequest): RevealedRequest {
  const headers = new Set<string>();
  const found: string[] = [];
  for (const part of UNGUARDED) {
    if (secrets.reveal(user, api, given[part]) === given[part]) continue;
    throw new ToolError("invalid_input", `A secret cannot stand in ${NAMES[part]} of a call.`, {
      hint: "It can be a value in query, header, cookie or body.",
    });
  }
  const request: ApiRequest = { ...given };
  for (const place of PLACES) {
    const written = place === "bodyText" ? given[place] : readText(given[place]);
    const revealed = secrets.reveal(user, api, written);
    if (revealed === written) continue;
    Object.assign(request, { [place]: revealed });
    found.push(...(writeExactJson(written)?.match(REFERENCE) ?? []));
    if (place !== "header") continue;
    const own = revealed as Record<string, unknown>;
    for (const [name, value] of Object.entries(written as object)) {
      if (own[name] !== value) headers.add(name.toLowerCase());
    }
  }
  return { request, headers, references: [...new Set(found)].sort().join(" ") };
}

const NAMES = {
  operation: "the operation",
  path: "the path",
  idempotencyKey: "the idempotency key",
  bodyBase64: "body_base64",
} as const;

/** Models write objects as JSON text. */
function readText(value: unknown): unknown {
  return typeof value === "string" ? (readStructure(value) ?? value) : value;
}

const hiders = new WeakMap<SecretFinder, SecretHider>();

/** Hides a user's secrets; undefined where there are none. */
export function hiderOf(secrets: UserSecrets | undefined, user: string): SecretHider | undefined {
  const finder = secrets?.finderOf(user);
  if (!finder) return undefined;
  let hider = hiders.get(finder);
  if (!hider) {
    hider = createSecretHider([], finder);
    hiders.set(finder, hider);
  }
  return hider;
}

/** The API as it is for a call of a user: what it says back of the user's secrets is hidden as its own are. */
export function withUserSecrets(api: LiveApi, hider: SecretHider): LiveApi {
  const { secrets } = api.description;
  const both: SecretHider = {
    inText: (text, options) => hider.inText(secrets.inText(text, options), options),
    inValue(value) {
      const own = secrets.inValue(value);
      return own && hider.inValue(own.value);
    },
    inBytes: (bytes) => hider.inBytes(secrets.inBytes(bytes)),
    add: secrets.add,
  };
  return { ...api, description: { ...api.description, secrets: both } };
}

/**
 * The request marked as one with secrets: what holds one is shown to nobody, keeps its value on further pages, and answers are kept
 * apart from those to other secrets.
 */
export function markSecrets(prepared: PreparedRequest, revealed: RevealedRequest, hider: SecretHider): PreparedRequest {
  if (revealed.references === "") return prepared;
  const { configured } = prepared;
  const query = [...prepared.url.searchParams].flatMap(([name, value]) =>
    hider.inText(value) === value ? [] : [name],
  );
  return {
    ...prepared,
    references: revealed.references,
    configured: {
      ...configured,
      header: [...configured.header, ...revealed.headers],
      query: [...configured.query, ...query],
    },
    credentialId: `${prepared.credentialId} ${revealed.references}`,
  };
}

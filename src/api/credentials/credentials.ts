import { createHmac, randomBytes } from "node:crypto";
import type { LookupFunction } from "node:net";
import { ToolError } from "../../errors.ts";
import type { ApiUser } from "../api-client.ts";
import type { PreparedRequest, Target } from "../api-request.ts";
import type { ApiProblem } from "../check-api.ts";
import type { ApiDescription } from "../configured-api.ts";
import { isSameSite } from "../openapi/fetch-document.ts";
import type { PlacedCredential } from "../request/request-headers.ts";
import { type Reserves, reservedNames } from "../request/reserved-names.ts";
import { type Carried, carriedBy, placesOf } from "./carried-credentials.ts";
import { configuredSecrets } from "./configured-secrets.ts";
import { credentialProblems, holdersOf } from "./credential-problems.ts";
import { createOAuthTokens, type OAuthTokens } from "./oauth-tokens.ts";
import { holderOf, type Source, sourceOf } from "./own-credentials.ts";
import type { OAuthClient } from "./request-token.ts";

/** What one call carries. */
export interface CallCredential {
  /** Each in a place of its own. */
  placed: readonly PlacedCredential[];
  /** Configured headers of the API and, over them, of the user. */
  headers: Readonly<Record<string, string>>;
  /**
   * Tells credentials apart without holding one; the same for every token of one client. Keyed anew in every process, so that
   * nobody can try passwords on it.
   */
  id: string;
  /** Whether the configuration sets this, for this user or another one, so that a call must not. */
  reserves: Reserves;
}

/** Where the credentials of an API's calls come from. */
export interface Credentials {
  /**
   * What the user's call of this operation carries, the same object for each call; of a token that has to be asked for, only
   * its place is there.
   * @throws ToolError `not_configured` where something is missing in the configuration, `invalid_config`
   */
  of(user: ApiUser, target: Target): Promise<CallCredential>;
  /** The request with the token in its place, if it needs one. @throws ToolError `upstream_error` and the like where none is given */
  completed(user: ApiUser, prepared: PreparedRequest, signal: AbortSignal): Promise<PreparedRequest>;
  /** The request that was refused (401) with fresh credentials, where asking for such may help; else undefined. */
  renewed(user: ApiUser, refused: PreparedRequest, signal: AbortSignal): Promise<PreparedRequest | undefined>;
  /**
   * Looks for what calls would fail of: keys that are missing for the users without an entry, and for each user with one. With
   * `ask`, tokens are asked for as well. @throws ToolError the first problem
   */
  check(signal: AbortSignal, options?: { ask?: boolean }): Promise<void>;
  /** What does not fit the document, such as a required scheme without a credential. Asks nobody. */
  problems(): ApiProblem[];
  close(): Promise<void>;
}

type TokenSource = Extract<Source, { kind: "token" }>;

/** Digests that are kept, for each costs more than the rest of what a call carries. */
const MAX_IDS = 1000;
/** Clients that a check asks tokens for. */
const MAX_ASKED = 5;

export function createCredentials(api: ApiDescription, lookup?: LookupFunction): Credentials {
  const digestKey = randomBytes(32);
  const ids = new Map<string, string>();
  const reserved = reservedNames(api);
  let tokens: OAuthTokens | undefined;
  const tokenSource = (): OAuthTokens => {
    tokens ??= createOAuthTokens(api, api.settings.auth?.tokenUrl ?? "", lookup);
    return tokens;
  };

  function idOf({ source, named, headers }: Carried): string {
    const sent = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
    const text = JSON.stringify([source, named, sent]);
    const known = ids.get(text);
    if (known !== undefined) return known;
    const id = createHmac("sha256", digestKey).update(text).digest("base64url");
    if (ids.size < MAX_IDS) ids.set(text, id);
    return id;
  }

  /** By what the document says of an operation, and by user: neither changes. */
  type Kept = { source: Source; credential: CallCredential };
  const kept = new WeakMap<Target["details"], Map<string, Kept>>();
  function carried(user: ApiUser, target: Target): Kept {
    let ofUsers = kept.get(target.details);
    if (!ofUsers) {
      ofUsers = new Map();
      kept.set(target.details, ofUsers);
    }
    const known = ofUsers.get(user.id);
    if (known) return known;
    assertOwnHost(target);
    const all = carriedBy(api, holderOf(api, user), target);
    const { source, headers } = all;
    const reserves = reserved.and(target.details);
    const made = { source, credential: { placed: placesOf(all), headers, id: idOf(all), reserves } };
    if (ofUsers.size < MAX_IDS) ofUsers.set(user.id, made);
    return made;
  }

  const carriesSecrets = configuredSecrets(api.settings, undefined, api.userInfo).length > 0;
  /** What a document says, also when it is read anew, does not lead credentials away from where they belong. */
  function assertOwnHost({ id, base }: Target): void {
    if (!carriesSecrets || isSameSite(api.base, base)) return;
    throw new ToolError(
      "forbidden",
      `${id} is at ${base.origin}, another place than API "${api.name}": its credentials are not sent there.`,
      { hint: `Name it in the configuration as an API of its own, with apiUrl: ${base.origin}.` },
    );
  }

  return {
    async of(user, target) {
      return carried(user, target).credential;
    },
    async completed(user, prepared, signal) {
      const { source } = carried(user, prepared.target);
      if (source.kind !== "token") return prepared;
      return withToken(prepared, source, await tokenSource().get(source.client, signal));
    },
    async renewed(user, refused, signal) {
      const { source } = carried(user, refused.target);
      if (source.kind !== "token") return undefined;
      const sent = refused.headers[source.place.name.toLowerCase()];
      if (!sent?.startsWith(source.prefix)) return undefined;
      const token = await tokenSource().replace(source.client, sent.slice(source.prefix.length), signal);
      return token === undefined ? undefined : withToken(refused, source, token);
    },
    async check(signal, { ask = false } = {}) {
      const { users, requireUserCredentials } = api.settings;
      if (requireUserCredentials && Object.keys(users).length === 0) {
        throw new ToolError("not_configured", `API "${api.name}" has no user with credentials.`, {
          hint: `Set apis.${api.name}.users, or leave out requireUserCredentials.`,
        });
      }
      const clients = new Map<string, OAuthClient>();
      for (const holder of holdersOf(api)) {
        const source = sourceOf(api, holder, undefined);
        if (source.kind === "token") clients.set(JSON.stringify(source.client), source.client);
      }
      if (clients.size === 0) return;
      const tokens = tokenSource();
      if (!ask) return;
      for (const client of [...clients.values()].slice(0, MAX_ASKED)) await tokens.get(client, signal);
    },
    problems: () => credentialProblems(api),
    async close() {
      await tokens?.close();
      tokens = undefined;
    },
  };
}

function withToken(request: PreparedRequest, { place, prefix }: TokenSource, token: string): PreparedRequest {
  return { ...request, headers: { ...request.headers, [place.name.toLowerCase()]: prefix + token } };
}

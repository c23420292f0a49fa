import { createAssertions, PLAIN_CHALLENGE } from "./assertions.ts";
import { checkOptions } from "./check-options.ts";
import type { Authentication, Identity, Refusal } from "./identity.ts";
import type { IdentityOptions } from "./identity-options.ts";
import { KEY_PREFIX } from "./key-file.ts";
import { createKeyRing, type RingKey } from "./key-ring.ts";
import { createOwnUrls } from "./own-urls.ts";
import { readCredentials } from "./read-credentials.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { challenge, metadataUrlOf, resourceMetadata } from "./resource-metadata.ts";

const NO_KEY = "A valid API key is required: Authorization: Bearer …, or X-API-Key: …";
const TWO_KEYS = "The request carries two different keys, in Authorization and in X-API-Key: send one of them.";

/**
 * Tells who calls, in the way that the configuration wants.
 *
 * A key with a user is that person. A key without one is that of a service, and counts only together with what the mode names
 * users by; what names a user counts only together with such a key, but for access tokens and sessions, which are verified by
 * themselves. A person's key together with somebody else's name is refused.
 * @throws ToolError `invalid_config` where somebody could call whom nobody meant to let in
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { mode, localUser, toolScopes = {}, log } = options;
  const ring = createKeyRing(options.apiKeys, options.keyFile, (error) =>
    log?.warn({ err: error }, "the file of keys cannot be read: its keys do not count"),
  );
  checkOptions(options, ring.keys(), mode === "static-user" || (mode === "api-key" && ring.isEmptyNow()));
  const isOpen = async () => mode === "static-user" || (mode === "api-key" && (await ring.isEmpty()));
  const urls = createOwnUrls(options.publicUrl, options.listenUrl ?? (() => "http://127.0.0.1"));
  const assertions = createAssertions(options, urls);
  const tellRefusal = createRefusalLog(log);
  const neededScopes = new Map(Object.entries(toolScopes));
  const requiredScopes = options.oauth?.requiredScopes ?? [];

  return {
    async authenticate({ headers, peer, resource = "mcp", atPage = false }): Promise<Authentication> {
      const refuse = (reason: string, refusal: Partial<Refusal> = {}): Authentication => {
        tellRefusal(reason.startsWith("no ") ? "debug" : "warn", reason, peer);
        const message = assertions?.needsService === false ? NO_CREDENTIAL[mode] : undefined;
        const asked = assertions?.challenge(resource, headers) ?? PLAIN_CHALLENGE;
        return { refusal: { status: 401, message: message ?? NO_KEY, challenge: asked, ...refusal } };
      };
      const given = readCredentials(headers);
      if (await isOpen())
        return { caller: { user: localUser, ...(!given.malformed && { passedToken: given.bearer }) } };
      if (given.malformed) return refuse("credentials that cannot be read");
      const [byHeader, byBearer] = await Promise.all(
        [given.apiKey, given.bearer].map((key) => (key === undefined ? undefined : ring.find(key))),
      );
      if (given.apiKey !== undefined && !byHeader) return refuse("an unknown key in X-API-Key");
      if (byHeader && byBearer && byHeader !== byBearer) return refuse("two different keys", { message: TWO_KEYS });
      const key = byHeader ?? byBearer;
      const bearer = byBearer ? undefined : given.bearer;
      // One of ours that was revoked, or has expired, is nobody's session.
      if (bearer?.startsWith(KEY_PREFIX)) return refuse("an unknown key");
      if (!key && (!assertions || assertions.needsService))
        return refuse(bearer === undefined ? "no key" : "an unknown key");

      const isAsked = !(atPage && assertions?.asksOthers);
      const asserted = isAsked ? await assertions?.read({ headers, peer, bearer, resource }) : undefined;
      if (asserted && "refusal" in asserted) {
        tellRefusal("warn", asserted.reason, peer);
        return { refusal: asserted.refusal };
      }
      if (!key && !asserted) return refuse("no credential");
      if (key?.user !== undefined && asserted && asserted.user !== key.user) {
        const message = "The key is that of one person, and the request names another.";
        return refuse(message, { status: 403, message, challenge: undefined });
      }
      const user = key?.user ?? asserted?.user;
      if (user === undefined) {
        const message = assertions?.missing(headers) ?? "This key is that of a service, and stands for no user.";
        return refuse(message, { message });
      }
      const scopes = common(key?.scopes, asserted?.scopes);
      const passedToken = mode === "oauth" ? undefined : bearer;
      return { caller: { user, scopes, passedToken, byAccessToken: !key && asserted?.byAccessToken === true } };
    },

    refuseTool({ scopes, byAccessToken }, tool, { resource = "mcp", headers } = {}) {
      const needed = neededScopes.get(tool) ?? neededScopes.get("*") ?? [];
      const lacking = scopes === undefined ? [] : needed.filter((scope) => !scopes.includes(scope));
      if (lacking.length === 0) return undefined;
      const message = `${tool} needs the scope ${lacking.join(" ")}.`;
      if (!byAccessToken) return { status: 403, message };
      return {
        status: 403,
        message,
        challenge: challenge({
          error: "insufficient_scope",
          error_description: message,
          scope: [...new Set([...requiredScopes, ...needed])].join(" "),
          resource_metadata: metadataUrlOf(urls.of(headers), resource),
        }),
      };
    },

    isOpen,
    metadata:
      mode === "oauth" && options.oauth?.issuer !== undefined
        ? resourceMetadata(urls, {
            issuer: options.oauth.issuer,
            scopes: [...new Set([...requiredScopes, ...[...neededScopes.values()].flat()])],
          })
        : new Map(),
  };
}

/** What is asked of a request without any credential, where a key is not the usual one. */
const NO_CREDENTIAL: Partial<Record<IdentityOptions["mode"], string>> = {
  oauth: "An access token of the authorization server, or a valid API key, is required: Authorization: Bearer …",
  "open-webui-session": "The session of an Open-WebUI user, or a valid API key, is required: Authorization: Bearer …",
};

/** What both allow. */
function common(one: RingKey["scopes"], other: RingKey["scopes"]): RingKey["scopes"] {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((scope) => other.includes(scope));
}

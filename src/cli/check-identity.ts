import type { LoadedConfig } from "../config/loaded-config.ts";
import { ToolError } from "../errors.ts";
import { createIdentity } from "../identity/create-identity.ts";
import { fetchJson } from "../identity/fetch-json.ts";
import { discover } from "../identity/issuer-keys.ts";
import { hostOf, isLoopback } from "../identity/loopback.ts";
import { OPEN_WEBUI } from "../identity/open-webui-jwt.ts";
import type { Check } from "./checks.ts";
import { identityOptions } from "./identity-options.ts";

const ABOUT = { service: "configuration", name: "auth" } as const;

/** Who may call over HTTP: whether the server would start, what users are known by, and whether those who tell are reached. */
export async function checkIdentity(loaded: LoadedConfig): Promise<Check[]> {
  const { auth, http } = loaded.config;
  const options = identityOptions(loaded);
  let isOpen: boolean;
  try {
    isOpen = await createIdentity(options).isOpen();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return [{ ...ABOUT, state: "broken", detail: error.message, hint: error.hint }];
  }
  const detail = isOpen
    ? `${auth.mode}, no credential is asked for: everybody on this machine is "${loaded.config.user}"`
    : `${auth.mode}: ${BY_MODE[auth.mode]}`;
  return [
    { ...ABOUT, state: "ok", detail },
    ...openToContainers(),
    ...openToPages(),
    ...(await checkIssuer()),
    ...changingNames(),
    ...(await checkSessions()),
    ...linkedElsewhere(),
  ];

  async function checkIssuer(): Promise<Check[]> {
    const { issuer, jwksUri } = auth.oauth;
    if (auth.mode !== "oauth" || issuer === undefined) return [];
    const about = { service: "configuration", name: "auth.oauth" } as const;
    try {
      const uri = jwksUri ?? (await discover(issuer));
      const { status, json } = await fetchJson(uri);
      const { keys } = (json ?? {}) as { keys?: unknown };
      if (!Array.isArray(keys) || keys.length === 0) throw new Error(`${uri} has no keys (HTTP ${status})`);
      const base = http.publicUrl ?? "the URL it listens on";
      const audience = auth.oauth.audience.length > 0 ? auth.oauth.audience.join(", ") : `${base} + /mcp`;
      return [
        {
          ...about,
          state: "ok",
          detail: `${issuer}, ${keys.length === 1 ? "1 key" : `${keys.length} keys`}, tokens for ${audience}`,
        },
      ];
    } catch (error) {
      const { message, cause } = error as Error & { cause?: { code?: string } };
      const hint = "Check auth.oauth.issuer: it has to be written exactly as the server itself writes it.";
      return [{ ...about, state: "broken", detail: `${issuer}: ${cause?.code ?? message}`, hint }];
    }
  }

  async function checkSessions(): Promise<Check[]> {
    const { url } = loaded.config.openWebui;
    if (auth.mode !== "open-webui-session" || url === undefined) return [];
    const about = { service: "configuration", name: "auth: Open-WebUI" } as const;
    // A made-up session has to be refused: another answer is that of something else.
    const answer = await fetchJson(`${url}/api/v1/auths/`, { authorization: "Bearer none" }).catch(
      (error: Error & { cause?: { code?: string } }) => error.cause?.code ?? error.message,
    );
    if (typeof answer === "object" && (answer.status === 401 || answer.status === 403))
      return [{ ...about, state: "ok", detail: `${url} tells whose session a request carries` }];
    const found = typeof answer === "string" ? answer : `HTTP ${answer.status}`;
    const hint = "Set openWebui.url to the address by which this server reaches Open-WebUI.";
    return [{ ...about, state: "broken", detail: `${url} is no Open-WebUI that answers (${found})`, hint }];
  }

  /** Names that stand for this machine, where containers on it need no credential either. */
  function openToContainers(): Check[] {
    const names = http.allowedHosts.filter((entry) => !isLoopback(hostOf(entry)));
    if (!isOpen || names.length === 0) return [];
    const detail = `whoever reaches this machine as ${names.join(", ")}, such as a container on it, is "${loaded.config.user}" without a credential`;
    const hint = "Make a key with patchbay-mcp keys add, unless that is meant.";
    return [{ service: "configuration", name: "http.allowedHosts", state: "warn", detail, hint }];
  }

  /** Pages of other sites, which a browser on this machine lets call. */
  function openToPages(): Check[] {
    const names = http.allowedOrigins.filter((entry) => !isLoopback(hostOf(entry)));
    if (!isOpen || names.length === 0) return [];
    const detail = `pages of ${names.join(", ")} in a browser on this machine are "${loaded.config.user}" without a credential`;
    const hint = "Make a key with patchbay-mcp keys add, unless that is meant.";
    return [{ service: "configuration", name: "http.allowedOrigins", state: "warn", detail, hint }];
  }

  /** Names of an account that its owner may change, and somebody else may get then. */
  function changingNames(): Check[] {
    const { userClaim } = auth.oauth;
    if (auth.mode !== "oauth" || !/^(?:preferred_username|upn|unique_name|login)$/i.test(userClaim)) return [];
    const detail = `users are known by ${userClaim}: whoever gets the name of somebody else gets what is kept for that person`;
    const hint = "Leave auth.oauth.userClaim out, unless names are never given twice there.";
    return [{ service: "configuration", name: "auth.oauth.userClaim", state: "warn", detail, hint }];
  }

  /** One server has one mode; accounts of other issuers count at another one on the same data folder. */
  function linkedElsewhere(): Check[] {
    const issuer = issuerOf(auth);
    const linked = Object.values(auth.users).flatMap((accounts) => accounts.map((account) => account.issuer));
    const others = [...new Set(linked)].filter((each) => each !== issuer);
    if (others.length === 0) return [];
    const about = { service: "configuration", name: "auth.users" } as const;
    const names = others.map((each) => `"${each}"`).join(", ");
    const here = issuer === undefined ? "keys alone" : `accounts of "${issuer}"`;
    const detail = `auth.mode ${auth.mode} knows ${here}; those of ${names} count at a server of another mode with the same dataDir`;
    const isKnown = (each: string) => each === OPEN_WEBUI || each === auth.trustedHeader.issuer || URL.canParse(each);
    const doubtful = others.filter((each) => !isKnown(each));
    if (doubtful.length === 0 && (issuer === undefined || linked.includes(issuer)))
      return [{ ...about, state: "ok", detail }];
    const hint =
      doubtful.length > 0
        ? `An issuer is the URL of an authorization server, "${OPEN_WEBUI}", or what auth.trustedHeader.issuer says.`
        : `Link accounts of "${issuer}" if people of this server are meant.`;
    return [{ ...about, state: "warn", detail, hint }];
  }
}

const BY_MODE: Record<LoadedConfig["config"]["auth"]["mode"], string> = {
  "api-key": "each key is a user",
  "static-user": "everybody is one user",
  oauth: "access tokens, and keys that have a user",
  "open-webui-jwt": "the key of Open-WebUI with X-OpenWebUI-User-Jwt, and keys that have a user",
  "open-webui-session": "sessions of Open-WebUI, and keys that have a user",
  "trusted-header": "the key of a proxy with its header, and keys that have a user",
};

/** The issuer of the users that a mode hears of. */
function issuerOf({ mode, oauth, trustedHeader }: LoadedConfig["config"]["auth"]): string | undefined {
  if (mode === "oauth") return oauth.issuer;
  if (mode === "trusted-header") return trustedHeader.issuer;
  return mode === "open-webui-jwt" || mode === "open-webui-session" ? OPEN_WEBUI : undefined;
}

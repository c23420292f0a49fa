import type { LoadedConfig } from "../config/loaded-config.ts";
import { ToolError } from "../errors.ts";
import { createIdentity } from "../identity/create-identity.ts";
import { fetchJson } from "../identity/fetch-json.ts";
import { discover } from "../identity/issuer-keys.ts";
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
  return [{ ...ABOUT, state: "ok", detail }, ...(await checkIssuer()), ...(await checkSessions()), ...unusedLinks()];

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

  /** Links of an issuer that this mode does not hear of: probably written otherwise there. */
  function unusedLinks(): Check[] {
    const issuer = issuerOf(auth);
    const accounts = Object.entries(auth.users).flatMap(([user, list]) =>
      list.map((account) => ({ user, ...account })),
    );
    const others = accounts.filter((account) => account.issuer !== issuer);
    if (issuer === undefined || others.length === 0) return [];
    const names = [...new Set(others.map((account) => `"${account.issuer}"`))].join(", ");
    const detail = `accounts of ${names} are linked, but auth.mode ${auth.mode} knows users of "${issuer}" only`;
    const hint = "Write the issuer in auth.users exactly as that, where it is the same.";
    return [{ service: "configuration", name: "auth.users", state: "warn", detail, hint }];
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

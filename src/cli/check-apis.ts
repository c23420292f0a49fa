import type { ApiCheck } from "../api/api-client.ts";
import type { LoadedConfig } from "../config/loaded-config.ts";
import { pinnedEntries } from "../config/pinned-names.ts";
import { ToolError } from "../errors.ts";
import type { ServiceContainer, Services } from "../services.ts";
import { tools } from "../tools/index.ts";
import type { Check } from "./checks.ts";

type Config = LoadedConfig["config"];

/**
 * Reads each API's document, connects to each API, and finds the operations that are to be tools. Calls no operation; with
 * `ask`, it asks for the tokens that calls need.
 */
export async function checkApis(
  { config }: LoadedConfig,
  services: ServiceContainer,
  { signal, ask }: { signal: AbortSignal; ask: boolean },
): Promise<Check[]> {
  if (Object.keys(config.apis).length === 0) {
    const hint = "Name one under `apis` in patchbay.yaml; docs/apis.md shows how.";
    return [{ service: "apis", name: "APIs", state: "off", detail: "no API is configured", hint }];
  }
  const { apis } = await services.get(["apis"]);
  const found = await apis.check(signal, { ask });
  const pinned = await Promise.all(found.map((api) => (api.error === undefined ? checkPinned(api, config, apis) : [])));
  return found.flatMap((api, index) => [
    {
      service: "apis",
      name: `API ${api.name}`,
      state: api.error === undefined ? "ok" : "broken",
      detail: api.error ?? detailOf(api, config),
      hint: api.hint,
    },
    ...(pinned[index] ?? []),
  ]);
}

/** What there is to know of an API that works, in one line. */
function detailOf(api: ApiCheck, config: Config): string {
  const settings = config.apis[api.name]!;
  const count = settings.tools.length;
  return [
    api.base_url,
    `${api.operations} ${api.operations === 1 ? "operation" : "operations"}${api.kind === "plain" ? " without a document" : ""}`,
    ...(count > 0 ? [`${count} as ${count === 1 ? "a tool" : "tools"} of their own`] : []),
    credentialsOf(settings),
    ...(config.readOnly || settings.readOnly ? ["read-only"] : []),
    ...(confirmsAny(settings.confirm) ? ["asks the user before calls"] : []),
  ].join(", ");
}

function confirmsAny(confirm: Config["apis"][string]["confirm"]): boolean {
  return typeof confirm === "boolean" ? confirm : confirm.length > 0;
}

/** How calls say who they are, without saying it. */
function credentialsOf(settings: Config["apis"][string]): string {
  const { auth, apiKey, apiKeyHeader, users, requireUserCredentials } = settings;
  const own = Object.keys(users).length;
  const ofUsers = `credentials of ${own} ${own === 1 ? "user" : "users"}`;
  if (requireUserCredentials) return `${ofUsers}, nobody else may call`;
  const shared = sharedCredentials(auth, apiKey, apiKeyHeader, /^https?:\/\/[^/?#]*@/i.test(settings.apiUrl ?? ""));
  return own === 0 ? shared : `${shared}, or the ${ofUsers}`;
}

function sharedCredentials(
  auth: Config["apis"][string]["auth"],
  apiKey: string | undefined,
  apiKeyHeader: string | undefined,
  inUrl: boolean,
): string {
  if (apiKeyHeader !== undefined && apiKey !== undefined) return `key in the header ${apiKeyHeader}`;
  switch (auth?.type) {
    case "oauth2":
      return `OAuth2 token of ${auth.tokenUrl === undefined ? "no endpoint" : new URL(auth.tokenUrl).host}`;
    case "basic":
      return "user name and password";
    case "bearer":
      return "bearer key";
    case "header":
    case "query":
    case "cookie":
      return `key in the ${auth.type === "query" ? "query parameter" : auth.type} ${auth.name}`;
    default:
      if (apiKey !== undefined) return "with a key";
      return inUrl ? "user name and password" : "no credentials";
  }
}

async function checkPinned({ name: api }: ApiCheck, { apis: all }: Config, apis: Services["apis"]): Promise<Check[]> {
  const builtIn = tools.map(({ name }) => name);
  const own = pinnedEntries(all, builtIn).filter((entry) => entry.api === api);
  if (own.length === 0) return [];
  const found = await apis.pinned(api, own);
  return own.flatMap(({ name, key }, index): Check[] => {
    const error = found[index];
    if (!(error instanceof ToolError)) return [];
    return [
      { service: "apis", name: `tool ${name} (${key})`, state: "broken", detail: error.message, hint: error.hint },
    ];
  });
}

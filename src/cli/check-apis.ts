import type { ApiCheck } from "../api/check-api.ts";
import type { LoadedConfig } from "../config/loaded-config.ts";
import { nearKeys } from "../config/near-keys.ts";
import { type PinnedEntry, pinnedEntries } from "../config/pinned-names.ts";
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
  loaded: LoadedConfig,
  services: ServiceContainer,
  { signal, ask }: { signal: AbortSignal; ask: boolean },
): Promise<Check[]> {
  if (Object.keys(loaded.config.apis).length === 0) {
    const hint = "Name one under `apis` in patchbay.yaml; docs/apis.md shows how.";
    return [{ service: "apis", name: "APIs", state: "off", detail: "no API is configured", hint }];
  }
  const { apis } = await services.get(["apis"]);
  const found = await apis.check(signal, { ask });
  const builtIn = tools.map(({ name }) => name);
  const entries = pinnedEntries(loaded.config.apis, builtIn);
  const checks = await Promise.all(
    found.map(async (api): Promise<Check[]> => {
      const own = entries.filter((entry) => entry.api === api.name);
      return [
        checkOf(api, loaded, own),
        ...problemsOf(api),
        ...checkUsers(api.name, loaded.config),
        ...(await checkPinned(api, own, apis)),
      ];
    }),
  );
  return checks.flat();
}

function checkOf(api: ApiCheck, loaded: LoadedConfig, pinned: readonly PinnedEntry[]): Check {
  const part = { service: "apis", name: `API ${api.name}` } as const;
  if (api.error === undefined) return { ...part, state: "ok", detail: detailOf(api, loaded.config) };
  const broken = { ...part, state: "broken", hint: api.hint } as const;
  // What is known of its operations can be searched and described.
  if (api.described) {
    return { ...broken, detail: api.error, tools: ["call_api", ...pinned.map(({ name }) => name)] };
  }
  return { ...broken, detail: withPath(api.error, api.name, loaded) };
}

/** What is wrong with a document in a file, with its path: models are told the reason alone. */
function withPath(error: string, name: string, { config, writtenPaths }: LoadedConfig): string {
  const key = `apis.${name}.openapi`;
  const written = writtenPaths.get(key);
  const file = config.apis[name]?.openapi;
  if (written === undefined || file === undefined) return error;
  return `${error.replace(/\.$/, "")}: ${key} is "${written}"${written === file ? "" : `, which is ${file}`}.`;
}

function problemsOf({ problems }: ApiCheck): Check[] {
  return problems.map(({ key, message, hint, broken }) => ({
    service: "apis",
    name: key,
    state: broken ? "broken" : "warn",
    detail: message.startsWith(`${key}: `) ? message.slice(key.length + 2) : message,
    hint,
    tools: [],
  }));
}

/** Users with credentials who can be nobody, as far as the configuration tells: over stdio `--user` may name anybody. */
function checkUsers(name: string, { apis, auth, user }: Config): Check[] {
  const { users, requireUserCredentials } = apis[name]!;
  const known = [...new Set([user, ...auth.apiKeys.flatMap((entry) => entry.user ?? [])])];
  const strange = Object.keys(users).filter((id) => !known.includes(id));
  const shown = listOf(known.slice(0, 10));
  const part = { service: "apis", tools: [] } as const;
  if (requireUserCredentials && strange.length === Object.keys(users).length && auth.apiKeys.length > 0) {
    const detail = `${listOf(strange.slice(0, 10))}: nobody that is known may call, for the known users are ${shown}`;
    const hint = `Name the users as in auth.apiKeys, or leave out apis.${name}.requireUserCredentials.`;
    return [{ ...part, name: `apis.${name}.users`, state: "broken", detail, hint }];
  }
  return strange.slice(0, 10).map((id) => {
    const [near] = nearKeys(id, known);
    const meant = near === undefined ? "" : `Did you mean "${near}"? `;
    const detail = `no user is called "${id}" here: ${known.length === 1 ? "the only one is" : "known are"} ${shown}.`;
    const hint = `${meant}Users are those of auth.apiKeys, and whom --user names.`;
    return { ...part, name: `apis.${name}.users.${id}`, state: "warn", detail, hint };
  });
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
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

const NONE = "no credentials";

/** How calls say who they are, without saying it. */
function credentialsOf(settings: Config["apis"][string]): string {
  const { auth, apiKey, apiKeyHeader, credentials, users, requireUserCredentials } = settings;
  const own = Object.keys(users).length;
  const ofUsers = `credentials of ${own} ${own === 1 ? "user" : "users"}`;
  if (requireUserCredentials) return `${ofUsers}, nobody else may call`;
  const others = sharedCredentials(auth, apiKey, apiKeyHeader, /^https?:\/\/[^/?#]*@/i.test(settings.apiUrl ?? ""));
  const schemes = Object.keys(credentials).join(", ");
  const shared =
    schemes === "" ? others : [`credentials for ${schemes}`, ...(others === NONE ? [] : [others])].join(", ");
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
      return inUrl ? "user name and password" : NONE;
  }
}

/** The tools that operations of an API are. */
async function checkPinned(
  { name: api, described, error }: ApiCheck,
  own: readonly PinnedEntry[],
  apis: Services["apis"],
): Promise<Check[]> {
  if (own.length === 0) return [];
  const found = described ? await apis.pinned(api, own) : [];
  return own.map(({ name, key, operation }, index): Check => {
    const title = `${operation} of API ${api}`;
    const common = { service: "apis", tools: [name], tool: { name, title } } as const;
    const failure = found[index];
    if (failure instanceof ToolError) {
      const { message: detail, hint } = failure;
      return { ...common, name: `tool ${name} (${key})`, state: "broken", detail, hint };
    }
    if (described) return { ...common, name: `tool ${name}`, state: "ok", detail: title };
    return { ...common, name: `tool ${name}`, state: "off", detail: error ?? `API ${api} cannot be read` };
  });
}

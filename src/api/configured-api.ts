import { ToolError } from "../errors.ts";
import { type AllowRule, mayAllow, parseAllowRule, placeholdersOf } from "./allow-rules.ts";
import { type ConsentRules, isRead, type KnownCall, readConsentRules } from "./call-policy.ts";
import { configuredSecrets } from "./credentials/configured-secrets.ts";
import { createSecretHider, type SecretHider } from "./credentials/hide-secrets.ts";
import { hostOf, type Reach, reachOf } from "./network/address-guard.ts";
import { isObject } from "./openapi/document.ts";
import { isSameSite } from "./openapi/fetch-document.ts";
import { type FetchMeans, isDocumentUrl, type LoadedDocument, readDocument } from "./openapi/load-document.ts";
import { type DocumentOperation, readOperations } from "./openapi/operations.ts";
import { readServer } from "./openapi/servers.ts";
import type { JsonObject, Operation } from "./operation.ts";
import { type ArgumentChecker, createArgumentChecker } from "./request/check-arguments.ts";
import { reservedNames, withoutReserved } from "./request/reserved-names.ts";
import { findMisfits, type RuleMisfit } from "./rule-misfits.ts";

/** How credentials travel, as the configuration says it. */
export interface AuthSettings {
  type: "bearer" | "header" | "query" | "cookie" | "basic" | "oauth2";
  name?: string | undefined;
  prefix: string;
  username?: string | undefined;
  password?: string | undefined;
  tokenUrl?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  scope?: string | undefined;
  audience?: string | undefined;
  resource?: string | undefined;
  clientAuth: "basic" | "post";
}

/** What the calls of one user carry instead of the shared credentials. */
export interface UserCredentials {
  apiKey?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  /** By the names of the document's security schemes. */
  credentials?: Readonly<Record<string, string>> | undefined;
  headers: Readonly<Record<string, string>>;
}

/** An operation that is a tool of its own. */
export interface PinnedTool {
  operation: string;
  name?: string | undefined;
  description?: string | undefined;
}

/** An API of the configuration. Times are seconds. */
export interface ApiSettings {
  description: string;
  apiUrl?: string | undefined;
  /** Path or URL of the document. */
  openapi?: string | undefined;
  apiKey?: string | undefined;
  apiKeyHeader?: string | undefined;
  auth?: AuthSettings | undefined;
  /** By the names of the document's security schemes, for those that need more than one. */
  credentials?: Readonly<Record<string, string>> | undefined;
  /** By user id. */
  users: Readonly<Record<string, UserCredentials>>;
  requireUserCredentials: boolean;
  headers: Readonly<Record<string, string>>;
  timeout: number;
  connectTimeout: number;
  /** Repetitions, not counting the first request. */
  retries: number;
  idempotencyHeader?: string | undefined;
  concurrency: number;
  breaker: { failures: number; cooldown: number };
  allow: readonly string[];
  readOnly: boolean;
  /** Whether the human is asked first: never, before all that may change something, or where a rule fits. */
  confirm: boolean | readonly string[];
  redirectHosts: readonly string[];
  tools: readonly (string | PinnedTool)[];
  rateLimit?: { requests: number; per: number } | undefined;
  cacheTtl: number;
  maxResponseBytes: number;
  /** Characters of JSON. */
  maxAnswerLength: number;
  maxPages: number;
  responseSchema?: JsonObject | undefined;
  checkResponses: "off" | "warn" | "strict";
  privateNetwork?: boolean | undefined;
}

/** An API as its configuration and its document describe it. */
export interface ApiDescription {
  name: string;
  settings: ApiSettings;
  /** Without user information and fragment. */
  base: URL;
  /** `user:password` of the configured URL. */
  userInfo: string | undefined;
  reach: Reach;
  /** What the operation's path is below: the base, or a server of its own. */
  baseOf(operation: DocumentOperation): URL;
  rules: readonly AllowRule[];
  /** Which calls the human is asked about first. */
  consent: ConsentRules;
  /** Rules of `allow` and `confirm` that fit nothing there is. */
  misfits(): RuleMisfit[];
  /** What can be called: the document's operations, or one for each rule. */
  operations: readonly Operation[];
  document: { source: LoadedDocument; operations: readonly DocumentOperation[] } | undefined;
  checker: ArgumentChecker;
  secrets: SecretHider;
}

/**
 * Reads what there is to know of an API; its document, if it has one, from the disk or from its URL.
 * @throws ToolError `invalid_config`; for a URL also what `readDocument` throws
 */
export async function describeApi(
  name: string,
  settings: ApiSettings,
  means: FetchMeans = {},
): Promise<ApiDescription> {
  const rules = settings.allow.map((rule) => parseAllowRule(rule, name));
  const configured = settings.apiUrl === undefined ? undefined : parseBase(name, settings.apiUrl);
  const source =
    settings.openapi === undefined ? undefined : await readDocument(settings.openapi, name, { ...settings, ...means });
  const base = configured?.base ?? (source && readServer(source));
  if (!base) {
    throw new ToolError("invalid_config", `API "${name}" has no URL.`, {
      hint: source
        ? `Its document names no absolute server: write apis.${name}.apiUrl in the configuration.`
        : `Write apis.${name}.apiUrl or apis.${name}.openapi in the configuration.`,
    });
  }
  const all = source ? readOperations(source, name) : [];
  const reserved = reservedNames({ base, settings, userInfo: configured?.userInfo });
  for (const operation of all) {
    const read = operation.details;
    operation.details = () => withoutReserved(read(), reserved);
  }
  const possible = (method: string) => !settings.readOnly || isRead(method);
  // In a document's path `*` is a character, in a rule it is any text.
  const calls: readonly KnownCall[] = source
    ? all.map(({ method, path }) => ({ method, path: path.replaceAll("*", "_") }))
    : plainCalls(rules);
  return {
    name,
    settings,
    base,
    userInfo: configured?.userInfo,
    rules,
    consent: readConsentRules(name, settings, calls),
    misfits: () => findMisfits({ name, settings, base, calls, documented: source !== undefined }),
    reach: reachOf(
      base,
      configured !== undefined || isPlaceOfDocument(settings, base),
      settings.privateNetwork === true,
    ),
    baseOf: (operation) => operationBase(base, operation, configured !== undefined),
    operations: source
      ? all.filter(({ method, path }) => possible(method) && mayAllow(rules, method, path))
      : plainOperations(name, settings, rules).filter(({ method }) => possible(method)),
    document: source && { source, operations: all },
    checker: createArgumentChecker(source),
    secrets: createSecretHider(configuredSecrets(settings, configured?.base, configured?.userInfo)),
  };
}

/** Whether the server is where the configuration says that the document is: what it names may be reached as it can be. */
function isPlaceOfDocument({ openapi }: ApiSettings, base: URL): boolean {
  return openapi !== undefined && isDocumentUrl(openapi) && isSameSite(new URL(openapi), base);
}

/**
 * The server that an operation has for itself counts where it is of the base's origin, and where the document alone says
 * where the API is. Where the configuration says it, no document leads calls and their credentials to another host.
 */
function operationBase(base: URL, operation: DocumentOperation, configured: boolean): URL {
  const own = operation.serverFrom(base);
  return own && (!configured || own.origin === base.origin) ? own : base;
}

function parseBase(name: string, apiUrl: string): { base: URL; userInfo: string | undefined } {
  if (!URL.canParse(apiUrl) || !/^https?:$/.test(new URL(apiUrl).protocol) || hostOf(new URL(apiUrl)) === "") {
    throw new ToolError("invalid_config", `apis.${name}.apiUrl is no http or https URL.`);
  }
  const base = new URL(apiUrl);
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const userInfo =
    base.username === "" && base.password === "" ? undefined : `${decode(base.username)}:${decode(base.password)}`;
  base.username = "";
  base.password = "";
  base.hash = "";
  return { base, userInfo };
}

/** The calls that a plain API allows: one for each rule, or the POST of its own URL. */
function plainCalls(rules: readonly AllowRule[]): readonly (KnownCall & { text: string })[] {
  return rules.length > 0 ? rules : [{ text: "POST /", method: "POST", path: "/" }];
}

function plainOperations(api: string, settings: ApiSettings, rules: readonly AllowRule[]): Operation[] {
  return plainCalls(rules).map(({ text, method, path }) => ({
    api,
    // Where only reads are possible, any method means GET.
    ...(settings.readOnly && method === "*" ? { id: `GET ${path}`, method: "GET" } : { id: text, method }),
    path,
    summary: settings.description.split("\n")[0] ?? "",
    description: settings.description,
    tags: [],
    deprecated: false,
    parameterNames: placeholdersOf(path),
  }));
}

/** What a document says of itself, in one line. */
export function documentTitle(api: ApiDescription): string {
  const info = api.document?.source.root.info;
  return isObject(info) && typeof info.title === "string" ? info.title : "";
}

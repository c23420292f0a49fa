import type { Config } from "../config/config-schema.ts";
import type { ConfiguredKey } from "./key-ring.ts";
import type { UserLinks } from "./user-names.ts";

type Auth = Config["auth"];

/** Modes in which a key without a user, that of a service, has something to go with. */
export const SERVICE_MODES: readonly string[] = ["open-webui-jwt", "open-webui-session", "trusted-header"];

/** `warn` for wrong credentials, `debug` where there were none. */
export type IdentityLog = Record<"warn" | "debug", (fields: Record<string, unknown>, message: string) => void>;

/** What identity is made of: `auth` of the configuration, and what of the rest concerns it. */
export interface IdentityOptions {
  mode: Auth["mode"];
  apiKeys: readonly ConfiguredKey[];
  users?: UserLinks;
  toolScopes?: Readonly<Record<string, readonly string[]>>;
  /** What a session of Open-WebUI allows; undefined: everything. */
  sessionScopes?: readonly string[] | undefined;
  oauth?: Auth["oauth"];
  openWebuiJwt?: Auth["openWebuiJwt"];
  trustedHeader?: Auth["trustedHeader"];
  /** Who everybody is where no credential is asked for. */
  localUser: string;
  /** The address that is listened on. Default: loopback. */
  host?: string;
  /** How clients reach the server, where that is not the address that it listens on. */
  publicUrl?: string | undefined;
  /** Names, besides loopback, by which requests may call the server. */
  allowedHosts?: readonly string[];
  /** The URL that is listened on, as soon as it is known. */
  listenUrl?: () => string;
  openWebUiUrl?: string | undefined;
  /** `keys.json`. Undefined: there is none. */
  keyFile?: string | undefined;
  /** Every tool that there can be. Undefined: names of tools are not checked. */
  toolNames?: readonly string[];
  /** Where attempts that were refused are told; never with a credential. */
  log?: IdentityLog;
}

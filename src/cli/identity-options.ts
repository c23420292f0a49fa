import type { LoadedConfig } from "../config/loaded-config.ts";
import { pinnedEntries } from "../config/pinned-names.ts";
import type { IdentityOptions } from "../identity/identity-options.ts";
import { keyFileOf } from "../identity/key-file.ts";
import { tools } from "../tools/index.ts";

/** What the configuration says of who may call. */
export function identityOptions({ config }: LoadedConfig): IdentityOptions {
  const builtIn = tools.map(({ name }) => name);
  return {
    ...config.auth,
    localUser: config.user,
    host: config.http.host,
    publicUrl: config.http.publicUrl,
    allowedHosts: config.http.allowedHosts,
    openWebUiUrl: config.openWebui.url,
    keyFile: keyFileOf(config.dataDir),
    toolNames: [...builtIn, ...pinnedEntries(config.apis, builtIn).map(({ name }) => name)],
  };
}

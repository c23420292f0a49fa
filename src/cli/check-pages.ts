import type { LoadedConfig } from "../config/loaded-config.ts";
import { isLoopback } from "../identity/loopback.ts";
import type { Check } from "./checks.ts";

type HttpConfig = LoadedConfig["config"]["http"];

/** Addresses that stand for all of the machine's: which of them a browser reaches is not known here. */
const EVERY_ADDRESS = ["0.0.0.0", "::"];

/** Where browsers reach the pages of the HTTP server that is reached at `url`; undefined where that is not known. */
export function pagesUrl({ host, publicUrl }: HttpConfig, url: string | undefined): string | undefined {
  return publicUrl ?? (EVERY_ADDRESS.includes(host) ? undefined : url);
}

/** Whether users can be asked on pages, and where these are. */
export function checkPages({ config: { http, interaction } }: LoadedConfig): Check[] {
  const { form } = interaction;
  const isAllowed = form === "auto" || form === "page" || (Array.isArray(form) && form.includes("page"));
  if (!isAllowed) return [];
  const about = { service: "configuration", name: "pages for the user" } as const;
  const reached = pagesUrl(http, `http://${http.host.includes(":") ? `[${http.host}]` : http.host}:${http.port}`);
  if (reached === undefined) {
    const detail = `none over HTTP: it is not known by which address browsers reach a server on ${http.host}`;
    return [{ ...about, state: "off", detail, hint: "Set http.publicUrl." }];
  }
  const { hostname, protocol } = new URL(reached);
  if (isLoopback(hostname)) {
    return [{ ...about, state: "ok", detail: `at ${reached}, for browsers on this machine` }];
  }
  if (protocol === "https:") return [{ ...about, state: "ok", detail: `at ${reached}` }];
  const hint = "Put a proxy with TLS in front, and set http.publicUrl to its https address.";
  return [{ ...about, state: "warn", detail: `at ${reached}: answers cross the network unencrypted`, hint }];
}

import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import type { buildConnector } from "undici";
import { ToolError } from "../../errors.ts";

/**
 * What an API's host may resolve to.
 * - `public` addresses of the internet only
 * - `private` also private and loopback ones, for the configuration itself names the host as one of this network
 * - `literal` the configured URL holds the address: this one and no other
 */
export type Reach = "public" | "private" | "literal";

/** Ranges of `ipaddr.js` that belong to this machine or this network. */
const PRIVATE_RANGES = new Set(["private", "loopback", "uniqueLocal", "carrierGradeNat"]);
/** What tells secrets of cloud machines, by numbers that are public or of private networks (Azure, AWS, Google, Alibaba). */
const DENIED = new Set(["168.63.129.16", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200"]);
/** All of IPv6 that is given out for the internet (RFC 4291, 2.4); beyond it lie forms such as `::127.0.0.1`. */
const GLOBAL_IPV6 = ipaddr.parseCIDR("2000::/3");
/** Names that only this machine or this network resolves (RFC 6761, RFC 6762, RFC 8375, and what ICANN keeps from delegation). */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|lan|home\.arpa|home|corp|intranet|private)\.?$/i;

/** What a host of the configuration may resolve to. `trusted`: the configuration says that it is of this network. */
export function reachOf(base: URL, configured: boolean, trusted: boolean): Reach {
  if (!configured) return "public";
  const host = hostOf(base);
  if (isIP(host) !== 0) return "literal";
  return trusted || !host.includes(".") || PRIVATE_NAME.test(host) ? "private" : "public";
}

/** Whether a connection to this address may be made. */
export function isAddressAllowed(address: string | undefined, reach: Reach, literal?: string): boolean {
  if (address === undefined || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (reach === "literal") return literal !== undefined && parsed.toString() === ipaddr.process(literal).toString();
  if (DENIED.has(parsed.toString())) return false;
  const range = parsed.range();
  if (range === "unicast" && parsed.kind() === "ipv6" && !parsed.match(GLOBAL_IPV6)) return false;
  return range === "unicast" || (reach === "private" && PRIVATE_RANGES.has(range));
}

export interface GuardOptions {
  api: string;
  /** The only origin that is ever connected to. */
  base: URL;
  reach: Reach;
  /** Milliseconds. */
  connectTimeoutMs: number;
  /** Name resolution other than the system's; for tests. */
  lookup?: LookupFunction | undefined;
}

/**
 * A connector that reaches the API's own host and port and nothing else, whatever redirects, documents, names or arguments
 * say. Checked are the host of the request, every address that its name has, and the address that was connected to: a lookup
 * hook alone is passed by for literal addresses, and a check before the connection loses to a name that changes.
 */
export function createGuardedConnector(build: typeof buildConnector, options: GuardOptions): buildConnector.connector {
  const { base, reach } = options;
  const host = hostOf(base);
  const literal = isIP(host) === 0 ? undefined : host;
  const lookup = options.lookup ?? (systemLookup as unknown as LookupFunction);

  const guardedLookup: LookupFunction = (hostname, lookupOptions, callback) => {
    lookup(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      const all = addresses as { address: string; family: number }[];
      if (all.length === 0) return callback(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "", 0);
      const bad = all.find(({ address }) => !isAddressAllowed(address, reach, literal));
      if (bad) return callback(refusal(options, bad.address), "", 0);
      if (lookupOptions.all) return callback(null, all);
      callback(null, all[0]!.address, all[0]!.family);
    });
  };
  const connect = build({ timeout: options.connectTimeoutMs, allowH2: false, lookup: guardedLookup });

  return (target, callback) => {
    const asked = target.hostname.replace(/^\[|\]$/g, "");
    const elsewhere =
      asked.toLowerCase() !== host.toLowerCase() || target.protocol !== base.protocol || target.port !== base.port;
    if (elsewhere || target.socketPath) {
      callback(refusal(options, undefined), null);
    } else if (isIP(asked) !== 0 && !isAddressAllowed(asked, reach, literal)) {
      callback(refusal(options, asked), null);
    } else {
      connect(target, (...[error, socket]) => {
        if (error) return callback(error, null);
        if (isAddressAllowed(socket?.remoteAddress, reach, literal)) return callback(null, socket!);
        const address = socket?.remoteAddress;
        socket?.destroy();
        callback(refusal(options, address), null);
      });
    }
  };
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function refusal({ api, base }: GuardOptions, address: string | undefined): ToolError {
  const range = address !== undefined && ipaddr.isValid(address) ? ipaddr.process(address).range() : undefined;
  const what =
    range === undefined
      ? "another host than its own"
      : `${/^[aeiou]/.test(range) ? "an" : "a"} ${KINDS[range] ?? range} address`;
  return new ToolError("forbidden", `Request failed: API "${api}" leads to ${what}, which is not allowed.`, {
    hint: `If the host is meant, write apis.${api}.apiUrl: ${base.origin}${base.pathname.replace(/\/$/, "")}${reachOf(base, true, false) === "public" ? ` and apis.${api}.privateNetwork: true` : ""} in the configuration.`,
  });
}

const KINDS: Record<string, string> = {
  private: "private",
  loopback: "loopback",
  linkLocal: "link-local",
  uniqueLocal: "unique local",
  carrierGradeNat: "shared",
  unicast: "denied",
};

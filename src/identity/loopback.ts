import ipaddr from "ipaddr.js";

/** What containers call the machine that they run on: Docker, its Desktop, Podman, Lima. */
const MACHINE_NAMES = [
  "host.docker.internal",
  "gateway.docker.internal",
  "host.containers.internal",
  "host.lima.internal",
];
/** Addresses that no other network reaches. */
const PRIVATE_RANGES = ["private", "loopback", "linkLocal", "carrierGradeNat", "uniqueLocal"];
/** Names that no public name server knows (RFC 6762, 8375; `.internal`, reserved by ICANN; the cluster of Kubernetes). */
const PRIVATE_NAME = /(?:^|\.)(?:local|localhost|internal|lan|home\.arpa|cluster\.local)$/i;

/** Top-level domains, some of which (RFC 7085) are hosts themselves. */
const PUBLIC_WORD = /^(?:[a-z]{2}|com|net|org|edu|gov|mil|int|info|biz|arpa|xn--.*)$/i;

/** Whether a host, as it is written in a configuration or a URL, is this machine and nobody else's. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The host name of an entry such as `example.com`, `example.com:8808` or `https://example.com`. */
export function hostOf(entry: string): string {
  const url = entry.includes("://") ? entry : `http://${entry}`;
  return URL.canParse(url) ? new URL(url).hostname : entry;
}

/** Whether a host name stands for this machine, to its containers or (RFC 6761) to itself. */
export function isOwnMachine(host: string): boolean {
  return MACHINE_NAMES.includes(host.toLowerCase()) || /\.localhost$/i.test(host);
}

/** Whether a URL is reached without leaving this machine, or by TLS. */
export function isProtected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || isLoopback(hostname);
}

/**
 * Whether a URL is reached by TLS, or without leaving a private network: by a private address, a name of one word that is no
 * top-level domain, such as a container has, or one that is no public name.
 */
export function isPrivateOrProtected(url: string): boolean {
  const { hostname } = new URL(url);
  if (isProtected(url)) return true;
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (ipaddr.isValid(host)) return PRIVATE_RANGES.includes(ipaddr.process(host).range());
  return (!host.includes(".") && !PUBLIC_WORD.test(host)) || PRIVATE_NAME.test(host);
}

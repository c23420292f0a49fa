import ipaddr from "ipaddr.js";
import { ToolError } from "../errors.ts";
import { isUserId } from "./user-names.ts";

type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Blocks with fewer leading bits hold half of the internet, and with it whoever forges the header. */
const MIN_BITS = { ipv4: 8, ipv6: 7 };

/**
 * Tells whether an address is that of a proxy.
 * @throws ToolError `invalid_config` where a block is none, or so wide that it names nobody
 */
export function createProxies(blocks: readonly string[]): (peer: string | undefined) => boolean {
  const parsed = blocks.map(parseBlock);
  return (peer) => {
    if (peer === undefined || !ipaddr.isValid(peer)) return false;
    // A socket that takes both families shows IPv4 as ::ffff:10.0.0.5.
    const address = ipaddr.process(peer);
    return parsed.some(([block, bits]) => block.kind() === address.kind() && address.match([block, bits] as never));
  };
}

function parseBlock(text: string): Block {
  const [, host = "", bitsText] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (!ipaddr.IPv4.isValidFourPartDecimal(host) && !ipaddr.IPv6.isValid(host))
    throw invalid(`${JSON.stringify(text)} is no CIDR block`);
  const written = ipaddr.parse(host);
  const all = written.kind() === "ipv4" ? 32 : 128;
  const writtenBits = bitsText === undefined ? all : Number(bitsText);
  const address = ipaddr.process(host);
  const bits = address.kind() === written.kind() ? writtenBits : writtenBits - 96;
  if (writtenBits > all) throw invalid(`${JSON.stringify(text)} is no CIDR block`);
  if (bits < MIN_BITS[address.kind()])
    throw invalid(`${JSON.stringify(text)} is so wide that anybody could be the proxy`);
  return [address, bits];
}

function invalid(what: string): ToolError {
  return new ToolError("invalid_config", `auth.trustedHeader.proxies: ${what}.`, {
    hint: "Name the proxies by their addresses, such as 10.0.0.5/32.",
  });
}

/**
 * The user that a header names: one, of visible characters. `wrong` where the header is empty, was sent twice, or is no name; a
 * header that was sent twice arrives joined by a comma, so that no name has one.
 */
export function readUserHeader(headers: Headers, name: string): { subject: string } | "wrong" | undefined {
  const value = headers.get(name);
  if (value === null) return undefined;
  const subject = fromUtf8(value);
  return isUserId(subject) && !subject.includes(",") ? { subject } : "wrong";
}

/** Node gives the bytes of a header as Latin-1; proxies write names in UTF-8. */
function fromUtf8(value: string): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, "latin1"));
  } catch {
    return undefined;
  }
}

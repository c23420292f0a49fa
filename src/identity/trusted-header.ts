import ipaddr from "ipaddr.js";
import { ToolError } from "../errors.ts";
import { isUserId } from "./user-names.ts";

type Block = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Leading bits of the widest block of public addresses that may be proxies, alone or in sum: wider ones are so much of the internet
 * that whoever forges the header is among them. Private networks may be named whole.
 */
const MIN_BITS = { ipv4: 8, ipv6: 16 };
const PRIVATE_BLOCKS: readonly Block[] = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"],
  ...["fc00::/7", "fe80::/10", "::1/128"],
].map((block) => ipaddr.parseCIDR(block));

/**
 * Tells whether an address is that of a proxy.
 * @throws ToolError `invalid_config` where a block is none, or so wide that it names nobody
 */
export function createProxies(blocks: readonly string[]): (peer: string | undefined) => boolean {
  const parsed = blocks.map(parseBlock);
  checkWidth(parsed);
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
  const isPrivate = PRIVATE_BLOCKS.some((wide) => isWithin([address, bits], wide));
  if (!isPrivate && bits < MIN_BITS[address.kind()])
    throw invalid(`${JSON.stringify(text)} is so wide that anybody could be the proxy`);
  return [address, bits];
}

/** In sum, blocks must not hold what one of them must not. */
function checkWidth(blocks: readonly Block[]): void {
  const open = blocks.filter((block) => !PRIVATE_BLOCKS.some((wide) => isWithin(block, wide)));
  const distinct = open.filter(
    (block, index) =>
      !open.some((wide, at) => at !== index && isWithin(block, wide) && (at < index || !isWithin(wide, block))),
  );
  for (const kind of ["ipv4", "ipv6"] as const) {
    const shares = distinct
      .filter(([address]) => address.kind() === kind)
      .map(([, bits]) => 2 ** (MIN_BITS[kind] - bits));
    if (shares.reduce((sum, share) => sum + share, 0) > 1)
      throw invalid("the blocks are so wide together that anybody could be the proxy");
  }
}

function isWithin([address, bits]: Block, [wide, wideBits]: Block): boolean {
  return address.kind() === wide.kind() && bits >= wideBits && address.match([wide, wideBits] as never);
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

import { isUtf8 } from "node:buffer";
import { bareType } from "../media-types.ts";

export function isHtml(type: string): boolean {
  return type === "text/html" || type === "application/xhtml+xml";
}

const TEXT =
  /^text\/|[/+.](?:xml|yaml|x-yaml|csv|ndjson|x-ndjson|jsonl|jsonlines|x-jsonlines|json-seq|javascript|ecmascript|graphql|toml|sql|x-www-form-urlencoded)$/;
const BINARY =
  /^(?:image|audio|video|font|model)\/|^(?:application|binary)\/(?:octet-stream|pdf|zip|gzip|x-gzip|x-tar|x-7z-compressed|x-bzip2|vnd\.rar|wasm|protobuf|x-protobuf|cbor|msgpack|x-msgpack|vnd\.openxmlformats.*|vnd\.ms-.*|msword|epub\+zip|java-archive)$/;

/** Whether an answer of this type is text to be read, and not bytes; where the type does not say it, its bytes do. */
export function isText(type: string, bytes: Buffer): boolean {
  if (TEXT.test(type)) return startOf(bytes).bom !== undefined || !bytes.subarray(0, 4096).includes(0);
  return !BINARY.test(type) && isReadable(bytes);
}

/** Whether bytes are UTF-8, or text with a byte order mark, rather than something else. */
export function isReadable(bytes: Buffer): boolean {
  if (startOf(bytes).bom !== undefined) return true;
  const start = bytes.subarray(0, 4096);
  // Control characters other than tab, line ends, form feed and escape.
  if (start.some((byte) => byte < 32 && (byte < 9 || byte === 11 || (byte > 13 && byte !== 27)))) return false;
  return bytes.length > start.length ? beginsAsUtf8(start) : isUtf8(start);
}

/** The last character may lack its end. */
function beginsAsUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of an answer. Its charset is what its byte order mark says, else its type, else the document itself (XML 1.0,
 * appendix F; HTML, 13.2.3.2), else UTF-8 where it is that, else windows-1252, of which Latin-1 is a part.
 */
export function decodeText(bytes: Buffer, header: string): string {
  const { bom, charset: marked } = startOf(bytes);
  const named =
    marked ?? /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(header)?.[1] ?? declaredCharset(bytes, bareType(header));
  const body = bom === undefined ? bytes : bytes.subarray(bom);
  // As most answers are.
  const isUnicode = isUtf8(body);
  if (isUnicode && (named === undefined || /^utf-?8$/i.test(named))) return body.toString();
  for (const charset of [named, isUnicode ? "utf-8" : "windows-1252"]) {
    if (charset === undefined) continue;
    try {
      return new TextDecoder(charset).decode(body);
    } catch {
      // A charset that nobody knows.
    }
  }
  return new TextDecoder().decode(body);
}

/** The byte order mark's length and its charset. JSON without one in UTF-16 shows itself by its zeros (RFC 4627, 3). */
function startOf(bytes: Buffer): { bom?: number; charset?: string } {
  const a = bytes[0];
  const b = bytes[1];
  const c = bytes[2];
  if (a === 0xef && b === 0xbb && c === 0xbf) return { bom: 3, charset: "utf-8" };
  if (a === 0xff && b === 0xfe) return { bom: 2, charset: "utf-16le" };
  if (a === 0xfe && b === 0xff) return { bom: 2, charset: "utf-16be" };
  if ((a === 0x7b || a === 0x5b) && b === 0) return { bom: 0, charset: "utf-16le" };
  if (a === 0 && (b === 0x7b || b === 0x5b)) return { bom: 0, charset: "utf-16be" };
  return {};
}

function declaredCharset(bytes: Buffer, type: string): string | undefined {
  const isPage = isHtml(type);
  if (!isPage && bytes[0] !== 0x3c) return undefined;
  const start = bytes.subarray(0, 1024).toString("latin1");
  if (isPage) return /<meta[^>]{0,200}?charset\s*=\s*["']?([\w.:-]+)/i.exec(start)?.[1];
  return /^<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)/.exec(start)?.[1];
}

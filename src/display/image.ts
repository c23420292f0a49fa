import type { ImagePart } from "./parts.ts";
import { wrong } from "./table.ts";

const DATA_URI = /^data:([^,]*),/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const BASE64URL = /^[A-Za-z0-9_-]*={0,2}$/;

/** The type of an image by its bytes; undefined where they are none. Where they are an SVG is told besides. */
export type ImageType = (bytes: Buffer) => string | undefined;

/**
 * The image of a data URI or of plain base64. Its type is what its bytes say, whatever the URI claims.
 * @throws ToolError `invalid_input` for an address, for what is no image, and for one of more than `maxBytes`
 */
export function imageOf(given: string, alt: string, typeOf: ImageType, maxBytes: number): ImagePart {
  if (/^\s*https?:/i.test(given)) {
    throw wrong(
      "image",
      '"image" is an address, which is not fetched.',
      "Give the image itself as a data URI or base64. A link belongs in markdown.",
    );
  }
  const bytes = bytesOf(given);
  if (bytes === undefined || bytes.length === 0) {
    throw wrong("image", '"image" is neither a data URI nor base64.', "For example data:image/png;base64,iVBORw0…");
  }
  if (bytes.length > maxBytes) {
    throw wrong("image", `"image" has ${bytes.length} bytes, more than ${maxBytes}.`, "Make it smaller first.");
  }
  const type = typeOf(bytes) ?? (isSvg(bytes) ? "image/svg+xml" : undefined);
  if (type === undefined) {
    throw wrong(
      "image",
      '"image" is no PNG, JPEG, GIF, WebP or SVG by its bytes.',
      "Convert it to one of these first.",
    );
  }
  return { type: "image", mime_type: type, bytes: bytes.length, alt };
}

/** The bytes of a data URI (RFC 2397) or of base64, also with spaces and line breaks in it; undefined where it is neither. */
export function bytesOf(given: string): Buffer | undefined {
  const text = given.trim();
  const [prefix, head] = DATA_URI.exec(text) ?? ["", undefined];
  const body = text.slice(prefix.length);
  if (head !== undefined && !/;\s*base64\s*$/i.test(head)) {
    try {
      return Buffer.from(decodeURIComponent(body), "utf8");
    } catch {
      return undefined;
    }
  }
  const packed = body.replace(/\s+/g, "").replace(/%2B/gi, "+").replace(/%2F/gi, "/").replace(/%3D/gi, "=");
  if (BASE64.test(packed)) return Buffer.from(packed, "base64");
  return BASE64URL.test(packed) ? Buffer.from(packed, "base64url") : undefined;
}

/** Whether it is text whose first element is svg (WHATWG MIME Sniffing knows no SVG). */
function isSvg(bytes: Buffer): boolean {
  const start = bytes.toString("utf8", 0, 2_000).replace(/^\ufeff/, "");
  return /^\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->)[\s\S])*-->\s*|<!DOCTYPE\s+svg[^>]*>\s*)*<svg[\s>]/i.test(start);
}

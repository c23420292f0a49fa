import { randomUUID } from "node:crypto";
import { ToolError } from "../../errors.ts";

/** A part of a multipart body. */
export interface Part {
  name: string;
  /** Given for files. */
  filename?: string;
  contentType?: string;
  /** Further headers by name. */
  headers?: Readonly<Record<string, string>>;
  content: string | Uint8Array;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * The bytes of a multipart body (RFC 7578; names and file names as the WHATWG HTML Standard escapes them) and its content type.
 * @throws ToolError `invalid_input` where a part's header cannot be sent
 */
export function writeMultipart(parts: readonly Part[], type: string): { body: Uint8Array; contentType: string } {
  const boundary = `patchbay-${randomUUID()}`;
  const pieces: Uint8Array[] = [];
  const encoder = new TextEncoder();
  for (const part of parts) {
    const lines = [`--${boundary}`, `Content-Disposition: form-data; name="${escaped(part.name)}"${fileNameOf(part)}`];
    if (part.contentType !== undefined) lines.push(headerLine(part, "Content-Type", part.contentType));
    for (const [name, value] of Object.entries(part.headers ?? {})) {
      if (!/^content-(type|disposition)$/i.test(name)) lines.push(headerLine(part, name, value));
    }
    pieces.push(encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
    pieces.push(typeof part.content === "string" ? encoder.encode(part.content) : part.content, encoder.encode("\r\n"));
  }
  pieces.push(encoder.encode(`--${boundary}--\r\n`));
  return { body: Buffer.concat(pieces), contentType: `${type}; boundary=${boundary}` };
}

function fileNameOf({ filename }: Part): string {
  return filename === undefined ? "" : `; filename="${escaped(filename)}"`;
}

function escaped(name: string): string {
  return name
    .toWellFormed()
    .replaceAll('"', "%22")
    .replaceAll("\r", "%0D")
    .replaceAll("\n", "%0A")
    .replaceAll("\0", "");
}

function headerLine(part: Part, name: string, value: string): string {
  if (TOKEN.test(name) && HEADER_VALUE.test(value)) return `${name}: ${value}`;
  const message = `has the header ${JSON.stringify(name.slice(0, 80))}, which cannot be sent`;
  throw new ToolError("invalid_input", `The part "${part.name.slice(0, 80)}" ${message}.`, {
    issues: [{ path: `/body/${part.name.slice(0, 80)}`, message }],
  });
}

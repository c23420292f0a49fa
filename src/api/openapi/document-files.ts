import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, posix, relative, sep } from "node:path";
import { type FileSource, OutOfReach } from "./external-references.ts";
import { MAX_DOCUMENT_BYTES } from "./parse-document.ts";

/** The bytes of a file. @throws OutOfReach; else what the file system throws */
export async function readBytes(file: string): Promise<Uint8Array> {
  const found = await stat(file);
  // A pipe or a device would never end.
  if (!found.isFile()) throw new OutOfReach("is no file");
  if (found.size > MAX_DOCUMENT_BYTES) throw new OutOfReach(`is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  const handle = await open(file);
  try {
    // One buffer of the right size: reading in parts holds a large document twice.
    const bytes = Buffer.allocUnsafeSlow(found.size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}

/** The files in and below the folder of a document, and no others: not by `..`, an absolute path, a URL or a link. */
export function filesAround(document: string, self: URL | undefined): FileSource {
  const folder = dirname(document);
  const own = basename(document);
  return {
    nameOf(reference, from) {
      const written = self === undefined ? reference : belowSelf(reference, self);
      if (written === "") return "";
      let path: string;
      try {
        path = decodeURIComponent(written);
      } catch {
        path = written;
      }
      if (/^[a-z][a-z0-9+.-]*:/i.test(path)) throw new OutOfReach("is a URL, and the document is a file");
      if (path.startsWith("/") || path.includes("\\") || path.includes("\0") || isAbsolute(path)) {
        throw new OutOfReach("is no path below the document's folder");
      }
      const base = from === "" ? "" : posix.dirname(decodeName(from));
      const found = posix.normalize(posix.join(base, path));
      if (found === ".." || found.startsWith("../")) throw new OutOfReach("leads out of the document's folder");
      return found === own ? "" : encodeName(found);
    },
    async read(name) {
      try {
        const root = await realpath(folder);
        const file = await realpath(join(root, decodeName(name)));
        const inside = relative(root, file);
        if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
          throw new OutOfReach("leads out of the document's folder");
        }
        return await readBytes(file);
      } catch (error) {
        if (error instanceof OutOfReach) throw error;
        const missing = ["ENOENT", "ENOTDIR"].includes(String((error as { code?: unknown }).code));
        throw new OutOfReach(missing ? "does not exist" : "cannot be read", { cause: error });
      }
    },
  };
}

/** A reference by the document's own URL (OpenAPI 3.2.0, "$self") as one relative to the document. */
export function belowSelf(reference: string, self: URL): string {
  if (!URL.canParse(reference)) return reference;
  const url = new URL(reference);
  url.hash = "";
  if (url.href === self.href) return "";
  const folder = new URL(".", self).href;
  return url.href.startsWith(folder) ? url.href.slice(folder.length) : reference;
}

function encodeName(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decodeName(name: string): string {
  return name.split("/").map(decodeURIComponent).join("/");
}

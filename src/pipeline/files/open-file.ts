import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { basename, isAbsolute, join, relative, sep } from "node:path";
import { ToolError } from "../../errors.ts";
import { show } from "../rows.ts";
import { helpForMissing, listFiles } from "./list-files.ts";

/** Folders whose files may be read: the name that callers use, and the path. */
export type Folders = Readonly<Record<string, string>>;

/** A file that is open for reading, whatever its name stands for by now. */
export interface OpenFile {
  fd: number;
  /** Never shown to callers. */
  path: string;
  /** Bytes when it was opened. */
  size: number;
  /** Without folders. */
  name: string;
  close(): Promise<void>;
}

/** Characters of a source. */
const MAX_LENGTH = 1000;

/**
 * Opens `folder/…/file`, where `folder` is one of the configured names. A path is taken literally: nothing in it is decoded
 * or expanded. Symbolic links count for what they lead to, which has to be inside the folder. Whether it is, is told by the file
 * that was opened, so that nobody can change the path between the check and the opening.
 * @throws ToolError `forbidden` for what leads out of the folders, is hidden or is no plain file, `not_found`, `invalid_config`
 * where the folder itself cannot be read. No message has a path of the machine.
 */
export async function openFile(folders: Folders, source: string): Promise<OpenFile> {
  const [folder, ...parts] = splitPath(folders, source);
  const root = await realRoot(folders, folder);
  if (parts.length === 0) throw await isFolder(root, root, source, folder);

  let path: string;
  let found: Stats;
  try {
    path = await realpath(join(root, ...parts));
    if (!isInside(root, path)) throw leadsOut(source, folder);
    found = await stat(path);
  } catch (error) {
    throw await explain(error, root, folder, parts);
  }
  if (found.isDirectory()) throw await isFolder(root, path, source, folder);
  // Before it is opened: opening a device or a pipe may do something already.
  if (!found.isFile()) throw notPlain(source);

  let handle: FileHandle;
  try {
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    throw await explain(error, root, folder, parts);
  }
  try {
    const opened = await handle.stat();
    if (!opened.isFile()) throw notPlain(source);
    if (!(await isOpenedInside(root, path, handle, opened))) throw leadsOut(source, folder);
    return { fd: handle.fd, path, size: opened.size, name: basename(parts.join("/")), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The folder's name and the names on the way to the file. */
function splitPath(folders: Folders, source: string): [folder: string, ...parts: string[]] {
  const names = Object.keys(folders);
  const known =
    names.length === 0
      ? "No folders are configured (pipelineRuns.folders)."
      : `Write folder/file with one of the folders: ${names.join(", ")}.`;
  if (source.length > MAX_LENGTH) {
    throw new ToolError("invalid_input", `"source" has more than ${MAX_LENGTH} characters.`, { hint: known });
  }
  const [folder = "", ...parts] = source.replace(/\/$/, "").split("/");
  const refuse = (why: string) => new ToolError("forbidden", `The source ${show(source)} ${why}.`, { hint: known });
  if (source.startsWith("/") || /^[A-Za-z]:/.test(source)) throw refuse("is an absolute path");
  if (source.startsWith("~")) throw refuse("is a path of a home folder");
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) throw refuse("is a URL, which is not read");
  if (source.includes("\\")) throw refuse("has a backslash; folders are separated by /");
  if (/\p{Cc}/u.test(source)) throw refuse("has a control character");
  const path = parts.map((part) => part.trim());
  if (path.includes("..") || folder.trim() === "..") throw refuse('has ".." in it');
  if (path.includes("") || path.includes(".")) throw refuse("has an empty part in it");
  // On Windows a colon names a stream of a file.
  if (sep === "\\" && source.includes(":")) throw refuse("has a colon");
  if (parts.some((part) => part.startsWith("."))) throw hidden(source);
  if (Object.hasOwn(folders, folder)) return [folder, ...parts];
  throw new ToolError("not_found", `There is no folder ${show(folder)}.`, { hint: known });
}

async function realRoot(folders: Folders, folder: string): Promise<string> {
  try {
    const root = await realpath(folders[folder] as string);
    if ((await stat(root)).isDirectory()) return root;
    throw Object.assign(new Error("no folder"), { code: "ENOTDIR" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ToolError("invalid_config", `The folder "${folder}" of the configuration cannot be read (${code}).`, {
      hint: `pipelineRuns.folders.${folder} of the server's configuration is to be corrected.`,
    });
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way.split(sep)[0] !== "..");
}

/** Whether the file that is open, and not what has its name by now, lies in the folder and is not hidden there. */
async function isOpenedInside(root: string, path: string, handle: FileHandle, opened: Stats): Promise<boolean> {
  const visible = (real: string) =>
    isInside(root, real) &&
    !relative(root, real)
      .split(sep)
      .some((part) => part.startsWith("."));
  if (process.platform === "linux") {
    // The kernel says which file it is.
    try {
      return visible(await readlink(`/proc/self/fd/${handle.fd}`));
    } catch {}
  }
  const real = await realpath(path);
  const now = await lstat(real);
  return visible(real) && now.ino === opened.ino && now.dev === opened.dev;
}

/** What to say of a path that could not be followed or opened. */
async function explain(error: unknown, root: string, folder: string, parts: readonly string[]): Promise<unknown> {
  if (error instanceof ToolError) return error;
  const source = [folder, ...parts].join("/");
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ELOOP") return leadsOut(source, folder);
  if (code === "EACCES" || code === "EPERM") {
    return new ToolError("forbidden", `The server has no permission to read ${show(source)}.`);
  }
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") {
    return new ToolError("not_found", `There is no file ${show(source)}.`, {
      hint: await helpForMissing(root, folder, parts, (path) => isInside(root, path)),
    });
  }
  return new ToolError("not_found", `The file ${show(source)} cannot be read (${code ?? "unknown error"}).`);
}

async function isFolder(root: string, path: string, source: string, folder: string): Promise<ToolError> {
  const within = relative(root, path).split(sep).join("/");
  const prefix = within === "" ? folder : `${folder}/${within}`;
  return new ToolError("invalid_input", `${show(source)} is a folder; name one of its files.`, {
    hint: await listFiles(path, prefix),
  });
}

function leadsOut(source: string, folder: string): ToolError {
  return new ToolError("forbidden", `The source ${show(source)} leads out of the folder "${folder}".`, {
    hint: "Only files inside the folder are read.",
  });
}

function notPlain(source: string): ToolError {
  return new ToolError("forbidden", `The source ${show(source)} is no plain file.`, {
    hint: "Devices, pipes and sockets are not read.",
  });
}

function hidden(source: string): ToolError {
  return new ToolError("forbidden", `The source ${show(source)} is hidden: a name in it begins with a dot.`, {
    hint: "Hidden files and folders are not read.",
  });
}

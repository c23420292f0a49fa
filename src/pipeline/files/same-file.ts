import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { ToolError } from "../../errors.ts";

/** An open file, told so that another process can open the same one and no other. */
export interface FileIdentity {
  path: string;
  device: bigint;
  /** Cannot become another file's while the file is open. */
  inode: bigint;
  /** Bytes. */
  size: number;
}

/** The identity of a file that is open, and stays so until the other process has opened it. */
export function identify(fd: number, path: string): FileIdentity {
  const { dev: device, ino: inode, size } = fstatSync(fd, { bigint: true });
  return { path, device, inode, size: Number(size) };
}

/** Opens the file that was identified. @throws ToolError `not_found` where its path leads to another one by now */
export function openSame({ path, device, inode }: FileIdentity): number {
  let fd: number | undefined;
  try {
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const { dev, ino } = fstatSync(fd, { bigint: true });
    if (dev === device && ino === inode) return fd;
  } catch {
    // The file is gone; its path stays out of the error.
  }
  if (fd !== undefined) closeSync(fd);
  throw new ToolError("not_found", "The source was replaced while the run began.", {
    hint: "Run the pipeline again.",
    retryable: true,
  });
}

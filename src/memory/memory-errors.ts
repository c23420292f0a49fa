import { type ErrorIssue, ToolError } from "../errors.ts";
import { isMemoryPlace } from "./files/file-entry.ts";

/** Issues that are told. */
const MAX_ISSUES = 100;

/** Refusals that stores share. */

export function memoryNotFound(): ToolError {
  return new ToolError("not_found", "Memory not found", {
    hint: "Take the id from the results of memory_list or memory_search.",
  });
}

export function limitReached(limit: number, stored: number, more = 1): ToolError {
  const asked = more === 1 ? "" : `, and ${more} more were to be added`;
  return new ToolError("limit_reached", `Memory limit reached: ${stored} of ${limit} memories are stored${asked}.`, {
    hint: "Delete or update memories first, or raise memory.maxMemories in the configuration.",
    statusLine: `Maximum number of memories (${limit}) reached`,
  });
}

/** Sizes in bytes of UTF-8. */
export function sizeReached(limit: number, stored: number, more: number): ToolError {
  return new ToolError(
    "limit_reached",
    `Memory limit reached: ${stored} of ${limit} bytes are stored, and ${more} more were to be added.`,
    {
      hint: "Delete or shorten memories first, or raise memory.maxTotalSize in the configuration.",
      statusLine: `Maximum size of memories (${limit} bytes) reached`,
    },
  );
}

export function versionNotKept(version: number, kept: readonly number[]): ToolError {
  return new ToolError("not_found", `Version ${version} of the memory is not kept.`, {
    hint: kept.length > 0 ? `Versions that can be restored: ${kept.join(", ")}.` : "No earlier version is kept.",
  });
}

/** `successor` is the public id of what has taken its place. */
export function alreadySuperseded(successor: string): ToolError {
  return new ToolError("invalid_input", "The memory that is to be superseded is outdated already.", {
    hint: `Its place was taken by ${successor}: supersede that one.`,
  });
}

/** What the call before with the same key has added is there no more. */
export function keyedMemoryGone(): ToolError {
  return new ToolError("not_found", "The memory that this idempotency key added was deleted.", {
    hint: "Use a new key to add it again.",
  });
}

/** The call before with the same key was another one. */
export function keyUsed(): ToolError {
  return new ToolError("invalid_input", '"idempotency_key" was used for other memories before.', {
    hint: "Nothing was stored. Use a new key for each call, and the same one only to repeat it.",
  });
}

/**
 * What is wrong with a file, of whose places these are all.
 * @returns ToolError `invalid_input` with an issue for each that is wrong, 100 at most
 */
export function importRefused(issues: readonly ErrorIssue[], places: readonly string[]): ToolError {
  const wrong = issues.filter(({ path }) => isMemoryPlace(path)).length;
  const memories = `${wrong} of ${places.filter(isMemoryPlace).length} memories cannot be imported`;
  const cut = wrong < issues.length;
  const message = cut ? `${memories}, and the export was cut off or altered.` : `${memories}.`;
  return new ToolError("invalid_input", wrong === 0 ? "The export was cut off or altered." : message, {
    hint: cut
      ? "Nothing was imported. Take a whole export, or import what is right with --partial."
      : "Nothing was imported. Correct them, or take them out, and import again.",
    issues: issues.slice(0, MAX_ISSUES),
  });
}

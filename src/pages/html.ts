import { html, raw } from "hono/html";

/** A piece of a page in which every text is escaped. */
export type Html = ReturnType<typeof html>;

export { html, raw };

/**
 * What turns the order of the text around it, ends a line unseen or cannot be shown at all. Joiners and single marks of
 * direction stay, since Persian, Hebrew and emoji are written with them.
 */
const DECEIVING = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u206F\uFFF9-\uFFFB]/g;

/** A text of somebody else's as it may be shown: nothing in it can rearrange what stands beside it. */
export function shown(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(DECEIVING, "\uFFFD");
}

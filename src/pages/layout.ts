import { randomBytes } from "node:crypto";
import { html, raw } from "hono/html";
import { shownWords } from "../interaction/shown-words.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** A piece of a page in which every text is escaped. */
export type Html = ReturnType<typeof html>;

export interface Document {
  status: number;
  /** Of the browser's tab. */
  title: string;
  /** The host by which the user reaches this server; undefined where the page has nothing to do with a question. */
  host?: string | undefined;
  main: Html;
  /** Whether the page has a form that the script helps with. */
  hasForm?: boolean;
}

const MARK = raw(
  '<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><rect x="1" y="1" width="22" height="22" rx="6" fill="currentColor"/><path d="M7 8v3a5 5 0 0 0 10 0V8M12 16v3" fill="none" stroke="var(--card)" stroke-width="2" stroke-linecap="round"/><circle cx="7" cy="7" r="2" fill="var(--card)"/><circle cx="17" cy="7" r="2" fill="var(--card)"/></svg>',
);

/**
 * A whole page as a response that no cache keeps, no other site frames and no script but our own runs in.
 *
 * The referrer policy is `same-origin`, not `no-referrer`: with the latter browsers send `Origin: null` along with forms
 * (Fetch, "append a request Origin header"), and nothing would tell our own form from another site's over plain HTTP.
 */
export async function respond({ status, title, host, main, hasForm = false }: Document): Promise<Response> {
  const nonce = randomBytes(16).toString("base64");
  const body = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${shownWords(title)} · Patchbay</title>
<style nonce="${nonce}">${raw(STYLE)}</style>
</head>
<body>
<header><span class="mark">${MARK}</span> <strong>Patchbay</strong>${host && html` <span class="host">${host}</span>`}</header>
<main>
${main}
</main>
${hasForm && html`<script nonce="${nonce}">${raw(SCRIPT)}</script>`}
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(hasForm ? [`script-src 'nonce-${nonce}'`] : []),
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return new Response(body.toString(), {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy.join("; "),
      "Cache-Control": "no-store",
      "Referrer-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Robots-Tag": "noindex",
    },
  });
}

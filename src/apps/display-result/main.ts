import type { ImagePart, Part, TablePart } from "../../display/parts.ts";
import { drawChart } from "./chart.ts";
import { html } from "./elements.ts";
import { connect, type Host } from "./host.ts";
import { applyStyle } from "./host-style.ts";
import { renderMarkdown } from "./markdown.ts";
import { drawTable } from "./table.ts";

/** Rows of a table below a chart that is open from the start. */
const OPEN_ROWS = 8;

type Kind = "info" | "success" | "warning" | "error";
const KINDS: Record<Kind, { sign: string; name: string }> = {
  info: { sign: "i", name: "Info" },
  success: { sign: "✓", name: "Success" },
  warning: { sign: "!", name: "Warning" },
  error: { sign: "✕", name: "Error" },
};

interface Shown {
  status?: string;
  message?: string;
  notification_type?: Kind;
  data?: Record<string, unknown>;
  parts?: Part[];
}

interface ToolResult {
  isError?: boolean;
  structuredContent?: Shown;
  content?: { type: string; text?: string; data?: string; mimeType?: string }[];
}

const page = document.querySelector("main") as HTMLElement;
let input: Record<string, unknown> = {};
let result: ToolResult | undefined;
let host: Host | undefined;

const connected = connect({
  "ui/notifications/tool-input"({ arguments: given }) {
    input = given ?? {};
    draw();
  },
  "ui/notifications/tool-result"(params) {
    result = params;
    draw();
  },
  "ui/notifications/tool-cancelled"() {
    show(banner("warning", "The call was cancelled."));
  },
  "ui/notifications/host-context-changed"(change) {
    applyStyle(change);
    if (!host) return;
    Object.assign(host.context, change);
    if (change.locale !== undefined) draw();
  },
});

connected.then(
  (made) => {
    host = made;
    applyStyle(made.context);
    draw();
  },
  () => show(banner("error", "The client refused to show this app.")),
);

// The frame itself opens nothing; the host does, if it wants to.
document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest("a");
  if (!link) return;
  event.preventDefault();
  if (host?.capabilities.openLinks) host.request("ui/open-link", { url: link.href }).catch(() => {});
});

function show(...nodes: (Node | undefined)[]): void {
  page.replaceChildren(html("h1", { class: "unseen" }, "Result"), ...nodes.filter((node) => node !== undefined));
  page.setAttribute("aria-busy", "false");
}

function draw(): void {
  if (!host || !result) return;
  const shown = result.structuredContent ?? parsed(result.content?.[0]?.text);
  if (result.isError || shown.status === "error") {
    show(banner("error", shown.message ?? "The call failed."));
    return;
  }
  if (shown.status === "needs_input") {
    show(banner("info", shown.message ?? "The user has to answer first."));
    return;
  }
  const kind = shown.notification_type;
  const parts = Array.isArray(shown.parts) ? shown.parts : [];
  const table = parts.find((part) => part.type === "table");
  const isSilent = parts.length > 0 && kind === "success" && (input.message ?? "") === "";
  show(
    // The message that nobody wrote says less than what is shown.
    isSilent
      ? undefined
      : banner(kind !== undefined && Object.hasOwn(KINDS, kind) ? kind : "info", shown.message ?? ""),
    ...parts.map((part) => drawn(part, table, parts)),
    details(shown.data ?? {}),
  );
}

function drawn(part: Part, table: TablePart | undefined, parts: readonly Part[]): Node | undefined {
  if (!host) return undefined;
  switch (part.type) {
    case "markdown":
      return renderMarkdown(part.text);
    case "chart":
      return table && drawChart(part, table, host);
    case "table":
      return parts.some(({ type }) => type === "chart") ? folded(part, host) : drawTable(part, host);
    case "image":
      return drawImage(part);
    default:
      return undefined;
  }
}

function folded(part: TablePart, host: Host): HTMLElement {
  const rows = part.rows.length;
  const summary = html("summary", {}, `Data (${rows} ${rows === 1 ? "row" : "rows"})`);
  return html("details", { class: "part", open: rows <= OPEN_ROWS }, summary, drawTable(part, host));
}

/** Always in an img, in which not even an SVG runs anything. */
function drawImage({ mime_type, alt }: ImagePart): HTMLElement {
  const block = result?.content?.find(({ type }) => type === "image");
  const given = typeof input.image === "string" ? input.image.trim() : "";
  const isText = /^data:[^,]*,/i.test(given) && !/^data:[^,]*;\s*base64\s*,/i.test(given);
  const body = given.replace(/^data:[^,]*,/i, "");
  const packed = block?.data ?? body.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/");
  const caption = alt === "" ? undefined : html("figcaption", {}, alt);
  if (block === undefined && given === "") return html("p", { class: "quiet" }, `Image: ${alt || mime_type}`);
  const src = isText && !block ? `data:${mime_type},${body}` : `data:${mime_type};base64,${packed}`;
  return html("figure", { class: "part" }, html("img", { src, alt: alt || "Image without a description" }), caption);
}

function banner(kind: Kind, message: string): HTMLElement {
  const role = kind === "warning" || kind === "error" ? "alert" : "status";
  return html(
    "div",
    { class: `banner ${kind}`, role },
    html("span", { class: "sign", "aria-hidden": "true" }, KINDS[kind].sign),
    html("span", { class: "unseen" }, `${KINDS[kind].name}: `),
    html("span", { class: "message" }, message),
  );
}

/** The result as an object, name by name. */
function details(data: Record<string, unknown>): HTMLElement | undefined {
  const entries = Object.entries(data);
  if (entries.length === 0) return undefined;
  return html(
    "dl",
    { class: "part" },
    ...entries.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, shownValue(value)))),
  );
}

function shownValue(value: unknown): Node | string {
  if (typeof value !== "object" || value === null) return String(value);
  return html("pre", { tabindex: 0 }, JSON.stringify(value, null, 2));
}

function parsed(text: string | undefined): Shown {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return text === undefined ? {} : { message: text };
  }
}

import { cellText, isEmpty, numberOf, textOf } from "../../display/numbers.ts";
import type { TablePart } from "../../display/parts.ts";
import { toCsv } from "./csv.ts";
import { html, newId } from "./elements.ts";
import type { Host } from "./host.ts";
import { languageOf } from "./host-style.ts";

const ORDERS = ["none", "ascending", "descending"] as const;
type Order = (typeof ORDERS)[number];

/** A table whose columns sort, by mouse and keyboard, and that can be taken along as CSV. */
export function drawTable(part: TablePart, host: Host): HTMLElement {
  const { title, columns, rows } = part;
  const heading = title === undefined ? undefined : html("h2", { id: newId() }, title);
  const counted = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
  if (columns.length === 0)
    return html("section", { class: "table" }, heading, html("p", { class: "quiet" }, "No rows."));
  const numeric = columns.map(
    (_, place) =>
      rows.some((row) => !isEmpty(row[place])) &&
      rows.every((row) => isEmpty(row[place]) || numberOf(row[place]) !== undefined),
  );
  const compare = new Intl.Collator(languageOf(host), { numeric: true, sensitivity: "base" }).compare;
  const body = html("tbody");
  const show = (shown: readonly unknown[][]) =>
    body.replaceChildren(
      ...shown.map((row) =>
        html("tr", {}, ...row.map((cell, place) => html("td", { class: numeric[place] && "number" }, cellOf(cell)))),
      ),
    );
  const heads = columns.map((column, place) => {
    const button = html("button", { type: "button" }, column.title || column.key || "(no name)");
    const head = html("th", { scope: "col", "aria-sort": "none", class: numeric[place] && "number" }, button);
    button.addEventListener("click", () => {
      const order = ORDERS[(ORDERS.indexOf(head.getAttribute("aria-sort") as Order) + 1) % 3] ?? "none";
      for (const each of heads) each.setAttribute("aria-sort", each === head ? order : "none");
      show(sorted(rows, place, order, numeric[place] ? byNumber : (a, b) => compare(textOf(a), textOf(b))));
    });
    return head;
  });
  show(rows);
  const frame = html(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": title === undefined ? "Table" : `Table: ${title}` },
    html("table", {}, html("thead", {}, html("tr", {}, ...heads)), body),
  );
  const csv = () =>
    toCsv(
      columns.map((column) => column.title),
      rows,
    );
  return html("section", { class: "table" }, heading, frame, toolbar(counted, csv, title ?? "table", host));
}

/** Empty cells come last, in either direction. */
function sorted(
  rows: readonly unknown[][],
  place: number,
  order: Order,
  compare: (a: unknown, b: unknown) => number,
): unknown[][] {
  if (order === "none") return [...rows];
  const sign = order === "ascending" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [left, right] = [a[place], b[place]];
    if (isEmpty(left) || isEmpty(right)) return Number(isEmpty(left)) - Number(isEmpty(right));
    return sign * compare(left, right);
  });
}

function byNumber(a: unknown, b: unknown): number {
  return (numberOf(a) ?? 0) - (numberOf(b) ?? 0);
}

/** A text, or a link where the cell is one and nothing else. */
function cellOf(cell: unknown): Node | string {
  const text = cellText(cell);
  if (!/^https?:\/\/[^\s"<>]+$/i.test(text)) return text;
  return html("a", { href: text, rel: "noopener noreferrer" }, text);
}

function toolbar(counted: string, csv: () => string, title: string, host: Host): HTMLElement {
  const said = html("span", { role: "status", class: "quiet" }, counted);
  const tell = (text: string) => {
    said.textContent = text;
    setTimeout(() => said.replaceChildren(counted), 3_000);
  };
  const copy = html("button", { type: "button" }, "Copy as CSV");
  copy.addEventListener("click", async () =>
    tell((await copied(csv())) ? "Copied" : "The host does not allow copying"),
  );
  const bar = html("div", { class: "toolbar" }, said, copy);
  if (!host.capabilities.downloadFile) return bar;
  const save = html("button", { type: "button" }, "Save as CSV");
  save.addEventListener("click", () => {
    const name = `${title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "table"}.csv`;
    const resource = { uri: `file:///${encodeURIComponent(name)}`, mimeType: "text/csv", text: csv() };
    host
      .request("ui/download-file", { contents: [{ type: "resource", resource }] })
      .then(({ isError }) => isError === true && tell("Not saved"))
      .catch(() => tell("Not saved"));
  });
  bar.append(save);
  return bar;
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Where the frame has no clipboard of its own, the older way may still be open.
    const field = html("textarea", { "aria-hidden": "true", class: "unseen" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

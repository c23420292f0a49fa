import DOMPurify from "dompurify";
import { marked } from "marked";
import { html } from "./elements.ts";

const TAGS = [
  ...["h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "strong", "em", "b", "i", "del", "s", "sub", "sup", "mark"],
  ...["blockquote", "ul", "ol", "li", "a", "code", "pre", "kbd", "img", "input"],
  ...["table", "thead", "tbody", "tr", "th", "td", "details", "summary", "span", "div"],
];
const ATTRIBUTES = ["href", "title", "alt", "src", "align", "start", "type", "checked", "open"];
const LINK = /^(?:https?|mailto):/i;
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i;

// Before the elements become part of this page: from then on an image loads.
DOMPurify.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName !== "IMG") return;
  const address = element.getAttribute("src") ?? "";
  if (IMAGE.test(address)) return;
  element.removeAttribute("src");
  element.setAttribute("data-address", address);
});

/** Markdown (CommonMark and GFM) as elements that load nothing, run nothing and cannot pass for the page's own. */
export function renderMarkdown(text: string): HTMLElement {
  const dirty = marked.parse(text, { async: false, gfm: true });
  const content = DOMPurify.sanitize(dirty, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
  const section = html("div", { class: "markdown" });
  section.append(content);
  for (const link of section.querySelectorAll("a")) {
    if (!LINK.test(link.getAttribute("href") ?? "")) link.replaceWith(...link.childNodes);
    else link.rel = "noopener noreferrer";
  }
  for (const image of section.querySelectorAll("img")) {
    const { address } = image.dataset;
    if (address !== undefined) image.replaceWith(missingImage(image, address));
    else image.alt ||= "Image without a description";
  }
  for (const box of section.querySelectorAll("input"))
    box.replaceWith(box.type === "checkbox" ? (box.checked ? "☑" : "☐") : "");
  levelHeadings(section);
  for (const cell of section.querySelectorAll("th")) if (!cell.textContent?.trim()) cell.replaceWith(html("td"));
  for (const block of section.querySelectorAll("pre")) block.tabIndex = 0;
  for (const table of section.querySelectorAll("table")) {
    const frame = html("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table" });
    table.replaceWith(frame);
    frame.append(table);
  }
  return section;
}

/** What stands for an image that would have to be fetched: its address would tell who looks at it, and when. */
function missingImage(image: HTMLImageElement, address: string): Node {
  const text = `Image: ${image.alt || "without a description"}`;
  if (!/^https?:/i.test(address) || image.closest("a")) return html("span", {}, text);
  return html("a", { href: address, rel: "noopener noreferrer" }, text);
}

/** The page has the first level, and none may be left out below it. What a heading looks like stays as it was written. */
function levelHeadings(section: HTMLElement): void {
  let last = 1;
  for (const heading of section.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const written = Number(heading.tagName.slice(1));
    last = Math.min(written + 1, last + 1, 6);
    const leveled = html(`h${last}` as "h2", { class: `looks-h${written}` });
    leveled.append(...heading.childNodes);
    heading.replaceWith(leveled);
  }
}

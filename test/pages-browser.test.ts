import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fc from "fast-check";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { PageSite } from "../src/pages/page-site.ts";
import { INSTALL_MS, startChromium } from "./fixtures/chromium.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import { confirmation, EVERY_TYPE, formQuestion, openPage, RIGHT, send, startSite } from "./fixtures/pages.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 320, height: 568 };
const LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(4);

let browser: Browser;
let site: PageSite;
beforeAll(async () => {
  browser = await startChromium();
  site = startSite({ maxOpen: 500 });
}, INSTALL_MS);

/** A tab of a browser without a history. */
async function newTab(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  whenDone(() => context.close());
  return context.newPage();
}

const open = (question = formQuestion(EVERY_TYPE)) => openPage(site, question);

/** What axe-core finds, once the tab has it: all of its rules of WCAG 2.2 A and AA and of good practice. */
async function violations(tab: Page): Promise<string[]> {
  return tab.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations: found } = await axe.run();
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

/** Presses Tab until the focus is on it. */
async function tabTo(tab: Page, selector: string): Promise<void> {
  for (let press = 0; press < 60; press += 1) {
    await tab.keyboard.press("Tab");
    if ((await tab.locator(`${selector}:focus`).count()) > 0) return;
  }
  throw new Error(`The focus does not reach ${selector}.`);
}

const headingOf = (tab: Page) => tab.locator("h1").textContent();
// As texts, for the rest of the program knows no DOM.
const widthOf = (tab: Page) => tab.evaluate<number>("document.documentElement.scrollWidth");
const focusOf = (tab: Page) =>
  tab.evaluate<string>("(({ id, className, tagName }) => id || className || tagName)(document.activeElement)");
const outlineOf = (tab: Page) =>
  tab.evaluate<string>("getComputedStyle(document.activeElement).outline.replace(/^.*?(solid|none) (.*)$/, '$1 $2')");

const STATES: [string, (tab: Page) => Promise<void>][] = [
  ["a form", async (tab) => void (await tab.goto((await open()).url))],
  [
    "a form with errors",
    async (tab) => {
      await tab.goto((await open()).url);
      await tab.locator("button.primary").click();
      await tab.waitForSelector(".errors");
    },
  ],
  ["a form of very long words", async (tab) => void (await tab.goto((await open(longForm())).url))],
  ["a confirmation", async (tab) => void (await tab.goto((await open(confirmation())).url))],
  [
    "an answer that was sent",
    async (tab) => {
      await tab.goto((await open(confirmation())).url);
      await tab.getByRole("button", { name: "Delete" }).click();
    },
  ],
  [
    "an answer that was sent before",
    async (tab) => {
      const { url } = await open(confirmation());
      await tab.goto(url);
      await tab.getByRole("button", { name: "Keep" }).click();
      await tab.goto(url);
    },
  ],
  ["a page that is not there", async (tab) => void (await tab.goto(`${(await open()).url}x`))],
];

const PARSE = `(sources) => {
  const documents = sources.map((source) => new DOMParser().parseFromString(source, "text/html"));
  const shapeOf = (one) => [...one.querySelectorAll("*")].map((element) => element.tagName + " " + element.getAttributeNames());
  const [form] = documents;
  return {
    shape: documents.map(shapeOf),
    values: ["f0", "f1"].map((id) => form.getElementById(id).value),
    heading: form.querySelector("h1").textContent,
  };
}`;

function longForm() {
  const options = [LONG, `${LONG}2`];
  const types = ["text", "boolean", "textarea", "password"].map((type) => ({
    name: type,
    type,
    label: LONG,
    required: true,
  }));
  const select = ["select", "multiselect"].map((type) => ({
    name: type,
    type,
    label: LONG,
    options,
    description: LONG,
  }));
  return formQuestion({ title: LONG, submit_label: LONG, fields: [...types, ...select] });
}

describe.each(STATES)("%s", (_state, show) => {
  it("has nothing that axe-core finds wrong: light, dark, in the user's own colours", async () => {
    // Without the colours that buttons pass through.
    const tab = await newTab({ reducedMotion: "reduce" });
    await show(tab);
    await tab.evaluate(AXE);
    const grounds = new Set<string>();
    for (const media of [{ colorScheme: "light" }, { colorScheme: "dark" }, { forcedColors: "active" }] as const) {
      await tab.emulateMedia(media);
      expect([media, await violations(tab)]).toEqual([media, []]);
      grounds.add(await tab.evaluate<string>("getComputedStyle(document.body).backgroundColor"));
    }
    expect(grounds.size).toBe(3);
  });

  it("fits a small phone, and a desktop at 400 %, without scrolling sideways", async () => {
    const tab = await newTab({ viewport: PHONE });
    await show(tab);
    expect(await widthOf(tab)).toBe(PHONE.width);
    // 1280 pixels at 400 %: what WCAG 2.2 calls reflow.
    await tab.setViewportSize({ width: 320, height: 256 });
    expect(await widthOf(tab)).toBe(320);
    const cut = await tab.evaluate<string[]>(`
      [...document.querySelectorAll("main :not(input, .unseen)")]
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display === "block")
        .map((one) => one.outerHTML.slice(0, 80))`);
    expect(cut).toEqual([]);
  });
});

describe("people", () => {
  it("fill in the whole form by keyboard alone", async () => {
    const { id, url } = await open();
    const tab = await newTab();
    await tab.goto(url);
    const typed: [string, string][] = [
      ["#f0", "Zoë"],
      ["#f1", "zoe@example.com"],
      ["#f2", "4"],
      ["#f3", "2.5"],
    ];
    for (const [field, text] of typed) {
      await tabTo(tab, field);
      await tab.keyboard.press("Control+A");
      await tab.keyboard.type(text);
    }
    await tabTo(tab, "#f4-0");
    await tab.keyboard.press("ArrowDown");
    await tabTo(tab, "#f5-0");
    await tab.keyboard.press("Space");
    await tabTo(tab, "#f5-2");
    await tab.keyboard.press("Space");
    await tabTo(tab, "#f6");
    await tab.keyboard.type("Lis");
    await tabTo(tab, "#f7");
    await tab.keyboard.type("12242026");
    await tabTo(tab, "#f10-0");
    await tab.keyboard.press("ArrowDown");
    await tabTo(tab, "#f13");
    await tab.keyboard.type("first\nsecond");
    await tabTo(tab, "#f14");
    await tab.keyboard.type("p&ss=wörd");
    await tabTo(tab, "button.primary");
    await tab.keyboard.press("Enter");
    await tab.waitForSelector("text=has been sent");
    expect(site.look("ana", id)).toEqual({
      state: "answered",
      data: {
        ...{ name: "Zoë", email: "zoe@example.com", guests: 4, tip: 2.5, place: "out", menus: ["Vegetarian", "Fish"] },
        ...{ city: "Lisbon", day: "2026-12-24", agree: false, code: "", note: "first\nsecond", secret: "p&ss=wörd" },
      },
    });
  });

  it("see every place of the focus", async () => {
    const tab = await newTab();
    await tab.goto((await open()).url);
    const seen = new Set<string>();
    for (let press = 0; press < 40; press += 1) {
      await tab.keyboard.press("Tab");
      const name = await focusOf(tab);
      if (name === "BODY") break;
      seen.add(name);
      expect([name, await outlineOf(tab)]).toEqual([name, "solid 3px"]);
    }
    expect(seen.size).toBeGreaterThan(15);
  });

  it("are led to what was wrong, find what was right, and type secrets again", async () => {
    const { url } = await open();
    const tab = await newTab();
    await tab.goto(url);
    await tab.fill("#f0", "Z");
    await tab.fill("#f1", "zoe@example.com");
    await tab.fill("#f14", "s3cret");
    await tab.keyboard.press("Enter");
    await tab.waitForSelector(".errors");
    expect(await tab.title()).toBe("Error: Book a table at Chez Ana · Patchbay");
    expect(await focusOf(tab)).toBe("errors");
    expect(await tab.inputValue("#f1")).toBe("zoe@example.com");
    expect(await tab.inputValue("#f14")).toBe("");
    expect(await tab.content()).not.toContain("s3cret");
    for (const [link, field] of [
      ["Your name", "f0"],
      ["Where would you like to sit?", "f4-0"],
      ["Password", "f14"],
    ] as const) {
      await tab.locator(".errors a", { hasText: link }).click();
      expect(await focusOf(tab)).toBe(field);
    }
    const name = await tab.locator("#f0").ariaSnapshot();
    expect(name).toContain("Your name (required)");
    const ids = ((await tab.getAttribute("#f0", "aria-describedby")) ?? "").split(" ");
    const described = await Promise.all(ids.map((id) => tab.locator(`#${id}`).textContent()));
    expect(described).toEqual(["2 to 80 characters.", expect.stringMatching(/^Error: Your name has 1 character/)]);
  });

  it("answer without JavaScript, with the browser's own checks", async () => {
    const { id, url } = await open();
    const tab = await newTab({ javaScriptEnabled: false });
    await tab.goto(url);
    await tab.locator("button.primary").click();
    expect(await headingOf(tab)).toBe("Book a table at Chez Ana");
    expect(site.look("ana", id)).toEqual({ state: "open" });
    for (const at of [0, 1, 2, 3, 7, 8, 11, 12, 13, 14])
      await tab.fill(`#f${at}`, String(RIGHT.sent[`f${at}` as "f0"]));
    await tab.selectOption("#f6", { label: "Lisbon" });
    for (const choice of ["#f4-1", "#f5-0", "#f5-2", "#f10-1"]) await tab.check(choice);
    await tab.locator("button.primary").click();
    expect(await headingOf(tab)).toBe("Your answer has been sent");
    expect(site.look("ana", id)).toEqual({ state: "answered", data: RIGHT.data });
  });

  it("come back, reload and click twice, and answer once", async () => {
    const { id, url } = await open(formQuestion({ fields: [{ name: "pin", type: "password", min: 4 }] }));
    const tab = await newTab();
    await tab.goto("about:blank");
    await tab.goto(url);
    await tab.fill("#f0", "1234");
    await tab.locator("button.primary").dblclick();
    await tab.waitForSelector("text=has been sent");
    await tab.reload();
    expect(await headingOf(tab)).toBe("Your answer has been sent");
    await tab.goBack();
    await tab.waitForSelector("text=This has been answered");
    expect(await tab.content()).not.toContain("1234");
    await tab.goForward();
    expect(await headingOf(tab)).toBe("Your answer has been sent");
    await tab.goto(url);
    expect(await headingOf(tab)).toBe("This has been answered");
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { pin: "1234" } });
  });

  it("see a secret where they want to, and are told of half a date", async () => {
    const tab = await newTab();
    const fields = [
      { name: "pin", label: "PIN", type: "password", min: 4 },
      { name: "day", type: "date" },
    ];
    const { id, url } = await open(formQuestion({ fields }));
    await tab.goto(url);
    await tab.fill("#f0", "1234");
    await tab.getByRole("button", { name: "Show PIN" }).click();
    expect(await tab.getAttribute("#f0", "type")).toBe("text");
    await tab.evaluate(AXE);
    expect(await violations(tab)).toEqual([]);
    await tab.focus("#f1");
    await tab.keyboard.type("1224");
    await tab.locator("button.primary").click();
    expect(await focusOf(tab)).toBe("f1");
    expect(site.look("ana", id)).toEqual({ state: "open" });
    await tab.focus("#f1");
    await tab.keyboard.type("12242026");
    await tab.locator("button.primary").click();
    await tab.waitForSelector("text=has been sent");
    expect(site.look("ana", id)).toEqual({ state: "answered", data: { pin: "1234", day: "2026-12-24" } });
  });

  it("have to choose between yes and no", async () => {
    const { id, url } = await open(confirmation());
    const tab = await newTab();
    await tab.goto(url);
    expect(await focusOf(tab)).toBe("BODY");
    await tab.keyboard.press("Enter");
    await tab.keyboard.press("Space");
    expect(site.look("ana", id)).toEqual({ state: "open" });
    await tab.getByRole("button", { name: "Keep" }).click();
    expect(await headingOf(tab)).toBe("You have declined");
    expect(site.look("ana", id)).toEqual({ state: "declined" });
  });
});

describe("texts of a model", () => {
  it("never become anything but text, whatever they are", async () => {
    const tab = await newTab();
    await tab.goto((await open(confirmation())).url);
    const nasty = fc.constantFrom(
      ...[
        "<script>alert(1)</script>",
        "</title><img src=x onerror=alert(1)>",
        '" onfocus="alert(1)" autofocus x="',
        "'><svg/onload=1>",
      ],
      ...[
        "</textarea><b>",
        "</option></select><b>",
        "<!--",
        "]]>",
        "&lt;b&gt;&#x3c;b>",
        "{{1}}#{1}<%=1%>",
        "javascript:alert(1)",
        "`",
        "\\u003cb>",
      ],
    );
    const word = fc.oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), nasty);
    const text = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => `x${words.join(" ")}x`);
    const texts = fc.record({ title: text, label: text, help: text, option: text, value: text, message: text });
    await fc.assert(
      fc.asyncProperty(texts, async (own) => {
        const harmless = { title: "x", label: "x", help: "x", option: "x", value: "x", message: "x" };
        const [real, plain] = await Promise.all([parsed(own), parsed(harmless)]);
        expect(real.shape).toEqual(plain.shape);
        const seen = (one: string) => one.replace(/\s+/g, " ").trim();
        expect(seen(real.heading)).toBe(seen(own.title));
        expect(real.values[0]).toBe(own.value);
        expect(real.values[1]).toBe(own.value);
      }),
      { numRuns: 60 },
    );

    /** What a browser makes of both pages with these texts: their elements and attributes, and the values of fields. */
    async function parsed(own: Record<"title" | "label" | "help" | "option" | "value" | "message", string>) {
      const { title, label, help, option, value, message } = own;
      const common = { label, description: help, placeholder: help };
      const fields = [
        { name: "a", ...common, default: value },
        { name: "b", ...common, type: "textarea", default: value },
        { name: "c", ...common, type: "select", options: [{ value: "v", label: option }] },
        {
          name: "d",
          ...common,
          type: "multiselect",
          options: Array.from({ length: 7 }, (_none, at) => ({ value: `${at}`, label: option })),
        },
        {
          name: "e",
          ...common,
          type: "select",
          options: Array.from({ length: 7 }, (_none, at) => ({ value: `${at}`, label: option })),
        },
      ];
      const other = startSite();
      const pages = [formQuestion({ title, submit_label: label, fields }), confirmation({ title, message })];
      const sources = await Promise.all(
        pages.map(async (question) => (await send((await openPage(other, question)).url)).text),
      );
      await other.close();
      return tab.evaluate<{ shape: string[][]; values: string[]; heading: string }>(`
        (${PARSE})(${JSON.stringify(sources)})`);
    }
  }, 60_000);

  it("are no links, and run nothing", async () => {
    const message =
      "See https://evil.example/ and <a href=https://evil.example/>this</a> <img src=x onerror=document.title='run'>";
    const tab = await newTab();
    await tab.goto((await open(confirmation({ message, title: "</title><script>document.title='run'</script>" }))).url);
    expect(await tab.locator("a, img").count()).toBe(0);
    expect(await tab.title()).toContain("<script>");
    const blocked = await tab.evaluate<string>(`new Promise((resolve) => {
      document.body.append(Object.assign(document.createElement("script"), { textContent: "document.title = 'run'" }));
      const image = Object.assign(document.createElement("img"), { src: "/x.png" });
      image.addEventListener("error", () => resolve("blocked"));
      document.body.append(image);
    })`);
    expect(blocked).toBe("blocked");
    expect(await tab.title()).not.toBe("run");
  });
});

